"""What a reader asks at the desk: imports of a choice, a method, a plan of one's own, one project."""

from dataclasses import replace

import pandas as pd

from importcut.language import Voice
from importcut.schema import QUARTERS, RULES, weakest
from importcut.telling.finding import Finding, capital, factors, grade, paragraphs
from importcut.telling.narrate.listings import Listing
from importcut.telling.narrate.priorities import measure_names

DIVIDING = RULES[:3]  # rules whose parts add up to the cut of all projects


def with_more(finding: Finding, sentences: list[str]) -> Finding:
    """The finding with some more sentences."""
    return replace(finding, text=paragraphs([finding.text, *filter(None, sentences)]))


def recent_imports(table: pd.DataFrame, choice: list[str], say: Voice) -> Finding:
    """How much was imported in the last year and in the year before; `choice` names products, plants or purposes."""
    name, totals = say.listed(choice) or say("all products"), table.groupby("period")["value_usd"].sum()
    if totals.empty:
        return Finding(say("Imports: {what}", what=name), say("Nothing was imported."), table, "measured")
    end, year = say.ds.period, {"Q": QUARTERS, "Y": 1}[say.ds.frequency]
    now, before = (totals[(totals.index > last - year) & (totals.index <= last)].sum() for last in (end, end - year))
    span = say.span(end - year + 1, end)
    text = capital(say("{span}: {amount}; in the year before {before}.", span=span, amount=now, before=before))
    title = say("Imports in the last year: {what}, {amount}", what=name, amount=now)
    return Finding(title, text, table, "measured")


def with_method(finding: Finding, realised: pd.DataFrame, method: str, say: Voice) -> Finding:
    """The finding with the method that it rests on, and with the reasons where the method cannot answer."""
    names, reasons = say.names("projects"), say.words("reasons")
    lacking = realised[realised["reason"].notna() & realised["reason"].ne("not_started")].drop_duplicates("project_id")
    sentences = [say("Method: {method}.", method=say.words("methods")[method])]
    for reason, rows in lacking.groupby("reason"):
        about = {"reason": reasons[reason], "projects": [*names[rows["project_id"]]]}
        sentences.append(say("Not told by this method, because {reason}: {projects}.", **about))
    return with_more(finding, sentences)


def with_rule(finding: Finding, rule: str, say: Voice) -> Finding:
    """The finding with the credit rule that divides it, and a warning where its parts are not those of the total."""
    warning = "" if rule in DIVIDING else say("Its parts do not add up to the cut of all projects together.")
    return with_more(finding, [say("Credit rule: {rule}.", rule=say.words("rules")[rule]), warning])


def planned_leader(ranked: pd.DataFrame, basis: str, say: Voice) -> Finding:
    """Who has the largest planned cut on that basis, and who follows."""
    about = say.words("bases")[basis]
    if ranked.empty:
        return Finding(about, say("This dataset has no plan and no target."), ranked, None)
    first = ranked.sort_values("rank").head(3)
    names, amounts = [*say.names("projects")[first["project_id"]]], [*first["headline_usd"]]
    projects = [f"{name} ({say.money(usd)})" for name, usd in zip(names, amounts, strict=True)]
    lead = say("{basis}, the largest: {projects}.", basis=about, projects=projects)
    title = say("{project} comes first: {amount}", project=names[0], amount=amounts[0])
    text = f"{lead} {say('grade', gross=grade(ranked['evidence'], say))}"
    return Finding(title, text, ranked, weakest(ranked["evidence"]), lead)


def own_assumptions(values: dict[str, float], say: Voice) -> str:
    """The scenario, unless it is the base, and the values that the reader has put in the place of its own."""
    scenario = say.ds.scenario
    parts = [] if scenario["name"] == "base" else [scenario["title"][say.language]]
    for name, word in say.words("sliders").items():
        if name in values:
            amount = say.percent(values[name], 1) if name == "price_drift" else say.number(values[name], 2)
            parts.append(f"{word}: {amount}")
    return "; ".join(parts)


def project_account(ledger: pd.DataFrame, realised: pd.DataFrame, project: str, say: Voice) -> Finding:
    """What a project has cut to date, what was planned, what the difference consists of, or why nothing is known.

    Parameters
    ----------
    ledger, realised : the project's rows of the tables `ledger` and `cuts_realised`
    """
    own, products, parts = realised[realised["identified"]], say.names("products"), say.words("parts")
    about, text = {"project": say.names("projects")[project], "realised": own["gross_usd"].sum()}, []
    for reason, rows in realised[realised["reason"].notna()].groupby("reason"):
        why, names = say.words("reasons")[reason], [*products[rows["product_id"]]]
        text.append(say("Not told for {products}, because {reason}.", products=names, reason=why))
    if len(ledger):
        planned = ledger["planned_usd"].sum()
        title = say("{project}: gross cut to date {realised}, planned {planned}", planned=planned, **about)
        differences = factors(ledger[list(parts)].sum(), parts, say)
        text += [say("The difference consists of: {factors}.", factors=differences)] if differences else []
    elif len(own):
        title = say("{project}: gross cut to date {realised}", **about)
    else:
        title = say("{project}: no cut to date is known", project=about["project"])
    text += [say("grade", gross=grade(own["gross_evidence"], say))] if len(own) else []
    return Finding(title, paragraphs(text), own, weakest(own["gross_evidence"]))


def project_facts(project: str, say: Voice) -> Listing:
    """What the registers know of a project: what, who, when, what for how much, and its measures."""
    ds, name = say.ds, say.names("projects")[project]
    row = ds.projects.set_index("project_id").loc[project]
    row = row.astype(object).where(row.notna(), None)
    cost, equipment, chance = (row[column] for column in ("cost_usd", "imported_equipment_usd", "success_probability"))
    facts = {
        say("Class"): say.words("classes")[row["class"]],
        say("Company"): row["company"],
        say("Status"): say.words("statuses").get(row["status"], row["status"]),
        say("Cost"): None if cost is None else say.money(cost),
        say("Imported equipment, one-off"): None if equipment is None else say.money(equipment),
        say("Work began"): row["start"],
        say("First output"): row["first_output"],
        say("Probability of success"): None if chance is None else say.percent(chance),
    }
    products, sheet = say.names("products"), ds.project_products[ds.project_products["project_id"].eq(project)]
    for row in sheet.itertuples():
        amount = say.number(row.capacity, 0 if row.capacity == round(row.capacity) else 1)
        unit = say("t a year") if row.unit == "t" else row.unit
        facts[say("Capacity: {product}", product=products[row.product_id])] = f"{amount} {unit}"
    measures = measure_names(say)
    for row in ds.measures[ds.measures["project_id"].eq(project)].itertuples():
        done = row.status == "done" and pd.notna(row.done)
        when = say("done, {month}", month=row.done) if done else say("due {month}", month=row.due)
        facts[say("Measure: {name}", name=measures[row.measure_id])] = when
    frame = pd.DataFrame({say("What the registers say"): list(facts), "": [*facts.values()]})
    return Listing(frame[frame[""].notna()], name)
