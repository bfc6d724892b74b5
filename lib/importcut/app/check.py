"""Everything wrong with a dataset at once, each with the import value that it touches, and the text that tells it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from importcut.app.coverage import CAUSE, Coverage, coverage_of, publications
from importcut.app.publish import alone
from importcut.dataset import Dataset, as_of, write_whole
from importcut.intake.clean import Cleaned, clean_imports, faulty_lines
from importcut.intake.corrections import amended, to_correct
from importcut.intake.declarations import RawFile, lost_codes, lost_columns, periods, read_declarations
from importcut.intake.expectations import findings, open_questions
from importcut.intake.opening import Examined, examine, open_dataset
from importcut.intake.rules import SENDER, strange_origins
from importcut.intake.values import Fault
from importcut.schema import PAIR, PLACE, USE, DataError

MOST, MOST_NAMES = 4, 8  # defects, and columns that are not read, shown unless all are asked for
MANY = 4  # defects of one kind, from which on they are counted together; all of them are shown likewise
COMMON = 0.05  # of a file's lines: more of them with one fault in one column have a common cause
MOST_ROWS = 2  # formats, and twice as many rows of what was accepted and set aside: twenty lines, all in all


@dataclass(frozen=True)
class Defect:
    """Something to mend: import value at stake (USD; None where nobody can tell), what, whether it stops a report.

    kind : what many like it are counted together as; question : whether an answer in dataset.toml may end it;
    lines : of which nobody can tell the value; parts : the many that are counted together
    """

    value_usd: float | None
    text: str
    stops: bool
    kind: str = ""
    question: bool = False
    lines: int = 0
    parts: tuple["Defect", ...] = ()


@dataclass(frozen=True)
class Examination:
    """A dataset, its raw files, what cleaning made of them (None: unreadable), faulty lines, defects, worst first.

    coverage : what a report of its latest period can be; None where lines or settings cannot be read
    """

    examined: Examined
    files: tuple[RawFile, ...]
    cleaned: Cleaned | None
    faulty: pd.DataFrame
    coverage: Coverage | None
    defects: tuple[Defect, ...]


def examination(name: str | Path, supposed: Sequence[str] = ()) -> Examination:
    """Examine a dataset by name or folder: settings, raw files, registers, scenarios.

    supposed : answers, by their keys, and files of corrections that are not given yet, and are taken for given
    Raises DataError if there is no such dataset, RunError while a report of it is being made.
    """
    examined, span = examine(name), None
    examined = replace(examined, ds=reduce(_with, supposed, examined.ds))
    try:
        files, cleaned, faulty = _cleaned(examined.ds)
    except DataError as error:
        files, cleaned, faulty = [], None, pd.DataFrame()
        defects = [Defect(None, text, True) for text in str(error).split("\n")] + _faults(examined, lambda _: None)
    else:
        defects = _faults(examined, _at_stake(examined, cleaned.cells, faulty))
        defects += _set_aside(faulty, files, examined) + _sizes(cleaned)
        if not any(str(fault).startswith("dataset.toml") for fault in examined.faults):
            span, obstacles = _coverage(examined.ds, files, cleaned)
            defects += [Defect(None, text, True) for text in obstacles] + _stray(span, cleaned)
        if span and span.latest and not examined.faults:
            defects += _questions(examined.ds, cleaned, span.latest)
            latest = as_of(examined.ds, span.latest)
            defects += [Defect(None, *note) for own in (False, True) for note in publications(latest, own=own)]
    notes = [*lost_columns(files), *lost_codes(files), *_without_regimes(examined.ds, files)]
    defects = _counted_together(defects) + [Defect(None, str(n), False) for n in (*examined.unfilled, *notes)]
    total, lines = (0.0, 1) if cleaned is None else cleaned.cells[["value_usd", "lines"]].sum()
    usual = total / max(lines, 1)  # what a line may be worth whose value nobody can read
    defects.sort(key=lambda d: (-(d.value_usd or d.lines * usual), not d.stops))  # stable: else in the data's order
    return Examination(examined, tuple(files), cleaned, faulty, span, tuple(defects))


def statement(result: Examination, everything: bool = False) -> list[str]:
    """Lines for a person: what is to be mended, what was read, what became of it, whether a report can be made."""
    sections = [to_mend(result, everything), _read_as(result, everything), _accepted(result, everything)]
    return [line for section in sections if section for line in (*section, "")] + [verdict(result)]


def to_mend(result: Examination, everything: bool = False) -> list[str]:
    """What is to be mended, worst first; ! marks what stops a report, which has the first claim to a place."""
    every = [part for d in result.defects for part in ((everything and d.parts) or (d,))]
    first = sorted(every, key=lambda d: not d.stops)[: None if everything else MOST]
    defects, more = [d for d in every if d in first], len(every) - len(first)
    lines = [f"{'USD at stake':>16}   to mend (! = before a report can be made, ? = a question)"] * bool(result.defects)
    lines += [f"{amount(d.value_usd):>16} {'!' if d.stops else '?' if d.question else ' '} {d.text}" for d in defects]
    return lines + ([f"{'':>16}   … and {more} more; --all shows them"] if more else [])


def _counted_together(defects: Sequence[Defect]) -> list[Defect]:
    """The defects, many of one kind as one: their value (of rows of a register the largest), number and the first."""
    kinds, together = {}, []
    for defect in sorted(defects, key=lambda d: -(d.value_usd or 0)):
        kinds.setdefault((defect.kind or defect.text, defect.stops), []).append(defect)
    for (kind, stops), same in kinds.items():
        values, lines = [d.value_usd or 0 for d in same], sum(d.lines for d in same)
        text, value = f"{len(same):,} × {kind}, first {same[0].text}", max(values) if stops else sum(values)
        merged = Defect(value or None, text, stops, lines=lines, parts=tuple(same))
        together += same if len(same) < MANY else [merged]
    return together


def _faults(examined: Examined, value: Callable[[Fault], float | None]) -> list[Defect]:
    """What is wrong with settings and registers; much in one column of a file is counted together."""
    return [
        Defect(value(fault), str(fault), True, f"{fault.column or 'row'} of {fault.place}" * any(fault.rows))
        for fault in examined.faults
    ]


def verdict(result: Examination) -> str:
    """The last line: whether a report can be made, of which period, what it has to leave out, what is still asked."""
    stops, questions = (sum(getattr(d, kind) for d in result.defects) for kind in ("stops", "question"))
    rest = sum(not d.stops and not d.question for d in result.defects)
    name, span, open_ones = result.examined.ds.name, result.coverage, [f"{questions} questions open"] * bool(questions)
    if stops or span is None:
        return "; ".join([f"{name}: {stops} to mend before a report can be made, {rest} besides", *open_ones])
    more = f", {rest} to mend when there is time" if rest else ""
    return "; ".join([f"{name}: a report of {span.latest} can be made{more}", *open_ones, *span.restrictions])


def _read_as(result: Examination, everything: bool) -> list[str]:
    """What was taken for what: format, encoding and separator of the files, those alike together."""
    alike = {}
    for file in result.files:
        separator = {"\t": "tab", "": "–"}.get(file.separator, file.separator)
        kind = f"{file.format}, {file.encoding}, separator {separator}{''.join(f', dates as {d}' for d in file.dates)}"
        alike.setdefault(kind, []).append(file.lines - file.carried_on)
    rows = [f"{sum(lines):>16,}   {kind}: {len(lines)} files" for kind, lines in alike.items()]
    rows = rows if everything else rows[:MOST_ROWS]
    columns = [*dict.fromkeys(name for file in result.files for name in _unread(file, result.examined.mirror))]
    if columns:
        first = columns if everything else columns[:MOST_NAMES]
        more = f" … and {len(columns) - len(first)} more" if len(first) < len(columns) else ""
        rows.append(f"{'':>16}   columns not read: {', '.join(first)}{more}")
    return [f"{'lines':>16}   read as", *rows] if rows else []


def _unread(file: RawFile, mirror: dict[str, str]) -> list[str]:
    """Its headers that no format knows and partners' exports are not read from."""
    return [name for name in file.unread if file.source_file != mirror.get("file") or name not in mirror.values()]


def _accepted(result: Examination, everything: bool) -> list[str]:
    """How many lines were accepted and set aside by which rule, with their value; of all, what each rule did."""
    if result.cleaned is None:
        return []
    cells, rules = result.cleaned.cells, result.cleaned.rules
    rows = [("accepted", cells)]
    for decides in (*(part for part in rules["decides"].unique() if everything and part != "line"), "line"):
        own = rules[rules["decides"].eq(decides)].sort_values(["kind", "value_usd"], ascending=[True, False])
        for (kind, rule), group in own.groupby(["kind", "rule"], sort=False):
            about = kind if decides == "line" else f"of these, {decides}"
            rows.append((f"{about}: {rule}".replace("_", " "), group))
    rows = rows if everything else sorted(rows, key=lambda row: -row[1]["value_usd"].sum())[: 2 * MOST_ROWS]
    strange = strange_origins(cells)
    if len(strange):
        names = ", ".join(strange.index[:MOST_NAMES]) + ", …" * (len(strange) > MOST_NAMES)
        rows.append((f"of these, origins that are no country: {names}", cells[cells["origin"].isin(strange.index)]))
    lines = [f"{amount(table['value_usd'].sum()):>16}   {table['lines'].sum():>12,}   {what}" for what, table in rows]
    return [f"{'USD':>16}   {'lines':>12}   accepted, and what was set aside by which rule", *lines]


def amount(value: float | None) -> str:
    """US dollars as a person reads them; – where nobody can tell."""
    return "–" if value is None else f"{value:,.0f}"


def faults_to_correct(result: Examination, file: Path) -> int:
    """Write the faulty lines as rows of corrections.csv whose value is to be filled in, and return their number."""
    rows = to_correct(result.faulty, list(result.files), result.examined.ds)
    text = rows.to_csv(index=False, lineterminator="\n")
    write_whole(file, "\ufeff" + text)  # with the mark, Excel reads it as UTF-8
    return len(rows)


def add_corrections(name: str | Path, file: Path) -> int:
    """Add the filled rows of such a file to the dataset's corrections.csv; returns how many these are.

    Raises DataError, and adds nothing, if a line is not as expected or still cannot be read.
    """
    ds, rows = amended(open_dataset(name), file)
    *_, faulty = _cleaned(ds)
    places = rows.rename(columns={"file": "source_file"})[PLACE].drop_duplicates()
    if still := [
        f"{file.name}: {row.source_file} line {row.line} still cannot be read ({row.reason.replace('_', ' ')}) — "
        f"put right what was wrong and leave the rest as expect has it"
        for row in faulty.merge(places, on=PLACE).itertuples()
    ]:
        raise DataError("\n".join(still))
    write_whole(ds.path / "corrections.csv", ds.corrections.to_csv(index=False, lineterminator="\n"))
    return len(rows)


def _with(ds: Dataset, supposed: str) -> Dataset:
    """The dataset with an answer to the question of this key, or with the corrections in this file."""
    if ": " not in supposed:
        return amended(ds, Path(supposed))[0]
    return replace(ds, answers=MappingProxyType({**ds.answers, supposed: "supposed"}))


def _cleaned(ds: Dataset) -> tuple[list[RawFile], Cleaned, pd.DataFrame]:
    """The raw files, what cleaning makes of them, kept apart from what reports use, and the faulty lines."""
    with alone(ds.processed):
        files = read_declarations(ds)
        cleaned = clean_imports(files, replace(ds, processed=ds.processed / ".check"))
        return files, cleaned, faulty_lines(cleaned.quarantine)


def _coverage(ds: Dataset, files: list[RawFile], cleaned: Cleaned) -> tuple[Coverage | None, Sequence[str]]:
    """What a report of the latest period can be, and what stands against it."""
    try:
        span = coverage_of(ds, cleaned.cells, horizon=periods(files, ds.frequency)[-1], quarantine=cleaned.quarantine)
    except DataError as error:
        return None, [str(error)]
    return span, span.obstacles


def _stray(span: Coverage | None, cleaned: Cleaned) -> list[Defect]:
    """The accepted lines that no report of the latest period counts, for their date is of a later one, beyond a gap."""
    if span is None or span.stray is None:
        return []
    columns = [*PLACE, "rule", "value_usd"]
    lines = pd.read_parquet(cleaned.lines, columns=columns, filters=[("period", ">=", str(span.stray))])
    lines = lines[lines["rule"].isna()].sort_values(PLACE)
    first, more = lines.iloc[0], f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    what = f"date in {span.stray} or later, and nothing is dated between {span.latest} and that"
    remedy = "correct the date: only a report of that period would count them"
    place = f"{first['source_file']} line {first['line']}"
    return [Defect(lines["value_usd"].sum(), f"{place}{more}: {what} — {remedy}", False)]


def _questions(ds: Dataset, cleaned: Cleaned, last: pd.Period) -> list[Defect]:
    """The expectations that do not hold and are not answered."""
    table = findings(ds, cleaned.cells[cleaned.cells["period"] <= last], cleaned.lines, strict=False)
    rows = open_questions(table, ds)[["value_usd", "text", "severity"]].itertuples(index=False)
    idle = [key for key in ds.answers if key not in {*table["key"], *(table["expectation"] + ": all")}]
    stale = [f'dataset.toml: "{key}" under [answers] answers nothing that is asked — take it out' for key in idle]
    questions = [Defect(usd, text, severity == "stop", question=True) for usd, text, severity in rows]
    return questions + [Defect(None, text, False) for text in stale]


def _without_regimes(ds: Dataset, files: Sequence[RawFile]) -> list[str]:
    """That lines of every customs regime count though the files tell them apart."""
    names = [file.source_file for file in files if "regime" in file.columns and not ds.import_regimes]
    what = "lines of every regime count, also of export and transit, for import_regimes is left out"
    return [f"dataset.toml: {what} ({name}) — name the regimes that are imports" for name in names[:1]]


def _at_stake(examined: Examined, cells: pd.DataFrame, faulty: pd.DataFrame) -> Callable[[Fault], float | None]:
    """Import value of the products and plants that faulty rows name, or of what their projects make."""
    makes = examined.registers["project_products"].dropna(subset=PAIR)
    made_by = makes.groupby("project_id")["product_id"].agg(set).to_dict()
    named = {place: name for name, place in examined.places.items()}
    totals = cells.groupby(USE, as_index=False)["value_usd"].sum()

    def touched(row: dict) -> pd.Series:
        product, plant, project = (row.get(f"{key}_id") for key in ("product", "plant", "project"))
        products = {product} if pd.notna(product) else made_by.get(project, set())
        by_product = totals["product_id"].isin(products) | (not products and pd.notna(plant))
        return by_product & (totals["plant_id"].eq(plant) | pd.isna(plant))

    def value(fault: Fault) -> float | None:
        register = examined.registers.get(named.get(fault.place))
        if register is None:
            return None
        if named[fault.place] == "products" and register.empty:
            return faulty.loc[faulty["reason"].eq("hs_code_unknown"), "value_usd"].sum() or None
        rows = register.filter(fault.rows, axis="index").to_dict("records")
        return totals.loc[reduce(or_, map(touched, rows)), "value_usd"].sum() or None if rows else None

    return value


def _set_aside(faulty: pd.DataFrame, files: Sequence[RawFile], examined: Examined) -> list[Defect]:
    """The faults among the lines set aside: those of one cause together, at their first line."""
    of_column = faulty.groupby(["source_file", "reason", "column"], dropna=False)
    common = of_column["line"].transform("size").ge(MANY) & faulty["reason"].ne("hs_code_unknown")
    lines = faulty["source_file"].map({file.source_file: file.lines for file in files})
    common &= of_column["line"].transform("size") > COMMON * lines.astype("float64")
    value = faulty["value"].mask(common, of_column["value"].transform("first"))
    faulty = faulty.assign(usd=faulty["value_usd"].abs(), value=value, common=faulty["source_file"].where(common, ""))
    counted = {"source_file": ("source_file", "first"), "line": ("line", "first"), "n": ("line", "size")}
    causes = faulty.groupby([*CAUSE, "common"], dropna=False, sort=False).agg(**counted, usd=("usd", "sum"))
    causes = causes.reset_index()
    for name, place in examined.places.items():
        causes["remedy"] = causes["remedy"].str.replace(f"{name}.csv", place)
    coded = causes["column"].eq("hs_code") & bool(len(examined.ds.products))
    chapter = " of chapter " + causes["value"].str[:2].where(coded)
    causes["kind"] = causes["reason"].str.replace("_", " ") + chapter.fillna("")
    return [Defect(c.usd or None, _cause(c), False, c.kind * (not c.common), lines=c.n) for c in causes.itertuples()]


def _sizes(cleaned: Cleaned) -> list[Defect]:
    """The weights that were mended, with both figures; and by sender and file, the lines that a person decides of."""
    columns = [*PLACE, "plant_id", "rule", "value_usd", "declared_kg", "net_kg", "weight_rule"]
    lines = pd.read_parquet(
        cleaned.lines, columns=columns, filters=[("weight_rule", "in", ["unit_repaired", "doubted"])]
    )
    lines = lines[lines["rule"].isna()].sort_values(PLACE)
    lines["kg"] = [f"{was:,g} kg count as {now:,g} kg" for was, now in lines[["declared_kg", "net_kg"]].to_numpy()]
    said = "as its invoice and the lines like it say — correct it if that is wrong"
    defects = [
        Defect(row.value_usd, f"{row.source_file} line {row.line}: {row.kg}, {said}", False, "weights mended")
        for row in lines[lines["weight_rule"].eq("unit_repaired")].itertuples()
    ]
    doubt = "value or weight is 1,000 times off"
    for (file, plant), own in lines[lines["weight_rule"].eq("doubted")].groupby(SENDER):
        text = f"{file} line {own['line'].iloc[0]} and {len(own) - 1} more of {plant}: {doubt}, and nothing was changed"
        defects.append(Defect(own["value_usd"].sum(), f"{text} — correct what is wrong", False, f"lines whose {doubt}"))
    return defects


def _cause(cause: NamedTuple) -> str:
    more = f" and {cause.n - 1} more" if cause.n > 1 else ""
    what = " ".join(str(part) for part in (cause.column, cause.value) if pd.notna(part))
    return f"{cause.source_file} line {cause.line}{more}: {what} ({cause.reason.replace('_', ' ')}) — {cause.remedy}"
