"""How far customs data carry the cuts: every method beside the other, placebo tests, limits."""

import numpy as np
import pandas as pd

from importcut.telling.finding import Finding, capital, paragraphs
from importcut.telling.narrate.tables import Listing, listing, placebo_ranks, ranges

PAIR = ["project_id", "product_id"]


def evidence(estimates: pd.DataFrame, say) -> Finding:
    """What the placebo tests tell of inferred cuts; of recorded ones, how near customs data alone would have come."""
    lead = estimates[estimates["leading"] & estimates["gross_usd"].gt(0)]
    if lead.empty:
        return Finding(say("evidence.title_none"), say("no_cut"), lead, None)
    if lead["method"].eq("deliveries").all():
        return _cross_check(estimates, lead, say)
    told = [*say.names("products")[lead.loc[lead["told"], "product_id"]]]
    others = estimates[~estimates["leading"] & estimates["method"].ne("deliveries")]
    text = [*_tests(lead, say), *_growth(lead, say), *_base(lead, say), *_declined(others, lead, say)]
    text += [say("evidence.inferred"), say("grade", gross=say("inferred"))]
    title = say("evidence.title", products=told) if told else say("evidence.title_chance")
    return Finding(title, paragraphs(text), lead, "inferred", " ".join(text[:2]))


def estimate_rows(estimates: pd.DataFrame, say) -> pd.DataFrame:
    """The products that customs data can be asked of, by every method, largest first, named as they are read."""
    rows = _by_size(estimates, say)
    asked = rows.loc[rows["method"].ne("deliveries"), "product_id"]
    return rows[rows["product_id"].isin(asked)]


def variant_rows(variants: pd.DataFrame, estimates: pd.DataFrame, say) -> pd.DataFrame:
    """The variants of the dataset's own method, or of the control basket where that is delivery records, as read."""
    method = _tested_method(estimates)
    size = estimates[estimates["method"].eq(method)].set_index(PAIR)["gross_usd"].rename("size")
    rows = variants[variants["method"].eq(method)].join(size, on=PAIR)
    rows = rows.sort_values("size", ascending=False, kind="stable")
    return rows.assign(label=rows["product_id"].map(say.names("products")))


def estimates_table(estimates: pd.DataFrame, say) -> Listing:
    """The gross cut to date of each project × product by every method, in thousand dollars."""
    rows = _by_size(estimates, say)
    order = rows.drop_duplicates(PAIR).set_index(PAIR).index
    wide = rows.pivot(index=PAIR, columns="method", values="gross_usd").reindex(order).add_suffix("_usd").reset_index()
    methods = {capital(word): f"{m}_usd" for m, word in say.words("methods").items() if f"{m}_usd" in wide}
    return listing("estimates", wide, say, further=methods)


def placebo_table(estimates: pd.DataFrame, say) -> Listing:
    """The placebo tests of the control basket, or of the dataset's own method: rank, p, fit, smallest fall told."""
    method = _tested_method(estimates)
    rows = estimates[estimates["method"].eq(method) & estimates["placebo_rank"].notna()]
    rows = rows.assign(misfit=np.expm1(rows["fit"]), range=ranges(rows, say), placebo=placebo_ranks(rows))
    caption = say("evidence.placebo_caption", method=say.words("methods")[method])
    return listing("placebo", rows.sort_values("gross_usd", ascending=False), say, caption=caption)


def _by_size(estimates: pd.DataFrame, say) -> pd.DataFrame:
    rows = estimates[estimates["gross_usd"].notna()]
    size = rows[rows["leading"]].set_index(PAIR)["gross_usd"].rename("size")
    rows = rows.join(size, on=PAIR).sort_values("size", ascending=False, kind="stable", na_position="last")
    return rows.assign(
        label=rows["product_id"].map(say.names("products")),
        method_label=say.in_words(rows["method"], "methods"),
    )


def _tested_method(estimates: pd.DataFrame) -> str:
    lead = set(estimates.loc[estimates["leading"], "method"]) - {"deliveries"}
    return lead.pop() if lead else "control_basket"


def _cross_check(estimates: pd.DataFrame, lead: pd.DataFrame, say) -> Finding:
    basket = estimates[estimates["method"].eq("control_basket")].set_index(PAIR)
    both = lead.set_index(PAIR).join(basket[["gross_usd", "told"]].add_suffix("_basket"))
    both = both[both["gross_usd_basket"].notna()]
    title = say("evidence.title_methods")
    if both.empty:
        return Finding(title, say("evidence.nothing_else"), lead, "measured")
    found = both["gross_usd_basket"] / both["gross_usd"]
    sums = {"found": both["gross_usd_basket"].sum(), "recorded": both["gross_usd"].sum()}
    ends = {"low": say.percent(found.min()), "high": say.percent(found.max())}
    text = [
        say("evidence.basket", n=len(both), **sums, **ends),
        say("evidence.basket_told", told=say.number(both["told_basket"].sum())),
        say("evidence.counted"),
        say("evidence.grades", gross=say("measured"), inferred=say("inferred")),
    ]
    return Finding(title, paragraphs(text), estimates, "inferred", text[0])


def _tests(lead: pd.DataFrame, say) -> list[str]:
    """Which cuts chance does not explain, which it may, and how large a fall would have to be."""
    tested = lead[lead["placebo_rank"].notna()]
    told, rest, needed = tested[tested["told"]], tested[~tested["told"]], tested["detectable_share"].dropna()
    first = rest["placebo_rank"].eq(1)
    text = []
    for which, rows in (("told", told), ("beaten", rest[~first]), ("few", rest[first])):
        text += [say(f"evidence.{which}", tests=_listed(rows, say))] if len(rows) else []
    if len(needed):
        ends = dict.fromkeys(say.percent(share) for share in (needed.min(), needed.max()))
        text.append(say("evidence.needed", share="–".join(ends)))
    fitted = lead[lead["fit"].notna()]
    missed = _shares(fitted["product_id"], np.expm1(fitted["fit"]), say)
    return text + ([say("evidence.missed", parts=missed)] if missed else [])


def _listed(tested: pd.DataFrame, say) -> str:
    """The placebo test of each product."""
    names, tests = say.names("products"), []
    for row in tested.itertuples():
        ranks = {"rank": say.number(row.placebo_rank), "n": say.number(row.placebo_n)}
        tests.append(say("evidence.test", product=names[row.product_id], p=say.number(row.placebo_p, 2), **ranks))
    return "; ".join(tests)


def _shares(products: pd.Series, shares: pd.Series, say) -> str:
    """A share of each product."""
    named = zip(say.names("products")[products], shares, strict=True)
    return ", ".join(say("with_share", product=name, share=say.percent(share)) for name, share in named)


def _growth(lead: pd.DataFrame, say) -> list[str]:
    """How much of each cut is growth of what was expected rather than a fall of actual imports."""
    rows = lead[lead["gross_usd"].gt(0) & lead["growth_usd"].gt(0)]
    parts = _shares(rows["product_id"], (rows["growth_usd"] / rows["gross_usd"]).clip(upper=1), say)
    return [say("evidence.growth", parts=parts)] if parts else []


def _base(lead: pd.DataFrame, say) -> list[str]:
    touched = [say.names("projects")[p] for p in lead.loc[lead["base_touched"], "project_id"].unique()]
    return [say("evidence.base", projects=touched)] if touched else []


def _declined(others: pd.DataFrame, lead: pd.DataFrame, say) -> list[str]:
    """Which other methods could not be used for the products ranked, and why."""
    asked = others[others.set_index(PAIR).index.isin(lead.set_index(PAIR).index) & others["reason"].notna()]
    methods, reasons = say.words("methods"), say.words("reasons")
    told = [
        say("evidence.declined", method=methods[method], reason=reasons[reason])
        for (method, reason), _ in asked.groupby(["method", "reason"])
    ]
    return [say("evidence.others_declined", methods="; ".join(told))] if told else []
