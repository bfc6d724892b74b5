"""What the views say: findings of the desk, and its tables as they are read."""

from dataclasses import replace

import pandas as pd

from importcut.app.desk.way import SLIDERS, Way
from importcut.dataset import name_column
from importcut.schema import NATIONAL, RULES, weakest
from importcut.telling.finding import factors, paragraphs
from importcut.telling.narrate import Finding, Listing

DIVIDING = RULES[:3]  # rules that divide the total
NAMED = ("project_id", "product_id", "plant_id", "purpose_id")  # ids of registers: projects, products …


def named(column: str, ids, say) -> list[str]:
    """Names of products, plants, purposes, projects or countries, as they are read."""
    if column == "origin":
        return [say.country(code) for code in ids]
    unnamed = {NATIONAL: say("whole country"), "unspecified": say("purpose not stated")}
    names = unnamed | say.names(f"{column.removesuffix('_id')}s").to_dict()
    return [names[each] for each in ids]


def readable(table: pd.DataFrame, say) -> pd.DataFrame:
    """The table with headings and names in the reader's language, thousand dollars and tonnes; numbers stay numbers."""
    shown, heads = {}, say.words("columns")
    for column in [name for name in heads if name in table and table[name].notna().any()]:
        values = table[column]
        if column in (*NAMED, "origin"):
            values = named(column, values, say)
        elif column == "period":
            values = [say.period(period) for period in values]
        elif column == "evidence":
            values = values.map(say, na_action="ignore").fillna("")
        elif column == "reason":
            values = say.in_words(values, "reasons").fillna("")
        elif column.endswith(("_usd", "_kg")):
            values = values / 1e3
        shown[heads[column]] = list(values)
    return pd.DataFrame(shown)


def imported(table: pd.DataFrame, what: list[str], say) -> Finding:
    """How much was imported in the last year, and in the year before; `what` names the choice."""
    name = say.listed(what) if what else say("all products")
    total = table.groupby("period")["value_usd"].sum()
    if total.empty:
        return Finding(say("Imports: {what}", what=name), say("Nothing was imported."), table, "measured")
    length = {"Q": 4, "Y": 1}[say.ds.frequency]
    ends = say.ds.period, say.ds.period - length
    now, before = (total[(total.index > end - length) & (total.index <= end)].sum() for end in ends)
    amount = say.money(now)
    text = say("{span}: {amount}; in the year before {before}.", span=say.span(ends[1] + 1, ends[0]), amount=amount,
               before=say.money(before))  # fmt: skip
    title = say("Imports in the last year: {what}, {amount}", what=name, amount=amount)
    return Finding(title, text[:1].upper() + text[1:], table, "measured", text)


def by_method(found: Finding, realised: pd.DataFrame, method: str, say) -> Finding:
    """The finding with the method that it rests on, and with the reasons where the method cannot answer."""
    untold = realised[realised["reason"].notna() & realised["reason"].ne("not_started")].drop_duplicates("project_id")
    names = say.names("projects")
    reasons = [
        say(
            "Not told by this method, because {reason}: {projects}.",
            reason=say.words("reasons")[reason],
            projects=say.listed([names[p] for p in rows["project_id"]]),
        )
        for reason, rows in untold.groupby("reason")
    ]
    return together(found, [say("Method: {method}.", method=say.words("methods")[method]), *reasons])


def planned_leader(ranked: pd.DataFrame, basis: str, say) -> Finding:
    """Who has the largest planned cut on that basis, and who follows."""
    if ranked.empty:
        return Finding(say.words("bases")[basis], say("This dataset has no plan and no target."), ranked, None)
    names, first = say.names("projects"), ranked.sort_values("rank").head(3)
    told = [f"{names[row.project_id]} ({say.money(row.headline_usd)})" for row in first.itertuples()]
    title = say("{project} comes first: {amount}", project=names[first["project_id"].iloc[0]],
                amount=say.money(first["headline_usd"].iloc[0]))  # fmt: skip
    text = say("{basis}, the largest: {projects}.", basis=say.words("bases")[basis], projects=say.listed(told))
    grade = weakest(ranked["evidence"])
    return Finding(title, f"{text} {say('Grade: {gross}.', gross=say(grade))}", ranked, grade, text)


def question(way: Way) -> str:
    """The scenario and the reader's own assumptions, in words."""
    say, own = way.say, dict(way.assumptions)
    scenario = [] if way.scenario == "base" else [way.ds.scenario["title"][say.language]]
    named = say.words("sliders")
    moved = [f"{named[name]}: {amount(name, own[name], say)}" for name in SLIDERS if name in own]
    return "; ".join([*scenario, *moved])


def amount(name: str, value: float, say) -> str:
    """The value of a slider."""
    return say.percent(value, 1) if name == "price_drift" else say.number(value, 2)


def rule_note(rule: str, say) -> str:
    """The credit rule, and a warning where its parts are not those of the total."""
    text = say("Credit rule: {rule}.", rule=say.words("rules")[rule])
    if rule in DIVIDING:
        return text
    return f"{text} {say('Its parts do not add up to the cut of all projects together.')}"


def together(finding: Finding, more: list[str]) -> Finding:
    """The finding with some more sentences."""
    return replace(finding, text=paragraphs([finding.text, *filter(None, more)]))


def of_project(book: pd.DataFrame, rows: pd.DataFrame, project: str, say) -> Finding:
    """What a project has cut to date, what was planned, what the difference consists of, or why nothing is known.

    Parameters
    ----------
    book, rows : the project's rows of the tables `ledger` and `cuts_realised`
    """
    name, own = say.names("projects")[project], rows[rows["identified"]]
    values = {"project": name, "realised": say.money(own["gross_usd"].sum())}
    products, text, parted = say.names("products"), [], say.words("parts")
    for reason, untold in rows[rows["reason"].notna()].groupby("reason"):
        listed = say.listed([products[p] for p in untold["product_id"]])
        why = say.words("reasons")[reason]
        text.append(say("Not told for {products}, because {reason}.", products=listed, reason=why))
    if len(book):
        planned = say.money(book["planned_usd"].sum())
        title = say("{project}: gross cut to date {realised}, planned {planned}", planned=planned, **values)
        told = factors(book[list(parted)].sum(), parted, say)
        text += [say("The difference consists of: {factors}.", factors=say.listed(told))] if told else []
    elif len(own):
        title = say("{project}: gross cut to date {realised}", **values)
    else:
        title = say("{project}: no cut to date is known", project=name)
    grade = weakest(own["gross_evidence"])
    text += [say("Grade: {gross}.", gross=say(grade))] if grade else []
    return Finding(title, paragraphs(text), own, grade)


def facts(project: str, ds, say) -> Listing:
    """What the registers know of a project: what, who, when, what for how much, and its measures."""
    row = ds.projects.set_index("project_id").loc[project]
    money, status = ("cost_usd", "imported_equipment_usd"), row["status"]
    cost, equipment = (say.money(row[name]) if pd.notna(row[name]) else None for name in money)
    chance = row["success_probability"]
    known = {
        say("Class"): say.words("classes")[row["class"]],
        say("Company"): row["company"],
        say("Status"): say.words("statuses").get(status, status),
        say("Cost"): cost,
        say("Imported equipment, one-off"): equipment,
        say("Work began"): row["start"],
        say("First output"): row["first_output"],
        say("Probability of success"): say.percent(chance) if pd.notna(chance) else None,
    }
    known |= dict(_capacities(ds, project, say)) | dict(_measures(ds, project, say))
    frame = pd.DataFrame({say("What the registers say"): list(known), "": [*known.values()]})
    return Listing(frame[frame[""].notna()], say.names("projects")[project])


def _capacities(ds, project: str, say):
    names, rows = say.names("products"), ds.project_products[ds.project_products["project_id"].eq(project)]
    for row in rows.itertuples():
        amount = say.number(row.capacity, 0 if row.capacity == round(row.capacity) else 1)
        unit = say("t a year") if row.unit == "t" else row.unit
        yield say("Capacity: {product}", product=names[row.product_id]), f"{amount} {unit}"


def _measures(ds, project: str, say):
    for row in ds.measures[ds.measures["project_id"].eq(project)].itertuples():
        done = say("done, {month}", month=row.done) if row.status == "done" and pd.notna(row.done) else None
        name = getattr(row, name_column(say.language))
        yield say("Measure: {name}", name=name), done or say("due {month}", month=row.due)
