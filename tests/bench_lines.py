"""Lines by the million: from CSV to cleaned imports, beside bare DuckDB and pandas in the same run (make bench)."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas as pd

import economy

MILLION = 1_000_000
BODIES = {
    "bare DuckDB, types detected": """
import duckdb
duckdb.connect().execute(f"COPY (SELECT * FROM read_csv({files})) TO '{work}/bare.parquet' (FORMAT parquet)")
""",
    "bare DuckDB, types told": """
import duckdb
kinds = ["VARCHAR", "BIGINT", "BIGINT", "DATE", *["VARCHAR"] * 6, "DOUBLE", "VARCHAR", "DOUBLE", "VARCHAR", "DOUBLE"]
with open(files[0], encoding="utf-8") as file:
    import csv
    columns = dict(zip(next(csv.reader(file)), kinds, strict=True))
kept = "columns=" + str(columns) + ", header=true, dateformat='%d.%m.%Y', auto_detect=false, quote='\\"', escape='\\"'"
read = f"read_csv({files}, {kept}, ignore_errors=true)"
duckdb.connect().execute(f"COPY (SELECT * FROM {read}) TO '{work}/typed.parquet' (FORMAT parquet)")
""",
    "importcut, read and clean": """
from importcut.intake.clean import clean_imports
from importcut.intake.opening import open_dataset
from importcut.intake.declarations import read_declarations
ds = open_dataset(folder)
made = clean_imports(read_declarations(ds), ds)
told = {"rules": made.rules.to_dict("records"), "lines": int(made.cells["lines"].sum())}
""",
    "the same again": """
from importcut.intake.clean import clean_imports
from importcut.intake.opening import open_dataset
from importcut.intake.declarations import read_declarations
ds = open_dataset(folder)
made = clean_imports(read_declarations(ds), ds)
""",
    "pandas, read_csv and groupby": """
import pandas as pd
table = pd.concat([pd.read_csv(f, dtype={"ИНН получателя": str, "Код товара по ТН ВЭД": str}) for f in files])
quarter = pd.PeriodIndex(pd.to_datetime(table["Дата регистрации"], format="%d.%m.%Y", errors="coerce"), freq="Q")
by = [table["Код товара по ТН ВЭД"].str[:6], table["ИНН получателя"], table["Страна происхождения"], quarter]
table.groupby(by)[["Вес нетто", "Статистическая стоимость, USD"]].sum()
""",
}
FRAME = """
import json, os, sys, time
folder, work, told = {folder!r}, {work!r}, {{}}
files = {files!r}
os.environ["IMPORTCUT_PROCESSED"] = work + "/processed"
begin, cpu = time.perf_counter(), time.process_time()
{body}
seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
with open("/proc/self/status") as status:  # getrusage would tell the peak of the process that began this one
    memory = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({{"seconds": seconds, "cpu": cpu, "bytes": memory, **told}}))
"""


def grown(base: Path, times: int, out: Path) -> None:
    """The dataset `base` with every declaration `times` times, each under a number of its own."""
    shutil.copytree(base, out, ignore=shutil.ignore_patterns("declarations"))
    (out / "declarations").mkdir()
    for file in sorted((base / "declarations").glob("*.csv")):
        with duckdb.connect() as connection:
            first = file.read_text(encoding="utf-8").split(",", 1)[0]
            connection.execute(
                f"COPY (SELECT \"{first}\" || CASE copy WHEN 0 THEN '' ELSE '-' || copy END AS \"{first}\", "
                f"* EXCLUDE (\"{first}\", copy) FROM read_csv('{file}', all_varchar=true), range({times}) AS r(copy)) "
                f"TO '{out / 'declarations' / file.name}' (FORMAT csv, HEADER)"
            )


def measured(name: str, folder: Path, work: Path) -> dict:
    """Seconds, processor seconds and peak memory of one way, in a process of its own."""
    files = [str(f) for f in sorted((folder / "declarations").glob("*.csv"))]
    code = FRAME.format(folder=str(folder), work=str(work), files=files, body=BODIES[name])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main(millions: list[int]) -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as room:
        base = Path(room) / "base"
        economy.write(base, rows=MILLION, seed=3, faults=Path(room) / "faults.csv")
        planted = pd.read_csv(Path(room) / "faults.csv", index_col="reason")["lines"]
        for times in millions:
            folder, work = (base, Path(room) / "w") if times == 1 else (Path(room) / "grown", Path(room) / "w")
            if times > 1:
                grown(base, times, folder)
            size = sum(f.stat().st_size for f in (folder / "declarations").glob("*.csv")) / 1e9
            work.mkdir()
            ways = [name for name in BODIES if times < 100 or "pandas" not in name]
            found = {name: measured(name, folder, work) for name in ways}
            ours = found["importcut, read and clean"]
            print(f"{times} million lines, {size:.2f} GB of CSV:")
            for name, took in found.items():
                ratio, memory = ours["seconds"] / took["seconds"], took["bytes"] / 1e9
                print(
                    f"  {name}: {took['seconds']:.1f} s ({took['cpu']:.1f} s of processor), {memory:.2f} GB; "
                    f"importcut takes {ratio:.2f} times as long"
                )
            counts = {rule["rule"]: rule["lines"] for rule in ours["rules"]}
            told = {"missing_weight": "missing", "wrong_unit": "unit_repaired", "hs_code_look_alike": "cleaned"}
            of_periods = ["coverage_break", "reporting_break"]
            wrong = {r: (n * times, counts.get(told.get(r, r))) for r, n in planted.drop(of_periods).items()}
            wrong = {r: pair for r, pair in wrong.items() if pair[0] != pair[1]}
            print(f"  planted faults not found to the line: {wrong or 'none'}")
            shutil.rmtree(work)
            if times > 1:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main([int(n) for n in (sys.argv[1:] or os.environ.get("BENCH_MILLIONS", "1 10 100").split())])
