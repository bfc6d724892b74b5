"""How far the data carry the cuts: every method beside the other, placebo tests, and what cannot be told."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from importcut.language import Voice, texts
from importcut.schema import PAIR, PASSED
from importcut.telling.finding import Finding, by_reason, nothing, paragraphs, section, sentences

FALSE_CUTS = 0.1  # share of cases without a project, up to which the tests do well
LISTED = 6  # products in a sentence; of more their number is told, and the table of findings has them all
BREAKS = {  # check and certainty, and by what their sentences are told
    ("reporting_break", "found"): "period", ("reporting_break", "suspected"): "period",
    ("reporting_break", "confirmed"): "period", ("reporting_break", "refuted"): "period",
    ("period_missing", "found"): "period", ("coverage_break", "found"): "origin",
}  # fmt: skip


def evidence(estimates: pd.DataFrame, tests: pd.DataFrame, say: Voice) -> Finding:
    """What the tests tell of inferred cuts; of recorded ones, how near customs data alone would have come."""
    lead = estimates[estimates["leading"] & estimates["gross_usd"].gt(0)]
    if lead.empty:
        return nothing(say, "evidence.title_none", "no_cut", lead)
    if lead["method"].eq("deliveries").all():
        return _cross_check(estimates, lead, say)
    claims = tests.drop_duplicates(PAIR).merge(lead[[*PAIR, "told"]], on=PAIR)
    claims = claims.assign(failures=[failures(claim, tests, say) for _, claim in claims.iterrows()])
    needed, fitted = lead["detectable_share"].dropna(), lead[lead["fit"].notna()]
    grown = lead[lead["growth_usd"].gt(0)]
    missed = fitted.assign(share=np.expm1(fitted["fit"]))
    growth = grown.assign(share=grown["growth_usd"] / grown["gross_usd"])
    facts = {
        "share": (needed.min(), needed.max()),
        "project_id": [*lead.loc[lead["base_touched"], "project_id"].unique()],
        "products": [*say.names("products", inside=True)[lead.loc[lead["told"], "product_id"]]],
        "methods": "; ".join(say.each("evidence.declined", _unusable(estimates, lead))),
        "gross": "inferred",
    }
    tried = _tried(lead["method"].iloc[0], say)
    rows = [
        (claims[claims["told"]], "evidence.told"),
        (claims[~claims["told"]], "evidence.untold"),
        (_elsewhere(estimates), "evidence.elsewhere"),
        (len(needed), "evidence.needed"),
        (len(missed), "evidence.missed", {"parts": ", ".join(say.each("with_share", missed))}),
        (len(growth), "evidence.growth", {"parts": ", ".join(say.each("with_share", growth))}),
        (growth["share"].gt(1).any(), "evidence.growth_beyond", {"share": say.percent(1)}),
        (facts["project_id"], "evidence.base"),
        (facts["methods"], "evidence.others_declined"),
        (tried["n"], "evidence.tried", tried),
        (True, "evidence.inferred"),
        (True, "evidence.assumed"),
        (True, "grade"),
    ]
    title = "evidence.title" if facts["products"] else "evidence.title_chance"
    return section(say, title, facts, rows, lead, "inferred", lead=1)


def failures(claim: pd.Series, tests: pd.DataFrame, say: Voice) -> str:
    """The tests that do not hold of a claim (its project_id and product_id), in plain words."""
    own = tests[tests[PAIR].eq(claim[PAIR]).all(axis=1) & ~tests["verdict"].isin(PASSED)]
    return "; ".join(say.in_words(own["test"] + "_" + own["verdict"], "verdicts"))


def nearest_claim(cuts: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    """The rows of `cuts_realised` of the claim of which most tests hold, of several the one of the largest cut."""
    held = tests["verdict"].isin(PASSED).groupby([tests[column] for column in PAIR]).sum()
    order = pd.DataFrame({"held": held, "gross": cuts.groupby(PAIR)["gross_usd"].sum()}).dropna()
    best = order.sort_values(["held", "gross"]).index[-1]
    return cuts[pd.MultiIndex.from_frame(cuts[PAIR]).isin([best])]


def doubts(quality: pd.DataFrame, say: Voice) -> Finding:
    """What was set aside or imputed, which periods and partners are broken, and what the figures cannot tell."""
    value, check = quality["affected_value_usd"], quality["check"]
    aside = quality[quality["treatment"].eq("set_aside")].groupby("kind")[["lines", "affected_value_usd"]].sum()
    aside = aside.assign(lines=[say("lines", n=int(n)) for n in aside["lines"]]).reset_index()
    known = aside["affected_value_usd"].gt(0)  # of lines that cannot be read nobody knows the value
    kinds = [*say.each("doubts.kind", aside[known]), *say.each("doubts.kind_unvalued", aside[~known])]
    without = check.eq("missing_weight") & quality["treatment"].eq("kept")
    mended = value[check.isin(["missing_weight", "wrong_unit"]) & ~without].sum()
    products = [*say.names("products", inside=True)[quality.loc[without, "product_id"].unique()]]
    doubted = value[check.eq("doubted_size")].sum()
    breaks = [(products, "doubts.no_weights", {"products": products, "value": value[without].sum()})]
    breaks += [
        (_by(column, quality[check.eq(kind) & quality["certainty"].eq(certainty)]), f"doubts.{kind}_{certainty}")
        for (kind, certainty), column in BREAKS.items()
    ]
    strays, recut = value[check.eq("unit_value_outlier")], _by("period", quality[check.eq("hs_revision")])
    rows = [
        (kinds, "doubts.aside", {"kinds": "; ".join(kinds)}),
        (mended, "doubts.mended", {"value": mended}),
        (doubted, "doubts.sizes", {"value": doubted}),
        *breaks,
        (len(strays), "doubts.outliers", {"n": len(strays), "value": strays.sum()}),
        (recut[recut["n"].le(LISTED)], "doubts.recut"),
        (recut[recut["n"].gt(LISTED)], "doubts.recut_many"),
    ]
    text = sentences(say, {}, rows)
    lead = (sentences(say, {}, breaks) or text)[:1]
    return Finding(say("doubts.title"), paragraphs(text), quality, lead=" ".join(lead))


def with_questions(answer: Finding, questions: pd.DataFrame, say: Voice) -> Finding:
    """The answer of the first page; where questions about the data are open (table `findings`), it says so."""
    if questions.empty:
        return answer
    sentence = say("doubts.questions", n=len(questions), value=questions["value_usd"].max())
    missing = questions.loc[questions["expectation"].eq("incomplete"), "text"]
    ends = [re.findall(r"\d{4}-\d\d", text.partition(",")[0]) for text in missing]  # first and last month of each gap
    if ends:
        months = [month for gap in ends for month in pd.period_range(gap[0], gap[-1], freq="M")]
        sentence = f"{say('doubts.incomplete', months=months)} {sentence}"
    return replace(answer, text=paragraphs([answer.text, sentence]), lead=f"{answer.reading} {sentence}")


def estimate_rows(estimates: pd.DataFrame) -> pd.DataFrame:
    """The estimates of the products that customs data can be asked of, by every method, the largest first."""
    rows = by_size(estimates)
    return rows[rows["product_id"].isin(rows.loc[rows["method"].ne("deliveries"), "product_id"])]


def variant_rows(variants: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """The variants of the method that is tested, those of the largest cut first."""
    method = method_tested(estimates)
    size = estimates[estimates["method"].eq(method)].set_index(PAIR)["gross_usd"].rename("size")
    rows = variants[variants["method"].eq(method)].join(size, on=PAIR)
    return rows.sort_values("size", ascending=False, kind="stable")


def by_size(estimates: pd.DataFrame) -> pd.DataFrame:
    """The estimates that were made, those of the largest cut first."""
    rows = estimates[estimates["gross_usd"].notna()]
    size = rows[rows["leading"]].set_index(PAIR)["gross_usd"].rename("size")
    return rows.join(size, on=PAIR).sort_values("size", ascending=False, kind="stable", na_position="last")


def method_tested(estimates: pd.DataFrame) -> str:
    """The dataset's own method; the control basket where that is delivery records, which need no placebo."""
    lead = set(estimates.loc[estimates["leading"], "method"]) - {"deliveries"}
    return lead.pop() if lead else "control_basket"


def _cross_check(estimates: pd.DataFrame, lead: pd.DataFrame, say: Voice) -> Finding:
    """Recorded cuts beside what the control basket alone would have found."""
    basket = estimates[estimates["method"].eq("control_basket")].set_index(PAIR)
    both = lead.set_index(PAIR).join(basket[["gross_usd", "told"]].add_suffix("_basket"))
    both = both[both["gross_usd_basket"].notna()]
    if both.empty:
        return section(say, "evidence.title_methods", {}, [(True, "evidence.nothing_else")], lead, "measured")
    share = both["gross_usd_basket"] / both["gross_usd"]
    facts = {"n": len(both), "found": both["gross_usd_basket"].sum(), "recorded": both["gross_usd"].sum()}
    facts |= {"low": share.min(), "high": share.max(), "told": int(both["told_basket"].sum())}
    facts |= {"told": say("all")} if both["told_basket"].all() else {}
    facts |= {"gross": "measured", "inferred": "inferred"}
    names = ("evidence.basket", "evidence.basket_told", "evidence.counted", "evidence.grades")
    return section(say, "evidence.title_methods", facts, [(True, n) for n in names], estimates, "inferred", lead=1)


def _by(column: str, findings: pd.DataFrame) -> pd.DataFrame:
    """The findings by period or partner: since when, which products, how many they are, and the value touched."""
    groups, table = findings.groupby(column), by_reason(findings, "product_id", column)
    since, value = groups["period"].first().map(pd.Period), groups["affected_value_usd"].sum()
    return table.assign(period=[*since], n=table["product_id"].map(len), value=value.array)


def _tried(method: str, say: Voice) -> dict:
    """On how many invented worlds a method was tried, and where it calls too many cuts falsely; nothing if on none."""
    worlds = pd.DataFrame(texts("worlds").get(method, {})).T
    if worlds.empty:
        return {"n": 0}
    failed = worlds.index[worlds["false_cuts"].gt(FALSE_CUTS)].to_series()
    names = "; ".join(say.in_words(failed, "worlds"))
    return {"n": len(worlds), "k": len(worlds) - len(failed), "level": FALSE_CUTS, "worlds": names}


def _elsewhere(estimates: pd.DataFrame) -> pd.DataFrame:
    """Of products that the leading method cannot answer for, the largest cut that another one finds."""
    declined = estimates[estimates["leading"] & estimates["reason"].notna()].set_index(PAIR).index
    others = estimates[estimates["gross_usd"].gt(0) & estimates.set_index(PAIR).index.isin(declined)]
    return others.sort_values("gross_usd", ascending=False).drop_duplicates(PAIR)


def _unusable(estimates: pd.DataFrame, lead: pd.DataFrame) -> pd.DataFrame:
    """Other methods that could not be used for the products ranked, and why."""
    others = estimates[~estimates["leading"] & estimates["method"].ne("deliveries") & estimates["reason"].notna()]
    others = others[others.set_index(PAIR).index.isin(lead.set_index(PAIR).index)]
    return others[["method", "reason"]].drop_duplicates().sort_values(["method", "reason"])
