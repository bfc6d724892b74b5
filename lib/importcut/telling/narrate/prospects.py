"""Where to go next: imported products without a project, and what the register says of each."""

import pandas as pd

from importcut.telling.finding import Finding, paragraphs
from importcut.telling.narrate.tables import Listing, listing


def next_steps(products: pd.DataFrame, say) -> Finding:
    """Which imported products without a project come first, why, and what that order rests on."""
    ranked = products[products["rank"].notna()].sort_values("rank")
    if ranked.empty:
        text = say("next.none" if products.empty else "next.unknown")
        return Finding(say("next.title_none"), text, products, None)
    names = say.names("products")
    criteria = _criteria(products.columns[products.notna().any()], say)
    text = [say("next.count", n=len(products)), say("next.criteria", criteria=criteria)]
    top = ranked.merge(say.ds.products[["product_id", "localisable_share"]], on="product_id", validate="1:1").head(3)
    for row in top.itertuples():
        text.append(say("facts", product=names[row.product_id], facts="; ".join(_facts(row, say))))
    text += [*_limits_text(products, say), say("next.weights"), say("grade", gross=say("assumed"))]
    title = say("next.title", products=[*names[ranked.loc[ranked["rank"].eq(1), "product_id"]]])
    return Finding(title, paragraphs(text), ranked, "assumed")


def next_table(products: pd.DataFrame, say) -> Listing:
    """The products without a project in their order, with the criteria and what the register says of each."""
    known = say.ds.products[["product_id", *say.ds.products.columns.difference(products.columns)]]
    return listing("next", products.sort_values("rank").merge(known, on="product_id", how="left", validate="1:1"), say)


def feasibility_table(say) -> Listing:
    """The feasibility register: every product with what stands in products.csv, and its projects."""
    products, made = say.ds.products, say.ds.project_products
    by_product = made["project_id"].map(say.names("projects")).groupby(made["product_id"]).agg(", ".join)
    projects = [by_product.get(product, say("none")) for product in products["product_id"]]
    return listing("feasibility", products.assign(projects=projects), say)


def _facts(row, say) -> list[str]:
    """The criteria that are known of a product, in words."""
    where = "target_year" if row.basis == "target_year" else "last_year"
    where = "all_imports" if pd.isna(row.localisable_share) else where
    year = str(say.ds.target["year"]) if where == "target_year" else ""
    facts = [say(f"next.{where}", amount=row.addressable_usd, year=year)]
    if pd.notna(row.growth):
        grew = "next.grew" if row.growth >= 0 else "next.fell"
        facts.append(say(grew, share=say.percent(abs(row.growth)), base=say.ds.base_period))
    if pd.notna(row.concentration):
        facts.append(say("next.concentration", index=say.number(row.concentration), top=10_000))
    if pd.notna(row.feasibility):
        facts.append(say("next.feasibility", share=say.percent(row.feasibility)))
    return facts


def _criteria(known: pd.Index, say) -> list[str]:
    return [name for column, name in say.words("criteria").items() if column in known]


def _limits_text(products: pd.DataFrame, say) -> list[str]:
    """Which criteria are not known, what feasibility means, and where the addressable value is an upper bound."""
    share = say.ds.products.set_index("product_id")["localisable_share"].reindex(products["product_id"])
    missing = products.columns[products.isna().all()]
    unknown, unbounded = _criteria(missing, say), share.isna().sum()
    text = [say("next.missing", criteria=unknown)] if unknown else []
    text += [say("next.conditions")] if "feasibility" not in missing else []
    return text + ([say("next.upper_bound", n=unbounded)] if unbounded else [])
