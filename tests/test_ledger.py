"""Planned against realised: the parts of a difference by hand, what is cumulated, revised, and changed since."""

from types import MappingProxyType, SimpleNamespace

import pandas as pd
import pytest

from importcut.app.run import inputs
from importcut.economics.comparison import changes, ledger
from importcut.economics.planning import _vehicles
from importcut.intake.opening import open_dataset
from importcut.intake.publication import Publication, last_published
from importcut.language import Voice, languages
from importcut.schema import conform, tables
from importcut.telling import narrate

NOW, BEFORE = pd.Period("2026Q3"), pd.Period("2026Q2")
PARTS = ["late_usd", "use_usd", "output_usd", "price_usd"]
NAMES = {
    "projects": {"a": "Alpha", "b": "Beta", "c": "Gamma"},
    "measures": {"duty": "Duty relief", "lab": "Laboratory"},
}


class Programme(SimpleNamespace):
    """As much of a dataset as a ledger and its narrative ask for."""

    period, frequency, illustrative, target = NOW, "Q", False, MappingProxyType({"year": 2030})
    scenario = MappingProxyType({"name": "base"})

    def names(self, register, language):
        return pd.Series(NAMES[register])


DS = Programme()


def plan(*rows, price=2.0):
    """Rows of project, period, kg: planned at 2 dollars a kg, of the product named as the project is."""
    table = pd.DataFrame(rows, columns=["project_id", "period", "displaced_kg"])
    return table.assign(product_id=table["project_id"], period=pd.PeriodIndex(table["period"], freq="Q"), price=price)


def done(*rows, reason=None):
    """Rows of project, period, kg, USD: identified cuts; with a reason, projects whose cut is not told."""
    table = pd.DataFrame(rows, columns=["project_id", "period", "gross_kg", "gross_usd"])
    period = pd.PeriodIndex(table["period"], freq="Q")
    return table.assign(
        product_id=table["project_id"], period=period, identified=reason is None, reason=reason,
        gross_evidence="measured",
    ).astype({"gross_kg": "float64", "gross_usd": "float64", "reason": object})  # fmt: skip


def untold(project, reason):
    return done((project, None, None, None), reason=reason)


def published(**found):
    return Publication(BEFORE, MappingProxyType(found))


@pytest.mark.parametrize(
    ("attainable", "kg", "usd", "parts", "reason"),
    [
        (100, 0, 0, (-200, 0, 0, 0), "late"),
        (100, 60, 120, (0, -80, 0, 0), "lower_use"),
        (100, 130, 260, (0, 60, 0, 0), "higher_use"),
        (80, 80, 160, (0, 0, -40, 0), "lower_output"),
        (120, 120, 240, (0, 0, 40, 0), "higher_output"),
        (100, 100, 150, (0, 0, 0, -50), "lower_price"),
        (100, 100, 250, (0, 0, 0, 50), "higher_price"),
        (90, 70, 126, (0, -40, -20, -14), "lower_use"),
        (90, 0, 0, (-180, 0, -20, 0), "late"),
        (100, 99, 192, (0, -2, 0, -6), "as_planned"),
        (100, 95, 190, (0, -10, 0, 0), "lower_use"),  # 5 % is no longer close
    ],
)
def test_a_difference_from_200_planned_dollars_by_hand(attainable, kg, usd, parts, reason):
    """Planned are 100 kg at $2; at the vehicles made the plan would be `attainable` kg."""
    cuts = done(("a", "2026Q3", kg, usd)) if kg else untold("a", "no_deliveries")
    row = ledger(cuts, plan(("a", "2026Q3", 100)), plan(("a", "2026Q3", attainable)), DS).iloc[0]
    assert tuple(row[PARTS]) == pytest.approx(parts)
    assert row["difference_usd"] == pytest.approx(sum(parts)) and row["reason"] == reason


def test_a_project_is_late_until_its_first_delivery_and_delivers_less_after_it():
    quarters = ["2026Q1", "2026Q2", "2026Q3"]
    planned = plan(*[("a", quarter, 100) for quarter in quarters])
    book = ledger(done(("a", "2026Q2", 50, 100)), planned, planned, DS)
    assert book["late_usd"].tolist() == [-200, 0, 0] and book["use_usd"].tolist() == [0, -100, -200]
    assert book["reason"].tolist() == ["late", "lower_use", "lower_use"]


def test_the_products_of_a_project_are_added_up_each_with_its_own_parts():
    two = [plan(("a", "2026Q3", kg)).assign(product_id=product) for product, kg in (("x", 100), ("y", 50))]
    planned = pd.concat(two)
    cuts = done(("a", "2026Q3", 120, 264)).assign(product_id="x")
    row = ledger(cuts, planned, planned, DS).iloc[0]
    assert row[PARTS].tolist() == [-100, 40, 0, 24] and row["difference_usd"] == -36 and row["reason"] == "late"


def test_parts_add_up_where_a_plan_is_missing_and_where_less_than_the_baseline_was_delivered():
    planned = plan(("a", "2026Q3", 100))
    book = ledger(done(("a", "2026Q2", 10, 30), ("b", "2026Q3", 10, 30)), planned, planned, DS)
    assert (book[PARTS].sum(axis=1) - book["difference_usd"]).abs().max() < 1e-9
    assert book.set_index(["project_id", "period"]).loc[("b", NOW), ["use_usd", "reason"]].tolist() == [
        30,
        "higher_use",
    ]
    below = ledger(done(("a", "2026Q3", -10, -30)), planned, planned, DS).iloc[0]
    assert below[PARTS].tolist() == [-200, -20, 0, -10] and below["difference_usd"] == -230


def test_a_cut_that_the_data_cannot_tell_is_no_late_project():
    planned = plan(("a", "2026Q3", 100), ("b", "2026Q3", 100))
    book = ledger(pd.concat([untold("a", "shared_product"), untold("b", "not_started")]), planned, planned, DS)
    assert book["project_id"].tolist() == ["b"]


def test_what_is_cumulated_stands_once_and_a_pivot_adds_it_up_right():
    planned = plan(*[("a", quarter, 100) for quarter in ("2026Q1", "2026Q2", "2026Q3", "2026Q4")], ("b", "2026Q2", 5))
    book = ledger(done(("a", "2026Q2", 50, 100), ("a", "2026Q3", 60, 120)), planned, planned, DS)
    to_date = book.set_index(["project_id", "period"])[["planned_to_date_usd", "realised_to_date_usd"]]
    assert to_date.dropna().index.tolist() == [("a", NOW), ("b", BEFORE)], "periods after the report's do not count"
    assert to_date.groupby("project_id").sum().loc["a"].tolist() == [600, 220]
    assert to_date.sum().tolist() == book[["planned_usd", "realised_usd"]].sum().tolist()


def test_a_revision_is_the_figure_now_less_the_one_published():
    planned = plan(*[(p, quarter, 100) for p in "ab" for quarter in ("2026Q2", "2026Q3")])
    then = pd.DataFrame({"project_id": ["a", "c"], "period": [BEFORE] * 2, "realised_usd": [90.0, 5.0]})
    cuts = done(("a", "2026Q2", 50, 100), ("a", "2026Q3", 50, 100), ("b", "2026Q3", 1, 2))
    book = ledger(cuts, planned, planned, DS, former=published(ledger=then)).set_index(["project_id", "period"])
    assert book["revision_usd"].dropna().to_dict() == {("a", BEFORE): 10}
    assert ledger(cuts, planned, planned, DS)["revision_usd"].isna().all()


def test_a_published_cut_that_is_gone_is_a_revision_too():
    planned = plan(("a", "2026Q2", 0), ("a", "2026Q3", 100))
    then = pd.DataFrame({"project_id": ["a"], "period": [BEFORE], "realised_usd": [90.0]})
    book = ledger(done(("a", "2026Q3", 100, 200)), planned, planned, DS, former=published(ledger=then))
    assert book["revision_usd"].tolist()[0] == -90


def vehicles(period, scenario, as_planned):
    rows = [("2026Q1", 10, None), ("2026Q1", 12, "base"), ("2026Q2", 11, None), ("2026Q3", 9, None),
            ("2026Q3", 13, "base"), ("2026Q4", 14, "base"), ("2026Q4", 20, "high")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["period", "vehicles", "scenario"]).astype({"scenario": "str"})
    about = {"name": scenario, "assumptions": {"vehicle_output": {"value": 0.5}}}
    ds = Programme(
        activity=table.assign(period=pd.PeriodIndex(table["period"], freq="Q"), plant_id="p"), scenario=about,
        period=pd.Period(period),
    )  # fmt: skip
    found = _vehicles(ds, as_planned)
    assert found["period"].is_unique
    return found.set_index(found["period"].astype("str"))["vehicles"].to_dict()


def test_the_record_counts_up_to_the_period_and_the_plan_after_it():
    assert vehicles("2026Q3", "base", False) == {"2026Q1": 10, "2026Q2": 11, "2026Q3": 9, "2026Q4": 7}
    assert vehicles("2026Q2", "base", False) == {"2026Q1": 10, "2026Q2": 11, "2026Q3": 6.5, "2026Q4": 7}
    assert vehicles("2026Q3", "high", False)["2026Q4"] == 10


def test_as_planned_the_plan_counts_where_there_is_one_and_no_scenario_bends_what_is_over():
    assert vehicles("2026Q3", "base", True) == {"2026Q1": 12, "2026Q2": 11, "2026Q3": 13, "2026Q4": 7}


def ranking(**headlines):
    """Projects in their order with the net cut to date; None: not ranked, for nothing is delivered."""
    rows = [
        {"project_id": p, "headline_usd": usd, "net_usd": usd, "rank": None if usd is None else n, "basis": basis,
         "evidence": None if usd is None else "planned", "reason": "no_deliveries" if usd is None else None}
        for basis in ("realised_to_date", "cumulative") for n, (p, usd) in enumerate(headlines.items(), start=1)
    ]  # fmt: skip
    table = pd.DataFrame(rows).astype({"headline_usd": "float64", "net_usd": "float64", "rank": "Int64"})
    return conform(
        table.assign(limit_flag=False).reindex(columns=[c.name for c in tables()["ranking"].columns]).assign(
            limit_flag=False
        ), "ranking", frequency="Q",
    )  # fmt: skip


def measures(**states):
    return pd.DataFrame({"measure_id": list(states), "state": list(states.values())})


def target(annual, cumulative):
    return pd.DataFrame({"reading": ["annual", "cumulative"], "p_reached": [annual, cumulative]})


def cuts(**usd):
    """Gross cuts of the second and the third quarter by project."""
    rows = [(p, q, 1, value) for p, pair in usd.items() for q, value in zip(("2026Q2", "2026Q3"), pair, strict=True)]
    return done(*[row for row in rows if row[3] is not None])


THEN = {
    "cuts_realised": cuts(a=(500e3, None), b=(300e3, None)),
    "ranking": ranking(a=400e3, b=200e3, c=None),
    "measures_status": measures(duty="due_now", lab="late"),
    "target": target(0.0, 0.6),
}
SAME = {"cuts": THEN["cuts_realised"], "ranking": THEN["ranking"], "measures": THEN["measures_status"],
        "target": THEN["target"]}  # fmt: skip


def told(language="en", **now):
    table = changes(published(**THEN), DS, **SAME | now)
    return table, narrate.changes(table, Voice(language, DS)), narrate.changes_table(table, Voice(language, DS)).frame


def test_nothing_changed_is_said():
    table, finding, listed = told()
    assert table.query("kind == 'data'")["difference"].tolist() == [1], "a quarter since"
    assert table.dropna(subset="difference").query("kind != 'data'")["difference"].eq(0).all()
    assert finding.title == "Since the report of Q2\xa02026 hardly anything has changed"
    for part in (
        "the data in Q3\xa02026 are new; no cut is identified in them", "No project that was ranked has another rank",
        "No cut published before was revised by $5.0\xa0thousand or more",
    ):  # fmt: skip
        assert part in finding.text
    assert "verdue" not in finding.text and listed.empty


def test_a_corrected_quarter_is_compared_with_the_quarter_as_it_was_given_out():
    own = Publication(DS.period, MappingProxyType(THEN))
    for former in (published(**THEN), None):
        table = changes(former, DS, own=own, **SAME)
        assert table.query("kind == 'correction'").empty and table.empty == (former is None), "nothing was corrected"
        table = changes(former, DS, own=own, **SAME | {"cuts": cuts(a=(450e3, None), b=(300e3, None))})
        row = table.query("kind == 'correction'").iloc[0]
        assert (row["id"], row["before"], row["after"], row["difference"]) == ("a", 500e3, 450e3, -50e3)
        finding = narrate.changes(table, Voice("en", DS))
        assert "Since this very period was given out, gross cuts to date were corrected: A" in finding.text
        assert "together −$50.0\xa0thousand." in finding.text
        listed = narrate.changes_table(table, Voice("en", DS)).frame
        assert "gross cut to date, as given out" in set(listed.iloc[:, 0])


def test_without_a_publication_the_report_says_that_there_is_nothing_to_compare_with():
    table = changes(None, DS, **SAME)
    finding = narrate.changes(table, Voice("en", DS))
    assert table.empty and "nothing to compare with" in finding.text and finding.evidence is None
    assert narrate.changes_table(table, Voice("en", DS)).frame.empty


def test_a_scenario_is_not_compared_with_what_was_given_out_of_the_base_scenario():
    base, late = (open_dataset("sample", period="2026Q3", scenario=name) for name in ("base", "late"))
    assert last_published(base).name == "2026Q2" and last_published(late) is None
    assert not [file for file in inputs(late) if "published" in file.parts]
    for language, words in {"en": "compared within one scenario only", "ru": "в пределах одного сценария"}.items():
        finding = narrate.changes(changes(None, late, **SAME), Voice(language, late))
        assert words in finding.text and late.scenario["title"][language] in finding.text


def test_a_new_period_and_a_revision_add_up_to_the_change_of_the_cut_to_date():
    table, finding, listed = told(cuts=cuts(a=(480e3, 100e3), b=(301e3, 50e3)))
    moved = table[table["kind"].isin(["new_cut", "revision"])].groupby(["id", "kind"])["difference"].sum()
    assert moved.to_dict() == {
        ("a", "new_cut"): 100e3, ("a", "revision"): -20e3, ("b", "new_cut"): 50e3, ("b", "revision"): 1e3,
    }  # fmt: skip
    assert finding.title == "Since the report of Q2\xa02026 the projects have cut another $150.0\xa0thousand gross"
    assert "revised: Alpha from $500.0\xa0thousand to $480.0\xa0thousand; together −$20.0\xa0thousand" in finding.text
    assert "in them the projects cut $150.0\xa0thousand gross" in finding.text
    assert listed["Project or measure"].tolist() == ["Alpha", "Beta", "Alpha"], "Beta's revision rounds to nothing"
    assert listed.iloc[2, 2:].tolist() == ["500.0", "480.0"] and finding.evidence == "measured"


def test_a_swap_of_ranks_and_a_new_leader_are_named():
    _, finding, listed = told(ranking=ranking(b=450e3, a=410e3, c=None))
    assert finding.title == "Since the report of Q2\xa02026 the lead has passed to Beta"
    assert "Moved in the ranking: Beta from 2 to 1; Alpha from 1 to 2." in finding.text
    leads = "Beta leads with $450.0\xa0thousand net to date; in the last report it had $200.0\xa0thousand."
    assert leads in finding.text
    assert listed[["Before", "Now"]].to_numpy().tolist() == [["1", "2"], ["2", "1"]] and finding.evidence == "planned"


def test_who_is_newly_ranked_or_no_longer_ranked_is_named_with_the_reason():
    _, finding, _ = told(ranking=ranking(a=400e3, c=100e3, b=None))
    assert "New in the ranking, with its rank: Gamma (2)." in finding.text
    assert "No longer ranked, because it should have begun, and no delivery is recorded: Beta." in finding.text
    gone = ranking(a=400e3, c=None)
    assert "No longer in the register of projects: Beta." in told(ranking=gone)[1].text


def test_measures_late_and_done_since_are_named():
    _, finding, listed = told(measures=measures(duty="late", lab="done"))
    assert "Overdue since then: Duty relief. Done since then: Laboratory." in finding.text
    assert listed.to_numpy().tolist() == [
        ["state of the measure", "Duty relief", "due now", "overdue"],
        ["state of the measure", "Laboratory", "overdue", "done"],
    ]
    assert "Overdue since then: Duty relief." in told(measures=measures(duty="late", lab="late"))[1].text


def test_a_measure_of_several_projects_stands_where_its_most_urgent_row_stands():
    rows = [("due_now", "late"), ("done", "late"), ("due_later", "due_now"), ("done", "due_later")]
    for less, urgent in rows:
        two = pd.concat([measures(duty=less, lab="late"), measures(duty=urgent)])
        [after] = told(measures=two)[0].query("kind == 'measure' and id == 'duty'")["state_after"]
        assert after == urgent, f"{urgent} comes before {less}"


def test_the_probability_of_the_target_is_told_where_both_reports_know_it():
    _, finding, listed = told(target=target(None, 0.75))
    assert finding.text.count("probability of reaching it") == 1 and "it is 75%; it was 60%" in finding.text
    assert [
        "probability of reaching the target, %",
        "sum up to the target year",
        "60",
        "75",
    ] in listed.to_numpy().tolist()


def test_gross_is_not_compared_with_net():
    gross = ranking(a=400e3, b=200e3, c=None).assign(net_usd=float("nan"))
    table, finding, _ = told(ranking=gross)
    rows = table[table["kind"].eq("headline")]
    assert rows["difference"].isna().all() and set(rows["unit"]) == {"USD gross"} and "leads" not in finding.text


def test_a_cut_that_cannot_be_told_any_more_is_no_revision_to_zero():
    table, _, _ = told(cuts=pd.concat([cuts(a=(500e3, None)), untold("b", "shared_product")], ignore_index=True))
    row = table.query("kind == 'revision' and id == 'b'").iloc[0]
    assert row["before"] == 300e3 and pd.isna(row["after"]) and pd.isna(row["difference"])
    late, _, _ = told(cuts=pd.concat([cuts(a=(500e3, None)), untold("b", "no_deliveries")], ignore_index=True))
    assert late.query("kind == 'revision' and id == 'b'")["difference"].tolist() == [-300e3]


def test_cuts_measured_by_another_method_are_not_compared_and_the_change_of_method_is_told():
    then, now = (THEN["cuts_realised"].assign(method=method) for method in ("control_basket", "deliveries"))
    table = changes(published(**THEN | {"cuts_realised": then}), DS, **SAME | {"cuts": now})
    [row] = table.query("kind == 'method'").to_dict("records")
    assert (row["id"], row["state_before"], row["state_after"]) == ("method", "control_basket", "deliveries")
    assert set(table["kind"]) == {"data", "method", "measure", "target"}
    same = changes(published(**THEN | {"cuts_realised": now}), DS, **SAME | {"cuts": now})
    assert {"revision", "rank", "headline"} <= set(same["kind"]) and "method" not in set(same["kind"])


def test_an_older_publication_without_a_table_is_compared_by_the_others():
    table = changes(published(ranking=THEN["ranking"]), DS, **SAME)
    assert set(table["kind"]) == {"data", "rank", "headline"}


@pytest.mark.parametrize("language", languages())
def test_what_changed_and_the_ledger_are_told_in_every_language(language):
    say = Voice(language, DS)
    quarters = plan(("a", "2026Q2", 1e5), ("a", "2026Q3", 1e5), ("b", "2026Q3", 1e5))
    book = ledger(done(("a", "2026Q3", 8e4, 15e4)), quarters, quarters, DS)
    findings = [narrate.plan_and_result(book, say), told(language)[1]]
    findings.append(told(language, cuts=cuts(a=(480e3, 100e3), b=(300e3, 50e3)))[1])
    for finding in findings:
        assert finding.text and not any(sign in finding.title + finding.text for sign in ("{", "nan", "None"))
    assert narrate.ledger_table(book, say).frame.shape == (2, 8)


def test_the_ledger_is_told_with_its_parts_and_who_is_behind_and_late():
    quarters = plan(("a", "2026Q2", 1e5), ("a", "2026Q3", 1e5), ("b", "2026Q3", 1e5), ("c", "2026Q3", 1e5))
    book = ledger(done(("a", "2026Q3", 8e4, 15e4), ("c", "2026Q3", 12e4, 24e4)), quarters, quarters, DS)
    finding = narrate.plan_and_result(book, Voice("en", DS))
    assert finding.title == "The projects have cut $390.0\xa0thousand gross to date; $800.0\xa0thousand was planned"
    for part in (
        "from Q2\xa02026 to Q3\xa02026; they cut $390.0\xa0thousand, a difference of −$410.0\xa0thousand.",
        "consists of: late start −$400.0\xa0thousand and import price −$10.0\xa0thousand.",
        "behind their plan: Alpha (−$250.0\xa0thousand, late start) and Beta (−$200.0\xa0thousand, late start).",
        "Furthest ahead of it: Gamma (+$40.0\xa0thousand, quantity delivered).",
        "Planned, and nothing delivered yet: Beta (−$200.0\xa0thousand).",
        "Began later than planned: Alpha (−$200.0\xa0thousand).",
    ):
        assert part in finding.text, part
    assert finding.evidence == "planned" and "Grade: planned" in finding.text
    pairs = narrate.plan_pairs(book, Voice("en", DS))
    assert pairs.loc["Alpha"].tolist() == [4e5, 15e4] and pairs.columns.tolist() == ["planned", "realised"]


def test_a_project_within_a_twentieth_of_its_plan_is_neither_behind_nor_ahead():
    planned = plan(("a", "2026Q3", 1e6), ("b", "2026Q3", 1e6))
    book = ledger(done(("a", "2026Q3", 0.97e6, 1.94e6), ("b", "2026Q3", 0.9e6, 1.8e6)), planned, planned, DS)
    text = narrate.plan_and_result(book, Voice("en", DS)).text
    assert "behind its plan: Beta (−$200.0\xa0thousand, quantity delivered)." in text and "Alpha" not in text


def test_a_dataset_without_a_plan_has_a_ledger_without_rows_and_says_so(uzbekistan):
    finding = narrate.plan_and_result(uzbekistan.ledger, Voice("en", uzbekistan.ds))
    assert uzbekistan.ledger.empty and finding.text.endswith("so that there is no plan.")


def test_the_main_plan_stays_at_the_vehicles_made(sample):
    """The plan adds up to the programme's 69 million; only the ledger looks at the vehicles once planned."""
    assert sample.planned["gross_usd"].sum() == pytest.approx(69e6, abs=0.05e6)
    assert (sample.ledger[PARTS].sum(axis=1) - sample.ledger["difference_usd"]).abs().max() < 0.01
