"""Why imports moved: imports without the projects, the bridge, and where."""

import pandas as pd

from importcut.narrate.caution import told_part
from importcut.narrate.finding import Finding, paragraphs
from importcut.schema import NATIONAL, weakest

PRECISION = 5e3  # USD; what a figure in million dollars with two decimals can show
FACTORS = {
    "activity": "vehicle output",
    "intensity": "use per vehicle",
    "requirement": "requirement",
    "contract_price": "contract price",
    "exchange_rate": "exchange rate",
    "price": "price",
    "mix": "mix of origins",
    "project": "projects",
}

NAMED = 3  # projects with a bar of their own
SHOWN = 6  # products with a waterfall of their own


def bridge_steps(bridge: pd.DataFrame, say) -> pd.DataFrame:
    """The base comparison over all products as steps of a waterfall: label, value_usd, kind (total, change, project).

    The largest projects have a step each; what rounds to nothing is left out.
    """
    rows = _compared(bridge, "base")
    effects = rows.groupby("effect")["value_usd"].sum()
    projects = rows[rows["effect"].eq("project")].groupby("project_id")["value_usd"].sum()
    projects = projects.sort_values(key=abs, ascending=False).rename(say.names("projects"))
    if len(projects) > NAMED + 1:
        others = pd.Series({say("other projects"): projects.iloc[NAMED:].sum()})
        projects = pd.concat([projects.head(NAMED), others])
    factors = [(say(FACTORS[f]), effects[f], "change") for f in FACTORS if f in effects and f != "project"]
    steps = [*factors, *((name, usd, "project") for name, usd in projects.items())]
    return _between_ends([step for step in steps if abs(step[1]) >= PRECISION], rows, say)


def product_steps(bridge: pd.DataFrame, say) -> pd.DataFrame:
    """The base comparison of the products that the projects moved most, or else that moved most, as `bridge_steps`.

    Column product is its name; the products have the same steps, those that round to nothing in all of them left out.
    """
    rows = _compared(bridge, "base")
    wide = rows.pivot_table(index="product_id", columns="effect", values="value_usd", aggfunc="sum", fill_value=0.0)
    changes = wide.drop(columns="base", errors="ignore")
    by_projects = changes.get("project", 0 * changes.sum(axis=1)).abs()
    size = by_projects if by_projects.ge(PRECISION).any() else changes.sum(axis=1).abs()
    shown = size[size.ge(PRECISION)].sort_values(ascending=False).head(SHOWN).index
    factors = [f for f in FACTORS if f in changes and changes.loc[shown, f].abs().ge(PRECISION).any()]
    parts = []
    for product, name in say.names("products")[shown].items():
        own = changes.loc[product, factors]
        steps = [(say(FACTORS[f]), usd, "project" if f == "project" else "change") for f, usd in own.items()]
        parts.append(_between_ends(steps, rows[rows["product_id"].eq(product)], say).assign(product=name))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def chain_steps(bridge: pd.DataFrame, say) -> pd.DataFrame:
    """What moved imports from period to period: period, label, value_usd, kind (change, project, total), all products.

    A factor that rounds to nothing in every period is left out; the total is the whole change.
    """
    rows = _compared(bridge, "chained")
    wide = rows.pivot_table(index="period", columns="effect", values="value_usd", aggfunc="sum", fill_value=0.0)
    changes = wide.drop(columns="base", errors="ignore")
    factors = [f for f in FACTORS if f in changes and changes[f].abs().ge(PRECISION).any()]
    table = changes[factors].assign(total=changes.sum(axis=1)).reset_index()
    long = table.melt("period", var_name="effect", value_name="value_usd")
    names = {factor: say(FACTORS[factor]) for factor in factors} | {"total": say("change in imports")}
    kind = long["effect"].where(long["effect"].isin(["project", "total"]), "change")
    return long.assign(label=long["effect"].map(names), kind=kind)[["period", "label", "value_usd", "kind"]]


def without_projects(counterfactual: pd.DataFrame, cuts: pd.DataFrame, say) -> Finding:
    """Imports as they were, and as they would have been without the projects.

    Parameters
    ----------
    cuts : table `cuts_realised`; tells which part of the gap is told apart from chance
    """
    cut = counterfactual[counterfactual["actual_usd"].ne(counterfactual["counterfactual_usd"])]
    if cut.empty:
        return Finding(say("Imports without the projects"), say("No cut is identified."), cut, None)
    span = counterfactual[counterfactual["period"].between(cut["period"].min(), cut["period"].max())]
    actual, expected = span["actual_usd"].sum(), span["counterfactual_usd"].sum()
    grade = weakest(cut["evidence"])
    title = say("Without the projects, imports would have been {gap} higher (gross)", gap=say.money(expected - actual))
    lead = say(
        "{span} imports of the products observed came to {actual}; without the projects they would have come to "
        "{expected} ({share} more).",
        span=_capital(say.span(span["period"].min(), span["period"].max())),
        actual=say.money(actual),
        expected=say.money(expected),
        share=say.percent(expected / actual - 1, 1),
    )
    lead = " ".join([lead, *told_part(cuts, say)])
    return Finding(title, f"{lead} {say('Grade: {gross}.', gross=say(grade))}", span, grade, lead)


def causes(bridge: pd.DataFrame, cuts: pd.DataFrame, say) -> Finding:
    """What moved imports since the base season, and since a year before: the projects, and everything else."""
    rows = _compared(bridge, "base")
    if rows.empty:
        return Finding(say("Why imports moved"), say("There is no earlier period to compare with."), rows, None)
    effects = rows.groupby("effect")["value_usd"].sum()
    change, projects = effects.drop("base").sum(), effects.get("project", 0.0)
    spans = {"base": say.period(rows["base_period"].iloc[0]), "period": say.period(rows["period"].iloc[0])}
    moved_by = {"change": say.money(abs(change)), "cut": say.money(-projects), **spans}
    if abs(projects) < PRECISION:
        title = say(
            "From {base} to {period} imports rose by {change}"
            if change > 0
            else "From {base} to {period} imports fell by {change}",
            **moved_by,
        )
    else:
        title = say(
            "From {base} to {period} imports rose by {change}; the projects took off {cut}"
            if change > 0
            else "From {base} to {period} imports fell by {change}; the projects took off {cut}",
            **moved_by,
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
    text += _year_before_text(_compared(bridge, "year_before"), say)
    text.append(say("The change in imports is not the effect of the projects."))
    text.append(say("Stock-building shows as use per vehicle, or as requirement where no vehicles are recorded."))
    now = cuts[cuts["period"].eq(rows["period"].iloc[0])]
    text += told_part(now, say)
    grade = weakest(now["gross_evidence"])
    if grade:
        text.append(say("Grade of the projects' effect: {grade}.", grade=say(grade)))
    return Finding(title, paragraphs(text), rows, grade, text[1] if moved else text[0])


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


def _compared(bridge: pd.DataFrame, comparison: str) -> pd.DataFrame:
    """The rows of one comparison: summed over several, the effects would count twice."""
    return bridge[bridge["comparison"].eq(comparison)]


def _between_ends(steps: list[tuple], rows: pd.DataFrame, say) -> pd.DataFrame:
    """The steps (label, value_usd, kind) between the imports of the two periods."""
    first, last = (say.period(rows[column].iloc[0]) for column in ("base_period", "period"))
    base = rows.loc[rows["effect"].eq("base"), "value_usd"].sum()
    ends = [(first, base, "total"), (last, rows["value_usd"].sum(), "total")]
    return pd.DataFrame([ends[0], *steps, ends[1]], columns=["label", "value_usd", "kind"])


def _year_before_text(rows: pd.DataFrame, say) -> list[str]:
    """How imports changed against the same season a year before, and the projects' part; nothing that rounds away."""
    effects = rows.groupby("effect")["value_usd"].sum()
    change, projects = effects.drop("base", errors="ignore").sum(), effects.get("project", 0.0)
    if abs(change) < PRECISION:
        return []
    text = say(
        "Against {before}, a year earlier, imports rose by {change}."
        if change > 0
        else "Against {before}, a year earlier, imports fell by {change}.",
        before=say.period(rows["base_period"].iloc[0]),
        change=say.money(abs(change)),
    )
    part = say("The projects contributed {amount} to that change.", amount=signed(projects, say))
    return [text, part] if abs(projects) >= PRECISION else [text]


def signed(usd: float, say) -> str:
    """An amount with its sign, also the plus."""
    return ("+" if usd > 0 else "") + say.money(usd)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
