"""The five views: each a function of the way and the reader's choice that gives finding, table and picture."""

from dataclasses import dataclass, replace

import pandas as pd

from importcut.app.desk import words
from importcut.app.desk.way import Way
from importcut.economics.planning import flows, horizon, project_cuts
from importcut.economics.standing import ranking, target_status
from importcut.telling.chart import Picture, picture, plot_counterfactual, plot_periods, plot_plan, plot_ranking
from importcut.telling.narrate import Finding, Listing, difference, headline, road, without_projects

AMOUNTS = ["value_usd", "net_kg"]


@dataclass(frozen=True)
class View:
    """An answer: finding, table, its picture (None where nothing is to be drawn), and facts from the registers."""

    finding: Finding
    table: pd.DataFrame
    picture: Picture | None
    facts: Listing | None = None


def import_profile(
    way: Way, *, product: str | None = None, plant: str | None = None, purpose: str | None = None, by: str = "product"
) -> View:
    """Imports of a product, plant or technological purpose (None: of all) by period.

    Parameters
    ----------
    by : product, plant, purpose or origin: what the amounts are split by

    Returns
    -------
    View
        Its table: period and what it is split by; columns value_usd (USD), net_kg, unit_value (USD per kg).
    """
    say, rows = way.say, way.imports
    chosen = {"product_id": product, "plant_id": plant, "purpose_id": purpose}
    for column, wanted in chosen.items():
        rows = rows if wanted is None else rows[rows[column].eq(wanted)]
    split = by if by == "origin" else f"{by}_id"
    table = rows.groupby(["period", split], as_index=False)[AMOUNTS].sum()
    table["unit_value"] = table["value_usd"] / table["net_kg"].where(table["net_kg"] > 0)
    what = [words.named(column, [wanted], say)[0] for column, wanted in chosen.items() if wanted is not None]
    finding = words.imported(table, what, say)
    wide = table.pivot_table(index="period", columns=split, values="value_usd", aggfunc="sum", fill_value=0.0)
    wide = wide.reindex(pd.period_range(way.imports["period"].min(), way.ds.period, name="period"), fill_value=0.0)
    wide.columns = words.named(split, wide.columns, say)
    return _drawn(finding, table, lambda: plot_periods(wide, say), say("million US dollars a period"), say)


def actual_and_expected(way: Way, *, product: str | None = None, method: str | None = None) -> View:
    """Actual imports of a product (None: of all) and those without the projects, by a method (None: the dataset's own).

    Returns
    -------
    View
        Its table: period; columns actual_usd, counterfactual_usd, gap_usd (USD), actual_kg, counterfactual_kg, gap_kg.
    """
    say, told = way.say, way.told(method)
    expected, realised = told.expected, told.realised
    if product is not None:
        expected, realised = (t[t["product_id"].eq(product)] for t in (expected, realised))
    amounts = ["actual_usd", "counterfactual_usd", "actual_kg", "counterfactual_kg"]
    table = expected.groupby("period", as_index=False)[amounts].sum()
    for unit in ("usd", "kg"):
        table[f"gap_{unit}"] = table[f"counterfactual_{unit}"] - table[f"actual_{unit}"]
    found = without_projects(expected, realised, say)
    finding = words.by_method(found, realised, method or way.ds.counterfactual, say)
    unit = say("million US dollars a period")
    return _drawn(finding, table, lambda: plot_counterfactual(expected, realised, say), unit, say)


def projects_ranked(
    way: Way, *, basis: str = "realised_to_date", method: str | None = None, rule: str = "shapley"
) -> View:
    """The projects by their net cut: to date by a method, or planned by a credit rule.

    Parameters
    ----------
    basis : realised_to_date, target_year, or cumulative (summed up to the target year)

    Returns
    -------
    View
        Its table: the rows of the table `ranking` on that basis.
    """
    say, realised = way.say, way.told(method).realised
    everyone = ranking(way.ds, realised, way.credit(rule), rule=rule)
    table = everyone[everyone["basis"].eq(basis)]
    ranked = table[table["rank"].notna() & (table["headline_usd"].ne(0) | table["gross_usd"].ne(0))]
    to_date = basis == "realised_to_date"
    finding = headline(everyone, realised, say) if to_date else words.planned_leader(ranked, basis, say)
    unit = say("{what}, million US dollars; pale: gross; line: range", what=say.words("bases")[basis])
    return _drawn(finding, table, lambda: plot_ranking(ranked, say), unit, say, drawn=len(ranked) > 0)


def to_target(way: Way, *, rule: str = "shapley") -> View:
    """Planned cuts of the projects by year, up to the target year, divided by a credit rule.

    Returns
    -------
    View
        Its table: project_id, year; columns gross_usd, net_usd (USD, credited).
    """
    say, ds, planned = way.say, way.ds, way.planned
    everyone = ranking(ds, way.told().realised, way.credit(rule), rule=rule)
    finding = road(planned, everyone, target_status(ds, planned, way.caps, way.told().realised), ds, say)
    if planned.empty:
        return View(finding, pd.DataFrame(columns=["project_id", "year", "gross_usd", "net_usd"]), None)
    parts, years = flows(ds, way.caps), horizon(ds).year
    columns = {}
    for kind in ("gross", "net"):
        credited = project_cuts(ds, parts, net=kind == "net", rule=rule)
        by_period = pd.DataFrame(credited.T, columns=ds.projects["project_id"])
        columns[f"{kind}_usd"] = by_period.groupby(years).sum(min_count=1).rename_axis("year").unstack()
    table = pd.DataFrame(columns).reset_index()
    asked = words.question(way)
    moved = [difference(way.as_it_stands, planned, asked, say).text] if asked else []
    finding = words.together(finding, [words.rule_note(rule, say), *moved])
    yearly = table.pivot(index="year", columns="project_id", values="gross_usd")
    yearly = yearly.loc[:, yearly.ne(0).any()].rename(columns=say.names("projects"))
    return _drawn(finding, table, lambda: plot_plan(yearly, say), say("million US dollars, gross"), say)


def project_sheet(way: Way, *, project: str) -> View:
    """What is known of a project: its registers, and its planned and realised cut by period.

    Returns
    -------
    View
        Its table: period, product_id; columns gross_usd, net_usd (USD, realised), gross_kg, planned_usd (of all
        products, on the first of them).
    """
    say, rows = way.say, way.told().realised
    rows = rows[rows["project_id"].eq(project)]
    own, book = rows[rows["identified"]], way.ledger[way.ledger["project_id"].eq(project)]
    planned = book[["period", "planned_usd"]].assign(product_id=_first_product(way, project))
    table = own[["period", "product_id", "gross_usd", "net_usd", "gross_kg"]].merge(
        planned, on=["period", "product_id"], how="outer", validate="1:1"
    )
    wide = table.pivot_table(index="period", columns="product_id", values="gross_usd", aggfunc="sum", dropna=False)
    wide = wide.fillna(0.0).rename(columns=say.names("products"))
    marks = planned.set_index("period")["planned_usd"].rename(say("planned")) if len(planned) else None
    unit, finding = say("million US dollars, gross"), words.of_project(book, rows, project, say)
    shown = _drawn(finding, table, lambda: plot_periods(wide, say, marks=marks), unit, say)
    return replace(shown, facts=words.facts(project, way.ds, say))


def _first_product(way: Way, project: str) -> str:
    """The product on whose rows what holds for the whole project stands."""
    sheet = way.ds.project_products
    return sheet.loc[sheet["project_id"].eq(project), "product_id"].min()


def _drawn(finding: Finding, table: pd.DataFrame, plot, unit: str, say, *, drawn: bool | None = None) -> View:
    """The view with its picture, where there is something to draw."""
    if not (len(table) > 0 if drawn is None else drawn):
        return View(finding, table, None)
    return View(finding, table, picture(plot(), say, title=finding.title, unit=unit, alt=finding.text))
