"""Why imports moved: imports without the projects, the bridge, and where."""

import pandas as pd

from importcut.schema import NATIONAL, weakest
from importcut.telling.finding import Finding, capital, paragraphs
from importcut.telling.narrate.caution import told_part

PRECISION = 5e3  # USD; what a figure in million dollars with two decimals can show
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
    names = say.words("factors")
    factors = [(names[f], effects[f], "change") for f in names if f in effects and f != "project"]
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
    names = say.words("factors")
    factors = [f for f in names if f in changes and changes.loc[shown, f].abs().ge(PRECISION).any()]
    parts = []
    for product, name in say.names("products")[shown].items():
        own = changes.loc[product, factors]
        steps = [(names[f], usd, "project" if f == "project" else "change") for f, usd in own.items()]
        parts.append(_between_ends(steps, rows[rows["product_id"].eq(product)], say).assign(product=name))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def chain_steps(bridge: pd.DataFrame, say) -> pd.DataFrame:
    """What moved imports from period to period: period, label, value_usd, kind (change, project, total), all products.

    A factor that rounds to nothing in every period is left out; the total is the whole change.
    """
    rows = _compared(bridge, "chained")
    wide = rows.pivot_table(index="period", columns="effect", values="value_usd", aggfunc="sum", fill_value=0.0)
    changes = wide.drop(columns="base", errors="ignore")
    names = say.words("factors") | {"total": say("change in imports")}
    factors = [f for f in names if f in changes and changes[f].abs().ge(PRECISION).any()]
    table = changes[factors].assign(total=changes.sum(axis=1)).reset_index()
    long = table.melt("period", var_name="effect", value_name="value_usd")
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
        return Finding(say("without.title_none"), say("no_cut"), cut, None)
    rows = counterfactual[counterfactual["period"].between(cut["period"].min(), cut["period"].max())]
    actual, expected = rows["actual_usd"].sum(), rows["counterfactual_usd"].sum()
    span = capital(say.span(rows["period"].min(), rows["period"].max()))
    share, grade = say.percent(expected / actual - 1, 1), weakest(cut["evidence"])
    lead = say("without.lead", span=span, actual=actual, expected=expected, share=share)
    lead = " ".join([lead, *told_part(cuts, say)])
    text = f"{lead} {say('grade', gross=say(grade))}"
    return Finding(say("without.title", gap=expected - actual), text, rows, grade, lead)


def causes(bridge: pd.DataFrame, cuts: pd.DataFrame, say) -> Finding:
    """What moved imports since the base season, and since a year before: the projects, and everything else."""
    rows = _compared(bridge, "base")
    if rows.empty:
        return Finding(say("causes.title_none"), say("causes.none"), rows, None)
    base, period = rows["base_period"].iloc[0], rows["period"].iloc[0]
    effects = rows.groupby("effect")["value_usd"].sum()
    change, projects = effects.drop("base").sum(), effects.get("project", 0.0)
    which = ("rose" if change > 0 else "fell") + ("_less" if abs(projects) >= PRECISION else "")
    title = say(f"causes.{which}", change=abs(change), cut=-projects, base=base, period=period)
    others = effects.drop(["base", "project"], errors="ignore").sort_values(key=abs, ascending=False)
    moved = factors(others, say.words("factors"), say)
    text = [say("causes.periods", base=base, period=period)]
    if moved:
        text.append(say("causes.factors", cut=signed(projects, say), factors=moved))
    text += _year_before_text(_compared(bridge, "year_before"), say)
    now = cuts[cuts["period"].eq(period)]
    text += [say("causes.not_effect"), say("causes.stocks"), *told_part(now, say)]
    grade = weakest(now["gross_evidence"])
    text += [say("causes.grade", grade=say(grade))] if grade else []
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
            "places.lead",
            span=capital(say.span(year["period"].min(), period)),
            total=now.sum(),
            products=[*names[top.index]],
            share=say.percent(top.sum() / now.sum()),
        )
    ]
    if cuts is not None:
        done = cuts[cuts["identified"] & cuts["period"].ge(year["period"].min())]
        largest = done.groupby("product_id")["gross_usd"].sum().sort_values(ascending=False).head(3)
        largest = largest[largest > 0]
        text += [say("places.most", products=[*names[largest.index]])] if len(largest) else []
    title = say("places.title", product=names[top.index[0]])
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
    rose, before = "causes.year_rose" if change > 0 else "causes.year_fell", rows["base_period"].iloc[0]
    text = [say(rose, before=before, change=abs(change))]
    part = say("causes.year_projects", amount=signed(projects, say))
    return [*text, part] if abs(projects) >= PRECISION else text


def factors(amounts: pd.Series, words: dict[str, str], say) -> list[str]:
    """Each amount with its sign and what it is, as `words` call it; what rounds to nothing is left out."""
    shown = amounts[amounts.abs().ge(PRECISION)]
    return [say("factor", factor=words[name], amount=signed(usd, say)) for name, usd in shown.items()]


def signed(usd: float, say) -> str:
    """An amount with its sign, also the plus."""
    return ("+" if usd > 0 else "") + say.money(usd)
