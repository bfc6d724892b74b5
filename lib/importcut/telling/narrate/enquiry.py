"""What a reader asks at the desk: imports of a choice, a method, a plan of one's own, one project."""

import pandas as pd

from importcut.language import Voice
from importcut.schema import RULES, YEAR, weakest
from importcut.telling.finding import Finding, by_reason, factors, nothing, section, sentences, with_more
from importcut.telling.narrate.listings import Listing

DIVIDING = RULES[:3]  # rules whose parts add up to the cut of all projects


def recent_imports(table: pd.DataFrame, choice: list[str], say: Voice) -> Finding:
    """How much was imported in the last year and in the year before; `choice` names products, plants or purposes."""
    facts, totals = {"what": choice or say("all products")}, table.groupby("period")["value_usd"].sum()
    if totals.empty:
        return section(say, "desk.imports", facts, [(True, "desk.no_imports")], table, "measured")
    end, year = say.ds.period, YEAR[say.ds.frequency]
    now, before = (totals[(totals.index > last - year) & (totals.index <= last)].sum() for last in (end, end - year))
    facts |= {"span": say.span(end - year + 1, end), "amount": now, "before": before}
    return section(say, "desk.last_year", facts, [(True, "desk.two_years")], table, "measured")


def with_method(finding: Finding, realised: pd.DataFrame, method: str, say: Voice) -> Finding:
    """The finding with the method that it rests on, and with the reasons where the method cannot answer."""
    lacking = realised[realised["reason"].notna() & realised["reason"].ne("not_started")].drop_duplicates("project_id")
    rows = [(True, "desk.method"), (by_reason(lacking), "desk.not_by_method")]
    return with_more(finding, sentences(say, {"method": method}, rows))


def with_rule(finding: Finding, rule: str, say: Voice) -> Finding:
    """The finding with the credit rule that divides it, and a warning where its parts are not those of the total."""
    rows = [(True, "desk.rule"), (rule not in DIVIDING, "desk.not_dividing")]
    return with_more(finding, sentences(say, {"rule": rule}, rows))


def planned_leader(ranked: pd.DataFrame, basis: str, say: Voice) -> Finding:
    """Who has the largest planned cut on that basis, and who follows."""
    if ranked.empty:
        return nothing(say, say.words("bases")[basis], "no_plan", ranked)
    first = ranked.sort_values("rank").head(3)
    first = first.assign(amount=first["headline_usd"])
    leader, weak = first.iloc[0], weakest(ranked["evidence"])
    facts = {"project_id": leader["project_id"], "amount": leader["amount"], "basis": basis, "gross": weak}
    facts |= {"projects": say.each("with_amount", first)}
    return section(say, "desk.comes_first", facts, [(True, "desk.largest"), (True, "grade")], ranked, weak, lead=1)


def own_assumptions(values: dict[str, float], say: Voice) -> str:
    """The scenario, unless it is the base, and the values that the reader has put in the place of its own."""
    parts = [say.scenario]
    for name, word in say.words("sliders").items():
        if name in values:
            amount = say.percent(values[name], 1) if name == "price_drift" else say.number(values[name], 2)
            parts.append(f"{word}: {amount}")
    return "; ".join(filter(None, parts))


def project_account(ledger: pd.DataFrame, realised: pd.DataFrame, project: str, say: Voice) -> Finding:
    """What a project (its rows of both tables) has cut and was to cut, why they differ, or why nothing is known."""
    own, parts = realised[realised["identified"]], say.words("parts")
    differences, weak = factors(ledger[list(parts)].sum(), parts, say), weakest(own["gross_evidence"])
    facts = {"project_id": project, "realised": own["gross_usd"].sum(), "planned": ledger["planned_usd"].sum()}
    title = "desk.planned_and_cut" if len(ledger) else "desk.cut" if len(own) else "desk.no_cut"
    rows = [
        (by_reason(realised, "product_id"), "desk.not_known"),
        (differences, "desk.difference", {"factors": differences}),
        (len(own), "grade", {"gross": weak}),
    ]
    return section(say, title, facts, rows, own, weak)


def project_facts(project: str, say: Voice) -> Listing:
    """What the registers know of a project: what, who, when, what for how much, and its measures."""
    ds, name = say.ds, say.names("projects")[project]
    row = ds.projects.set_index("project_id").loc[project]
    row = row.astype(object).where(row.notna(), None)
    facts = {
        say("Class"): say.words("classes")[row["class"]],
        say("Company"): row["company"],
        say("Status"): say.words("statuses").get(row["status"], row["status"]),
        say("Cost"): say.written(row["cost_usd"]),
        say("Imported equipment, one-off"): say.written(row["imported_equipment_usd"]),
        say("Work began"): row["start"],
        say("First output"): row["first_output"],
        say("Probability of success"): say.written(row["success_probability"], form=".0%"),
    }
    products, sheet = say.names("products"), ds.project_products[ds.project_products["project_id"].eq(project)]
    for row in sheet.itertuples():
        amount = say.number(row.capacity, 0 if row.capacity == round(row.capacity) else 1)
        unit = say("t a year") if row.unit == "t" else row.unit
        facts[say("Capacity: {product}", product=products[row.product_id])] = f"{amount} {unit}"
    measures = say.names("measures")
    for row in ds.measures[ds.measures["project_id"].eq(project)].itertuples():
        done = row.status == "done" and pd.notna(row.done)
        when = say("done, {month}", month=row.done) if done else say("due {month}", month=row.due)
        facts[say("Measure: {name}", name=measures[row.measure_id])] = when
    known = {what: fact for what, fact in facts.items() if fact}
    return Listing(pd.DataFrame({say("What the registers say"): list(known), "": [*known.values()]}), name)
