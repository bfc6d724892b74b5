"""Whether the projects keep to their plan, and what a difference consists of."""

import pandas as pd

from importcut.telling.finding import Finding, capital, paragraphs
from importcut.telling.narrate.causes import PRECISION, factors, signed
from importcut.telling.narrate.tables import Listing, listing

CLOSE = 0.05  # share of the planned cut; a project that is no farther off keeps to its plan


def kept_to_plan(ledger: pd.DataFrame, say) -> Finding:
    """Planned and realised gross cut to date, what the difference consists of, who is behind, and who is late."""
    if ledger.empty:
        return Finding(say("kept.title_none"), say("kept.none" if say.ds.target else "no_plan"), ledger, None)
    parts, total = say.words("parts"), ledger.sum(numeric_only=True)
    values = {"planned": total["planned_usd"], "realised": total["realised_usd"]}
    span = say.span(ledger["period"].min(), ledger["period"].max())
    text = [say("kept.lead", **values, span=span, difference=signed(total["difference_usd"], say))]
    ordered = total[list(parts)].sort_values(key=abs, ascending=False)
    told = factors(ordered, parts, say)
    text += [say("kept.parts", factors=told)] if told else []
    off = ledger.groupby("project_id")[["planned_usd", "difference_usd", *parts]].sum()
    off = off[off["difference_usd"].abs().ge(PRECISION) & off["difference_usd"].abs().ge(CLOSE * off["planned_usd"])]
    off = off.sort_values("difference_usd")
    behind, ahead = off[off["difference_usd"] < 0], off[off["difference_usd"] > 0][::-1]
    for which, rows in (("kept.behind", behind.head(3)), ("kept.ahead", ahead.head(3))):
        text += [say(which, projects=_projects(rows, say))] if len(rows) else []
    text += _late_text(ledger, say)
    text += [say("kept.output")] if abs(total["output_usd"]) < PRECISION else []
    title = say("kept.title", **values)  # where nothing was planned there is no share of it
    return Finding(title, paragraphs([*text, say("grade_planned")]), ledger, "planned", text[0])


def plan_pairs(ledger: pd.DataFrame, say) -> pd.DataFrame:
    """Planned and realised gross cut to date of each project, the largest plan first, named as they are read; USD."""
    sums = ledger.groupby("project_id")[["planned_usd", "realised_usd"]].sum().sort_values("planned_usd")[::-1]
    return sums.rename(index=say.names("projects")).set_axis([say("planned"), say("realised")], axis=1)


def ledger_table(ledger: pd.DataFrame, say) -> Listing:
    """Planned and realised gross cut of each project to date, and the parts of the difference."""
    parts = {capital(word): column for column, word in say.words("parts").items()}
    amounts = ["planned_usd", "realised_usd", "difference_usd", *parts.values()]
    sums = ledger.groupby("project_id")[amounts].sum().sort_values("difference_usd").reset_index()
    return listing("ledger", sums, say, further=parts)


def _projects(off: pd.DataFrame, say) -> list[str]:
    """Projects with the difference from their plan and the largest part of it."""
    names, parts = say.names("projects"), say.words("parts")
    reasons = off[list(parts)].abs().idxmax(axis=1).map(parts)
    return [f"{names[p]} ({signed(off.loc[p, 'difference_usd'], say)}, {reason})" for p, reason in reasons.items()]


def _late_text(ledger: pd.DataFrame, say) -> list[str]:
    """Who should deliver and does not yet, and who began later than planned, with what is missing so far."""
    late = ledger.groupby("project_id")["late_usd"].sum().sort_values()
    late = late[late <= -PRECISION]
    realised, names = ledger.groupby("project_id")["realised_usd"].sum()[late.index], say.names("projects")
    text = []
    for state, which in (("kept.waiting", realised.eq(0)), ("kept.began", realised.ne(0))):
        if named := [f"{names[p]} ({signed(usd, say)})" for p, usd in late[which].items()]:
            text.append(say(state, projects=named))
    return text
