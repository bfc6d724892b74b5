"""Why imports moved: imports without the projects, the bridge, and where."""

import pandas as pd

from importcut.narrate.finding import Finding
from importcut.schema import NATIONAL, weakest

PRECISION = 5e3  # USD; what a figure in million dollars with two decimals can show
FACTORS = {
    "activity": "vehicle output",
    "intensity": "use per vehicle",
    "requirement": "requirement",
    "price": "price",
    "mix": "mix of origins",
    "project": "projects",
}


def bridge_steps(bridge: pd.DataFrame, say) -> pd.DataFrame:
    """The bridge over all products as steps of a waterfall: label, value_usd, kind; what rounds to nothing left out."""
    effects = bridge.groupby("effect")["value_usd"].sum()
    ends = [say.period(bridge[column].iloc[0]) for column in ("base_period", "period")]
    steps = [(ends[0], effects["base"], "total")]
    for factor in FACTORS:
        if abs(effects.get(factor, 0)) >= PRECISION:
            steps.append((say(FACTORS[factor]), effects[factor], "project" if factor == "project" else "change"))
    return pd.DataFrame([*steps, (ends[1], effects.sum(), "total")], columns=["label", "value_usd", "kind"])


def without_projects(counterfactual: pd.DataFrame, say) -> Finding:
    """Imports as they were, and as they would have been without the projects."""
    cut = counterfactual[counterfactual["actual_usd"].ne(counterfactual["counterfactual_usd"])]
    if cut.empty:
        return Finding(say("Imports without the projects"), say("No cut is identified."), cut, None)
    span = counterfactual[counterfactual["period"].between(cut["period"].min(), cut["period"].max())]
    actual, expected = span["actual_usd"].sum(), span["counterfactual_usd"].sum()
    grade = weakest(cut["evidence"])
    title = say("Without the projects, imports would have been {gap} higher (gross)", gap=say.money(expected - actual))
    text = say(
        "{span} imports of the products observed came to {actual}; without the projects they would have come to "
        "{expected} ({share} more). Grade: {grade}.",
        span=_capital(say.span(span["period"].min(), span["period"].max())),
        actual=say.money(actual),
        expected=say.money(expected),
        share=say.percent(expected / actual - 1, 1),
        grade=say(grade),
    )
    return Finding(title, text, span, grade)


def causes(bridge: pd.DataFrame, cuts: pd.DataFrame, say) -> Finding:
    """What moved imports between the two periods: the projects, and everything else."""
    if bridge.empty:
        return Finding(say("Why imports moved"), say("There is no earlier period to compare with."), bridge, None)
    effects = bridge.groupby("effect")["value_usd"].sum()
    change, projects = effects.drop("base").sum(), effects.get("project", 0.0)
    spans = {"base": say.period(bridge["base_period"].iloc[0]), "period": say.period(bridge["period"].iloc[0])}
    title = say(
        "From {base} to {period} imports rose by {change}; the projects took off {cut}"
        if change > 0
        else "From {base} to {period} imports fell by {change}; the projects took off {cut}",
        change=say.money(abs(change)),
        cut=say.money(-projects),
        **spans,
    )
    others = effects.drop(["base", "project"], errors="ignore").sort_values(key=abs, ascending=False)
    moved = [
        say("{factor} {amount}", factor=say(FACTORS[factor]), amount=signed(value, say))
        for factor, value in others.items()
        if abs(value) >= PRECISION
    ]
    text = [say("Periods compared: {base} and {period}.", **spans)]
    if moved:
        text.append(
            say(
                "Besides the projects ({cut}), these factors moved imports: {factors}.",
                cut=signed(projects, say),
                factors=say.listed(moved),
            )
        )
    text.append(say("The change in imports is not the effect of the projects."))
    text.append(say("Stock-building shows as use per vehicle, or as requirement where no vehicles are recorded."))
    grade = weakest(cuts.loc[cuts["period"].eq(bridge["period"].iloc[0]), "gross_evidence"])
    if grade:
        text.append(say("Grade of the projects' effect: {grade}.", grade=say(grade)))
    return Finding(title, " ".join(text), bridge, grade)


def product_by_plant(profile: pd.DataFrame, period: pd.Period, say) -> pd.DataFrame:
    """Imports of the period's year so far, largest products and plants first, named as they are read; USD."""
    year = profile[profile["period"].dt.year.eq(period.year)]
    matrix = year.pivot_table(index="product_id", columns="plant_id", values="value_usd", aggfunc="sum", fill_value=0.0)
    rows, columns = (matrix.sum(axis=n).sort_values(ascending=False).index for n in (1, 0))
    plants = say.names("plants") if len(say.ds.plants) else {NATIONAL: say("whole country")}
    return matrix.loc[rows, columns].rename(index=say.names("products"), columns=plants)


def places(profile: pd.DataFrame, cuts: pd.DataFrame | None, period: pd.Period, say) -> Finding:
    """Which products the imports of the year so far consist of, and where the projects cut most."""
    year = profile[profile["period"].dt.year.eq(period.year)]
    now = year.groupby("product_id")["value_usd"].sum().sort_values(ascending=False)
    names, top = say.names("products"), now.head(3)
    text = [
        say(
            "{span} imports came to {total}; the largest lines are {products}, together {share}.",
            span=_capital(say.span(year["period"].min(), period)),
            total=say.money(now.sum()),
            products=say.listed([names[p] for p in top.index]),
            share=say.percent(top.sum() / now.sum()),
        )
    ]
    if cuts is not None:
        done = (
            cuts[cuts["identified"] & cuts["period"].ge(year["period"].min())].groupby("product_id")["gross_usd"].sum()
        )
        largest = done[done > 0].sort_values(ascending=False).head(3)
        if len(largest):
            text.append(
                say("The projects cut most in {products}.", products=say.listed([names[p] for p in largest.index]))
            )
    title = say("Where: {product} is the largest import line", product=names[top.index[0]])
    return Finding(title, " ".join(text), now.reset_index(), "measured")


def signed(usd: float, say) -> str:
    """An amount with its sign, also the plus."""
    return ("+" if usd > 0 else "") + say.money(usd)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
