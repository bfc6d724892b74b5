"""The tables of a report as one page to explore: every language, no server, nothing worked out a second time.

Its charts are Vega's: a university's laboratory keeps it, it draws SVG, in which letters stay letters, and it takes the
signs of numbers of any language; its script, 0.9 MB, comes inside vl-convert's wheel, with an interpreter of its own,
so that the page forbids eval. Bokeh's (1.3 MB) draws on a canvas, Plotly's (4.6 MB) is larger than the page may be.
"""

import io
import sys
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from importcut.dataset import Dataset, as_period, write_whole
from importcut.language import Voice, own_name, texts
from importcut.letters import as_json, as_seen
from importcut.schema import NATIONAL, VOLUME
from importcut.telling.export.content import TEMPLATES, digest_of, render
from importcut.telling.export.sheets import NAMED, to_csv

LOOKED_THROUGH = (
    "profile", "counterfactual", "ranking", "credit", "cuts_realised", "cuts_planned", "target", "ledger",
    "measures_status", "estimates", "tests", "quality",
)  # fmt: skip
WORDS = (
    "explore", "columns", "views", "choices", "bases", "rules", "grades", "methods", "reasons", "states", "classes",
    "statuses", "verdicts", "checks", "treatments", "aside", "readings",
)  # fmt: skip
HEADINGS = ("ranking", "cuts", "quality", "tests", "placebo", "ledger", "measures", "estimates")
KEPT = Path(sys.prefix) / "share" / "importcut"  # of this environment, which `make env` fills
SHORT = 16  # digits of a digest, in the name of a file
LONGEST_PROFILE = 60_000  # of imports in one page; a longer table comes without its finest keys
FINEST = ("purpose_id", "plant_id", "origin")  # the key that is given up first, first
OF_PROJECTS = ["project_id", "class", "company", "cost_usd", "start", "first_output", "status"]


def to_explore(tables: Path, ds: Dataset, *, languages: list[str], script: str, seal: str) -> str:
    """The page, of the tables in a folder as they are handed out, in these languages; script: that of the charts."""
    files = {name: tables / f"{name}.csv" for name in LOOKED_THROUGH}
    held = {name: file.read_text(encoding="utf-8") for name, file in files.items() if file.exists()}
    if "profile" in held:
        held["profile"] = _short(held["profile"])
    if (lines := tables / "quarantine.csv").exists():
        held["aside"] = to_csv(_aside(lines))
    held["projects"] = to_csv(ds.projects[OF_PROJECTS])
    known = {language: _language(held, Voice(language, ds)) for language in languages}
    data = {"name": f"{ds.name}-{ds.period}", "seal": seal[:8], "tables": held, "languages": known}
    ours = (TEMPLATES / "explore" / "explore.js").read_text(encoding="utf-8")
    scripts = [script.replace("</script", "<\\/script"), ours]
    first, hashes = known[languages[0]], [digest_of(text) for text in scripts]
    about = {"language": languages[0], "title": as_seen(first["title"]), "words": first["words"]["explore"]}
    return render("explore/index.html.j2", **about, data=as_json(data), scripts=scripts, hashes=hashes)


def charting_script(folder: Path = KEPT) -> str:
    """The script of the charts, kept in a folder where that is possible, for taking it out of its wheel lasts seconds.

    Its digest is in its name: what was cut or changed there is taken out anew.
    """
    name = f"vega-{version('vl-convert-python')}-"
    for file in folder.glob(f"{name}*.js"):
        script = file.read_bytes()
        if file.stem == name + sha256(script).hexdigest()[:SHORT]:
            return script.decode()
    import vl_convert

    script = vl_convert.javascript_bundle().encode()
    with suppress(OSError):  # of another's environment
        folder.mkdir(parents=True, exist_ok=True)
        for former in folder.glob("vega-*.js"):
            former.unlink()
        write_whole(folder / f"{name}{sha256(script).hexdigest()[:SHORT]}.js", script)
    return script.decode()


def _short(profile: str) -> str:
    """The imports, summed over as many of their finest keys as there is no room for."""
    table = pd.read_csv(io.StringIO(profile), usecols=lambda name: name not in ("raw_kg", "unit_value"))
    for key in FINEST:
        if len(table) > LONGEST_PROFILE:
            keys = [name for name in ("product_id", *FINEST, "period", "evidence") if name in table and name != key]
            table = table.groupby(keys, as_index=False, sort=False, dropna=False)[VOLUME].sum()
    return to_csv(table)


def _aside(lines: Path) -> pd.DataFrame:
    """Lines set aside by kind and reason, with their value."""
    table = pd.read_csv(lines, usecols=["kind", "reason", "value_usd"]).assign(lines=1)
    return table.groupby(["kind", "reason"], as_index=False)[["lines", "value_usd"]].sum(min_count=1)


def _language(held: dict[str, str], say: Voice) -> dict:
    """What the page says in one language: words, names by id, periods, headings of columns, signs of numbers."""
    ds, tables = say.ds, [pd.read_csv(io.StringIO(held[name]), dtype=str) for name in held]
    periods = {text for table in tables if "period" in table for text in table["period"].dropna()}
    origins = {text for table in tables if "origin" in table for text in table["origin"].dropna()}
    names = {f"{register[:-1]}_id": say.names(register).to_dict() for register in NAMED}
    names["plant_id"][NATIONAL] = say("whole country")
    names["purpose_id"]["unspecified"] = say("purpose not stated")
    return {
        "own": own_name(say.language),
        "title": say.title,
        "about": " · ".join(filter(None, [say.period(ds.period), say.scenario])),
        "mark": say.mark,
        "source": say.source,
        "number": say.number(1234.5, 1),
        "words": {kind: say.words(kind) for kind in WORDS},
        "heads": {name: _heads(name, say) for name in HEADINGS} | {"project": _project_heads(say)},
        "names": names | {"origin": {code: say.country(code) for code in sorted(origins)}},
        "periods": {text: say.period(as_period(text, ds.frequency)) for text in sorted(periods)},
    }


def _heads(name: str, say: Voice) -> dict[str, str]:
    """Headings of a listing by the column that they stand over."""
    about = texts("listings")[name]
    heads = {column.partition(":")[0]: say(head) for head, column in about["columns"].items()}
    return heads | ({"caption": say(about["caption"])} if "caption" in about else {})


def _project_heads(say: Voice) -> dict[str, str]:
    heads = {"class": say("Class"), "company": say("Company"), "status": say("Status"), "start": say("Work began")}
    return heads | {"first_output": say("First output")}
