"""Other people's text comes out as its letters: escapes, and what nobody can see."""

import re
import shutil
from html import unescape

import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from importcut.app.cli import app
from importcut.intake.opening import examine, new_dataset
from importcut.letters import as_cell, as_html, as_seen, unseen

HIDDEN = ["\x1b", "\0", "\x07", "\x9b", "\u202e", "\u2066", "\u200b", "\u200d", "\u2060", "\ufeff", "\xad", "\u2028"]
SEEN = "Полипропилен ўқғҳ ʻoʻ’ № 5 – 10 % ×\u00a0\u202f«»"


@given(st.text())
@example("<b>&amp;\"'")
def test_html_holds_the_letters_and_no_element(text):
    page = as_html(text)
    assert unescape(page) == text and BeautifulSoup(page, "html.parser").find() is None
    assert not re.search("[<>\"']", page)


@given(st.text())
@example("".join(HIDDEN) + SEEN)
def test_what_is_seen_moves_no_cursor_and_no_letter(text):
    seen = as_seen(text)
    assert unseen(seen, "\n\t") == [] and as_seen(seen) == seen
    assert re.sub(r"\[U\+([0-9A-F]{4,6})\]", lambda sign: chr(int(sign[1], 16)), seen) == text or "[U+" in text


@pytest.mark.parametrize("sign", HIDDEN)
def test_a_character_that_nobody_sees_is_named(sign):
    assert unseen(f"a{sign}b") == [f"U+{ord(sign):04X}"] and as_seen(f"a{sign}b") == f"a[U+{ord(sign):04X}]b"


def test_what_people_write_stays_as_it_is():
    assert unseen(SEEN) == [] and as_seen(SEEN) == SEEN


@given(st.text())
def test_a_cell_begins_no_formula_and_loses_no_letter(text):
    assert as_cell(text).removeprefix("'") == text.removeprefix("'")
    assert not re.match(r"[=+@\t\r]|-(?![\d.,]+$)(?!$)", as_cell(text))


@pytest.fixture
def dataset(tmp_path):
    """An empty dataset with a register as CSV."""
    folder = new_dataset(tmp_path / "mine")
    (folder / "purposes.csv").write_text("purpose_id,name_uz_cyrl,name_uz_latn,name_ru,name_en\np,,,,{}\n", "utf-8")
    return folder


@pytest.mark.parametrize("sign", [*HIDDEN, "\n"])
def test_a_register_refuses_what_nobody_sees_with_its_cell_and_code_point(dataset, sign):
    file = dataset / "purposes.csv"
    file.write_text(file.read_text("utf-8").format(f'"Seat{sign}belts"'), "utf-8", newline="")
    told = [str(fault) for fault in examine(dataset).faults if "purposes.csv" in str(fault)]
    shown = "\n" if sign == "\n" else f"[U+{ord(sign):04X}]"
    text = f"purposes.csv row 2: name_en Seat{shown}belts holds U+{ord(sign):04X} — delete what nobody can see there"
    assert told == [f"{text}, or write the text anew"]


def test_settings_and_scenarios_refuse_it_with_their_key(dataset):
    file = dataset / "scenarios" / "base.toml"
    file.write_text(file.read_text("utf-8").replace('reason = "', 'reason = "\\u202E', 1), "utf-8")
    wrong = [str(fault) for fault in examine(dataset).faults]
    assert [text for text in wrong if re.fullmatch(r"base.toml: [\w.]+ holds U\+202E — delete what .* anew", text)]
    file = dataset / "dataset.toml"
    file.write_text(file.read_text("utf-8").replace('en = "', 'en = "\u200b', 1), "utf-8")
    assert any("dataset.toml: title.en holds U+200B — " in str(fault) for fault in examine(dataset).faults)


def test_a_terminal_is_shown_no_sign_of_a_raw_file_that_it_would_obey(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    dataset = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")
    file = dataset / "dataset.toml"
    file.write_text(re.sub('frequency = "Q"', 'frequency = "Y"', file.read_text("utf-8")), "utf-8")
    raw = "hs_code,description,year,value_usd,net_weight_kg,partners\n320820,Paints,2024,1\x1b[2J\u202e9,1,KOR\n"
    (dataset / "imports").mkdir(exist_ok=True)
    (dataset / "imports" / "a\u202eb.csv").write_text(raw, "utf-8")
    said = CliRunner().invoke(app, ["check", str(dataset)]).output
    assert "1[U+001B][2J[U+202E]9" in said and "a[U+202E]b.csv" in said and unseen(said, "\n") == []


def test_one_function_writes_to_the_terminal(repository):
    files = (repository / "lib" / "importcut" / "app" / "cli").glob("*.py")
    assert {f.name: n for f in files if (n := len(re.findall(r"\bprint\(", f.read_text("utf-8"))))} == {"frame.py": 1}
