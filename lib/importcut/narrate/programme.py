"""The measures around the projects: what is done, late and due, and what hangs on what is late."""

import pandas as pd

from importcut.narrate.finding import Finding, paragraphs
from importcut.narrate.tables import Listing

STATES = {"late": "overdue", "due_now": "due now", "due_later": "due later", "done": "done"}
KINDS = {
    "science_technology": "science and technology",
    "cooperation": "cooperation",
    "incentive": "incentive",
    "private_sector": "private sector",
}
DATES = {
    "done": "Done in {period}: {measures}.",
    "due_now": "Due by the end of {period}: {measures}.",
    "due_later": "Next due, in {period}: {measures}.",
}


def measures(status: pd.DataFrame, say) -> Finding:
    """What is done, late and due, and which projects' planned cuts hang on what is late."""
    if status.empty:
        title = say("Measures around the projects")
        return Finding(title, say("No measures are registered for this dataset."), status, None)
    # a measure stands where its most urgent row stands
    rows = status.sort_values("state", key=lambda s: s.map(list(STATES).index), kind="stable")
    state = rows.drop_duplicates("measure_id").set_index("measure_id")["state"]
    number = {name: say.number(state.eq(name).sum()) for name in STATES}
    late = status[status["state"].eq("late")]
    hanging = late.drop_duplicates("project_id").dropna(subset="planned_net_usd")
    text = [
        say.count(
            "{n} measure is registered: done {done}, overdue {late}, due now {due_now}, due later {due_later}.",
            "{n} measures are registered: done {done}, overdue {late}, due now {due_now}, due later {due_later}.",
            len(state),
            **number,
        ),
        *_late_text(late, say),
        *_hanging_text(hanging, say),
        *_dates_text(status, say),
    ]
    n, amount = int(state.eq("late").sum()), say.money(hanging["planned_net_usd"].sum())
    title = say.count("{n} measure is overdue", "{n} measures are overdue", n) if n else say("No measure is overdue")
    if hanging.empty:
        return Finding(title, paragraphs(text), status, None)
    title = say.count(
        "{n} measure is overdue; planned net cuts of {amount} hang on it",
        "{n} measures are overdue; planned net cuts of {amount} hang on them",
        n,
        amount=amount,
    )
    return Finding(title, paragraphs([*text, say("Grade: {gross}.", gross=say("planned"))]), status, "planned")


def measures_table(status: pd.DataFrame, say) -> Listing:
    """Every measure with its date, state and project, what is late first."""
    rows = status.assign(order=status["state"].map(list(STATES).index)).sort_values(["order", "due"], kind="stable")
    frame = pd.DataFrame(
        {
            say("Measure"): rows["measure_id"].map(_measure_names(say)),
            say("Kind"): rows["kind"].map(KINDS).map(say),
            say("Owner"): rows["owner"],
            say("Due"): rows["due"],
            say("Done"): rows["done"],
            say("State"): rows["state"].map(STATES).map(say),
            say("Months late"): rows["months_late"].where(rows["months_late"] > 0).map(say.number, na_action="ignore"),
            say("Project"): rows["project_id"].map(say.names("projects")),
            say("Planned net cut of the project, thousand US dollars"): (rows["planned_net_usd"] / 1e3).map(
                lambda value: say.number(value, 1), na_action="ignore"
            ),
        }
    )
    return Listing(frame, say("Measures around the projects; owners as the register has them"))


def _measure_names(say) -> pd.Series:
    names = say.names("measures")  # a measure has a row for each of its projects
    return names[~names.index.duplicated()]


def _late_text(late: pd.DataFrame, say) -> list[str]:
    """Each late measure, the longest overdue first, with the projects that need it."""
    names, projects, text = _measure_names(say), say.names("projects"), []
    ordered = late.sort_values("months_late", ascending=False, kind="stable")
    for measure, rows in ordered.groupby("measure_id", sort=False):
        facts = [say.count("{n} month overdue", "{n} months overdue", int(rows["months_late"].max()))]
        if needed := [projects[p] for p in rows["project_id"].dropna()]:
            facts.append(say("needed for {projects}", projects=say.listed(needed)))
        text.append(say("{product}: {facts}.", product=names[measure], facts=", ".join(facts)))
    return text


def _hanging_text(hanging: pd.DataFrame, say) -> list[str]:
    if hanging.empty:
        return []
    ordered, projects = hanging.sort_values("planned_net_usd", ascending=False), say.names("projects")
    cuts = [f"{projects[row.project_id]} ({say.money(row.planned_net_usd)})" for row in ordered.itertuples()]
    return [
        say(
            "By the plan, the projects that need the overdue measures cut {amount} net by the end of {year}: "
            "{projects}. The sum counts from the start of the programme; how much of it a delay costs is not known.",
            amount=say.money(ordered["planned_net_usd"].sum()),
            year=str(say.ds.target["year"]),
            projects=say.listed(cuts),
        )
    ]


def _dates_text(status: pd.DataFrame, say) -> list[str]:
    """What was done in the period, what is due with its end, and what is due next."""
    names, now, state = _measure_names(say), say.ds.period, status["state"]
    due, done = (
        status[column].map(lambda month: pd.Period(month, "M").asfreq(now.freq), na_action="ignore")
        for column in ("due", "done")
    )
    following = due[state.eq("due_later")].min()
    chosen = {
        "done": (now, state.eq("done") & done.eq(now)),
        "due_now": (now, state.eq("due_now")),
        "due_later": (following, state.eq("due_later") & due.eq(following)),
    }
    text = []
    for name, (period, which) in chosen.items():
        listed = "; ".join(names[m] for m in status.loc[which, "measure_id"].unique())
        if listed:
            text.append(say(DATES[name], period=say.period(period), measures=listed))
    return text
