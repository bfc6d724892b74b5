"""The sample's earlier publication, made of what was known then (make published)."""

import csv
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd

PERIOD = "2026Q2"
RECORDS = ("deliveries.csv", "output.csv", "activity.csv")  # by period; activity.csv holds plans too


def as_known(sample: Path, target: Path, period: str = PERIOD) -> Path:
    """A copy of the sample without what came to be known after the period: declarations, records, rates, measures."""
    end = pd.Period(period).end_time
    later = [f.name for f in (sample / "declarations").iterdir() if f.stem > period]
    shutil.copytree(sample, target, ignore=shutil.ignore_patterns("published", *later))
    for name in RECORDS:
        _rewrite(target / name, lambda row: [row] if row["period"] <= period or row.get("scenario") else [])
    _rewrite(target / "exchange_rates.csv", lambda row: [row] if row["date"] <= f"{end:%Y-%m-%d}" else [])
    not_yet = {"status": "under_way", "done": ""}
    _rewrite(target / "measures.csv", lambda row: [row | (not_yet if row["done"] > f"{end:%Y-%m}" else {})])
    return target


def _rewrite(file: Path, change) -> None:
    with file.open(encoding="utf-8", newline="") as text:
        rows = [*csv.DictReader(text)]
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept for row in rows for kept in change(row))


def main() -> None:
    """Make that report in every language, publish it, and put it in the place of the shipped one."""
    from importcut.app.publish import publish_tables
    from importcut.app.run import make_report
    from importcut.dataset import PUBLISHED
    from importcut.intake.opening import find_dataset
    from importcut.language import languages

    sample = find_dataset("sample")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IMPORTCUT_PROCESSED"] = f"{folder}/processed"
        known, out = as_known(sample, Path(folder, "sample")), Path(folder, "reports")
        make_report(known, period=PERIOD, languages=languages(), formats=("html",), out=out)
        given, _ = publish_tables(known, period=PERIOD, out=out)
        shipped = sample / PUBLISHED / PERIOD
        shutil.rmtree(shipped, ignore_errors=True)
        shutil.copytree(given, shipped)
    print(shipped, file=sys.stderr)


if __name__ == "__main__":
    main()
