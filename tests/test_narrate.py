"""The text says what the tables say: in every language the same facts, no claim without its grade."""

import re
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from importcut.economics.cost_benefit import appraisal
from importcut.economics.standing import ranking
from importcut.economics.uncertainty import delivery_outcome, interval
from importcut.language import Voice, languages
from importcut.telling import narrate
from importcut.telling.finding import extent


def told(way, language):
    """Every finding of the report."""
    say = Voice(language, way.ds)
    return {
        "headline": narrate.headline(way.ranking, way.realised, way.tests, say),
        "on_track": narrate.on_track(way.target, way.realised, say),
        "ranked": narrate.ranked_projects(way.ranking, say),
        "without": narrate.without_projects(way.expected, way.realised, say),
        "causes": narrate.causes(way.bridge, way.realised, say),
        "places": narrate.places(way.profile, way.realised, way.ds.period, say),
        "road": narrate.road(way.planned, way.ranking, way.target, say),
        "doubts": narrate.doubts(way.quality, say),
        "evidence": narrate.evidence(way.estimates, way.tests, say),
    }


def figures(text):
    """The figures of a text, whatever the language writes between thousands and before decimals."""
    text = re.sub(r"(?<=\d)[\u00a0\u202f,](?=\d{3}\b)", "", text)
    return sorted(re.findall(r"\d+(?:[.,]\d+)?", text.replace(",", ".")))


@pytest.fixture(params=["sample", "uzbekistan"])
def way(request):
    return request.getfixturevalue(request.param)


def test_every_language_tells_the_same_figures(way):
    first, *others = [told(way, language) for language in languages()]
    for other in others:
        for name, finding in first.items():
            assert figures(finding.text) == figures(other[name].text), name


@pytest.mark.parametrize(("high", "tied"), [(89e3, False), (90e3, False), (91e3, True), (120e3, True)])
def test_two_are_tied_once_the_seconds_range_ends_above_where_the_leaders_begins(high, tied, sample):
    """However far the second's own figure, and the beginning of its range, lie below the leader's."""
    first, second = sample.ranking.query("basis == 'realised_to_date' and rank <= 2")["project_id"]
    ranked = sample.ranking.set_index("project_id")
    to_date, columns = (
        ranked["basis"].eq("realised_to_date"),
        ["net_low_usd", "net_usd", "headline_usd", "net_high_usd"],
    )
    ranked["p_beats_next"] = np.nan  # as of cuts from customs data alone
    ranked.loc[to_date & (ranked.index == first), columns] = [90e3, 100e3, 100e3, 110e3]
    ranked.loc[to_date & (ranked.index == second), columns] = [60e3, 70e3, 70e3, high]
    say = Voice("en", sample.ds)
    title = narrate.headline(ranked.reset_index(), sample.realised, sample.tests, say).title
    assert (say.names("projects")[second] in title) == tied


@pytest.mark.parametrize(("ahead", "tied"), [(0.89, True), (0.90, False)])
def test_two_recorded_cuts_are_tied_where_the_order_holds_in_less_than_nine_of_ten_draws(ahead, tied, sample):
    """However their ranges lie."""
    ranked, say = sample.ranking.query("basis == 'realised_to_date'").set_index("rank"), Voice("en", sample.ds)
    ranked.loc[1, "p_beats_next"] = ahead
    second = say.names("projects")[ranked.loc[2, "project_id"]]
    finding = narrate.headline(ranked.reset_index(), sample.realised, sample.tests, say)
    assert (second in finding.title) == tied and ("cannot be told apart" in finding.lead) == tied


@pytest.mark.parametrize(("chance", "certain"), [(0.89, False), (0.90, True)])
def test_nine_draws_in_ten_make_one_certain(chance, certain, sample):
    """So many must have the leader first for the title to say so, and one project ahead of the next not to be tied."""
    first, second = sample.ds.projects["project_id"].head(2)
    rows = [(first, 1, chance, 2e6, chance), (second, 1, 1 - chance, 1e6, np.nan)]
    table = pd.DataFrame(rows, columns=["project_id", "rank", "probability", "mean_usd", "p_beats_next"])
    table = table.assign(basis="cumulative", net_low_usd=5e5, net_high_usd=3e6)
    say = Voice("en", sample.ds)
    finding, pair = narrate.how_sure(table, sample.target.head(0), say), say.names("projects")
    assert finding.title.startswith("No leader is certain") == (not certain)
    assert (pair[second] in finding.text) == (not certain)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize(("high", "above"), [(66.6e6, True), (70e6, False), (np.nan, False)])
def test_a_plan_above_nineteen_of_twenty_draws_is_told_in_the_first_sentence_about_it(language, high, above, sample):
    say, target = Voice(language, sample.ds), sample.target.assign(on_course_high_usd=high)
    told, total = narrate.on_track(target, sample.realised, say).text, say.money(sample.planned["gross_usd"].sum())
    first = next(part for part in re.split(r"\. (?=[A-ZА-ЯЎҚҒҲO‘])|\n", told) if total in part)
    lead = narrate.road(sample.planned, sample.ranking, target, say).lead
    for text in (first, lead):
        assert (say.money(66.6e6) in text) == above and say.money(sample.planned["gross_usd"].sum()) in text


CHANCES = [
    (0.001, "is reached in no calculation"), (0.0196, "is unlikely: about one chance in 50"),
    (0.12, "is unlikely: about one chance in 8"), (0.5, "is reached is open: 50%"),
    (0.8, "is likely to be reached: 80%"), (0.999, "is reached in every calculation"),
    (np.nan, "of the target is reached"),
]  # fmt: skip


@pytest.mark.parametrize(("p", "told"), CHANCES)
def test_the_title_says_how_likely_the_target_is(p, told, sample):
    finding = narrate.on_track(sample.target.assign(p_reached=p), sample.realised, Voice("en", sample.ds))
    assert finding.title.endswith(told)


def test_headline_names_leader_margin_runner_up_and_grades(sample):
    finding = told(sample, "en")["headline"]
    ranked = sample.ranking[sample.ranking["basis"].eq("realised_to_date")].sort_values("rank")
    names, money = sample.ds.names("projects", "en"), Voice("en", sample.ds).money
    first, second = ranked.iloc[0], ranked.iloc[1]
    for part in (
        names[first["project_id"]], money(first["net_usd"]), money(first["gross_usd"]), names[second["project_id"]],
        money(second["net_usd"]), money(first["net_usd"] - second["net_usd"]), "gross cuts measured",
        "net cuts planned",
    ):  # fmt: skip
        assert part in finding.text
    assert finding.evidence == "planned"


@pytest.mark.parametrize("language", languages())
def test_where_the_net_cut_of_one_is_not_known_all_are_compared_gross(sample, language):
    cuts, say = sample.realised, Voice(language, sample.ds)
    done = sample.ranking[sample.ranking["basis"].eq("realised_to_date")].sort_values("rank")
    unknown = done["project_id"].iloc[1]
    part = cuts.assign(net_usd=cuts["net_usd"].mask(cuts["project_id"].eq(unknown)))
    table = ranking(sample.ds, part, sample.credit).query("basis == 'realised_to_date'").dropna(subset="rank")
    gross = interval(delivery_outcome(sample.ds, part)).assign(gross_usd=cuts.groupby("project_id")["gross_usd"].sum())
    shown = table.join(extent(table)).set_index("project_id")
    for column, of in (("headline_usd", "gross_usd"), ("low_usd", "gross_low_usd"), ("high_usd", "gross_high_usd")):
        pd.testing.assert_series_equal(shown[column], gross.loc[shown.index, of], check_names=False)
    assert table["rank"].tolist() == table["gross_usd"].rank(ascending=False).tolist()
    text = narrate.headline(table, part, sample.tests, say).text
    assert say("answer.alike", project_id=[unknown]) in text
    assert say.money(gross["gross_usd"].max()) in text and say.money(done["net_usd"].iloc[0]) not in text
    assert (
        ranking(sample.ds, part, sample.credit)["net_usd"].notna().sum() == sample.ranking["net_usd"].notna().sum() - 1
    )


def test_the_target_sentence_has_both_readings_and_the_ceiling(sample):
    text = told(sample, "en")["on_track"].text
    assert "sum up to 2030, the target is $69.0\xa0million; the plan adds up to $69.0\xa0million" in text
    assert "amount of 2030 alone, the target is $69.0\xa0million a year" in text and "out of reach" in text


def test_projects_that_are_not_ranked_are_named_with_the_reason(sample, uzbekistan):
    assert "its first output is due later: Antifreeze (Fergana)" in told(sample, "en")["ranked"].text
    assert "it began before the data do: Ustyurt" in told(uzbekistan, "en")["ranked"].text


def test_the_bridge_says_that_the_change_is_not_the_effect(sample):
    finding = told(sample, "en")["causes"]
    effects = sample.bridge.query("comparison == 'base'").groupby("effect")["value_usd"].sum()
    assert Voice("en", sample.ds).money(-effects["project"]) in finding.title
    assert "not the effect of the projects" in finding.text and "vehicle output +$" in finding.text
    for name, effect in (("contract price", "contract_price"), ("exchange rate", "exchange_rate")):
        assert f"{name} {Voice('en', sample.ds).money(effects[effect])}" in finding.text


def test_the_year_before_is_told_with_the_projects_part_where_it_is_compared(sample, uzbekistan):
    say, rows = Voice("en", sample.ds), sample.bridge.query("comparison == 'year_before'")
    effects = rows.groupby("effect")["value_usd"].sum()
    text = narrate.causes(sample.bridge, sample.realised, say).text.replace("\n\n", " ")
    rose = f"Against Q3\xa02025, a year earlier, imports rose by {say.money(effects.drop('base').sum())}."
    assert f"{rose} The projects contributed {say.money(effects['project'])} to that change." in text
    yearly = narrate.causes(uzbekistan.bridge, uzbekistan.realised, Voice("en", uzbekistan.ds)).text
    assert "a year earlier" not in yearly
    usd = sample.bridge["value_usd"]
    before = sample.bridge["comparison"].eq("year_before")
    fell = sample.bridge.assign(value_usd=usd.mask(before & sample.bridge["effect"].eq("activity"), -1e6))
    assert "a year earlier, imports fell by" in narrate.causes(fell, sample.realised, say).text
    still = sample.bridge.assign(value_usd=usd.mask(before & sample.bridge["effect"].ne("base"), 0.0))
    assert "a year earlier" not in narrate.causes(still, sample.realised, say).text
    alone = sample.bridge.assign(value_usd=usd.mask(before & sample.bridge["effect"].eq("project"), 0.0))
    assert "The projects contributed" not in narrate.causes(alone, sample.realised, say).text


def test_without_a_base_season_there_is_nothing_to_compare_with(sample):
    chain = sample.bridge.query("comparison == 'chained'")
    finding = narrate.causes(chain, sample.realised, Voice("en", sample.ds))
    assert finding.text == "There is no earlier period with weights to compare with." and finding.table.empty


def test_doubts_name_the_broken_period_the_lost_partner_and_what_was_set_aside(sample, uzbekistan):
    text = told(sample, "en")["doubts"].text
    assert "In Q2\xa02023 the weights of" in text and "Russia has not reported since Q1\xa02025" in text
    assert "duplicates: 96 lines" in text
    real = told(uzbekistan, "en")["doubts"].text
    broken = uzbekistan.quality.query("check == 'reporting_break'")["product_id"].nunique()
    assert f"In 2021 the weights of {broken} products, with" in real and "and the weights that partners report" in real
    assert "inferred from customs data alone" in told(uzbekistan, "en")["evidence"].text


def test_an_effect_below_the_display_precision_gets_no_sentence(sample):
    small = sample.bridge.assign(
        value_usd=sample.bridge["value_usd"].where(sample.bridge["effect"].ne("intensity"), 0.0)
    )
    assert "use per vehicle +" not in narrate.causes(small, sample.realised, Voice("en", sample.ds)).text


def test_a_dataset_with_nothing_identified_says_so(uzbekistan):
    none = uzbekistan.ranking.assign(rank=pd.NA)
    finding = narrate.headline(none, uzbekistan.realised, uzbekistan.tests.head(0), Voice("en", uzbekistan.ds))
    assert finding.text == "No project has an identified cut." and finding.evidence is None


def test_no_sentence_is_left_with_a_placeholder_or_a_missing_value(way):
    for language in languages():
        for finding in told(way, language).values():
            assert not re.search(r"[{}]|\bnan\b|None|<NA>", finding.title + finding.text)


def test_the_readme_opens_with_the_headline_of_the_sample(sample, repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert told(sample, "en")["headline"].lead.replace("\xa0", " ") in readme


@pytest.fixture
def appraised(sample):
    return appraisal(sample.ds, sample.planned, sample.credit)


def test_the_best_of_the_larger_projects_is_named_with_size_and_ratio(sample, appraised):
    say = Voice("en", sample.ds)
    finding = narrate.worth(appraised, say)
    larger = appraised[appraised["annual_net_usd"] >= appraised["annual_net_usd"].mean()]
    best = larger.sort_values("cut_per_cost").iloc[-1]
    for part in (
        sample.ds.names("projects", "en")[best["project_id"]], say.money(best["annual_net_usd"]),
        f"${best['cut_per_cost']:.2f}",
    ):  # fmt: skip
        assert part in finding.title and part in finding.lead
    assert "Grade: planned" in finding.text and finding.evidence == "planned"


def test_worth_names_the_front_what_does_not_pay_and_the_dear(sample, appraised):
    say, names = Voice("en", sample.ds), sample.ds.names("projects", "en")
    text = narrate.worth(appraised, say).text
    for row in appraised[appraised["pareto"]].itertuples():
        assert f"{names[row.project_id]} ({say.money(row.annual_net_usd)} a year, ${row.cut_per_cost:.2f}" in text
    for row in appraised[appraised["npv_usd"] < 0].itertuples():
        assert f"negative for {names[row.project_id]} ({say.money(row.npv_usd)})" in text
    assert "known for all projects and above 1 for none of them (0.81 to 0.89)" in text
    dear = appraised.assign(
        drc=appraised["drc"].mask(appraised.index == 3, 1.25).mask(appraised.index == 4), npv_usd=1.0
    )
    text = narrate.worth(dear, say).text
    assert "known for 13 of 14 projects (0.81 to 1.25)" in text
    assert f"more than a dollar of domestic resources in {names[dear['project_id'][3]]} (1.25)." in text
    assert "negative for none of the projects" in text


def test_projects_without_a_ratio_are_named_with_the_reason(sample, appraised):
    say, names = Voice("en", sample.ds), sample.ds.names("projects", "en")
    ids = appraised["project_id"]
    none = appraised.assign(
        cost_usd=appraised["cost_usd"].mask(appraised.index == 0),
        annual_net_usd=appraised["annual_net_usd"].mask(appraised.index == 1, -5.0).mask(appraised.index == 2),
        ratio_rank=appraised["ratio_rank"].mask(appraised.index < 3),
    )
    text = narrate.worth(none, say).text
    for reason, project in (
        ("its cost is not known or zero", 0),
        ("it does not cut imports, net, in the target year", 1),
        ("it has no plan", 2),
    ):
        assert f"No ratio is ranked, because {reason}: {names[ids[project]]}." in text
    nothing = narrate.worth(appraised.assign(ratio_rank=pd.NA, cost_usd=float("nan")), say)
    assert nothing.title == "No ratio of cut to cost can be ranked" and names[ids[0]] in nothing.text


def test_the_leader_that_does_not_pay_back_is_said_to(sample, appraised):
    say = Voice("en", sample.ds)
    never = appraised.assign(payback_years=float("nan"), discounted_payback_years=float("nan"))
    assert "does not cover its cost by the end of 2030" in narrate.worth(never, say).text
    slow = appraised.assign(discounted_payback_years=float("nan"))
    assert "years after the first output. " in narrate.worth(slow, say).text.replace("\n\n", " ")


def test_a_dataset_without_a_plan_has_no_worth(uzbekistan):
    none = appraisal(uzbekistan.ds, uzbekistan.planned, uzbekistan.credit)
    finding = narrate.worth(none, Voice("en", uzbekistan.ds))
    assert finding.text.endswith("so that there is no plan.") and finding.evidence is None
    bare = replace(uzbekistan.ds, target=MappingProxyType({}))
    assert narrate.worth(none, Voice("en", bare)).text == "This dataset has no plan and no target."


def test_the_appraisal_is_told_and_listed_with_the_same_figures_in_every_language(sample, appraised):
    first, *others = [Voice(language, sample.ds) for language in languages()]
    story, rows = narrate.worth(appraised, first), narrate.listing("appraisal", appraised, first).frame
    assert len(rows) == len(appraised) and rows.iloc[0, 1:4].tolist() == ["87.5", "327.2", "3.74"]
    assert not re.search(r"[{}]|\bnan\b|None|<NA>", story.title + story.text)
    for say in others:
        other = narrate.worth(appraised, say)
        assert figures(story.text) == figures(other.text) and figures(story.title) == figures(other.title)
        assert not re.search(r"[{}]|\bnan\b|None|<NA>", other.title + other.text)
        listed = narrate.listing("appraisal", appraised, say).frame
        assert listed.notna().to_numpy().tolist() == rows.notna().to_numpy().tolist()


def test_a_suspected_break_is_not_told_as_mended(walk):
    early = walk("uzbekistan", "2021")
    text = told(early, "en")["doubts"].text
    assert set(early.quality.query("check == 'reporting_break'")["certainty"]) == {"suspected"}
    assert "a break is suspected, and nothing was changed" in text and "by estimates, and what rests" not in text


def test_outliers_and_recut_codes_are_told_with_their_value(way):
    text, say = told(way, "en")["doubts"].text, Voice("en", way.ds)
    found = way.quality.query("check == 'unit_value_outlier'")
    assert f"{len(found)} unit values stray" in text and say.money(found["affected_value_usd"].sum()) in text
    recut = way.quality.query("check == 'hs_revision'")
    assert ("a fall there is not a cut" in text) == (len(recut) > 0)
    for _, rows in recut.groupby("period"):  # a few are named, of many the number is told
        names = [*say.names("products", inside=True)[rows["product_id"]]]
        assert all(name in text for name in names) if len(names) <= 6 else f"headings of {len(names)} products" in text


def test_the_cuts_are_listed_with_placebo_rank_number_of_donors_and_limit(uzbekistan):
    listing = narrate.cuts_table(uzbekistan.realised, Voice("en", uzbekistan.ds)).frame.set_index("Product")
    caustic = listing.loc["Caustic soda, solid"]
    n = len(uzbekistan.observed.donors)
    assert caustic["Rank among comparable products"].endswith(f"/{n + 1}")
    assert caustic["Number of comparable products"] == str(n)
    whole, rule = uzbekistan.observed.kg.gt(0).all(), {*uzbekistan.ds.donors["product_id"]}
    lines = {*whole.index[whole]} & rule - {*uzbekistan.ds.project_products["product_id"]}
    assert 113 <= len(lines) <= 119 and {*uzbekistan.observed.donors} < lines  # METHODS 2; some a revision has broken
    assert caustic["Grade, or reason"] == "the fall of its product's imports cannot be told apart from chance"
    assert listing.loc["Methanol", "Grade, or reason"] == "there is no series of its product's imports by weight"


def test_the_tests_say_in_plain_words_where_a_fall_fails_and_how_large_one_would_be_found(annual):
    finding = told(annual, "en")["evidence"]
    rows = annual.estimates.set_index("product_id")
    assert finding.title == "No cut is told apart from chance" and finding.evidence == "inferred"
    assert "Polyvinyl chloride: the fall is an estimate and not told apart from chance, for " in finding.text
    assert "imports of comparable products fell as far without a project" in finding.text
    needed = rows["detectable_share"]
    assert f"only a fall of {100 * needed.min():.0f}–{needed.max():.0%} or more would be found" in finding.text
    assert f"on average, by: polyvinyl chloride {np.expm1(rows.loc['pvc', 'fit']):.0%}" in finding.text
    pvc = rows.loc["pvc", "growth_usd"] / rows.loc["pvc", "gross_usd"]
    assert f"polyvinyl chloride {pvc:.0%}" in finding.text and "passenger car tyres 122%" in finding.text
    assert "A share above 100% means that imports themselves rose" in finding.text
    assert "The base year may hold first output of Angren tyre plant" in finding.text


def test_every_fall_has_a_row_of_marks_with_value_and_threshold(uzbekistan):
    frame = narrate.claims_table(uzbekistan.tests, Voice("en", uzbekistan.ds)).frame.set_index("Product")
    caustic = uzbekistan.tests.query("product_id == 'caustic_soda_solid'").set_index("test")
    assert frame.loc["Caustic soda, solid", "A year too early"] == f"✗ {caustic.loc['in_time', 'value']:.2f} (0.20)"
    assert frame.loc["Caustic soda, solid", "Stocks"] == "–" and frame["Partners' reports"].str.startswith("✓").all()


def test_recorded_cuts_are_set_beside_what_customs_data_alone_find(sample):
    finding = told(sample, "en")["evidence"]
    basket = sample.estimates[sample.estimates["method"].eq("control_basket")].dropna(subset="gross_usd")
    both = sample.realised.merge(basket[["project_id", "product_id"]])
    pair = ["project_id", "product_id"]
    found = basket.set_index(pair)["gross_usd"] / both.groupby(pair)["gross_usd"].sum()
    assert f"by product it gives {found.min():.0%} to {found.max():.0%} of what was recorded" in finding.text
    assert len(basket) and "Of these cuts all can be told apart from chance" in finding.text


def test_the_limits_stand_beside_the_estimate_that_exceeds_them(annual):
    frame = narrate.limits_table(annual.realised, Voice("en", annual.ds)).frame.set_index("Period")
    assert frame.loc["2023", "Exceeded"] == "output" and frame.loc["2019", "Exceeded"] == "neither"
    assert frame.loc["2023", ["Capacity", "Recorded output"]].tolist() == ["23,984", "6,215"]  # 11 months as twelve


def test_where_nothing_is_told_the_answer_says_what_comes_nearest_and_where_it_fails(annual):
    say = Voice("en", annual.ds)
    finding = told(annual, "en")["headline"]
    held = annual.tests["verdict"].isin(["holds", "not_checked"])
    nearest = annual.tests[held].groupby("product_id").size().idxmax()
    amount = annual.realised.loc[annual.realised["product_id"].eq(nearest), "gross_usd"].sum()
    assert finding.text.startswith("No project's cut can be told apart from chance. Nearest comes ")
    assert f"with an estimate of {say.money(amount)} gross" in finding.text
    assert "too few years lie before the start to rule out that stocks were built up" in finding.text
    assert "chance" not in told(annual, "en")["without"].text


def test_the_part_of_an_estimate_that_no_output_supports_is_told(annual):
    """Were tyres the only claim, the first sentence would say what of it the plant can have made."""
    cuts = annual.realised[annual.realised["product_id"].eq("tyres_car")]
    tests = annual.tests[annual.tests["product_id"].eq("tyres_car")]
    say = Voice("en", annual.ds)
    text = narrate.headline(annual.ranking, cuts, tests, say).text
    supported, excess = say.money(cuts["supported_usd"].sum()), say.money(cuts["excess_usd"].sum())
    assert f"Of it {supported} is supported by capacity and recorded output; {excess} is not" in text


def test_a_period_without_lines_is_told(sample):
    missing = sample.quality.head(1).assign(check="period_missing", certainty="found", period="2025Q2")
    assert "No import line was received for Q2\xa02025" in narrate.doubts(missing, Voice("en", sample.ds)).text


def test_lines_whose_value_nobody_can_read_are_not_told_as_worth_nothing(sample):
    aside = sample.quality.head(1).assign(treatment="set_aside", kind="fault", lines=12, affected_value_usd=0.0)
    text = narrate.doubts(aside, Voice("en", sample.ds)).text
    assert "12 lines, whose value is not known" in text and "$0" not in text
