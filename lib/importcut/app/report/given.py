"""Keeps the tables of a report that was given out, in the dataset, where later reports find them."""

from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from importcut.app.report import publish
from importcut.app.report.asked import opened
from importcut.app.report.finished import finished_report, remedy
from importcut.dataset import PUBLISHED, ROOT, digests
from importcut.schema import RunError, UsageError

REMADE = {"quarantine", "profile"}  # large, and made again from the raw files; no revision is told of them
KEPT = ("dataset", "period", "illustrative", "headlines", "inputs")  # of the report's manifest


@dataclass(frozen=True)
class Given:
    """Folder of what was given out, and whether it lay there already."""

    folder: Path
    already: bool


def publish_tables(
    dataset: str | Path,
    *,
    period: str | None = None,
    date: str | None = None,
    replace: bool = False,
    out: Path | str | None = None,
) -> Given:
    """Copy the tables of a finished report, scenario base, to `published/<period>/` of its dataset.

    Later reports compare with them. The copy is there whole or not at all.

    Parameters
    ----------
    period : None for the latest report that has been made
    date : day on which it was given out, 2026-10-15; noted beside the tables
    replace : put it in the place of other tables that were given out for this period
    out : folder of the reports, by default reports/ of the project

    Raises
    ------
    UsageError : no such dataset, or period or date are written wrongly.
    RunError : there is no such report, its files were changed, or other tables were given out for this period.
    """
    out = Path(out or ROOT / "reports").resolve()
    folder = opened(dataset, period).path
    _check_day(date)
    with publish.alone(out / ".work" / folder.name / "lock"):
        report = finished_report(out / folder.name, folder.name, period)
        manifest = publish.published(report)
        cache = out / ".work/digests.json"
        if not publish.is_published(manifest["files"], report, cache):
            raise RunError(f"the files in {report} are not those of the report — {remedy(folder.name, report.name)}")
        tables = [f for f in sorted((report / "tables").glob("*.csv")) if f.stem not in REMADE]
        files = {f.name: digest for f, digest in digests(tables, cache).items()}
        target = folder / PUBLISHED / report.name
        standing = publish.published(target)
        if standing and not replace:
            if publish.is_published(files, target, cache):
                return Given(target, already=True)
            raise RunError(
                f"{PUBLISHED}/{report.name} of {folder.name} holds other tables, and what was given out is kept — "
                f"give --replace to put these in their place"
            )
        about = {name: manifest[name] for name in KEPT} | {"files": files} | ({"date": date} if date else {})
        publish.publish(files, about, build=report / "tables", target=target)
    return Given(target, already=False)


def _check_day(date: str | None) -> None:
    try:
        written = date is None or Date.fromisoformat(date).isoformat() == date
    except ValueError:
        written = False
    if not written:
        raise UsageError(f"date {date!r} is not one — write it as 2026-10-15")
