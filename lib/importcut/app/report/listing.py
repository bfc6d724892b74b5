"""The page that lists all published reports, written from their manifests."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from importcut.app.report.publish import MANIFEST
from importcut.dataset import as_period, write_whole
from importcut.language import Voice, languages
from importcut.schema import LIBRARY, DataError

INDEX = "index.html"
ATTEMPTS = 10  # more runs than would ever publish in the same moment


@dataclass(frozen=True)
class Listed:
    """A published report as its manifest has it; `title` and `scenario_title` by language, `folder` below the page."""

    dataset: str
    folder: str
    period: pd.Period
    scenario: str
    title: dict[str, str]
    scenario_title: dict[str, str]
    illustrative: bool
    headlines: dict[str, str]
    files: frozenset[str]


def write_index(out: Path) -> Path:
    """Write `index.html` below `out` if it is not yet what the manifests say; returns its path.

    The page is read again from the manifests after it has been written, so that of runs at the same time the last one
    to write has seen what all have published.
    """
    page = out / INDEX
    for _ in range(ATTEMPTS):
        whole = index_page(published_reports(out)).encode()
        if page.exists() and page.read_bytes() == whole:
            break
        write_whole(page, whole)
    return page


def published_reports(out: Path) -> list[Listed]:
    """The reports below `out` by dataset, newest first, base scenario first; a broken manifest is left out."""
    manifests = (f for f in out.glob(f"*/*/{MANIFEST}") if "/." not in f"/{f.relative_to(out).as_posix()}")
    reports = filter(None, map(_listed, manifests))
    return sorted(reports, key=lambda r: (r.dataset, -r.period.ordinal, r.scenario != "base", r.folder))


def index_page(reports: list[Listed]) -> str:
    """The page as HTML: a section a language, in it the datasets and their reports."""
    from jinja2 import Environment, FileSystemLoader

    spoken = [code for code in languages() if any(code in r.headlines for r in reports)] or languages()[:1]
    voices = {code: Voice(code, None) for code in languages()}
    words = {code: {**say.words("index"), "files": say.words("files")} for code, say in voices.items()}
    sections = [{"code": code, "words": words[code], "datasets": _datasets(reports, code, words)} for code in spoken]
    templates = Environment(loader=FileSystemLoader(LIBRARY / "templates"), autoescape=True, trim_blocks=True)
    return templates.get_template("index/index.html.j2").render(sections=sections)


def _listed(manifest: Path) -> Listed | None:
    """The report of a manifest; nothing if the manifest is broken or from another program."""
    try:
        about = json.loads(manifest.read_text(encoding="utf-8"))
        return Listed(
            dataset=manifest.parts[-3],
            folder="/".join(manifest.parts[-3:-1]),
            period=as_period(about["period"], "Q" if "Q" in about["period"] else "Y"),
            scenario=str(about["scenario"]),
            title=dict(about.get("titles", {})),
            scenario_title=dict(about.get("scenario_titles", {})),
            illustrative=bool(about["illustrative"]),
            headlines={str(code): str(said) for code, said in about["headlines"].items()},
            files=frozenset(about["files"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DataError):
        return None


def _datasets(reports: list[Listed], code: str, words: dict) -> list[dict]:
    datasets = {}
    for report in reports:
        say = Voice(code, report)
        about = {"title": report.title.get(code, report.dataset), "mark": say.mark, "reports": []}
        datasets.setdefault(report.dataset, about)["reports"].append(_card(report, say, words))
    return list(datasets.values())


def _card(report: Listed, say: Voice, words: dict) -> dict:
    """What the page shows of one report in one language: addresses relative to the page, percent-encoded."""
    code, names = say.language, words[say.language]["files"]
    mine = {name: file for name in names for file in (name, f"{code}/{name}") if file in report.files}
    figures = sorted(file for file in report.files if re.fullmatch(rf"{re.escape(code)}/figures/01-[^/]+\.svg", file))
    others = [c for c in words if c != code and c in report.headlines and f"{c}/report.html" in report.files]
    named = "" if report.scenario == "base" else report.scenario_title.get(code, report.scenario)
    return {
        "name": " · ".join(filter(None, [say.period(report.period), named])),
        "headline": report.headlines.get(code, ""),
        "page": _address(report, mine["report.html"]) if "report.html" in mine else "",
        "figure": _address(report, figures[0]) if figures else "",
        "files": [(names[name], _address(report, file)) for name, file in mine.items()],
        "others": [(c, words[c]["language"], _address(report, f"{c}/report.html")) for c in others],
    }


def _address(report: Listed, file: str) -> str:
    return quote(f"{report.folder}/{file}")
