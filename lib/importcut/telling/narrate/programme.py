"""The measures around the projects: what is done, late and due, and what hangs on what is late."""

import pandas as pd

from importcut.telling.finding import Finding, paragraphs
from importcut.telling.narrate.tables import Listing, listing


def measures(status: pd.DataFrame, say) -> Finding:
    """What is done, late and due, and which projects' planned cuts hang on what is late."""
    if status.empty:
        return Finding(say("measures.title_none"), say("measures.none"), status, None)
    # a measure stands where its most urgent row stands
    state = _urgent_first(status, say).drop_duplicates("measure_id")["state"]
    number = {name: say.number(state.eq(name).sum()) for name in say.words("states")}
    late = status[status["state"].eq("late")]
    hanging = late.drop_duplicates("project_id").dropna(subset="planned_net_usd")
    text = [
        say("measures.registered", n=len(state), **number),
        *_late_text(late, say),
        *_hanging_text(hanging, say),
        *_dates_text(status, say),
    ]
    n = int(state.eq("late").sum())
    if hanging.empty:
        title = say("measures.overdue", n=n) if n else say("measures.overdue_none")
        return Finding(title, paragraphs(text), status, None)
    title = say("measures.overdue_cuts", n=n, amount=hanging["planned_net_usd"].sum())
    return Finding(title, paragraphs([*text, say("grade_planned")]), status, "planned")


def measures_table(status: pd.DataFrame, say) -> Listing:
    """Every measure with its date, state and project, what is late first."""
    rows = _urgent_first(status, say)
    rows = rows.assign(
        measure_id=rows["measure_id"].map(measure_names(say)),
        kind=say.in_words(rows["kind"], "measures"),
        state=say.in_words(rows["state"], "states"),
        late=rows["months_late"].where(rows["months_late"] > 0),
    )
    return listing("measures", rows, say)


def measure_names(say) -> pd.Series:
    """Names of the measures by id; a measure has a row for each of its projects."""
    names = say.names("measures")
    return names[~names.index.duplicated()]


def _urgent_first(status: pd.DataFrame, say) -> pd.DataFrame:
    order = status["state"].map(list(say.words("states")).index)
    return status.assign(order=order).sort_values(["order", "due"], kind="stable")


def _late_text(late: pd.DataFrame, say) -> list[str]:
    """Each late measure, the longest overdue first, with the projects that need it."""
    names, projects, text = measure_names(say), say.names("projects"), []
    ordered = late.sort_values("months_late", ascending=False, kind="stable")
    for measure, rows in ordered.groupby("measure_id", sort=False):
        facts = [say("measures.months", n=int(rows["months_late"].max()))]
        if needed := [projects[p] for p in rows["project_id"].dropna()]:
            facts.append(say("measures.needed", projects=needed))
        text.append(say("facts", product=names[measure], facts=", ".join(facts)))
    return text


def _hanging_text(hanging: pd.DataFrame, say) -> list[str]:
    if hanging.empty:
        return []
    ordered, projects = hanging.sort_values("planned_net_usd", ascending=False), say.names("projects")
    cuts = [f"{projects[row.project_id]} ({say.money(row.planned_net_usd)})" for row in ordered.itertuples()]
    amount, year = ordered["planned_net_usd"].sum(), str(say.ds.target["year"])
    return [say("measures.hanging", amount=amount, year=year, projects=cuts)]


def _dates_text(status: pd.DataFrame, say) -> list[str]:
    """What was done in the period, what is due with its end, and what is due next."""
    names, now, state = measure_names(say), say.ds.period, status["state"]
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
        if listed := "; ".join(names[m] for m in status.loc[which, "measure_id"].unique()):
            text.append(say(f"measures.{name}", period=period, measures=listed))
    return text
