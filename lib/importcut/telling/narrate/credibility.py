"""How far the data carry the cuts: every method beside the other, placebo tests, and what cannot be told."""

import numpy as np
import pandas as pd

from importcut.language import Voice
from importcut.schema import PAIR
from importcut.telling.finding import Finding, nothing, paragraphs, section, sentences

BREAKS = {  # check and certainty, and by what their sentences are told
    ("reporting_break", "found"): "period", ("reporting_break", "suspected"): "period",
    ("period_missing", "found"): "period", ("coverage_break", "found"): "origin",
}  # fmt: skip


def evidence(estimates: pd.DataFrame, say: Voice) -> Finding:
    """What the placebo tests tell of inferred cuts; of recorded ones, how near customs data alone would have come."""
    lead = estimates[estimates["leading"] & estimates["gross_usd"].gt(0)]
    if lead.empty:
        return nothing(say, "evidence.title_none", "no_cut", lead)
    if lead["method"].eq("deliveries").all():
        return _cross_check(estimates, lead, say)
    names, tested = say.names("products"), lead[lead["placebo_rank"].notna()]
    apart, first, needed = tested["told"], tested["placebo_rank"].eq(1), tested["detectable_share"].dropna()
    fitted, grown = lead[lead["fit"].notna()], lead[lead["growth_usd"].gt(0)]
    growth = grown["growth_usd"] / grown["gross_usd"]
    facts = {
        "share": "–".join(dict.fromkeys(say.percent(share) for share in (needed.min(), needed.max()))),
        "projects": [*say.names("projects")[lead.loc[lead["base_touched"], "project_id"].unique()]],
        "products": [*names[lead.loc[lead["told"], "product_id"]]],
        "methods": "; ".join(_unusable(estimates, lead, say)),
        "gross": say("inferred"),
    }
    rows = [
        (apart.any(), "evidence.told", {"tests": _tests(tested[apart], say)}),
        ((~apart & ~first).any(), "evidence.beaten", {"tests": _tests(tested[~apart & ~first], say)}),
        ((~apart & first).any(), "evidence.few", {"tests": _tests(tested[~apart & first], say)}),
        (len(needed), "evidence.needed"),
        (len(fitted), "evidence.missed", {"parts": _shares(fitted, np.expm1(fitted["fit"]), say)}),
        (len(grown), "evidence.growth", {"parts": _shares(grown, growth, say)}),
        (growth.gt(1).any(), "evidence.growth_beyond", {"share": say.percent(1)}),
        (facts["projects"], "evidence.base"),
        (facts["methods"], "evidence.others_declined"),
        (True, "evidence.inferred"),
        (True, "grade"),
    ]
    title = "evidence.title" if facts["products"] else "evidence.title_chance"
    return section(say, title, facts, rows, lead, "inferred", lead=2)


def doubts(quality: pd.DataFrame, say: Voice) -> Finding:
    """What was set aside or imputed, which periods and partners are broken, and what the figures cannot tell."""
    value, check, words = quality["affected_value_usd"], quality["check"], say.words("aside")
    mended = value[check.isin(["missing_weight", "wrong_unit"])].sum()
    aside = quality[quality["treatment"].eq("set_aside")].groupby("kind")[["lines", "affected_value_usd"]].sum()
    kinds = "; ".join(
        say("doubts.kind", kind=words[kind], value=row["affected_value_usd"], lines=say("lines", n=int(row["lines"])))
        for kind, row in aside.iterrows()
    )
    breaks = []
    for (kind, certainty), by in BREAKS.items():
        for key, rows in quality[check.eq(kind) & quality["certainty"].eq(certainty)].groupby(by):
            facts = {"period": pd.Period(rows["period"].iloc[0]), "origin": say.country(key)}
            facts |= {"value": rows["affected_value_usd"].sum(), "n": rows["product_id"].nunique()}
            breaks.append(say(f"doubts.{kind}_{certainty}", **facts))
    outliers, recut = check.eq("unit_value_outlier"), []
    for period, rows in quality[check.eq("hs_revision")].groupby("period"):
        products = [*say.names("products")[rows["product_id"]]]
        facts = {"period": pd.Period(period), "products": products, "value": rows["affected_value_usd"].sum()}
        recut.append((True, "doubts.recut", facts))
    before = sentences(say, {"kinds": kinds, "value": mended}, [(kinds, "doubts.aside"), (mended, "doubts.mended")])
    strays = {"n": int(outliers.sum()), "value": value[outliers].sum()}
    text = [*before, *breaks, *sentences(say, strays, [(outliers.any(), "doubts.outliers"), *recut])]
    return Finding(say("doubts.title"), paragraphs(text), quality, lead=" ".join((breaks or text)[:1]))


def estimate_rows(estimates: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """The products that customs data can be asked of, by every method, largest first, named as they are read."""
    rows = by_size(estimates)
    rows = rows[rows["product_id"].isin(rows.loc[rows["method"].ne("deliveries"), "product_id"])]
    label, method = rows["product_id"].map(say.names("products")), say.in_words(rows["method"], "methods")
    return rows.assign(label=label, method_label=method)


def variant_rows(variants: pd.DataFrame, estimates: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """The variants of the dataset's own method, or of the control basket where that is delivery records, as read."""
    method = method_tested(estimates)
    size = estimates[estimates["method"].eq(method)].set_index(PAIR)["gross_usd"].rename("size")
    rows = variants[variants["method"].eq(method)].join(size, on=PAIR)
    rows = rows.sort_values("size", ascending=False, kind="stable")
    return rows.assign(label=rows["product_id"].map(say.names("products")))


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
    title = say("evidence.title_methods")
    if both.empty:
        return Finding(title, say("evidence.nothing_else"), lead, "measured")
    share = both["gross_usd_basket"] / both["gross_usd"]
    facts = {"n": len(both), "found": both["gross_usd_basket"].sum(), "recorded": both["gross_usd"].sum()}
    facts |= {"low": say.percent(share.min()), "high": say.percent(share.max())}
    facts |= {"told": say.number(both["told_basket"].sum()), "gross": say("measured"), "inferred": say("inferred")}
    names = ("evidence.basket", "evidence.basket_told", "evidence.counted", "evidence.grades")
    text = [say(name, **facts) for name in names]
    return Finding(title, paragraphs(text), estimates, "inferred", text[0])


def _tests(tested: pd.DataFrame, say: Voice) -> str:
    """The placebo test of each product."""
    names, tests = say.names("products"), []
    for row in tested.itertuples():
        ranks = {"rank": say.number(row.placebo_rank), "n": say.number(row.placebo_n)}
        tests.append(say("evidence.test", product=names[row.product_id], p=say.number(row.placebo_p, 2), **ranks))
    return "; ".join(tests)


def _shares(rows: pd.DataFrame, shares: pd.Series, say: Voice) -> str:
    """A share of each product."""
    pairs = zip(say.names("products")[rows["product_id"]], shares, strict=True)
    return ", ".join(say("with_share", product=product, share=say.percent(share)) for product, share in pairs)


def _unusable(estimates: pd.DataFrame, lead: pd.DataFrame, say: Voice) -> list[str]:
    """Other methods that could not be used for the products ranked, and why."""
    others = estimates[~estimates["leading"] & estimates["method"].ne("deliveries") & estimates["reason"].notna()]
    others = others[others.set_index(PAIR).index.isin(lead.set_index(PAIR).index)]
    methods, reasons = say.words("methods"), say.words("reasons")
    return [
        say("evidence.declined", method=methods[method], reason=reasons[reason])
        for method, reason in others.groupby(["method", "reason"]).groups
    ]
