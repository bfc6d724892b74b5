"""Where to go next: imported products without a project, and what the register says of each."""

import pandas as pd

from importcut.narrate.finding import Finding, paragraphs
from importcut.narrate.tables import Listing

CRITERIA = {
    "addressable_usd": "addressable value",
    "growth": "growth of imports",
    "concentration": "supplier concentration",
    "feasibility": "feasibility",
}
TEXTS = {
    "grade_needed": "Grade needed",
    "domestic_feedstock": "Domestic feedstock",
    "possible_producer": "Possible producer",
    "obstacle": "Obstacle",
}


def next_steps(products: pd.DataFrame, say) -> Finding:
    """Which imported products without a project come first, why, and what that order rests on."""
    ranked = products[products["rank"].notna()].sort_values("rank")
    if ranked.empty:
        text = say(
            "No imported product is without a project."
            if products.empty
            else "What is known of the products without a project is not enough to rank them."
        )
        return Finding(say("Where next"), text, products, None)
    names = say.names("products")
    first = say.listed([names[p] for p in ranked.loc[ranked["rank"].eq(1), "product_id"]])
    text = [
        say.count("{n} imported product has no project.", "{n} imported products have no project.", len(products)),
        say("They are ranked by {criteria}.", criteria=_criteria(products.columns[products.notna().any()], say)),
    ]
    top = ranked.merge(say.ds.products[["product_id", "localisable_share"]], on="product_id", validate="1:1").head(3)
    for row in top.itertuples():
        text.append(say("{product}: {facts}.", product=names[row.product_id], facts="; ".join(_facts(row, say))))
    text += _limits_text(products, say)
    text.append(
        say(
            "The order rests on the weights of the criteria (dataset.toml; equal where none are set); other weights "
            "may give another one."
        )
    )
    text.append(say("Grade: {gross}.", gross=say("assumed")))
    return Finding(say("Where next: {products}", products=first), paragraphs(text), ranked, "assumed")


def next_table(products: pd.DataFrame, say) -> Listing:
    """The products without a project in their order, with the criteria and what the register says of each."""
    rows = products.sort_values("rank")
    register = say.ds.products.set_index("product_id").reindex(rows["product_id"]).set_index(rows.index)
    frame = pd.DataFrame(
        {
            say("Rank"): _numbers(rows["rank"], say),
            say("Product"): rows["product_id"].map(say.names("products")),
            say("Addressable, thousand US dollars a year"): _numbers(rows["addressable_usd"] / 1e3, say, digits=1),
            say("Growth of imports, % a year"): _numbers(rows["growth"] * 100, say, digits=1),
            say("Supplier concentration, 0–10,000"): _numbers(rows["concentration"], say),
            say("Feasibility, %"): _numbers(rows["feasibility"] * 100, say),
            say("Score, 0–1"): _numbers(rows["score"], say, digits=2),
            **{say(heading): register[column] for column, heading in TEXTS.items()},
        }
    )
    what = say("Imported products without a project; grade, feedstock, producer and obstacle as the register has them")
    return Listing(frame.loc[:, frame.notna().any()], what)


def feasibility_table(say) -> Listing:
    """The feasibility register: every product with what stands in products.csv, and its projects."""
    products, made = say.ds.products, say.ds.project_products
    by_product = made["project_id"].map(say.names("projects")).groupby(made["product_id"]).agg(", ".join)
    frame = pd.DataFrame(
        {
            say("Product"): products["product_id"].map(say.names("products")),
            **{say(heading): products[column] for column, heading in TEXTS.items()},
            say("Can be made at home, %"): _numbers(products["localisable_share"] * 100, say),
            say("Projects"): [by_product.get(product, say("none")) for product in products["product_id"]],
        }
    )
    what = say("Feasibility register; grade, feedstock, producer and obstacle as the register has them")
    return Listing(frame.loc[:, frame.notna().any()], what)


def _facts(row, say) -> list[str]:
    """The criteria that are known of a product, in words."""
    amount, facts = say.money(row.addressable_usd), []
    if pd.isna(row.localisable_share):
        facts.append(say("imports of {amount} a year (all counted as addressable)", amount=amount))
    elif row.basis == "target_year":
        facts.append(say("addressable imports of {amount} in {year}", amount=amount, year=str(say.ds.target["year"])))
    else:
        facts.append(say("addressable imports of {amount} in the last year", amount=amount))
    if pd.notna(row.growth):
        facts.append(
            say(
                "imports grew by {share} a year since {base}"
                if row.growth >= 0
                else "imports fell by {share} a year since {base}",
                share=say.percent(abs(row.growth)),
                base=say.period(say.ds.base_period),
            )
        )
    if pd.notna(row.concentration):
        index, top = say.number(row.concentration), say.number(10_000)
        facts.append(say("supplier concentration {index} of {top}", index=index, top=top))
    if pd.notna(row.feasibility):
        facts.append(say("{share} of the conditions of feasibility are met", share=say.percent(row.feasibility)))
    return facts


def _criteria(known: pd.Index, say) -> str:
    return say.listed([say(name) for column, name in CRITERIA.items() if column in known])


def _limits_text(products: pd.DataFrame, say) -> list[str]:
    """Which criteria are not known, what feasibility means, and where the addressable value is an upper bound."""
    share = say.ds.products.set_index("product_id")["localisable_share"].reindex(products["product_id"])
    missing, text = products.columns[products.isna().all()], []
    if missing.intersection(list(CRITERIA)).size:
        text.append(say("Not known, and left out: {criteria}.", criteria=_criteria(missing, say)))
    if "feasibility" not in missing:
        text.append(
            say(
                "Feasibility counts four conditions: a share that can be made at home, domestic feedstock, a possible "
                "producer, and no obstacle or one that an approval or a trial clears."
            )
        )
    if share.isna().any():
        text.append(
            say(
                "For {n} of these products the share that can be made at home is not known; all their imports are "
                "counted, an upper bound.",
                n=say.number(share.isna().sum()),
            )
        )
    return text


def _numbers(values: pd.Series, say, *, digits: int = 0) -> pd.Series:
    return values.map(lambda value: say.number(value, digits), na_action="ignore")
