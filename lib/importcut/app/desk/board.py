"""Widgets over the views: whatever is changed, the view that is shown answers anew."""

import os
from dataclasses import dataclass
from functools import partial
from html import escape

import ipywidgets as widgets
import pandas as pd

from importcut.app.desk import page, views
from importcut.app.desk.way import SLIDERS, Way, periods, walk
from importcut.app.desk.words import named
from importcut.dataset import ROOT, assumption
from importcut.intake.opening import datasets
from importcut.intake.scenario import read_scenario, scenarios
from importcut.language import Voice
from importcut.schema import RULES, DataError

SAVED = ROOT / "reports" / "desk"
TONGUES = [("English", "en"), ("Русский", "ru"), ("Ўзбекча", "uz-Cyrl"), ("O‘zbekcha", "uz-Latn")]
CHOICES = (
    "dataset", "period", "language", "product", "plant", "purpose", "by", "method", "project", "basis", "rule",
    "scenario",
)  # fmt: skip
PLAN = ("scenario", *SLIDERS)
USED = {  # the choices that each view answers to
    "import_profile": ("product", "plant", "purpose", "by"),
    "actual_and_expected": ("product", "method"),
    "projects_ranked": ("basis", "method", "rule", *PLAN),
    "to_target": ("rule", *PLAN),
    "project_sheet": ("project", "scenario"),
}
ALWAYS = ("dataset", "period", "language")
ANEW = ("dataset", "language", "scenario")  # other options, or labels, or sliders
STEPS = {"delay_years": (0.0, 3.0, 0.25), "capacity_use": (0.3, 1.2, 0.05), "price_drift": (-0.05, 0.05, 0.005)}


@dataclass(frozen=True, eq=False)
class Desk:
    """The widgets: choices by name, the view, its parts; `shown` keeps the last answer, `ways` what was walked."""

    choices: dict[str, widgets.Widget]
    view: widgets.ToggleButtons
    parts: dict[str, widgets.Widget]
    shown: dict
    ways: dict[Way, Way]


def desk(dataset: str = "", *, period: str = "", language: str = "", scenario: str = "base") -> widgets.Widget:
    """The desk over a dataset, as one widget.

    What is left empty is what the command line was asked for, else the sample, its latest period, English.

    Raises DataError if the dataset is wrong or has no such period.
    """
    from itables import init_notebook_mode

    dataset = dataset or os.environ.get("IMPORTCUT_DATASET", "sample")
    start = walk(dataset, period, language=language or os.environ.get("IMPORTCUT_LANGUAGE", "en"), scenario=scenario)
    init_notebook_mode(all_interactive=False, connected=False)
    made = _made()
    start.prepare()
    _offer(made, start)
    answer(made)
    return _laid_out(made)


def answer(made: Desk) -> None:
    """Show the view that is chosen, as the choices stand."""
    ask, parts, way = made.view.value, made.parts, _way(made)
    options = {name: made.choices[name].value for name in USED[ask] if name not in PLAN}
    view, lines = getattr(views, ask)(way, **options), page.code(getattr(views, ask), way, options)
    name = f"{way.ds.name}-{way.period}-{ask}-{way.language}"
    made.shown.update(view=view, lines=lines, name=name)
    for part, html in {
        "answer": page.answer(view, way.say),
        "links": page.downloads(view, name, way.say),
        "code": page.listing(lines, way.say),
        "message": "",
        "saved": "",
    }.items():
        parts[part].value = html
    rows = {"output_type": "display_data", "data": {"text/html": page.table(view, way.say)}, "metadata": {}}
    parts["table"].outputs = (rows,) if len(view.table) else ()
    for name, choice in made.choices.items():
        choice.layout.display = None if name in (*ALWAYS, *USED[ask]) else "none"


def _way(made: Desk, changed: str = "") -> Way:
    """The way of the choices, one that was walked before if it can be: it knows its plan already.

    Another dataset begins with its latest period, another scenario with its own assumptions.
    """
    value = {name: made.choices[name].value for name in ("dataset", "period", "scenario", "language", *SLIDERS)}
    kept = {"dataset": ("dataset", "language"), "scenario": ("dataset", "period", "scenario", "language")}
    given = {name: value[name] for name in kept.get(changed, value)}
    return made.ways.setdefault(way := walk(**given), way)


def _made() -> Desk:
    """The widgets without their options, wired."""
    choices = {name: widgets.Dropdown() for name in CHOICES}
    for name, (low, high, step) in STEPS.items():
        form = ".1%" if name == "price_drift" else ".2f"
        choices[name] = widgets.FloatSlider(
            min=low, max=high, step=step, readout_format=form, continuous_update=False, layout={"width": "auto"}
        )
    for choice in choices.values():
        choice.style.description_width = "initial"
    view = widgets.ToggleButtons(options=[*USED])
    parts = {name: widgets.HTML() for name in ("head", "message", "answer", "links", "saved", "code")}
    parts |= {"save": widgets.Button(), "table": widgets.Output()}
    made = Desk(choices, view, parts, {"offering": True}, {})
    parts["save"].on_click(partial(_save, made))
    for name, choice in [*choices.items(), ("view", view)]:
        choice.observe(partial(_changed, made, name), "value")
    return made


def _offer(made: Desk, way: Way) -> None:
    """Options, labels and values for a way, in its language; what was chosen stays where it can."""
    made.shown["offering"] = True
    say, told = way.say, {name: getattr(way, name) for name in ("dataset", "period", "language", "scenario")}
    for name, options in _lists(way).items():
        choice, values = made.choices[name], [value for _, value in options]
        before = told.get(name, choice.value)
        choice.options = options
        choice.index = values.index(before) if before in values else 0 if values else None
    for name, text in (say.words("choices") | say.words("sliders")).items():
        made.choices[name].description = text
    for name in SLIDERS:
        made.choices[name].value = assumption(way.ds, name)
    before = made.view.value
    made.view.options = [(text, key) for key, text in say.words("views").items()]
    made.view.value = before
    made.parts["save"].description = say("Save into reports/desk")
    made.parts["head"].value = page.head(way)
    made.shown["offering"] = False


def _lists(way: Way) -> dict[str, list[tuple[str, str | None]]]:
    """What can be chosen, by name: each option as it is read and as it is meant."""
    say, ds = way.say, way.ds
    lists = {
        "dataset": [(name, name) for name in sorted({*datasets(), way.dataset})],
        "period": [(say.period(pd.Period(p, freq=ds.frequency)), p) for p in periods(way.dataset)],
        "language": TONGUES,
        "by": [(text, key) for key, text in say.words("splits").items()],
        "method": [(say.words("methods")[method], method) for method in way.methods],
        "basis": [(text, key) for key, text in say.words("bases").items()],
        "rule": [(say.words("rules")[rule], rule) for rule in RULES],
    }
    for name in ("product", "plant", "purpose", "project"):
        ids = ds.registers[f"{name}s"].iloc[:, 0]
        everything = [] if name == "project" else [(say("all"), None)]
        lists[name] = everything + sorted(zip(named(f"{name}_id", ids, say), ids, strict=True))
    cut = way.told().realised.groupby("project_id")["gross_usd"].sum()
    lists["project"].sort(key=lambda option: -cut.get(option[1], 0.0))  # the largest cut first
    titles = {name: read_scenario(ds.path, name, ds.projects).get("title", {}) for name in scenarios(ds.path)}
    return lists | {"scenario": [(title.get(say.language, name), name) for name, title in titles.items()]}


def _changed(made: Desk, name: str, _) -> None:
    """Answer anew; for another dataset, language or scenario with other options first."""
    if made.shown["offering"]:
        return
    try:
        if name in ("dataset", "period"):
            say = Voice(made.choices["language"].value, None)
            _tell(made, "desk-wait", say("Computing …"))
            _way(made, name).prepare()
        if name in ANEW:
            _offer(made, _way(made, name))
        answer(made)
    except DataError as error:
        _tell(made, "desk-wrong", str(error))


def _tell(made: Desk, kind: str, text: str) -> None:
    made.parts["message"].value = f'<p class="{kind}" role="status">{escape(text)}</p>'


def _save(made: Desk, _) -> None:
    """Write what is shown into reports/desk."""
    files = page.keep(made.shown["view"], made.shown["lines"], made.shown["name"], SAVED)
    say = Voice(made.choices["language"].value, None)
    names = ", ".join(file.name for file in files)
    made.parts["saved"].value = f'<p class="desk-saved">{escape(say("Saved: {files}", files=names))}</p>'


def _laid_out(made: Desk) -> widgets.Widget:
    parts = made.parts
    choices = widgets.VBox([*made.choices.values()])
    row = widgets.HBox([parts["links"], parts["save"]])
    shown = widgets.VBox([parts["message"], parts["answer"], row, parts["saved"], parts["table"], parts["code"]])
    body = widgets.HBox([choices, shown])
    whole = widgets.VBox([widgets.HTML(page.style()), parts["head"], made.view, body])
    named = {"desk": whole, "desk-views": made.view, "desk-body": body, "desk-choices": choices, "desk-shown": shown}
    for name, box in (named | {"desk-row": row, "desk-tables": parts["table"], "desk-save": parts["save"]}).items():
        box.add_class(name)
    return whole
