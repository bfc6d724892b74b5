"""Whether the projects keep to their plan, and what a difference consists of."""

import pandas as pd

from importcut.narrate.causes import PRECISION, signed
from importcut.narrate.finding import Finding, paragraphs
from importcut.narrate.tables import Listing, thousands

PARTS = {
    "late_usd": "late start",
    "use_usd": "quantity delivered",
    "output_usd": "vehicle output",
    "price_usd": "import price",
}
LATE = {
    "waiting": "Planned, and nothing delivered yet: {projects}.",
    "began": "Began later than planned: {projects}.",
}
CLOSE = 0.05  # share of the planned cut; a project that is no farther off keeps to its plan


def kept_to_plan(ledger: pd.DataFrame, say) -> Finding:
    """Planned and realised gross cut to date, what the difference consists of, who is behind, and who is late."""
    if ledger.empty:
        title = say("Do the projects keep to their plan?")
        due = bool(say.ds.target)
        text = say("Nothing was due to be delivered yet." if due else "This dataset has no plan and no target.")
        return Finding(title, text, ledger, None)
    names, total = say.names("projects"), ledger.sum(numeric_only=True)
    planned, realised, difference = (total[f"{name}_usd"] for name in ("planned", "realised", "difference"))
    values = {"planned": say.money(planned), "realised": say.money(realised)}
    # where nothing was planned there is no share of it
    title = say("The projects have cut {realised} gross to date; {planned} was planned", **values)
    text = [
        say(
            "By the plan the projects should have cut {planned} gross {span}; they cut {realised}: {difference}.",
            **values,
            span=say.span(ledger["period"].min(), ledger["period"].max()),
            difference=signed(difference, say),
        )
    ]
    parts = total[list(PARTS)].sort_values(key=abs, ascending=False)
    told = [
        say("{factor} {amount}", factor=say(PARTS[part]), amount=signed(usd, say))
        for part, usd in parts.items()
        if abs(usd) >= PRECISION
    ]
    if told:
        text.append(say("The difference consists of: {factors}.", factors=say.listed(told)))
    off = ledger.groupby("project_id")[["planned_usd", "difference_usd", *PARTS]].sum()
    off = off[off["difference_usd"].abs().ge(PRECISION) & off["difference_usd"].abs().ge(CLOSE * off["planned_usd"])]
    behind, ahead = (off[off["difference_usd"] * sign > 0].sort_values("difference_usd") for sign in (-1, 1))
    if len(behind):
        text.append(say("Furthest behind their plan: {projects}.", projects=_projects(behind.head(3), names, say)))
    if len(ahead):
        text.append(say("Furthest ahead of it: {projects}.", projects=_projects(ahead[::-1].head(3), names, say)))
    text += _late_text(ledger, names, say)
    if abs(total["output_usd"]) < PRECISION:
        text.append(
            say(
                "Vehicle output counts here only where the plants' need, and not the project's capacity, sets what can "
                "be delivered."
            )
        )
    return Finding(title, paragraphs([*text, say("Grade: planned.")]), ledger, "planned", text[0])


def plan_pairs(ledger: pd.DataFrame, say) -> pd.DataFrame:
    """Planned and realised gross cut to date of each project, the largest plan first, named as they are read; USD."""
    sums = ledger.groupby("project_id")[["planned_usd", "realised_usd"]].sum().sort_values("planned_usd")[::-1]
    return sums.rename(index=say.names("projects")).set_axis([say("planned"), say("realised")], axis=1)


def ledger_table(ledger: pd.DataFrame, say) -> Listing:
    """Planned and realised gross cut of each project to date, and the parts of the difference."""
    amounts = ["planned_usd", "realised_usd", "difference_usd", *PARTS]
    sums = ledger.groupby("project_id")[amounts].sum().sort_values("difference_usd")
    heads = [say("Planned, gross"), say("Realised, gross"), say("Difference"), *map(say, PARTS.values())]
    heads = [head[:1].upper() + head[1:] for head in heads]
    cells = {head: thousands(sums[name], say) for head, name in zip(heads, amounts, strict=True)}
    frame = pd.DataFrame({say("Project"): sums.index.map(say.names("projects"))} | {h: [*c] for h, c in cells.items()})
    what = say("Planned and realised gross cuts to date")
    return Listing(frame, say("{what}, thousand US dollars", what=what))


def _projects(off: pd.DataFrame, names: pd.Series, say) -> str:
    """Projects with the difference from their plan and the largest part of it."""
    reasons = off[list(PARTS)].abs().idxmax(axis=1).map(PARTS)
    return say.listed(
        [f"{names[p]} ({signed(off.loc[p, 'difference_usd'], say)}, {say(reason)})" for p, reason in reasons.items()]
    )


def _late_text(ledger: pd.DataFrame, names: pd.Series, say) -> list[str]:
    """Who should deliver and does not yet, and who began later than planned, with what is missing so far."""
    late = ledger.groupby("project_id")["late_usd"].sum().sort_values()
    late = late[late <= -PRECISION]
    realised, text = ledger.groupby("project_id")["realised_usd"].sum()[late.index], []
    for state, which in (("waiting", realised.eq(0)), ("began", realised.ne(0))):
        if named := [f"{names[p]} ({signed(usd, say)})" for p, usd in late[which].items()]:
            text.append(say(LATE[state], projects=say.listed(named)))
    return text
