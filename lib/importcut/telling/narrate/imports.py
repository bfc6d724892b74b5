"""Why imports moved: imports without the projects, the bridge, and where."""

import pandas as pd

from importcut.language import Voice
from importcut.schema import NATIONAL, weakest
from importcut.telling.finding import PRECISION, Finding, factors, nothing, paragraphs, section, sentences, with_amounts

OWN_BARS = 3  # projects with a bar of their own
MINOR = 0.03  # of the largest effect; what is smaller is summed up
SHOWN = 6  # products with a waterfall of their own
MOST_PRODUCTS = 12  # rows of a chart of all


def without_projects(counterfactual: pd.DataFrame, cuts: pd.DataFrame, say: Voice) -> Finding:
    """Imports as they were and would have been without the projects."""
    cut = counterfactual[counterfactual["actual_usd"].ne(counterfactual["counterfactual_usd"])]
    if cut.empty:
        return nothing(say, "without.title_none", "no_cut", cut)
    rows = counterfactual[counterfactual["period"].between(cut["period"].min(), cut["period"].max())]
    actual, expected = rows["actual_usd"].sum(), rows["counterfactual_usd"].sum()
    facts = {"actual": actual, "expected": expected, "gap": expected - actual}
    facts |= {"span": say.span(rows["period"].min(), rows["period"].max())}
    facts |= {"share": expected / actual - 1, "gross": weakest(cut["evidence"])}
    lines = [(True, "without.lead"), (True, "grade")]
    return section(say, "without.title", facts, lines, rows, weakest(cut["evidence"]), lead=1)


def causes(bridge: pd.DataFrame, cuts: pd.DataFrame, say: Voice) -> Finding:
    """What moved imports since the base season, and since a year before: the projects, and everything else."""
    rows, year = bridge.query("comparison == 'base'"), bridge.query("comparison == 'year_before'")
    if rows.empty:
        return nothing(say, "causes.title_none", "causes.none", rows)
    (change, projects, others), (swing, part, _) = _effects(rows), _effects(year)
    moved, now = factors(others, say.words("factors"), say), cuts[cuts["period"].eq(rows["period"].iloc[0])]
    weak = weakest(now.loc[now["identified"], "gross_evidence"])
    facts = {"base": rows["base_period"].iloc[0], "period": rows["period"].iloc[0], "factors": moved, "grade": weak}
    before = {"before": year["base_period"].min(), "change": abs(swing)}
    swing = 0 if before["before"] == facts["base"] else swing  # which has just been told
    lines = [
        (True, "causes.periods"),
        (moved, "causes.factors" if abs(projects) >= PRECISION else "causes.factors_alone", {"cut": projects}),
        (swing >= PRECISION, "causes.year_rose", before),
        (swing <= -PRECISION, "causes.year_fell", before),
        (min(abs(swing), abs(part)) >= PRECISION, "causes.year_projects", {"amount": part}),
        (True, "causes.not_effect"),
        (True, "causes.stocks"),
        (weak, "causes.grade"),
    ]
    text = sentences(say, facts, lines)
    direction = ("rose" if change > 0 else "fell") + ("_less" if abs(projects) >= PRECISION else "")
    title = say(f"causes.{direction}", **facts, change=abs(change), cut=-projects)
    return Finding(title, paragraphs(text), rows, weak, text[1] if moved else text[0])


def places(profile: pd.DataFrame, cuts: pd.DataFrame | None, period: pd.Period, say: Voice) -> Finding:
    """Which products the imports of the year so far consist of, and where the projects cut most."""
    year, names = _year_of_programme(profile, period, say), say.names("products", inside=True)
    now, most = year.groupby("product_id")["value_usd"].sum().sort_values(ascending=False), []
    if cuts is not None:
        done = cuts[cuts["identified"] & cuts["period"].ge(year["period"].min())]
        largest = done.groupby("product_id")["gross_usd"].sum().sort_values(ascending=False).head(3)
        most = [*names[largest.index[largest > 0]]]
    top = now.head(3)
    largest = with_amounts(top.set_axis(names[top.index]), say)
    first = names[now.index[now.map(say.money).eq(say.money(now.iloc[0]))]]
    facts = {"span": say.span(year["period"].min(), period), "share": top.sum() / now.sum()}
    facts |= {"total": now.sum(), "amount": now.iloc[0], "products": [*first]}
    rows = [(True, "places.lead", {"products": largest}), (most, "places.most", {"products": most})]
    return section(say, "places.title", facts, rows, now.reset_index(), "measured")


def import_register(register: pd.DataFrame, say: Voice) -> Finding:
    """What is imported by group, from where, how concentrated and how it grew; whose imports it is, where none says."""
    if register.empty:
        return nothing(say, "next.title_none", "next.none", register)
    groups, whole = (import_groups(table, say) for table in (register, register.assign(group="all")))
    total, growth = whole["value_usd"].item(), whole["growth"].item()
    first = register.assign(share=register["value_usd"] * register["origin_share"] / total).groupby("origin")["share"]
    first = first.sum().drop("XX", errors="ignore").nlargest(3).reset_index()
    facts = groups.assign(share=groups["value_usd"] / total).iloc[0].to_dict() | {"total": total, "n": len(register)}
    facts |= {"groups": say.each("register.group", groups.assign(share=groups["value_usd"] / total).head(3))}
    facts |= {"origins": say.each("register.origin", first), "single": int(register["origin_share"].ge(0.9).sum())}
    facts |= {"growth": growth, "span": say.ds.period, "base": say.ds.base_period}
    unknown = int(register["growth"].isna().sum())
    rows = [
        (True, "register.lead"),
        (len(first), "register.origins"),
        (pd.notna(growth), "register.growth"),
        (unknown, "register.no_growth", {"n": unknown}),
        (say.ds.plants.empty, "register.national"),
    ]
    return section(say, "register.title", facts, rows, register, "measured", lead=1)


def import_groups(register: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """The register by group, the largest first: lines, value_usd, concentration (mean by value), growth."""
    rows = register.assign(lines=1, concentration=register["concentration"] * register["value_usd"])
    table = rows.groupby("group")[["lines", "value_usd", "concentration"]].sum()
    ends = register.dropna(subset="growth").groupby("group")[["base_usd", "last_usd"]].sum()
    years = max(say.ds.period.year - say.ds.base_period.end_time.year, 1)
    table["concentration"] /= table["value_usd"]
    table["growth"] = (ends["last_usd"] / ends["base_usd"]) ** (1 / years) - 1
    table.index = group_names(table.index.to_series(), say).rename("group")
    return table.sort_values("value_usd", ascending=False).reset_index()


def group_names(groups: pd.Series, say: Voice) -> pd.Series:
    """What groups of products are called; one that words.toml does not know by its own name."""
    words = say.words("groups")
    return groups.map(lambda group: words.get(group, group.replace("_", " ")))


def bridge_steps(bridge: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """What moved imports since the base period: label, value_usd, kind (change, project, at the end total: the whole).

    Factors of less than `MINOR` of the largest effect are one step.
    """
    rows = bridge.query("comparison == 'base'")
    effects = rows.groupby("effect")["value_usd"].sum().drop("base", errors="ignore")
    projects = rows[rows["effect"].eq("project")].groupby("project_id")["value_usd"].sum()
    projects = projects.sort_values(key=abs, ascending=False).rename(say.names("projects"))
    if len(projects) > OWN_BARS + 1:
        rest = pd.Series({say("other projects"): projects.iloc[OWN_BARS:].sum()})
        projects = pd.concat([projects.head(OWN_BARS), rest])
    names = say.words("factors")
    others = pd.Series({names[f]: effects[f] for f in names if f in effects and f != "project"}, dtype="float64")
    small = others.abs() < MINOR * max(others.abs().max(), projects.abs().max())
    others = others[~small].sort_values(ascending=False)
    if small.any():
        others[say("other factors")] = effects.sum() - others.sum() - projects.sum()
    steps = [(name, usd, "change") for name, usd in others.items()]
    steps += [(name, usd, "project") for name, usd in projects.items()]
    return _with_whole([step for step in steps if abs(step[1]) >= PRECISION], rows, say)


def product_steps(bridge: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """As `bridge_steps`, for the products that moved most, by projects if these moved any; column product: its name."""
    rows = bridge.query("comparison == 'base'")
    changes = _changes(rows, "product_id")
    by_projects = changes.get("project", 0 * changes.sum(axis=1)).abs()
    size = by_projects if by_projects.ge(PRECISION).any() else changes.sum(axis=1).abs()
    largest = size[size.ge(PRECISION)].sort_values(ascending=False).head(SHOWN).index
    names = say.words("factors")
    moved = [f for f in names if f in changes and changes.loc[largest, f].abs().ge(PRECISION).any()]
    parts = []
    for product, name in say.names("products")[largest].items():
        own = changes.loc[product, moved]
        steps = [(names[f], usd, "project" if f == "project" else "change") for f, usd in own.items()]
        parts.append(_with_whole(steps, rows[rows["product_id"].eq(product)], say).assign(product=name))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def chain_steps(bridge: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """What moved imports from period to period: period, label, value_usd, kind (change, project, total: the whole)."""
    changes = _changes(bridge.query("comparison == 'chained'"), "period")
    names = say.words("factors") | {"total": say("change in imports")}
    moved = [f for f in names if f in changes and changes[f].abs().ge(PRECISION).any()]
    table = changes[moved].assign(total=changes.sum(axis=1)).reset_index()
    long = table.melt("period", var_name="effect", value_name="value_usd")
    kind = long["effect"].where(long["effect"].isin(["project", "total"]), "change")
    return long.assign(label=long["effect"].map(names), kind=kind)[["period", "label", "value_usd", "kind"]]


def product_by_plant(profile: pd.DataFrame, period: pd.Period, say: Voice) -> pd.DataFrame:
    """Imports of the year so far, largest first, named as they are read; USD.

    Of many products their groups, where words.toml names these, or else the largest and the sum of the others.
    """
    year = _year_of_programme(profile, period, say)
    matrix = year.pivot_table(index="product_id", columns="plant_id", values="value_usd", aggfunc="sum")
    rows, columns = (matrix.sum(axis=n).sort_values(ascending=False).index for n in (1, 0))
    matrix, groups = matrix.loc[rows, columns], say.ds.products.set_index("product_id")["group"].reindex(rows)
    matrix.index, plants = say.names("products")[rows], say.names("plants") if len(say.ds.plants) else {}
    if len(matrix) > MOST_PRODUCTS and groups.isin([*say.words("groups")]).all():
        matrix = matrix.groupby([*group_names(groups, say)]).sum(min_count=1)
        matrix = matrix.loc[matrix.sum(axis=1).sort_values(ascending=False).index]
    elif len(matrix) > MOST_PRODUCTS:
        others = matrix.iloc[MOST_PRODUCTS - 1 :].sum(min_count=1).rename(say("others"))
        matrix = pd.concat([matrix.head(MOST_PRODUCTS - 1), others.to_frame().T])
    return matrix.rename(columns=plants if len(plants) else {NATIONAL: say("whole country")})


def _year_of_programme(profile: pd.DataFrame, period: pd.Period, say: Voice) -> pd.DataFrame:
    """Imports of the period's year so far, but for products that serve for comparison only."""
    return profile[profile["period"].dt.year.eq(period.year) & ~profile["product_id"].isin(say.ds.comparison)]


def _changes(rows: pd.DataFrame, index: str) -> pd.DataFrame:
    """The effects on imports, one column each; USD."""
    wide = rows.pivot_table(index=index, columns="effect", values="value_usd", aggfunc="sum", fill_value=0.0)
    return wide.drop(columns="base", errors="ignore")


def _with_whole(steps: list[tuple], rows: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """The steps (label, value_usd, kind) and last the change in imports from the base period to the period."""
    change = rows.loc[rows["effect"].ne("base"), "value_usd"].sum()
    return pd.DataFrame([*steps, (say("change in imports"), change, "total")], columns=["label", "value_usd", "kind"])


def _effects(rows: pd.DataFrame) -> tuple[float, float, pd.Series]:
    """The change in imports, the projects' part of it, and the other effects, largest first; USD."""
    effects = rows.groupby("effect")["value_usd"].sum().drop("base", errors="ignore")
    others = effects.drop("project", errors="ignore").sort_values(key=abs, ascending=False)
    return effects.sum(), effects.get("project", 0.0), others
