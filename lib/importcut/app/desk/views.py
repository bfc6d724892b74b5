"""The five views: each a function of the standpoint and the reader's choice that gives finding, table and picture."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pandas as pd

from importcut.app.desk.basis import Standpoint
from importcut.economics.cuts import DELIVERIES
from importcut.economics.planning import flows, horizon, plan, project_cuts
from importcut.economics.standing import ranking, target_status
from importcut.language import Voice
from importcut.schema import NATIONAL, VOLUME, one_of
from importcut.telling import narrate
from importcut.telling.chart.periods import plot_counterfactual, plot_periods, plot_plan
from importcut.telling.chart.rows import plot_ranking
from importcut.telling.chart.style import picture
from importcut.telling.drawing import Picture
from importcut.telling.finding import Finding, with_more
from importcut.telling.narrate import Listing, enquiry


@dataclass(frozen=True)
class View:
    """An answer: finding, table, its picture (None where nothing is to be drawn), and facts from the registers."""

    finding: Finding
    table: pd.DataFrame
    picture: Picture | None
    facts: Listing | None = None


def import_profile(
    here: Standpoint,
    *,
    product: str | None = None,
    plant: str | None = None,
    purpose: str | None = None,
    by: str = "product",
) -> View:
    """Imports of a product, plant or technological purpose (None: of all) by period.

    by : product, plant, purpose or origin: what the amounts are split by.
    Table: period and what it is split by; columns value_usd (USD), net_kg, unit_value (USD per kg).
    """
    say, rows = here.say, here.imports
    one_of("split", by, say.words("splits"))
    chosen = {"product_id": product, "plant_id": plant, "purpose_id": purpose}
    for column, wanted in chosen.items():
        if wanted is not None:
            kind = column.removesuffix("_id")
            one_of(kind, wanted, sorted({*here.imports[column], *say.names(f"{kind}s").index}))
            rows = rows[rows[column].eq(wanted)]
    split = by if by == "origin" else f"{by}_id"
    table = rows.groupby(["period", split], as_index=False)[VOLUME].sum()
    table["unit_value"] = table["value_usd"] / table["net_kg"].where(table["net_kg"] > 0)
    what = [names_of(column, [wanted], say)[0] for column, wanted in chosen.items() if wanted is not None]
    finding = enquiry.recent_imports(table, what, say)
    wide = table.pivot_table(index="period", columns=split, values="value_usd", aggfunc="sum", fill_value=0.0)
    wide = wide.reindex(pd.period_range(here.imports["period"].min(), here.ds.period, name="period"), fill_value=0.0)
    wide.columns = names_of(split, wide.columns, say)
    return _view(finding, table, say, plot_periods, wide, unit=say("million US dollars a period"))


def actual_and_expected(here: Standpoint, *, product: str | None = None, method: str | None = None) -> View:
    """Actual imports of a product (None: of all) and those without the projects, by a method (None: the dataset's own).

    Table: period; columns actual_usd, counterfactual_usd, gap_usd (USD), actual_kg, counterfactual_kg, gap_kg.
    """
    say, way = here.say, here.way(method)
    expected, realised = way.expected, way.realised
    if way.observed.ds.counterfactual != DELIVERIES:  # what is not told is drawn as the estimate that it is
        expected = way.estimated
        realised = realised.assign(identified=realised["gross_usd"].notna())
    if product is not None:
        one_of("product", product, here.ds.products["product_id"])
        expected, realised = (t[t["product_id"].eq(product)] for t in (expected, realised))
    amounts = ["actual_usd", "counterfactual_usd", "actual_kg", "counterfactual_kg"]
    table = expected.groupby("period", as_index=False)[amounts].sum()
    for unit in ("usd", "kg"):
        table[f"gap_{unit}"] = table[f"counterfactual_{unit}"] - table[f"actual_{unit}"]
    finding = narrate.without_projects(expected, realised, say)
    finding = enquiry.with_method(finding, way.realised, method or here.ds.counterfactual, say)
    unit = say("million US dollars a period")
    return _view(finding, table, say, plot_counterfactual, expected, unit=unit)


def projects_ranked(
    here: Standpoint, *, basis: str = "realised_to_date", method: str | None = None, rule: str = "shapley"
) -> View:
    """The projects by their net cut: to date by a method, or planned by a credit rule.

    basis : realised_to_date, target_year, or cumulative (summed up to the target year).
    Table: the rows of the table `ranking` on that basis.
    """
    say, realised = here.say, here.way(method).realised
    one_of("basis", basis, say.words("bases"))
    everyone = ranking(here.ds, realised, here.credit(rule), rule=rule)
    table = everyone[everyone["basis"].eq(basis)]
    ranked = table[table["rank"].notna() & (table["headline_usd"].ne(0) | table["gross_usd"].ne(0))]
    if basis == "realised_to_date":
        finding = narrate.headline(everyone, realised, here.way(method).tests, say)
    else:
        finding = enquiry.planned_leader(ranked, basis, say)
    unit = say("{what}, million US dollars; pale: gross; line: range", what=say.words("bases")[basis])
    return _view(finding, table, say, plot_ranking, ranked, unit=unit)


def to_target(here: Standpoint, *, rule: str = "shapley") -> View:
    """Planned cuts of the projects by year, up to the target year, divided by a credit rule.

    Table: project_id, year; columns gross_usd, net_usd (USD, credited).
    """
    say, ds, planned = here.say, here.ds, here.planned
    realised = here.way().realised
    everyone = ranking(ds, realised, here.credit(rule), rule=rule)
    target = target_status(ds, planned, plan(ds, here.caps), here.caps, realised)
    finding = narrate.road(planned, everyone, target, say, rule=rule)
    if planned.empty:
        return View(finding, pd.DataFrame(columns=["project_id", "year", "gross_usd", "net_usd"]), None)
    parts, years = flows(ds, here.caps), horizon(ds).year
    columns = {}
    for kind in ("gross", "net"):
        credited = project_cuts(ds, parts, net=kind == "net", rule=rule)
        by_period = pd.DataFrame(credited.T, columns=ds.projects["project_id"])
        columns[f"{kind}_usd"] = by_period.groupby(years).sum(min_count=1).rename_axis("year").unstack()
    table = pd.DataFrame(columns).reset_index()
    finding = enquiry.with_rule(finding, rule, say)
    if question := enquiry.own_assumptions(dict(here.assumptions), say):
        finding = with_more(finding, [narrate.difference(here.base.planned, planned, question, say).text])
    yearly = table.pivot(index="year", columns="project_id", values="gross_usd")
    yearly = yearly.loc[:, yearly.ne(0).any()].rename(columns=say.names("projects"))
    return _view(finding, table, say, plot_plan, yearly, unit=say("million US dollars, gross, summed up"))


def project_sheet(here: Standpoint, *, project: str) -> View:
    """What is known of a project: its registers, and its planned and realised cut by period.

    Table: period, product_id; columns gross_usd, net_usd (USD, realised), gross_kg, planned_usd (of all products, on
    the first of them).
    """
    say, rows = here.say, here.way().realised
    rows = rows[rows["project_id"].eq(one_of("project", project, here.ds.projects["project_id"]))]
    own, book = rows[rows["identified"]], here.ledger[here.ledger["project_id"].eq(project)]
    makes = here.ds.project_products
    first = makes.loc[makes["project_id"].eq(project), "product_id"].min()  # its rows hold what is of the whole project
    planned = book[["period", "planned_usd"]].assign(product_id=first)
    table = own[["period", "product_id", "gross_usd", "net_usd", "gross_kg"]].merge(
        planned, on=["period", "product_id"], how="outer", validate="1:1"
    )
    wide = table.pivot_table(index="period", columns="product_id", values="gross_usd", aggfunc="sum", dropna=False)
    wide = wide.fillna(0.0).rename(columns=say.names("products"))
    marks = planned.set_index("period")["planned_usd"].rename(say("planned")) if len(planned) else None
    finding, unit = enquiry.project_account(book, rows, project, say), say("million US dollars, gross")
    view = _view(finding, table, say, plot_periods, wide, unit=unit, marks=marks)
    return replace(view, facts=enquiry.project_facts(project, say))


def names_of(column: str, ids: Iterable[str], say: Voice) -> list[str]:
    """Names of products, plants, purposes, projects or countries, as they are read."""
    if column == "origin":
        return [say.country(code) for code in ids]
    unnamed = {NATIONAL: say("whole country"), "unspecified": say("purpose not stated")}
    names = unnamed | say.names(f"{column.removesuffix('_id')}s").to_dict()
    return [names[each] for each in ids]


def _view(
    finding: Finding, table: pd.DataFrame, say: Voice, plot: Callable, *plotted: pd.DataFrame, unit: str, **options
) -> View:
    """The view with its picture, where there is something to draw."""
    if table.empty or plotted[0].empty:
        return View(finding, table, None)
    ax = plot(*plotted, say, **options)
    return View(finding, table, picture(ax, say, title=finding.title, unit=unit, alt=finding.text))
