"""Declarations → imports and quarantine: one expression over Parquet, from lines to cells."""

import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ibis.backends.duckdb  # or ibis imports it when first asked for, in every kernel again
import pandas as pd
from ibis import _

from importcut.dataset import Dataset, fingerprint_of, memory_of, remember, table_digests
from importcut.intake import rules
from importcut.intake.corrections import corrected
from importcut.intake.engine import FILE_ROW, engine_of, read_parquet, small_table, write_parquet
from importcut.intake.rules import CLEANING, NOTHING
from importcut.schema import LIBRARY, PLACE, DataError, load, save, tables

LINES = [c.name for c in tables()["lines"].columns]
QUARANTINE = [c.name for c in tables()["quarantine"].columns]
CELL_KEY = list(tables()["cells"].key)
UNTOUCHED = {  # what is told of lines of which a rule's column says nothing
    "plant_rule": "tax_number",
    "code_rule": "declared",
    "weight_rule": "declared",
    "value_rule": "declared",
    "origin_rule": "country",
}
EXACT = "decimal(18, 6)"  # sums of these do not depend on the order of the lines
NOTE = "cleaned.json"  # digests of what was cleaned there, and of the tables that it became
ADDED_UP = 1e11  # USD: what is set aside as absurd is not added up


@dataclass(frozen=True)
class Cleaned:
    """What cleaning made: Parquet (tables `lines`, of which `imports` are a part, and `quarantine`) and frames.

    later : lines of the files that are of a period after the dataset's, and are not looked at
    """

    lines: Path
    quarantine: Path
    cells: pd.DataFrame
    rules: pd.DataFrame
    later: int


def clean_imports(files: list, ds: Dataset, *, engine: str | None = None) -> Cleaned:
    """Accepted lines, lines set aside with their reason, the cells they add up to, and what each rule did.

    Lines of a period after `ds.period` are left out before anything is judged, and lines whose date cannot be read
    with them if most lines of their file are later.

    Parameters
    ----------
    files : raw files as typed Parquet, from `read_declarations`
    engine : duckdb or spark; by default that of IMPORTCUT_ENGINE, or duckdb

    Raises
    ------
    DataError
        If lines in are not accepted + quarantined + later, in number, for every file; or an engine is not there.
    """
    digest = _digest(files, ds)
    if (known := _known(digest, ds)) is not None:
        return known
    total = sum(file.lines for file in files)
    ds.cleaned.mkdir(parents=True, exist_ok=True)
    (ds.cleaned / NOTE).unlink(missing_ok=True)  # of what lies there until all is written anew
    with (
        tempfile.TemporaryDirectory(dir=ds.cleaned, prefix=f".cleaning-{os.getpid()}-") as scratch,
        engine_of(engine, Path(scratch), lines=total) as connection,
    ):
        checkpoint = partial(_checkpoint, connection, Path(scratch))
        lasting = partial(_checkpoint, connection, ds.cleaned)
        lines = read_parquet(connection, [f.declarations for f in files], numbered=True)
        lines = corrected(lines.filter(_.fault.fill_null("") != "gap").mutate(line=_.first_line + _[FILE_ROW]), ds)
        lines, undated, later = _up_to(lines, files, ds)
        sound, declared = rules.keyed(lines), rules.spellings(lines)
        twice = checkpoint("repeats", rules.repeats(sound, checkpoint("keys", rules.repeated_keys(sound))))
        codes, origins = rules.known_codes(declared, ds), rules.known_origins(declared)
        totals = rules.totals_beside_parts(lines, codes, origins)
        silent = [file.source_file for file in files if "regime" not in file.columns]
        known = {"twice": twice, "codes": codes, "origins": origins, "totals": totals, "silent": silent}
        judge = partial(rules.with_rule, **known, latest=declared["date"].max(), ds=ds)
        some = rules.thinned(lines, codes)
        if some is lines:  # few: they are judged once for both ends
            judged = of_some = checkpoint("judged", judge(lines))
        else:
            judged, of_some = judge(lines), judge(checkpoint("some", some))
        priced = checkpoint("priced", rules.priced(of_some))
        medians = checkpoint("medians", rules.unit_value_medians(priced))
        sizes, systematic = rules.usual_sizes(priced), rules.systematic(priced, medians)
        witnesses = {"sizes": checkpoint("sizes", sizes), "systematic": checkpoint("systematic", systematic)}
        decided = rules.repaired(judged, medians, **witnesses)
        decided = decided.mutate(period=_period(ds.frequency), month=_.date.month().cast("int64"), **_why())
        decided = lasting("lines", decided.select(*LINES))
        quarantine = lasting("quarantine", _set_aside(decided.filter(_.rule.notnull()), undated))
        imports = decided.filter(_.rule.isnull())
        _reconcile(files, imports, quarantine, later)
        cells, by_rule = save(_cells(imports), "cells", ds), save(_rules(imports, quarantine), "rules", ds)
    remember(ds.cleaned / NOTE, {"of": digest, "later": sum(later.values()), "files": table_digests(ds)})
    paths = [ds.cleaned / f"{name}.parquet" for name in ("lines", "quarantine")]
    return Cleaned(*paths, cells, by_rule, sum(later.values()))


def _digest(files: list, ds: Dataset) -> str:
    """A digest of all that decides what cleaning makes: the lines, the rules, and what the dataset says of them."""
    code = [*sorted(Path(__file__).parent.glob("*.py")), LIBRARY / "cleaning.toml"]
    registers = ("products", "plants", "exchange_rates", "concordance", "corrections")
    return fingerprint_of(
        files=[f.declarations.name for f in files],
        code=[f.read_text(encoding="utf-8") for f in code],
        registers=[getattr(ds, name).to_csv() for name in registers],
        settings=[ds.frequency, *ds.import_regimes, *ds.limits.items()],
    )


def _known(digest: str, ds: Dataset) -> Cleaned | None:
    """What was made of the same before, if it still lies there as it was written."""
    note = memory_of(ds.cleaned / NOTE)
    if note.get("of") != digest or note["files"] != table_digests(ds):
        return None
    lines, quarantine = (ds.cleaned / f"{name}.parquet" for name in ("lines", "quarantine"))
    return Cleaned(lines, quarantine, load("cells", ds), load("rules", ds), note["later"])


def _up_to(lines: ibis.Table, files: list, ds: Dataset) -> tuple[ibis.Table, list, dict[str, int]]:
    """The lines up to the dataset's period, the files whose lines without a date count, the later lines by file."""
    if ds.period is None:
        return lines, files, {}
    after = lines.date > ds.period.end_time.date()
    counts = lines.group_by("source_file").agg(later=after.sum(), dated=_.date.count(), n=_.count()).to_pandas()
    counts = counts.set_index("source_file").reindex([file.source_file for file in files]).fillna(0)
    mostly = counts["later"] > counts["dated"] / 2
    later = counts["later"].mask(mostly, counts["later"] + counts["n"] - counts["dated"]).astype(int).to_dict()
    for file in files:
        if mostly[file.source_file]:
            later[file.source_file] += len(pd.read_parquet(file.malformed))
    late = after.fill_null(lines.source_file.isin([*counts.index[mostly]]))
    return lines.filter(~late), [file for file in files if not mostly[file.source_file]], later


def faulty_lines(quarantine: Path) -> pd.DataFrame:
    """The faults of a quarantine, by file and line, with its columns: the lines to send back to their sender."""
    faults = pd.read_parquet(quarantine, filters=[("kind", "==", "fault")])
    return faults.sort_values(PLACE, ignore_index=True)


def _checkpoint(connection: ibis.BaseBackend, folder: Path, name: str, table: ibis.Table) -> ibis.Table:
    """A table worked out once: written and read again, the same on every engine."""
    return read_parquet(connection, [write_parquet(table, folder / f"{name}.parquet")])


def _period(frequency: str) -> ibis.Value:
    year, quarter = _.date.strftime("%Y"), _.date.quarter()
    return year if frequency == "Y" else year + quarter.cases(*[(n, f"Q{n}") for n in (1, 2, 3, 4)])


def _why() -> dict[str, ibis.Value]:
    """Of what kind the rule is that sets a line aside, the column it looked at, and what stands there."""
    looked_at = {}
    for rule, about in CLEANING["rules"].items():
        looked_at.setdefault(about.get("column"), []).append(rule)
    values = [(_.rule.isin(looking), _[name].cast("string")) for name, looking in looked_at.items() if name]
    return {
        "kind": ibis.ifelse(_.rule.isnull(), NOTHING, _of_rule("kind", _.fault_kind)),
        "column": ibis.ifelse(_.rule.isnull(), NOTHING, _.fault_column.fill_null(_of_rule("column"))),
        "value": ibis.cases((_.rule.isnull(), NOTHING), (_.fault.notnull(), _.fault_value), *values, else_=NOTHING),
    }


def _of_rule(key: str, otherwise=NOTHING) -> ibis.Value:
    return _.rule.cases(*[(r, about[key]) for r, about in CLEANING["rules"].items() if key in about], else_=otherwise)


def _set_aside(decided: ibis.Table, files: list) -> ibis.Table:
    """The lines set aside, as `quarantine`: those judged, and those that are no records."""
    aside = decided.mutate(
        reason=_of_rule("reason", _.rule),
        remedy=_of_rule("remedy", CLEANING["rules"]["other_rows"]["remedy"]),
        net_kg=_.declared_kg,
        raw=NOTHING,
    ).select(*QUARANTINE)
    malformed = [pd.read_parquet(f.malformed).assign(source_file=f.source_file) for f in files]
    malformed = pd.concat(malformed) if malformed else pd.DataFrame()
    if malformed.empty:
        return aside
    remedy = malformed["reason"].map({rule: about["remedy"] for rule, about in CLEANING["rules"].items()})
    broken = malformed.assign(kind="fault", remedy=remedy).reindex(columns=QUARANTINE)
    return aside.union(small_table(broken, aside.schema()))


def _cells(imports: ibis.Table) -> pd.DataFrame:
    """The accepted lines added up: exact sums, whatever the order."""
    added = imports.group_by(CELL_KEY).agg(
        lines=_.count(),
        value_usd=_.value_usd.cast(EXACT).sum().cast("float64"),
        net_kg=_.net_kg.cast(EXACT).sum().cast("float64"),
    )
    return added.to_pandas().fillna(UNTOUCHED).sort_values(CELL_KEY, ignore_index=True)


def _rules(imports: ibis.Table, quarantine: ibis.Table) -> pd.DataFrame:
    """What each rule did: lines and value, by what was decided."""
    usd = _.value_usd.abs().cast(EXACT).sum()  # what a rule touches: a negative value takes nothing off another one
    done = imports.group_by([*UNTOUCHED]).agg(lines=_.count(), value_usd=usd).to_pandas().fillna(UNTOUCHED)
    done = done.melt(["lines", "value_usd"], var_name="decides", value_name="rule")
    accepted = done.groupby(["decides", "rule"], as_index=False)[["lines", "value_usd"]].sum()
    accepted = accepted.assign(decides=accepted["decides"].str.removesuffix("_rule"), kind="accepted")
    readable = quarantine.mutate(value_usd=ibis.ifelse(_.value_usd.abs() < ADDED_UP, _.value_usd, ibis.null("float64")))
    aside = readable.group_by(kind=_.kind, rule=_.reason).agg(lines=_.count(), value_usd=usd).to_pandas()
    table = pd.concat([accepted, aside.assign(decides="line")], ignore_index=True)
    table["value_usd"] = table["value_usd"].astype("float64").fillna(0.0)
    return table.sort_values(["decides", "kind", "rule"], ignore_index=True)


def _reconcile(files: list, imports: ibis.Table, quarantine: ibis.Table, later: dict[str, int]) -> None:
    counts = pd.concat([t.group_by("source_file").agg(n=_.count()).to_pandas() for t in (imports, quarantine)])
    decisions = counts.groupby("source_file")["n"].sum()
    for file in files:
        incoming = file.lines - file.carried_on - later.get(file.source_file, 0)
        outgoing = decisions.get(file.source_file, 0)
        if outgoing != incoming:
            remedy = "report this as a fault of importcut"
            raise DataError(f"{file.source_file}: {incoming} lines, {outgoing:g} accepted or set aside — {remedy}")
