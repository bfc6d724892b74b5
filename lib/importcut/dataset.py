"""A dataset as one frozen description: settings, registers, scenario; what it assumes; digests of its files."""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.schema import CLEANED, LIBRARY, PERIODS, VOLUME, DataError, tables, whole

ROOT = LIBRARY.parents[1]
PUBLISHED = "published"  # of a dataset; in it a folder for each period
FETCHED = "fetched"  # of a dataset: the log of online sources, and their answers that are no raw data
UNSTATED = {  # where the scenario is silent: what changes nothing, and the usual discount rate
    "vehicle_output": 1.0, "intensity": 1.0, "price_drift": 0.0, "capacity_use": 1.0, "ramp_pace": 1.0,
    "delay_years": 0.0, "success": 1.0, "common_share": 0.5, "discount_rate": 0.10, "shadow_price_factor": 1.0,
}  # fmt: skip
SPREADS = {"input": 0.2, "replaces": 0.05}  # shares by which a sheet may be off, where nothing else is stated
DIGESTS = "digests.json"  # of data/processed/<dataset>: those of large files
LARGE = 4_000_000  # bytes from which a file is not read again while its size and times stay the same
SETTLED = 2_000_000_000  # nanoseconds after which a file that changes gets other times, whatever counts them


@dataclass(frozen=True)
class Dataset:
    """What a dataset says of itself; registers are tables with the columns of registers.toml.

    processed : where the tables made of it lie, see `processed_folder`.
    uncertainty : by which shares imported inputs and replacement in the sheets may be off, and why (SPREADS without).
    weights : of the criteria in the ranking of products without a project; empty where it states none.
    recut : revision, group, from, to: codes that became one another in a revision of the Harmonized System.
    proper : words that keep their capital where a name of a product stands inside a sentence.
    files, formats : how raw files are to be read, and formats of its own (`[[files]]`, `[formats.<name>]`).
    answers : why what was not expected is right, by expectation and place (`[answers]`).
    input_output : what `[input_output]` says, and the tables of that folder (input_output.toml); empty without them.
    """

    name: str
    path: Path
    processed: Path
    frequency: str
    period: pd.Period | None
    title: MappingProxyType
    illustrative: bool
    base_period: pd.Period
    programme_start: pd.Period | None
    target: MappingProxyType
    counterfactual: str
    absence: str
    thresholds: MappingProxyType
    limits: MappingProxyType
    weights: MappingProxyType
    uncertainty: MappingProxyType
    hs_revisions: MappingProxyType
    recut: pd.DataFrame
    import_regimes: tuple[str, ...]
    reporter: tuple[str, ...]
    proper: tuple[str, ...]
    sources: tuple[str, ...]
    scenario: MappingProxyType
    registers: MappingProxyType
    files: tuple[dict, ...]
    formats: MappingProxyType
    answers: MappingProxyType
    input_output: MappingProxyType

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name in tables("registers.toml") and not hasattr(type(self), name):  # whose fault it would hide
            return self.registers[name].copy()
        raise AttributeError(name)

    @property
    def cleaned(self) -> Path:
        """Where the tables of the lines up to its period lie, the same under every scenario."""
        return self.processed / "cleaned" / str(self.period or "all")

    @property
    def tables(self) -> Path:
        """Where the tables of one period and scenario lie."""
        return self.processed / run_name(self.period, self.scenario["name"])

    @property
    def base(self) -> "Dataset":
        """The dataset under its base scenario: the plan as it was written."""
        return replace(self, scenario=self.scenario.get("base", self.scenario))

    @cached_property
    def suppliers(self) -> set[str]:
        """The projects that have delivered more than their baseline up to its period."""
        records = self.deliveries[self.deliveries["period"] <= self.period]
        return set(records.loc[records["net_kg"] > records["baseline_kg"].fillna(0), "project_id"])

    @property
    def partner_exports(self) -> pd.DataFrame:
        """What partners say they exported here: period, product_id, origin, value_usd (FOB), net_kg (or empty)."""
        exports = self.registers["partner_exports"]
        prefixes = hs_prefixes(self.products[self.products["text_pattern"].isna()])  # nobody describes the goods
        fits = {code: [p for p, own in prefixes.items() if code.startswith(own)] for code in {*exports["hs_code"]}}
        of_code = {code: products[0] for code, products in fits.items() if products}
        known = exports.assign(product_id=exports["hs_code"].map(of_code)).dropna(subset="product_id")
        by_cell = known.rename(columns={"partner": "origin"}).groupby(["period", "product_id", "origin"])
        return by_cell[VOLUME].sum(skipna=False).reset_index()

    @property
    def comparison(self) -> set[str]:
        """Products that are no subject of the programme, and serve as donors at most."""
        return {*self.products.loc[self.products["scope"].eq("comparison"), "product_id"]}

    def names(self, register: str, language: str) -> pd.Series:
        """Names in `language` of the rows of products, plants, purposes or projects, by id."""
        table = self.registers[register]
        return table.set_index(table.columns[0])[name_column(language)]


def name_column(language: str, what: str = "name") -> str:
    """The column of a register that holds names, or what else, in a language: `name_uz_cyrl` for uz-Cyrl."""
    return f"{what}_{language.lower().replace('-', '_')}"


def hs_prefixes(products: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """The beginnings of commodity codes of each product; that with the highest priority comes first."""
    ranked = products.sort_values(["priority", "product_id"], ascending=[False, True]).set_index("product_id")
    codes = ranked["hs_prefixes"].str.split(";").explode().str.strip()
    return codes.groupby(level=0, sort=False).agg(tuple).to_dict()


def assumption(ds: Dataset, name: str, project: str | None = None) -> float:
    """The scenario's value of an assumption, or one project's own; that of UNSTATED where none is stated.

    What has happened is not assumed: a project that delivers starts no later than the base scenario has it.
    """
    ds = ds.base if name == "delay_years" and project and project in ds.suppliers else ds
    own = ds.scenario.get("projects", {}).get(project, {})
    return own.get(name, ds.scenario["assumptions"].get(name, {}).get("value", UNSTATED[name]))


def first_years(ds: Dataset) -> pd.Series:
    """When each project first delivers under the scenario, in years (2025.5: July 2025), by project_id."""
    projects = ds.projects.set_index("project_id")
    late = [assumption(ds, "delay_years", project) for project in projects.index]
    return pd.Series(in_years(pd.PeriodIndex(projects["first_output"], freq="M")) + late, projects.index)


def in_years(dates: pd.PeriodIndex | pd.DatetimeIndex | pd.Timestamp) -> pd.Index | float:
    """The months of dates as years: 2025.5 is July 2025."""
    return dates.year + (dates.month - 1) / 12


def as_of(ds: Dataset, period: pd.Period) -> Dataset:
    """The dataset as of a period: what its registers record of later ones it does not know yet.

    Vehicles recorded later stay where nothing is planned, in the place of a plan.
    """
    activity, rates = ds.registers["activity"], ds.registers["exchange_rates"]
    places, actual = activity.set_index(["period", "plant_id"]).index, activity["scenario"].isna()
    superfluous = actual & (activity["period"] > period) & places.isin(places[~actual])
    registers = dict(ds.registers) | {
        "activity": activity[~superfluous],
        "exchange_rates": rates[rates["date"] <= period.end_time],
    }
    dated = ("deliveries", "output", "partner_exports")
    registers |= {name: registers[name][registers[name]["period"] <= period] for name in dated}
    known = {name: table.reset_index(drop=True) for name, table in registers.items()}
    return replace(ds, period=period, registers=MappingProxyType(known))


def as_period(text: str, frequency: str) -> pd.Period:
    """A period written as the project writes them: `2026Q3`, `2024`.

    Raises DataError if it is written otherwise.
    """
    if not pd.Series([str(text)]).str.fullmatch(PERIODS[frequency]).item():
        example = {"Q": "2026Q3", "Y": "2024"}[frequency]
        raise DataError(f"period {text!r} is not one — write it as {example}")
    return pd.Period(str(text), freq=frequency)


def run_name(period: pd.Period | str, scenario: str) -> str:
    """Name of the folders of one report: `2026Q3`, or `2026Q3-late`."""
    return f"{period}" if scenario == "base" else f"{period}-{scenario}"


def processed_folder(path: Path) -> Path:
    """Where the tables made of the dataset in a folder lie: by its name and, as two may share that, its real path."""
    home, base = path.resolve(), Path(os.environ.get("IMPORTCUT_PROCESSED", ROOT / "data" / "processed"))
    return base / f"{home.name}-{fingerprint_of(path=os.path.normcase(home))[:8]}"


def digests(files: Iterable[Path], cache: Path | None = None) -> dict[Path, str]:
    """SHA-256 of each file; those of large files are remembered in `cache`, and without one all are read."""
    known = {} if cache is None else memory_of(cache)
    stamps = {file: _stamp(file) for file in files}
    current = {file: known[str(file)][1] for file, stamp in stamps.items() if known.get(str(file), [None])[0] == stamp}
    unread = [file for file in stamps if file not in current]
    with ThreadPoolExecutor() as pool:
        several = pool.map if len(unread) > 1 else map  # of one file, a thread costs more than it saves
        current |= zip(unread, several(_digest, unread), strict=True)
    settled = time.time_ns() - SETTLED  # what was written just now may be written again within the same tick
    large = {file: stamp for file, stamp in stamps.items() if stamp[0] >= LARGE and max(stamp[1:]) < settled}
    more = known | {str(file): [stamp, current[file]] for file, stamp in large.items()}
    if cache is not None and more != known:
        remember(cache, more)
    return {file: current[file] for file in stamps}


def table_digests(ds: Dataset) -> dict[str, str]:
    """Digests of the cleaned tables, by file: on a cluster a table is a folder of files."""
    paths = [ds.cleaned / f"{name}.parquet" for name in CLEANED]
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.parquet")))]
    return {f.relative_to(ds.cleaned).as_posix(): d for f, d in digests(files, ds.processed / DIGESTS).items()}


def json_object(file: Path) -> dict:
    """The object in a JSON file; an empty one if the file is not there, cannot be read, or holds something else."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def remember(file: Path, state: dict) -> None:
    """Write down for the next run what can be worked out again, under a digest of its own."""
    write_whole(file, json.dumps({"state": state, "sha256": fingerprint_of(state=state)}))


def memory_of(file: Path) -> dict:
    """What an earlier run wrote down; nothing if it is not there, or not as it was written."""
    content = json_object(file)
    return content["state"] if content.get("sha256") == fingerprint_of(state=content.get("state")) else {}


def stand_again(folder: Path) -> None:
    """Put back what stood in a folder where its replacement was cut short between two renames."""
    for former in folder.glob(".*.former"):
        target = former.with_name(former.name.removeprefix(".").removesuffix(".former"))
        if not target.exists():
            with suppress(OSError):  # someone else was faster
                former.rename(target)


def fingerprint_of(**parts) -> str:
    """One digest of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def seal_of(origin: str, files: dict[str, str]) -> str:
    """The digest that every format of a report prints: of what its figures come from, and of its tables."""
    tables = {name: digest for name, digest in files.items() if name.startswith("tables/")}
    return fingerprint_of(origin=origin, tables=tables)


def write_whole(file: Path, content: str | bytes) -> None:
    """Write a file so that it is never seen half written."""
    with whole(file) as part:
        part.write_bytes(content if isinstance(content, bytes) else content.encode())


def _stamp(file: Path) -> list[int]:
    about = file.stat()
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns]


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
