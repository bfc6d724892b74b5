"""What became of each mutation of tests/mutations.py: found, harmless, or what must not be (`make mutations`).

`python tests/outcomes.py raw rates` makes those of some kinds, `python tests/outcomes.py "two years old"` one.
"""

import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from importcut.app.check import Examination, examination
from importcut.dataset import ROOT, as_of
from importcut.economics import way
from importcut.economics.comparison import ledger
from importcut.economics.cost_benefit import appraisal
from importcut.economics.planning import addressable, credited, plan, planned_cuts
from importcut.economics.simulation import draws
from importcut.economics.standing import ranking, target_status
from importcut.intake.publication import published
from importcut.schema import YEAR, DataError, RunError
from mutations import MUTATIONS, NATURE, TODAY, Mutation

HELD = ("found", "harmless")
MATTERS = 0.01  # of a figure: what moves it further has to be named
MOST = 20  # findings of one fault: the first screen of check has as many lines
REPAIRS = 5  # lines whose weight cleaning mends anew
SHEET = re.compile(r"registers\.xlsx sheet (\w+)")  # a register by another place
PLACE = re.compile(r"^\S+ (?:line|row) \d+(?: and [\d,]+ more)?|\b\d[\d,]*(?= (?:lines?|rows?|more)\b)")
INTERNAL = re.compile(
    r"Traceback|\wError\b|(?:Binder|Catalog|Conversion|Parser|Constraint) Error|breaks \w|multiple_fields|not_nullable"
    r"|column_in_dataframe|[Pp]andera|[Dd]uck[Dd][Bb]|\bibis\b|pyarrow|dtype|\bNaT\b|\bnan\b|\bNone\b|<NA>|list index"
)


@dataclass(frozen=True)
class Outcome:
    """What became of a mutation.

    kind : one of HELD, or silent, counted (only a number in a finding moved), blames (another side), many (findings
    of one fault), late (check promises what the report refuses), internal, crash, alarm
    moved : the largest change of a figure, as a share of it; texts : what is said of it and was not before
    """

    mutation: Mutation
    kind: str
    moved: float = 0.0
    figure: str = ""
    texts: tuple[str, ...] = ()

    def __str__(self) -> str:
        moved = "" if not self.moved else f"{min(self.moved, 9.99):+.1%} {self.figure}"
        said = max(self.texts, key=lambda text: bool(names(self.mutation, text)), default="")
        return f"{self.kind:9} {self.mutation.kind:12} {self.mutation.name:54} {moved:33} {said[:150]}"


@dataclass(frozen=True)
class Sound:
    """A shipped dataset that nobody has changed: its folder, a copy to spoil, what is said of it, its figures."""

    source: Path
    folder: Path
    texts: frozenset[str]
    figures: dict[str, float]
    mended: int


def sound(name: str, room: Path) -> Sound:
    """A shipped dataset, copied into a room of its own."""
    home = ROOT / "data" / "raw" if name == "sample" else ROOT / "tests" / "cases"
    source, folder = home / name, room / name
    shutil.copytree(source, folder)
    result = examination(folder)
    return Sound(source, folder, frozenset(texts(result)), figures(result), mended(result))


def outcome(mutation: Mutation, base: Sound) -> Outcome:
    """Make a mutation, look at what is said of it and what it moves, and put the copy right again."""
    try:
        mutation.edit(base.folder)
        return _outcome(mutation, base)
    finally:
        shutil.rmtree(base.folder)
        shutil.copytree(base.source, base.folder)


def _outcome(mutation: Mutation, base: Sound) -> Outcome:
    try:
        result = examination(base.folder)
    except (DataError, RunError) as error:
        return _said(mutation, tuple(str(error).split("\n")), stops=True)
    except Exception as error:  # noqa: BLE001 - a crash is what is looked for
        return Outcome(mutation, "crash", texts=(f"check: {type(error).__name__}: {error}",))
    known = set().union(*map(signatures, base.texts))
    new = tuple(text for text in texts(result) if signatures(text).isdisjoint(known))
    counted = set(texts(result)) != base.texts
    if any(defect.stops for defect in result.defects):
        return _said(mutation, new, stops=True)
    try:
        moved, figure = _moved(figures(result), base.figures)
    except (DataError, RunError) as error:
        return Outcome(mutation, "late", texts=tuple(str(error).split("\n")))
    except Exception as error:  # noqa: BLE001
        return Outcome(mutation, "crash", texts=(f"report: {type(error).__name__}: {error}",))
    repairs = mended(result) - base.mended
    if not new and repairs > REPAIRS and "weight" not in mutation.blames and moved > MATTERS:
        return Outcome(mutation, "blames", moved, figure, (f"{repairs} weights are mended",))
    if new:
        return replace(_said(mutation, new, stops=False), moved=moved, figure=figure)
    if moved > MATTERS:
        return Outcome(mutation, "counted" if counted else "silent", moved, figure)
    return Outcome(mutation, "harmless", moved, figure)


def _said(mutation: Mutation, new: tuple[str, ...], *, stops: bool) -> Outcome:
    """What became of a mutation of which something is said."""
    if any(INTERNAL.search(text) for text in new):
        kind = "internal"
    elif not mutation.blames:
        kind = "alarm"
    elif not any(names(mutation, text) for text in new):
        kind = "blames"
    else:
        kind = "many" if len(new) > MOST else "found"
    first = sorted(new, key=lambda text: (not INTERNAL.search(text), not names(mutation, text)))
    return Outcome(mutation, kind, texts=tuple(first))


def signatures(text: str) -> set[str]:
    """A finding without what moves when nothing new is said: where it stands first and how often; a line's value."""
    if many := re.fullmatch(r"[\d,]+ × (.*?), first .*", text):
        return {many[1]}
    return {PLACE.sub("", text), re.sub(r"(?: and [\d,]+ more)?: \w+ \S+ \(", " (", text)}


def names(mutation: Mutation, text: str) -> bool:
    """Whether a finding names what is to blame: each of the words."""
    return all(re.search(word, text, re.IGNORECASE) for word in mutation.blames.split())


def texts(result: Examination) -> list[str]:
    """What check says is wrong with a dataset: the only thing that is known here of how it says so."""
    return [SHEET.sub(r"\1.csv", defect.text) for defect in result.defects]


def mended(result: Examination) -> int:
    """Lines whose weight cleaning has mended."""
    if result.cleaned is None:
        return 0
    rules = result.cleaned.rules
    return int(rules.loc[rules["decides"].eq("weight") & rules["rule"].str.contains("repair"), "lines"].sum())


def figures(result: Examination) -> dict[str, float]:
    """A year's imports, headline, plan and target of the report that would be made without a period named (USD)."""
    examined = result.examined
    ds, cells = as_of(examined.ds, result.coverage.latest), result.cleaned.cells
    walked = way(ds, cells)
    caps = addressable(ds, walked.panel, walked.cuts)
    flows, attainable = plan(ds, caps), plan(ds, addressable(ds, walked.panel, walked.cuts, as_planned=False))
    planned, credit = planned_cuts(ds, flows), credited(ds, caps)
    ranked = ranking(ds, walked.realised, credit)
    to_date = ranked.loc[ranked["basis"].eq("realised_to_date"), "headline_usd"]
    book = ledger(walked.realised, flows, attainable, ds, former=published(ds))
    worth = appraisal(ds, planned, credit)
    draws(ds, 10)  # only whether they can be drawn
    recent = walked.panel["period"].gt(ds.period - YEAR[ds.frequency])
    amounts = {
        "imports": walked.panel.loc[recent, "value_usd"].sum(),
        "headline": to_date.sum(min_count=1),
        "leader": to_date.max(),
        "plan": planned["gross_usd"].sum(),
        "plan, net": planned["net_usd"].sum(),
        "worth": worth["npv_usd"].sum(),
        "payback": worth["payback_years"].sum(),
        "domestic cost": worth["drc"].sum(),
        "revision": book["revision_usd"].abs().sum() + 1e6,  # of no importance below ten thousand dollars
    }
    for row in target_status(ds, planned, flows, caps, walked.realised).itertuples():
        for name in ("target_usd", "on_course_usd", "addressable_usd"):
            amounts[f"{name} {row.reading}"] = getattr(row, name)
    return amounts


def _moved(now: dict[str, float], before: dict[str, float]) -> tuple[float, str]:
    """The largest change of a figure, as a share, and whose: one that is lost or new has changed altogether."""
    changes = {}
    for name in now.keys() | before.keys():
        one, other = now.get(name, float("nan")), before.get(name, float("nan"))
        if pd.isna(one) and pd.isna(other):
            continue
        changes[name] = abs(one - other) / max(abs(other), 1.0) if pd.notna(one) and pd.notna(other) else float("inf")
    figure = max(sorted(changes), key=changes.get, default="")
    return changes.get(figure, 0.0), figure


def main(words: list[str]) -> None:
    """Make the mutations whose kind or name begins with a word, all without one, and print what became of them."""
    some = [m for m in MUTATIONS if not words or any(m.kind.startswith(w) or m.name.startswith(w) for w in words)]
    with tempfile.TemporaryDirectory() as room:
        os.environ["IMPORTCUT_PROCESSED"] = str(Path(room) / "processed")
        bases = {name: sound(name, Path(room)) for name in sorted({m.dataset for m in some})}
        outcomes = []
        for mutation in some:
            outcomes.append(outcome(mutation, bases[mutation.dataset]))
            print(outcomes[-1], flush=True)
    counts = pd.DataFrame(Counter((o.mutation.kind, o.kind) for o in outcomes).items(), columns=["pair", "n"])
    counts[["mutations", "outcome"]] = counts["pair"].tolist()
    print("\n" + counts.pivot_table("n", "mutations", "outcome", "sum", 0, margins=True, sort=False).to_string())
    for o in outcomes:
        held, stated = o.kind in HELD, o.mutation.key in {**TODAY, **NATURE}
        if held is stated:
            print(f"{o.mutation.key}: {o.kind}, which TODAY in tests/mutations.py does {'not' if stated else ''} say")


if __name__ == "__main__":
    main(sys.argv[1:])
