"""The text says what the tables say: in every language the same facts, no claim without its grade."""

import re

import pandas as pd
import pytest

from importcut import narrate
from importcut.language import Voice, languages


def told(way, language):
    """Every finding of the report."""
    say = Voice(language, way.ds)
    return {
        "headline": narrate.headline(way.ranking, way.realised, say),
        "on_track": narrate.on_track(way.target, way.realised, say),
        "ranked": narrate.ranked_projects(way.ranking, say),
        "without": narrate.without_projects(way.expected, say),
        "causes": narrate.causes(way.bridge, way.realised, say),
        "places": narrate.places(way.profile, way.realised, way.ds.period, say),
        "road": narrate.road(way.planned, way.ranking, way.ds, say),
        "doubts": narrate.doubts(way.quality, way.realised, way.expected, say),
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


def test_projects_whose_ranges_overlap_are_not_told_apart(uzbekistan):
    finding = told(uzbekistan, "en")["headline"]
    assert "cannot be told apart" in finding.title and "cannot be told apart" in finding.lead
    assert "inputs are not known" in finding.text and finding.evidence == "inferred"


def test_the_target_sentence_has_both_readings_and_the_ceiling(sample):
    text = told(sample, "en")["on_track"].text
    assert "sum up to 2030, the target is $69.0 million; the plan adds up to $69.0 million" in text
    assert "flow in 2030, the target is $69.0 million a year" in text and "out of reach" in text


def test_projects_that_are_not_ranked_are_named_with_the_reason(sample, uzbekistan):
    assert "its first output is due later: Antifreeze (Fergana)" in told(sample, "en")["ranked"].text
    assert "it began before the data do: Ustyurt" in told(uzbekistan, "en")["ranked"].text


def test_the_bridge_says_that_the_change_is_not_the_effect(sample):
    finding = told(sample, "en")["causes"]
    effects = sample.bridge.groupby("effect")["value_usd"].sum()
    assert Voice("en", sample.ds).money(-effects["project"]) in finding.title
    assert "not the effect of the projects" in finding.text and "vehicle output +$" in finding.text


def test_doubts_name_the_broken_period_the_lost_partner_and_what_was_set_aside(sample, uzbekistan):
    text = told(sample, "en")["doubts"].text
    assert "In Q2 2023 the weights of" in text and "Russia has not reported since Q1 2025" in text
    assert "duplicates: 96 lines" in text
    real = told(uzbekistan, "en")["doubts"].text
    assert "In 2021 the weights of 13 products, with" in real and "the placebos' (p" in real
    assert "growth of comparable products" in real and "inferred from customs data alone" in real


def test_an_effect_below_the_display_precision_gets_no_sentence(sample):
    small = sample.bridge.assign(
        value_usd=sample.bridge["value_usd"].where(sample.bridge["effect"].ne("intensity"), 0.0)
    )
    assert "use per vehicle +" not in narrate.causes(small, sample.realised, Voice("en", sample.ds)).text


def test_a_dataset_with_nothing_identified_says_so(uzbekistan):
    none = uzbekistan.ranking.assign(rank=pd.NA)
    finding = narrate.headline(none, uzbekistan.realised, Voice("en", uzbekistan.ds))
    assert finding.text == "No project has an identified cut." and finding.evidence is None


def test_no_sentence_is_left_with_a_placeholder_or_a_missing_value(way):
    for language in languages():
        for finding in told(way, language).values():
            assert not re.search(r"[{}]|\bnan\b|None|<NA>", finding.title + finding.text)


def test_the_readme_opens_with_the_headline_of_the_sample(sample, repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert told(sample, "en")["headline"].lead in readme


def test_the_readme_holds_the_codebook(repository):
    from importcut.schema import codebook

    assert codebook().rstrip() in (repository / "README.md").read_text(encoding="utf-8")
