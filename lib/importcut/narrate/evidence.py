"""How far customs data carry the cuts: every method beside the other, placebo tests, limits."""

import numpy as np
import pandas as pd

from importcut.narrate.answer import REASONS
from importcut.narrate.finding import Finding, paragraphs
from importcut.narrate.tables import Listing, ranges, thousands, without_empty

METHODS = {
    "deliveries": "delivery records",
    "activity": "vehicle output × use per vehicle",
    "control_basket": "control basket",
    "synthetic_control": "synthetic control",
}
PAIR = ["project_id", "product_id"]


def evidence(estimates: pd.DataFrame, say) -> Finding:
    """What the placebo tests tell of inferred cuts; of recorded ones, how near customs data alone would have come."""
    lead = estimates[estimates["leading"] & estimates["gross_usd"].gt(0)]
    if lead.empty:
        return Finding(say("How far the data carry the cuts"), say("No cut is identified."), lead, None)
    if lead["method"].eq("deliveries").all():
        return _cross_check(estimates, lead, say)
    names = say.names("products")
    told = [names[p] for p in lead.loc[lead["told"], "product_id"]]
    title = say("Told apart from chance: {products}", products=say.listed(told))
    text = [*_tests(lead, names, say), *_growth(lead, names, say), *_base(lead, say)]
    text += _declined(estimates[~estimates["leading"] & estimates["method"].ne("deliveries")], lead, say)
    text.append(
        say(
            "These cuts are inferred from customs data alone: they rest on what comparable products did, and a growth "
            "of these that has other causes counts as a cut. The series sum over constant partners, so that imports "
            "diverted to other partners also look like a cut."
        )
    )
    text.append(say("Grade: {gross}.", gross=say("inferred")))
    title = title if told else say("No cut is told apart from chance")
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
    wide = rows.assign(usd=thousands(rows["gross_usd"], say)).pivot(index=PAIR, columns="method", values="usd")
    order = rows.drop_duplicates(PAIR).set_index(PAIR).index
    wide = wide.reindex(order).reset_index()
    columns = {say(text)[:1].upper() + say(text)[1:]: wide[m] for m, text in METHODS.items() if m in wide}
    names = {say("Project"): wide["project_id"].map(say.names("projects"))}
    names |= {say("Product"): wide["product_id"].map(say.names("products"))}
    what = say("Gross cut to date by method of the counterfactual")
    return Listing(without_empty(pd.DataFrame(names | columns)), say("{what}, thousand US dollars", what=what))


def placebo_table(estimates: pd.DataFrame, say) -> Listing:
    """The placebo tests of the control basket, or of the dataset's own method: rank, p, fit, smallest fall told."""
    method = _tested_method(estimates)
    rows = estimates[estimates["method"].eq(method) & estimates["placebo_rank"].notna()]
    rows = rows.assign(fit=np.expm1(rows["fit"])).sort_values("gross_usd", ascending=False)
    shares = rows[["fit", "detectable_share"]] * 100
    percent = {column: shares[column].map(say.number, na_action="ignore") for column in shares}
    frame = pd.DataFrame(
        {
            say("Product"): rows["product_id"].map(say.names("products")),
            say("Gross cut"): thousands(rows["gross_usd"], say),
            say("Range"): ranges(rows, say),
            say("Placebo rank"): rows["placebo_rank"].astype("str") + "/" + rows["placebo_n"].astype("str"),
            say("p"): rows["placebo_p"].map(lambda p: say.number(p, 2)),
            say("Misfit before the first output, %"): percent["fit"],
            say("Smallest fall that would be told, %"): percent["detectable_share"],
            say("the same in value"): thousands(rows["detectable_usd"], say),
            say("of it growth of comparable products"): thousands(rows["growth_usd"], say),
        }
    )
    what = say("Placebo tests: {method}", method=say(METHODS[method]))
    return Listing(without_empty(frame), say("{what}, thousand US dollars", what=what))


def _by_size(estimates: pd.DataFrame, say) -> pd.DataFrame:
    rows = estimates[estimates["gross_usd"].notna()]
    size = rows[rows["leading"]].set_index(PAIR)["gross_usd"].rename("size")
    rows = rows.join(size, on=PAIR).sort_values("size", ascending=False, kind="stable", na_position="last")
    return rows.assign(
        label=rows["product_id"].map(say.names("products")),
        method_label=rows["method"].map(METHODS).map(say),
    )


def _tested_method(estimates: pd.DataFrame) -> str:
    lead = set(estimates.loc[estimates["leading"], "method"]) - {"deliveries"}
    return lead.pop() if lead else "control_basket"


def _cross_check(estimates: pd.DataFrame, lead: pd.DataFrame, say) -> Finding:
    basket = estimates[estimates["method"].eq("control_basket")].set_index(PAIR)
    both = lead.set_index(PAIR).join(basket[["gross_usd", "told"]].add_suffix("_basket"))
    both = both[both["gross_usd_basket"].notna()]
    title = say("How the cuts change with the method")
    if both.empty:
        return Finding(title, say("Customs data alone give no estimate to compare with."), lead, "measured")
    found = both["gross_usd_basket"] / both["gross_usd"]
    text = [
        say(
            "For {n} products customs data alone, without delivery records, can be asked too. There the control "
            "basket finds {found}, the delivery records {recorded}; by product it finds {low} to {high} of what was "
            "recorded.",
            n=say.number(len(both)),
            found=say.money(both["gross_usd_basket"].sum()),
            recorded=say.money(both["gross_usd"].sum()),
            low=say.percent(found.min()),
            high=say.percent(found.max()),
        ),
        say(
            "The placebo test tells {told} of these cuts apart from chance.", told=say.number(both["told_basket"].sum())
        ),
        say("The report counts what was delivered; the other methods show what customs data would have told."),
        say(
            "Grades: delivery records {gross}; other methods {inferred}.",
            gross=say("measured"),
            inferred=say("inferred"),
        ),
    ]
    return Finding(title, paragraphs(text), estimates, "inferred", text[0])


def _tests(lead: pd.DataFrame, names: pd.Series, say) -> list[str]:
    """Which cuts chance does not explain, which it may, and how large a fall would have to be."""

    def listed(rows: pd.DataFrame) -> str:
        return "; ".join(
            say(
                "{product} (rank {rank} of {n}, p = {p})",
                product=names[row.product_id],
                rank=say.number(row.placebo_rank),
                n=say.number(row.placebo_n),
                p=say.number(row.placebo_p, 2),
            )
            for row in rows.itertuples()
        )

    tested = lead[lead["placebo_rank"].notna()]
    told, rest, needed = tested[tested["told"]], tested[~tested["told"]], tested["detectable_share"].dropna()
    text = [say("Told apart from chance by the placebo test: {tests}.", tests=listed(told))] if len(told) else []
    beaten, few = rest[rest["placebo_rank"] > 1], rest[rest["placebo_rank"].eq(1)]
    if len(beaten):
        text.append(
            say(
                "Chance cannot be ruled out for {tests}: comparable products fell as far without a project.",
                tests=listed(beaten),
            )
        )
    if len(few):
        text.append(
            say(
                "No comparable product fell as far as {tests}, but there are too few of them to rule out chance.",
                tests=listed(few),
            )
        )
    if len(needed):
        ends = list(dict.fromkeys(say.percent(share) for share in (needed.min(), needed.max())))
        text.append(
            say(
                "Only a mean fall of at least {share} would be told apart; smaller cuts remain hidden in these data.",
                share="–".join(ends),
            )
        )
    missed = [
        say("{product} {share}", product=names[row.product_id], share=say.percent(np.expm1(row.fit)))
        for row in lead[lead["fit"].notna()].itertuples()
    ]
    if missed:
        text.append(
            say(
                "Before the first output the expectation missed actual imports on average by: {parts}.",
                parts=", ".join(missed),
            )
        )
    return text


def _growth(lead: pd.DataFrame, names: pd.Series, say) -> list[str]:
    """How much of each cut is growth of what was expected rather than a fall of actual imports."""
    rows = lead[lead["gross_usd"].gt(0) & lead["growth_usd"].gt(0)]
    shares = (rows["growth_usd"] / rows["gross_usd"]).clip(upper=1)
    parts = [
        say("{product} {share}", product=names[product], share=say.percent(share))
        for product, share in zip(rows["product_id"], shares, strict=True)
    ]
    if not parts:
        return []
    return [
        say(
            "Share of the cut that is growth of comparable products, not a fall of imports: {parts}.",
            parts=", ".join(parts),
        )
    ]


def _base(lead: pd.DataFrame, say) -> list[str]:
    touched = [say.names("projects")[p] for p in lead.loc[lead["base_touched"], "project_id"].unique()]
    if not touched:
        return []
    return [
        say(
            "The base year may hold first output of {projects}; then the cut is understated.",
            projects=say.listed(touched),
        )
    ]


def _declined(others: pd.DataFrame, lead: pd.DataFrame, say) -> list[str]:
    """Which other methods could not be used for the products ranked, and why."""
    asked = others[others.set_index(PAIR).index.isin(lead.set_index(PAIR).index) & others["reason"].notna()]
    told = [
        say("{method} ({reason})", method=say(METHODS[method]), reason=say(REASONS[reason]))
        for (method, reason), _ in asked.groupby(["method", "reason"])
    ]
    return [say("Other methods cannot be used here: {methods}.", methods="; ".join(told))] if told else []
