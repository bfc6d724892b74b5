"""`importcut check`."""

from typing import Annotated

import typer

from importcut.cli.frame import DEBUG, app, told

MOST = 40  # findings shown unless all are asked for


@app.command(epilog="Example: importcut check data/raw/mine")
def check(
    dataset: Annotated[str, typer.Argument(help="A dataset in data/raw, or a folder with a dataset.toml.")] = "sample",
    all_: Annotated[bool, typer.Option("--all", help=f"Show every finding, not the first {MOST}.")] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """List everything that is wrong with a dataset at once, by the import value at stake (USD), with its remedy.

    Exit code 0: a report can be made; 1: something stops it (marked !) and must be mended.
    """
    from importcut.check import checked

    with told(debug):
        found = checked(dataset)
    for section in SECTIONS:
        if lines := section(found, all_):
            print(*lines, "", sep="\n")
    print(verdict(found))
    raise typer.Exit(1 if any(finding.stops for finding in found.findings) else 0)


def to_mend(found, everything: bool) -> list[str]:
    """What is to be mended, worst first; ! marks what stops a report."""
    shown = [f for n, f in enumerate(found.findings) if everything or f.stops or n < MOST]
    more = len(found.findings) - len(shown)
    lines = [f"{_usd(f.value_usd):>16} {'!' if f.stops else ' '} {f.text}" for f in shown]
    head = [f"{'USD at stake':>16}   to mend (! = before a report can be made)"] if lines else []
    return head + lines + ([f"{'':>16}   … and {more} more; --all shows them"] if more else [])


def accounted(found, _) -> list[str]:
    """How many lines were accepted and set aside, with their value."""
    if found.cleaned is None:
        return []
    cells, rules = found.cleaned.cells, found.cleaned.rules
    aside = rules[rules["decides"].eq("line")].groupby("kind")[["lines", "value_usd"]].sum()
    counts = {"accepted": cells[["lines", "value_usd"]].sum(), **dict(aside.iterrows())}
    return [f"{'USD':>16}   lines"] + [
        f"{_usd(row['value_usd']):>16}   {row['lines']:.0f} {kind.replace('_', ' ')}" for kind, row in counts.items()
    ]


SECTIONS = [to_mend, accounted]  # functions of what was checked, and whether to show everything, that return lines


def verdict(found) -> str:
    """The last line: whether a report can be made."""
    stops, rest = (sum(f.stops is kind for f in found.findings) for kind in (True, False))
    name = found.examined.ds.name
    if stops:
        return f"{name}: {stops} to mend before a report can be made, {rest} besides"
    return f"{name}: a report can be made{f', {rest} to mend when there is time' if rest else ''}"


def _usd(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
