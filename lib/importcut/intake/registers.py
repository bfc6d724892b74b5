"""The registers of a dataset: read, typed, checked, and against one another."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.dataset import Dataset, hs_prefixes, name_column
from importcut.intake.quotations import REGISTER, read_quotations
from importcut.intake.scenario import ADD, scenarios
from importcut.intake.settings import is_blank
from importcut.intake.spreadsheet import OLD_WORKBOOK, WORKBOOK, Sheet, read_csv, sheets_of
from importcut.intake.values import Fault, alternatives, decimal_mark, dtype_of, exact, read_column
from importcut.language import SOURCE, languages
from importcut.schema import NATIONAL, PAIR, USE, Column, DataError, Table, choice, listed, nearest, one_of, tables

MIRROR = "partner_exports"  # register, and section of dataset.toml that names a raw file in its place


def read_registers(
    path: Path, frequency: str, settings: dict | None = None
) -> tuple[dict[str, pd.DataFrame], dict[str, str], list[Fault]]:
    """Registers by name, indexed by spreadsheet row; where each stands; what is wrong. `settings` may replace some."""
    specs = tables("registers.toml")
    sheets, places, faults = sheets_of(path, {name: {c.name for c in t.columns} for name, t in specs.items()})
    said = settings or {}
    for name, other in {REGISTER: read_quotations(path), MIRROR: _mirror(path, said.get(MIRROR, {}))}.items():
        match other:
            case Sheet() if name in sheets:
                faults.append(Fault(other.place, (), f"stands as {places[name]} too — keep one of them"))
            case Sheet():
                sheets[name], places[name] = other, other.place
            case wrong:
                faults += wrong or []
    registers = {}
    for name, table in specs.items():
        if name in sheets:
            registers[name], wrong = read_register(sheets[name], table, frequency)
            faults += wrong
        else:
            registers[name] = _nothing(table, frequency)
    if rule := said.get("donors"):
        registers["donors"], wrong = _donors(rule, registers["products"], sheets)
        faults += wrong
    faulty = {fault.place for fault in faults}
    if registers["products"].empty and not {places["products"], WORKBOOK, OLD_WORKBOOK} & faulty:
        text = "has no rows — fill in a product at least" if "products" in sheets else "is missing — add it"
        faults.append(Fault(places["products"], (), text))
    plans = {"scenarios": pd.DataFrame({"scenario": scenarios(path)})}
    wrong = _contradictions(registers | plans, places | {"scenarios": "scenarios/"}, faults, {*sheets})
    return registers, places, faults + wrong


def read_register(sheet: Sheet, table: Table, frequency: str) -> tuple[pd.DataFrame, list[Fault]]:
    """The register and what is wrong with it by itself."""
    width, place = len(sheet.header), sheet.place
    if faults := _misheaded(sheet, table):
        return _nothing(table, frequency), faults
    if not sheet.rows:
        return _nothing(table, frequency), []
    odd = {at: row for at, row in sheet.rows.items() if len(row) != width}
    remedy = f"under {width} headers — correct the row that begins"
    faults = [Fault(place, (at,), f"{len(row)} fields {remedy} {row[0]}") for at, row in odd.items()]
    whole = {at: row for at, row in sheet.rows.items() if len(row) == width}
    cells = pd.DataFrame([*whole.values()], pd.Index([*whole], dtype=object), [*sheet.header], dtype=object)
    cells = cells.loc[:, ~cells.columns.duplicated()]
    columns = _with_names(table)
    cells = cells.reindex(columns=[c.name for c in columns], fill_value="")
    numbers = [c.name for c in table.columns if c.type in ("number", "integer")]
    texts = [cell.strip() for cell in cells[numbers].to_numpy().ravel() if isinstance(cell, str)]
    mark, typed = decimal_mark(texts, comma=sheet.separator == ";"), {}
    remedy = "is still to be filled in — write it, or leave it empty"
    for column in columns:
        typed[column.name], wrong = read_column(cells[column.name], column, place, frequency, mark=mark)
        texts = {at: cell for at, cell in cells[column.name].items() if isinstance(cell, str)}
        left = [at for at, text in texts.items() if is_blank(text)]
        faults += wrong + _lost_letters(sheet, column, texts)
        faults += [Fault(place, (at,), f"{column.name} {texts[at]} {remedy}", column.name) for at in left]
    read = pd.DataFrame(typed)
    if names := [c.name for c in columns if c.name.startswith("name_")]:
        nameless = read.index[read[names].isna().all(axis=1)]
        faults += [Fault(place, (at,), "no name in any language — write one", names[-1]) for at in nameless]
        read[names] = read[names].bfill(axis=1).ffill(axis=1)  # in place of a language that is left out, the next one
    twice = cells.loc[read.duplicated([*table.key]), [*table.key]].map(exact).itertuples()
    return read, faults + [Fault(place, (at,), f"{', '.join(key)} stands twice — keep one") for at, *key in twice]


def add_project(ds: Dataset, project_id: str, products: dict[str, dict], **about) -> Dataset:
    """The dataset with one more project, which stands in no file of it.

    Parameters
    ----------
    project_id : a new one
    products : by product_id the columns of project_products.csv, with their units (CODEBOOK.md)
    about : the columns of projects.csv; `source` may be left out of both

    Raises DataError if the registers, with the project in them, are wrong; UsageError if there is no such column.

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> sheet = {"capacity": 900, "unit": "t", "kg_per_unit": 1000, "ramp_up": "0.5;0.8"}
    >>> about = {"name_en": "Resin (Kokand)", "class": "investment", "company": "new", "first_output": "2027-04"}
    >>> len(add_project(ds, "resin_kokand", {"pp_compound": sheet}, **about).projects)
    15
    """
    sheets = {product: {"product_id": product, **own} for product, own in products.items()}
    rows, key = {"projects": {project_id: about}, "project_products": sheets}, {"project_id": project_id}
    registers, specs, taken = dict(ds.registers), tables("registers.toml"), project_id in {*ds.projects["project_id"]}
    faults = [Fault("", (), f"project {project_id} is in projects.csv already — choose another project_id")] * taken
    for name, added in rows.items():
        cells = pd.DataFrame([key | {"source": "supposed"} | row for row in added.values()], dtype=object).fillna("")
        for column in cells:
            one_of("column", column, [c.name for c in _with_names(specs[name])])
        lines = dict(zip(added, cells.to_numpy().tolist(), strict=True))
        more, wrong = read_register(Sheet(name, (*cells,), lines), specs[name], ds.frequency)
        registers[name] = pd.concat([registers[name], more])
        faults += wrong
    plans = {"scenarios": pd.DataFrame({"scenario": scenarios(ds.path)})}
    wrong = _contradictions(registers | plans, {name: name for name in (*specs, *plans)}, faults, {*specs})
    if faults := faults + wrong:
        raise DataError(listed(faults))
    return replace(ds, registers=MappingProxyType(registers | {n: registers[n].reset_index(drop=True) for n in rows}))


def _mirror(path: Path, mirror: dict[str, str]) -> Sheet | list[Fault]:
    """Partners' exports as a raw file has them, under the headers of the register."""
    names, file = {header: column for column, header in mirror.items() if column != "file"}, mirror.get("file")
    if not names:
        return []
    if not (path / file).is_file():
        return [Fault("dataset.toml", (), f"{MIRROR}.file {file} is not there — correct it")]
    sheet = read_csv(path / file, {*names})
    if isinstance(sheet, Fault):
        return [replace(sheet, place=file)]
    lacking = {header: choice(header, sheet.header) for header in names if header not in sheet.header}
    wrong = [f"{MIRROR}.{names[h]} {h} is no header of {file} — {remedy}" for h, remedy in lacking.items()]
    if wrong:
        return [Fault("dataset.toml", (), text) for text in wrong]
    return replace(sheet, place=file, header=tuple(names.get(header, "") for header in sheet.header))


def _donors(rule: dict, products: pd.DataFrame, registers: Iterable[str]) -> tuple[pd.DataFrame, list[Fault]]:
    """The register of donors by the rule of dataset.toml: products of some chapters, but for some codes; its faults."""
    rows, known = [], set()
    for product, codes in hs_prefixes(products).items():
        against = [code for code in rule["except"] if any(own.startswith(code) for own in codes)]
        known |= {*against}
        if {code[:2] for code in codes} & {*rule["chapters"]}:
            use, why = ("no", rule["except"][against[0]]) if against else ("yes", "of a chapter that is compared")
            rows.append((product, use, why))
    lost = [code for code in rule["except"] if code not in known]
    wrong = [f"donors.except {code} is no code of products.csv — correct it" for code in lost]
    wrong += ["[donors] stands beside the register donors — keep one of them"] * ("donors" in registers)
    table = pd.DataFrame(rows, columns=["product_id", "use", "reason"], dtype="str")
    return table, [Fault("dataset.toml", (), text) for text in wrong]


def _misheaded(sheet: Sheet, table: Table) -> list[Fault]:
    """Headers that are like a column which is not there, and columns without which a register says nothing."""
    columns = {column.name: column for column in _with_names(table)}
    absent = [name for name in columns if name not in sheet.header]
    likely = {header: nearest(header, absent) for header in sheet.header if header not in columns}
    wrong = [f"{header} is no column — is {near} meant?" for header, near in likely.items() if near]
    missing = [name for name in absent if not columns[name].optional and name not in likely.values()]
    if missing:
        wrong.append(f"no column {', '.join(missing)} — add the column{'s' * (len(missing) > 1)}")
    return [Fault(sheet.place, ("row 1",), text) for text in wrong]


def _with_names(table: Table) -> list[Column]:
    """The columns of a register, and where it has names, those of every language that has a catalogue."""
    columns = {column.name: column for column in table.columns}
    if english := columns.get(name_column(SOURCE)):
        columns |= {n: replace(english, name=n) for n in map(name_column, languages()) if n not in columns}
    return [*columns.values()]


def _nothing(table: Table, frequency: str) -> pd.DataFrame:
    return pd.DataFrame({c.name: pd.Series(dtype=dtype_of(c, frequency)) for c in _with_names(table)})


def _lost_letters(sheet: Sheet, column: Column, texts: dict[str, str]) -> list[Fault]:
    """Names in which CP1251, that has no Қ Ғ Ҳ, left a question mark."""
    if sheet.encoding != "cp1251" or not (column.name.startswith("name_") or column.name == "aliases"):
        return []
    remedy = "saved in CP1251, which lacks Қ Ғ Ҳ: write the letters again and save as CSV UTF-8"
    return [
        Fault(sheet.place, (at,), f"{column.name} {text} has lost letters — {remedy}", column.name)
        for at, text in texts.items()
        if "?" in text
    ]


def _contradictions(registers: dict, places: dict, faults: list[Fault], present: set[str]) -> list[Fault]:
    """What the registers say against one another; `faults`: what is wrong already; `present`: registers that exist."""
    lost = _broken_references(registers, places)
    wrong = _nothing_to_refer_to(lost, registers, places, {fault.place for fault in faults}, present)
    for (_, target, _), references in lost.items():
        wrong += [] if registers[target].empty else references
    wrong += _out_of_order(registers["project_products"], places["project_products"])
    return wrong + _shares_off(registers["uses"], places["uses"]) + _ambiguous(registers["plants"], places["plants"])


def _references() -> Iterator[tuple[str, list[str], str, list[str]]]:
    """Which columns of a register must stand in which columns of another one."""
    for table in tables("registers.toml").values():
        for column in table.columns:
            if column.check.startswith("->"):
                target, key = column.check.removeprefix("-> ").split(".")
                yield table.name, [column.name], target, [key]
    for name in ("deliveries", "output"):  # only of what a project makes
        yield name, PAIR, "project_products", PAIR
    yield "activity", ["scenario"], "scenarios", ["scenario"]


def _broken_references(registers: dict, places: dict) -> dict[tuple[str, str, str], list[Fault]]:
    """Faults by register, the one it refers to, and column; a pair is asked for only where each of it is there."""
    faults, astray = {}, defaultdict(set)
    for name, columns, target, keys in _references():
        known = {*registers[target][keys].dropna().itertuples(index=False, name=None)}
        known |= {(NATIONAL,)} if target == "plants" and registers[target].empty else set()
        padded = {tuple(part.lstrip("0") for part in key): key for key in known}
        faults[name, target, columns[-1]] = wrong = []
        for at, *row in registers[name][columns].dropna().itertuples(name=None):
            if (key := tuple(row)) not in known and not any(at in astray[name, column] for column in columns):
                what = " with ".join(f"{column} {value}" for column, value in zip(columns, row, strict=True))
                remedy = f"write {padded[key][-1]} in a cell formatted as text" if key in padded else ADD
                wrong.append(Fault(places[name], (at,), f"{what} is not in {places[target]} — {remedy}", columns[-1]))
        astray[name, columns[-1]] |= {row for fault in wrong for row in fault.rows}
    return faults


def _nothing_to_refer_to(lost: dict, registers: dict, places: dict, faulty: set, present: set) -> list[Fault]:
    """One fault for each register that others refer to and that is missing or empty, if that is not said already."""
    faults = []
    for target in tables("registers.toml"):
        referring = sorted({places[name] for (name, to, _), wrong in lost.items() if to == target and wrong})
        if referring and registers[target].empty and not {places[target], WORKBOOK, OLD_WORKBOOK} & faulty:
            state, remedy = ("has no rows", "add them") if target in present else ("is missing", "add it")
            verb = "refers" if len(referring) == 1 else "refer"
            text = f"{places[target]} {state}, and {', '.join(referring)} {verb} to it — {remedy}"
            faults.append(Fault("", (), text))
    return faults


def _shares_off(uses: pd.DataFrame, place: str) -> list[Fault]:
    groups = uses.groupby(USE)
    totals = groups["share"].sum().loc[lambda total: (total - 1).abs() > 1e-9]
    text = "the shares of {} at {} add up to {:g} — make them 1"
    return [Fault(place, (*groups.groups[use],), text.format(*use, total), "share") for use, total in totals.items()]


def _out_of_order(sheet: pd.DataFrame, place: str) -> list[Fault]:
    faults = []
    for name in ("imported_input{}_usd_per_kg", "replaces{}_kg"):
        ends = sheet[[name.format(end) for end in ("_low", "", "_high")]]
        rows = ends[ends.ffill(axis=1).diff(axis=1).lt(0).any(axis=1)]
        for at, values in rows.iterrows():
            text = f"{', '.join(ends)} are {', '.join(f'{kg:g}' for kg in values)} — the smallest comes first"
            faults.append(Fault(place, (at,), text, ends.columns[0]))
    return faults


def _ambiguous(plants: pd.DataFrame, place: str) -> list[Fault]:
    faults = []
    for column in ("tax_numbers", "aliases"):
        keys = alternatives(plants[column]).rename_axis("row").reset_index().drop_duplicates()
        faults += [
            Fault(place, (at,), f"{column} {key} stands at another plant too — leave it at one of them", column)
            for at, key in keys[keys.duplicated(column)].itertuples(index=False)
        ]
    return faults
