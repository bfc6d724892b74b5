"""The whole way on both datasets: what must be conserved from raw file to report, and what must be found."""

import csv

import pandas as pd
import pytest


@pytest.fixture(params=["sample", "uzbekistan"])
def way(request):
    return request.getfixturevalue(request.param)


def test_value_is_conserved_from_raw_files_to_profile_and_quarantine(sample):
    raw = converted = 0.0
    rates = sample.ds.exchange_rates
    for file in sorted((sample.ds.path / "declarations").glob("*.csv")):
        for row in csv.DictReader(file.open(encoding="utf-8", newline="")):
            day = pd.to_datetime(row["Дата регистрации"], format="%d.%m.%Y", errors="coerce")
            if file.stem > str(sample.ds.period) or day > sample.ds.period.end_time:
                continue  # of a later report
            if row["Статистическая стоимость, USD"]:
                raw += float(row["Статистическая стоимость, USD"])
            elif pd.notna(day):
                known = rates[rates["currency"].eq(row["Валюта"]) & (rates["date"] <= day)]
                converted += float(row["Фактурная стоимость"]) * known.sort_values("date")["usd"].iloc[-1]
    kept = sample.profile["value_usd"].sum() + sample.quarantine["value_usd"].sum()
    assert kept == pytest.approx(raw + converted, abs=0.01)


def test_weight_is_conserved_from_raw_file_to_panel(uzbekistan):
    with (uzbekistan.ds.path / "imports" / "imports_hs6_partner.csv").open(encoding="utf-8", newline="") as file:
        raw = sum(float(row["import_kg"] or 0) for row in csv.DictReader(file) if "27" <= row["hs6"][:2] <= "40")
    assert uzbekistan.imports["declared_kg"].sum() == pytest.approx(raw)
    assert uzbekistan.panel["raw_kg"].sum() == pytest.approx(raw)


def test_profile_panel_and_imports_have_one_total(way):
    total = way.imports["value_usd"].sum()
    assert way.panel["value_usd"].sum() == pytest.approx(total, abs=0.01)
    assert way.profile["value_usd"].sum() == pytest.approx(total, abs=0.01)
    assert way.profile["net_kg"].sum() == pytest.approx(way.panel["net_kg"].sum())


def test_cuts_and_actual_imports_add_up_to_the_counterfactual(way):
    gap = way.expected["counterfactual_usd"] - way.expected["actual_usd"]
    by_cell = way.cuts.groupby(["product_id", "period"])["gross_usd"].sum()
    found = way.expected.assign(gap=gap).set_index(["product_id", "period"])["gap"]
    assert not (found.sub(by_cell, fill_value=0).abs() > 0.01).any() and found.empty == by_cell.empty


def test_bridge_closes_to_the_cent_for_every_product_in_every_step(way):
    actual = way.panel[way.panel["comparable"]].groupby(["period", "product_id"])["value_usd"].sum()
    steps = way.bridge.groupby(["comparison", "base_period", "period"])
    assert {name for name, *_ in steps.groups} >= {"base", "chained"}
    for (_, base, period), step in steps:
        gap = step.groupby("product_id")["value_usd"].sum().sub(actual[period], fill_value=0)
        bases = step[step["effect"].eq("base")].groupby("product_id")["value_usd"].sum()
        assert gap.abs().max() < 0.01 and bases.sub(actual[base], fill_value=0).abs().max() < 0.01


def test_the_chained_steps_add_up_to_the_change_since_the_base_season(way):
    changes = way.bridge[way.bridge["effect"].ne("base")]
    by_step = changes.groupby(["comparison", "product_id"])["value_usd"].sum()
    assert by_step["chained"].sub(by_step["base"], fill_value=0).abs().max() < 0.01
    projects = changes[changes["effect"].eq("project")]
    by_project = projects.groupby(["comparison", "project_id", "product_id"])["value_usd"].sum()
    sides = by_project.unstack("comparison", fill_value=0.0).reindex(columns=["chained", "base"])
    assert not ((sides["chained"] - sides["base"]).abs() > 0.01).any() and projects.empty == way.cuts.empty


def test_the_price_is_split_where_the_invoice_currencies_are_known_and_whole_where_not(sample, uzbekistan):
    split, whole = {"contract_price", "exchange_rate"}, {"price"}
    assert split < set(sample.bridge["effect"]) and whole.isdisjoint(sample.bridge["effect"])
    assert whole < set(uzbekistan.bridge["effect"]) and split.isdisjoint(uzbekistan.bridge["effect"])


def truth(repository, by):
    return pd.read_csv(repository / "tests" / "cases" / "sample_truth.csv").groupby(by)[["gross_usd", "net_usd"]].sum()


def test_each_realised_cut_agrees_with_the_truth_within_two_per_cent(sample, repository):
    known = truth(repository, "project_id")
    found = sample.realised[sample.realised["identified"]].groupby("project_id")["gross_usd"].sum()
    assert found.index.tolist() == known.index.tolist()
    assert (found / known["gross_usd"] - 1).abs().max() < 0.02


def test_the_ranking_has_the_true_order_wherever_true_cuts_differ(sample, repository):
    known = truth(repository, "project_id")["net_usd"]
    order = sample.ranking[sample.ranking["basis"].eq("realised_to_date")].dropna(subset="rank")["project_id"].tolist()
    assert len(order) == len(known)
    for place, ahead in enumerate(order):
        for behind in order[place + 1 :]:
            assert known[ahead] > known[behind] * 0.95, f"{ahead} before {behind}"


def test_the_plan_is_the_programme(sample):
    by_class = sample.ds.projects.groupby("class")["cost_usd"].agg(["size", "sum"])
    assert by_class.loc["innovation"].tolist() == [2, 234_400.00]
    assert by_class.loc["diversification"].tolist() == [7, 10_750_000.00]
    assert by_class.loc["investment"].tolist() == [5, 5_600_000.00]
    assert round(sample.ds.projects["cost_usd"].sum(), 2) == 16_584_400.00
    assert sample.planned["gross_usd"].sum() == pytest.approx(69e6, abs=0.05e6)


def test_credit_divides_what_is_dispatched_and_never_changes_it(sample):
    gross = sample.credit[sample.credit["basis"].eq("cumulative")].groupby("rule")["gross_usd"].sum()
    for rule in ("shapley", "dispatched", "proportional"):
        assert gross[rule] == pytest.approx(sample.planned["gross_usd"].sum())
    assert gross["stand_alone"] > gross["shapley"] > gross["marginal"]


def test_the_target_is_out_of_reach_as_a_yearly_flow_and_says_so(sample):
    target = sample.target.set_index("reading")
    assert target.loc["annual", "ceiling_flag"] and not target.loc["cumulative", "ceiling_flag"]
    assert target.loc["cumulative", "leading"] and not target.loc["annual", "leading"]
    assert target["target_usd"].eq(69e6).all() and target["p_reached"].isna().all()


def test_ledger_adds_up_to_the_realised_cuts(sample):
    assert sample.ledger["realised_usd"].sum() == pytest.approx(sample.realised["gross_usd"].sum())
    late = sample.ledger[sample.ledger["reason"].eq("late")]
    assert set(late["project_id"]) == {"plastisol_navoi"} and late["realised_usd"].eq(0).all()


@pytest.mark.parametrize(("dataset", "broken"), [("sample", "2023Q2"), ("uzbekistan", "2021")])
def test_the_code_finds_the_period_whose_weights_broke_and_no_other(dataset, broken, request):
    found = request.getfixturevalue(dataset).quality.query("check == 'reporting_break'")
    assert set(found["period"]) == {broken} and set(found["treatment"]) == {"imputed"}


def test_broken_weights_are_mended_to_within_a_tenth(sample, repository):
    """The sample's weights of that quarter were multiplied by 0.4; the truth is what the declared values imply."""
    cells = sample.panel[sample.panel["period"].eq(pd.Period("2023Q2"))]
    around = sample.panel[sample.panel["period"].isin([pd.Period("2023Q1"), pd.Period("2023Q3")])]
    price = around.groupby("product_id")["value_usd"].sum() / around.groupby("product_id")["net_kg"].sum()
    mended = cells.groupby("product_id")["value_usd"].sum() / cells.groupby("product_id")["net_kg"].sum()
    assert (mended / price - 1).abs().max() < 0.1


def test_the_partner_that_stopped_reporting_is_found_and_left_out(sample):
    found = sample.quality.query("check == 'coverage_break'")
    assert set(found["origin"]) == {"RU"} and set(found["period"]) == {"2025Q1"}
    assert not sample.panel.loc[sample.panel["origin"].eq("RU"), "comparable"].any()


def test_real_plants_are_ranked_where_identified_and_named_where_not(uzbekistan):
    realised = uzbekistan.ranking.set_index("project_id")
    assert realised["rank"].isna().all() and realised.loc["angren_tyres", "reason"] == "few_years"
    assert realised.loc["ustyurt_gcc", "reason"] == "before_series"
    cuts = uzbekistan.realised.set_index("product_id")
    assert cuts.loc["methanol", "reason"] == "no_series"
    tested = uzbekistan.realised[uzbekistan.realised["gross_usd"].notna()]
    assert tested["placebo_rank"].between(1, tested["placebo_n"]).all() and tested["limit_kg"].gt(0).all()


def test_the_cut_above_the_recorded_output_is_flagged_with_both_figures(annual):
    """Output is recorded for eleven months of 2023; a year of it is carried to the years without a record."""
    flagged = annual.realised[annual.realised["limit_flag"]].set_index("period")
    assert set(flagged["product_id"]) == {"tyres_car"} and set(flagged["limit"]) == {"output", "output_carried"}
    assert flagged["limit_kg"].to_list() == pytest.approx([712_100 * 8 * 12 / 11] * len(flagged))
    assert flagged.loc[pd.Period("2023"), "limit"] == "output" and flagged["gross_kg"].gt(flagged["limit_kg"]).all()


def test_the_supported_part_of_an_estimate_is_what_the_recorded_output_can_have_replaced(annual):
    """The estimate is $403 million; a year of the recorded output, carried to 2019-2024, supports $189 million."""
    tyres = annual.realised[annual.realised["product_id"].eq("tyres_car")]
    assert tyres["gross_usd"].sum() == pytest.approx(403e6, rel=0.005)
    assert tyres["supported_usd"].sum() == pytest.approx(189e6, rel=0.005)
    assert (tyres["supported_usd"] + tyres["excess_usd"] - tyres["gross_usd"]).abs().max() < 0.01
    ranked = annual.ranking.set_index("project_id").loc["angren_tyres"]
    assert ranked["supported_usd"] == pytest.approx(tyres["supported_usd"].sum())


def test_a_dataset_without_a_plan_has_the_tables_with_a_header_only(uzbekistan):
    for table in (uzbekistan.planned, uzbekistan.credit, uzbekistan.target, uzbekistan.ledger):
        assert table.empty and len(table.columns) > 3


def test_what_is_not_known_is_empty_and_never_zero(uzbekistan):
    realised = uzbekistan.ranking.set_index("project_id")
    unknown = realised[~realised["reason"].eq("not_told")]
    assert unknown[["gross_usd", "net_usd", "supported_usd"]].isna().all(axis=None) and realised["p_first"].isna().all()
    assert pd.isna(realised.loc["ustyurt_gcc", "headline_usd"]) and pd.isna(realised.loc["ustyurt_gcc", "rank"])


def test_an_earlier_report_does_not_see_later_periods(walk):
    earlier = walk("sample", "2025Q4")
    assert earlier.panel["period"].max() == pd.Period("2025Q4")
    assert earlier.cuts["period"].max() == pd.Period("2025Q4")
    assert 0 < earlier.realised["gross_usd"].sum() < 2e6
