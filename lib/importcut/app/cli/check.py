"""`importcut check`."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from importcut.app.cli.frame import DEBUG, app, shown, told

MOST, MOST_NAMES = 40, 8  # findings, and columns that are not read, shown unless all are asked for


@app.command(epilog="Example: importcut check data/raw/mine")
def check(
    dataset: Annotated[str, typer.Argument(help="A dataset in data/raw, or a folder with a dataset.toml.")] = "sample",
    named: Annotated[str, typer.Option("--dataset", help="The same, as other commands have it.")] = "",
    all_: Annotated[bool, typer.Option("--all", help=f"Show every finding, not the first {MOST}.")] = False,
    faults: Annotated[Path | None, typer.Option(help="CSV file for the faulty lines, to be corrected there.")] = None,
    repair: Annotated[Path | None, typer.Option(help="That file, filled in: corrected lines are read back.")] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """List everything that is wrong with a dataset at once, by the import value at stake (USD), with its remedy.

    Exit code 0: a report can be made; 1: something stops it (marked !) and must be mended.
    """
    from importcut.app.check import checked, faults_to_correct, repaired

    dataset = named or dataset
    with told(debug):
        if repair is not None:
            print(f"Lines repaired: {repaired(dataset, repair)} in all, kept in repairs.csv of the dataset")
        found = checked(dataset)
        if faults is not None and found.cleaned is not None:
            print(f"Lines to correct: {faults_to_correct(found, faults)} in {shown(faults)}")
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


def received(found, everything: bool) -> list[str]:
    """What was taken for what: format, encoding and separator of the files, those alike together."""
    told = Counter((f.format, f.encoding, {"\t": "tab", "": "–"}.get(f.separator, f.separator)) for f in found.files)
    lines = Counter()
    for f in found.files:
        lines[f.format, f.encoding] += f.lines - f.carried_on
    rows = [
        f"{lines[format, encoding]:>16,}   {format}, {encoding}, separator {separator}: {files} files"
        for (format, encoding, separator), files in told.items()
    ]
    passed_over = [*dict.fromkeys(name for f in found.files for name in f.unread)]
    more = f" … and {len(passed_over) - MOST_NAMES} more" * (len(passed_over) > MOST_NAMES and not everything)
    named = ", ".join(passed_over if everything else passed_over[:MOST_NAMES])
    rows += [f"{'':>16}   columns not read: {named}{more}"] if passed_over else []
    return [f"{'lines':>16}   read as", *rows] if rows else []


def accounted(found, _) -> list[str]:
    """How many lines were accepted and set aside, and what each rule did to how many, with their value."""
    if found.cleaned is None:
        return []
    cells, rules = found.cleaned.cells, found.cleaned.rules
    told = [("accepted", cells)]
    for decides in (*(d for d in rules["decides"].unique() if d != "line"), "line"):
        rows = rules[rules["decides"].eq(decides)].sort_values(["kind", "value_usd"], ascending=[True, False])
        told += [
            (f"{kind if decides == 'line' else f'of these, {decides}'}: {rule}".replace("_", " "), group)
            for (kind, rule), group in rows.groupby(["kind", "rule"], sort=False)
        ]
    lines = [f"{_usd(t['value_usd'].sum()):>16}   {t['lines'].sum():>12,}   {what}" for what, t in told]
    return [f"{'USD':>16}   {'lines':>12}   accepted, and what was set aside by which rule", *lines]


SECTIONS = [to_mend, received, accounted]  # what was checked, and whether to show everything → lines


def verdict(found) -> str:
    """The last line: whether a report can be made."""
    stops, rest = (sum(f.stops is kind for f in found.findings) for kind in (True, False))
    name = found.examined.ds.name
    if stops:
        return f"{name}: {stops} to mend before a report can be made, {rest} besides"
    return f"{name}: a report can be made{f', {rest} to mend when there is time' if rest else ''}"


def _usd(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
