"""Widgets over the views: whatever is changed, the view that is shown answers anew."""

import os
from dataclasses import dataclass
from functools import partial

import ipywidgets as widgets
import pandas as pd

from importcut.app.desk import page, views
from importcut.app.desk.basis import SLIDERS, Standpoint, periods, read_anew, read_at, standpoint
from importcut.dataset import ROOT, assumption
from importcut.intake.opening import datasets
from importcut.intake.scenario import read_scenario, scenarios
from importcut.language import Voice, languages, own_name
from importcut.letters import as_html
from importcut.schema import RULES, DataError

SAVED = ROOT / "reports" / "desk"
ALWAYS = ("dataset", "period", "language")
PLAN = ("scenario", *SLIDERS)
USED = {  # the choices that each view answers to
    "import_profile": ("product", "plant", "purpose", "by"),
    "actual_and_expected": ("product", "method"),
    "projects_ranked": ("basis", "rule", *PLAN),
    "to_target": ("rule", *PLAN),
    "project_sheet": ("project", "scenario"),
}
ANEW = ("dataset", "language", "scenario", "anew")  # other options, or labels, or sliders
RANGES = {"delay_years": (0.0, 3.0, 0.25), "capacity_use": (0.3, 1.2, 0.05), "price_drift": (-0.05, 0.05, 0.005)}


@dataclass(frozen=True, eq=False)
class Board:
    """The widgets: choices by name, the view, its parts; `state` has what is shown, and whether options are filled."""

    choices: dict[str, widgets.Widget]
    view: widgets.ToggleButtons
    parts: dict[str, widgets.Widget]
    state: dict


def open_desk(dataset: str = "", *, period: str = "", language: str = "", scenario: str = "base") -> widgets.Widget:
    """The desk over a dataset, as one widget.

    What is left empty is what the command line was asked for, else the sample, its latest period, English. Where the
    dataset is wrong or has no such period, it says so.
    """
    from IPython.display import HTML, display
    from itables import init_notebook_mode

    dataset = dataset or os.environ.get("IMPORTCUT_DATASET", "sample")
    language = language or os.environ.get("IMPORTCUT_LANGUAGE", "en")
    try:
        here = standpoint(dataset, period, language=language, scenario=scenario)
        here.prepare()
    except DataError as error:
        return widgets.HTML(page.refusal(error, Voice(language, None)))
    init_notebook_mode(all_interactive=False, connected=False)
    display(HTML(f"<script>{page.SCRIPT.read_text(encoding='utf-8')}</script>"))
    board = _board(here.say)
    _fill(board, here)
    _answer(board)
    return _layout(board)


def _board(say: Voice) -> Board:
    """The widgets without their options, wired."""
    choices = {name: widgets.Dropdown() for name in say.words("choices")}
    for name, (low, high, step) in RANGES.items():
        form = ".1%" if name == "price_drift" else ".2f"
        choices[name] = widgets.FloatSlider(
            min=low, max=high, step=step, readout_format=form, continuous_update=False, layout={"width": "auto"}
        )
    parts = {name: widgets.HTML() for name in ("head", "message", "answer", "links", "saved", "code", "as_of")}
    parts |= {"save": widgets.Button(), "anew": widgets.Button(), "table": widgets.Output()}
    board = Board(choices, widgets.ToggleButtons(options=[*USED]), parts, {"filling": True})
    parts["save"].on_click(partial(_save, board))
    parts["anew"].on_click(partial(_changed, board, "anew"))
    board.view.observe(partial(_changed, board, "view"), "value")
    for name, choice in choices.items():
        choice.style.description_width = "initial"
        choice.observe(partial(_changed, board, name), "value")
    return board


def _standpoint(board: Board, changed: str = "") -> Standpoint:
    """Where the choices stand: another dataset begins with its latest period, another scenario with its assumptions."""
    value = {name: board.choices[name].value for name in (*ALWAYS, *PLAN)}
    lasting = {"dataset": ("dataset", "language"), "scenario": (*ALWAYS, "scenario")}
    return standpoint(**{name: value[name] for name in lasting.get(changed, value)})


def _changed(board: Board, name: str, _) -> None:
    """Answer anew; for another dataset, language or scenario with other options first."""
    if board.state["filling"]:
        return
    try:
        if name in ("dataset", "period", "anew"):
            say = Voice(board.choices["language"].value, None)
            _message(board, "desk-wait", say("Computing …"))
            if name == "anew":
                read_anew()
            _standpoint(board, name).prepare()
        if name in ANEW:
            _fill(board, _standpoint(board, name))
        _answer(board)
    except DataError as error:
        _message(board, "desk-wrong", str(error))


def _fill(board: Board, here: Standpoint) -> None:
    """Options, labels and values for a standpoint, in its language; what was chosen stays where it can."""
    board.state["filling"], say, choices = True, here.say, board.choices
    for name, options in _options(here).items():
        values, former = [value for _, value in options], getattr(here, name, choices[name].value)
        choices[name].options = options
        choices[name].index = values.index(former) if former in values else 0 if values else None
    for name, text in (say.words("choices") | say.words("sliders")).items():
        choices[name].description = text
    for name in SLIDERS:
        choices[name].value = assumption(here.ds, name)
    view = board.view.value
    board.view.options = [(text, key) for key, text in say.words("views").items()]
    board.view.value = view
    board.parts["save"].description = say("Save into reports/desk")
    board.parts["anew"].description = say("Read the data anew")
    text = say("Data as of {time}", time=read_at(here.dataset))
    board.parts["as_of"].value = f'<p class="desk-data">{as_html(text)}</p>'
    board.parts["head"].value = page.head(here)
    board.state["filling"] = False


def _options(here: Standpoint) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen, by name: each option as it is read and as it is meant."""
    say, ds = here.say, here.ds
    titles = {name: read_scenario(ds.path, name, ds.projects).get("title", {}) for name in scenarios(ds.path)}
    options = {
        "dataset": [(name, name) for name in sorted({*datasets(), here.dataset})],
        "period": [(say.period(pd.Period(p, freq=ds.frequency)), p) for p in periods(here.dataset)],
        "language": [(own_name(language), language) for language in languages()],
        "by": [(text, key) for key, text in say.words("splits").items()],
        "method": [(say.words("methods")[method], method) for method in here.methods],
        "basis": [(text, key) for key, text in say.words("bases").items()],
        "rule": [(say.words("rules")[rule], rule) for rule in RULES],
        "scenario": [(title.get(say.language, name), name) for name, title in titles.items()],
    }
    for name in ("product", "plant", "purpose", "project"):
        ids = ds.registers[f"{name}s"].iloc[:, 0]
        options[name] = sorted(zip(views.names_of(f"{name}_id", ids, say), ids, strict=True))
        options[name] = options[name] if name == "project" else [(say("all"), ""), *options[name]]
    cut = here.way().realised.groupby("project_id")["gross_usd"].sum()
    options["project"].sort(key=lambda option: -cut.get(option[1], 0.0))  # the largest cut first
    return options


def _answer(board: Board) -> None:
    """Show the view that is chosen, as the choices stand."""
    here, chosen, parts = _standpoint(board), board.view.value, board.parts
    function, say = getattr(views, chosen), here.say
    to_date = chosen == "projects_ranked" and board.choices["basis"].value == "realised_to_date"
    used = ("basis", "method") if to_date else USED[chosen]  # of what has happened, nothing is assumed or divided
    options = {name: board.choices[name].value or None for name in used if name not in PLAN}  # None leaves a box empty
    view, lines = function(here, **options), page.code(function, here, options)
    name = f"{here.ds.name}-{here.period}-{chosen}-{here.language}"
    board.state.update(view=view, lines=lines, name=name)
    parts["answer"].value = page.answer(view, say)
    parts["links"].value = page.downloads(view, name, say)
    parts["code"].value = page.listing(lines, say)
    parts["message"].value = parts["saved"].value = ""
    rows = {"output_type": "display_data", "data": {"text/html": page.table(view, say)}, "metadata": {}}
    parts["table"].outputs = (rows,) if len(view.table) else ()
    for name, choice in board.choices.items():
        useful = name in (*ALWAYS, *used) and (name in SLIDERS or len(choice.options) > 1)
        choice.layout.display = None if useful else "none"


def _message(board: Board, kind: str, text: str) -> None:
    board.parts["message"].value = f'<p class="{kind}" role="status">{as_html(text)}</p>'


def _save(board: Board, _) -> None:
    """Write what is shown into reports/desk."""
    files = page.keep(board.state["view"], board.state["lines"], board.state["name"], SAVED)
    say = Voice(board.choices["language"].value, None)
    names = ", ".join(file.name for file in files)
    board.parts["saved"].value = f'<p class="desk-saved">{as_html(say("Saved: {files}", files=names))}</p>'


def _layout(board: Board) -> widgets.Widget:
    parts = board.parts
    row = widgets.HBox([parts["links"], parts["save"].add_class("desk-save")]).add_class("desk-row")
    table = parts["table"].add_class("desk-tables")
    view = widgets.VBox([parts["message"], parts["answer"], row, parts["saved"], table, parts["code"]])
    choices = widgets.VBox([*board.choices.values(), parts["as_of"], parts["anew"]]).add_class("desk-choices")
    body = widgets.HBox([choices, view.add_class("desk-shown")]).add_class("desk-body")
    return widgets.VBox([parts["head"], board.view.add_class("desk-views"), body]).add_class("desk")
