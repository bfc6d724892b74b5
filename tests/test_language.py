"""Every message of charts, tables, narrative and notebooks exists in every language, and no catalogue holds more."""

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
import unicodedata

import nbformat
import pandas as pd
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from bs4 import BeautifulSoup

from importcut.language import CATALOGUES, Voice, languages
from importcut.schema import GRADES

FILES = ("sentences", "words", "listings", "cleaning")
TRANSLATED = [language for language in languages() if language != "en"]


def said_in(source: str) -> set:
    """What the source says: constant arguments of say(…), sentences of sentences.toml by their names."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="say") | ast.Name(id="self"), args=[message, *_]):
                options = [message.body, message.orelse] if isinstance(message, ast.IfExp) else [message]
                found |= {o.value for o in options if isinstance(o, ast.Constant) and isinstance(o.value, str)}
    return found


def texts_in(table: dict, section: str = "") -> dict:
    """The texts of a file of texts by their names; two forms as a pair."""
    found = {}
    for name, text in table.items():
        found |= texts_in(text, f"{name}.") if isinstance(text, dict) else {f"{section}{name}": text}
    return {name: tuple(text) if isinstance(text, list) else text for name, text in found.items()}


@pytest.fixture(scope="module")
def texts(repository):
    """The files of texts, as they are: sentences, words, listings."""
    library = repository / "lib" / "importcut"
    files = {name: (library / f"{name}.toml").read_text(encoding="utf-8") for name in FILES}
    return {name: tomllib.loads(file) for name, file in files.items()}


@pytest.fixture(scope="module")
def sources(repository):
    library = repository / "lib" / "importcut"
    files = [f for folder in ("telling", "app/desk", "app/cli") for f in library.glob(f"{folder}/**/*.py")]
    files.append(library / "language.py")
    cells = [c for f in (repository / "notebooks").glob("*.ipynb") for c in nbformat.read(f, as_version=4).cells]
    return [f.read_text(encoding="utf-8") for f in files] + [c.source for c in cells if c.cell_type == "code"]


@pytest.fixture(scope="module")
def messages(texts, sources):
    listings = texts["listings"].values()
    found = set(GRADES).union(*map(said_in, sources)) - set(texts_in(texts["sentences"]))
    found |= {*texts_in(texts["sentences"]).values(), *texts_in(texts["words"]).values()}
    found |= {table["caption"] for table in listings if "caption" in table}
    found |= {rule["word"] for rule in texts["cleaning"]["rules"].values() if "word" in rule}
    return found.union(*(table["columns"] for table in listings))


def test_every_sentence_is_said_somewhere(texts, sources):
    """Some names are put together from a section and a code, as `target.annual`."""
    literals = [n.value for s in sources for n in ast.walk(ast.parse(s)) if isinstance(n, ast.Constant)]
    put_together = {text for text in literals if isinstance(text, str) and text.endswith((".", "_"))}
    unsaid = set(texts_in(texts["sentences"])) - set(literals)
    assert {name for name in unsaid if not name.startswith(tuple(put_together))} == set()


def test_a_code_without_a_word_is_an_error_and_an_empty_one_stays_empty():
    say = Voice("en", Illustrative())
    assert say.in_words(pd.Series(["kept", None]), "treatments").dropna().tolist() == ["kept"]
    with pytest.raises(KeyError, match="burnt"):
        say.in_words(pd.Series(["burnt"]), "treatments")


def test_a_sentence_takes_its_values_as_they_are():
    say = Voice("en", Illustrative())
    values = {"leader": "A", "amount": 2.5e6, "span": pd.Period("2026Q3"), "range": (2e6, 3e6), "gross": 3_000_000.0}
    assert say("answer.leads_net", **values) == (
        "A cut the most imports: $2.5\xa0million net Q3\xa02026 (range $2.0–3.0\xa0million; gross $3.0\xa0million)."
    )
    assert say("what_if.change", question="A and B", gross=2.5e6, net=-1e3) == (
        "A and B: the planned gross cut to the target year changes by +$2.5\xa0million, "
        "the net cut by −$1.0\xa0thousand."
    )
    assert say("kept.behind", projects=["A", "B", "C"]) == "Furthest behind their plan: A, B and C."
    assert say("credit.moved", rules=["shapley", "marginal"]).endswith("under: Shapley and lost without it.")


def test_a_sentence_is_said_of_each_row_with_what_is_registered_by_its_name(sample):
    rows = pd.DataFrame({"product_id": ["antifreeze", "gone"], "share": [0.5, 1.0]})
    assert Voice("en", sample.ds).each("with_share", rows) == ["antifreeze 50%", "gone 100%"]


def catalogue(language):
    return read_po(io.BytesIO((CATALOGUES / language / "LC_MESSAGES" / "importcut.po").read_bytes()))


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_is_missing_or_unused(language, messages):
    translated = {m.id for m in catalogue(language) if m.id and m.string and not m.fuzzy and all(m.string)}
    held = {m.id for m in catalogue(language) if m.id}
    assert sorted(map(str, messages - translated)) == []
    assert sorted(map(str, held - messages)) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_are_those_of_the_message(language):
    fields = re.compile(r"{[^}]+}")
    for message in catalogue(language):
        if message.id and isinstance(message.id, str):
            assert sorted(fields.findall(message.id)) == sorted(fields.findall(message.string)), message.id


def mixed_words(text: str) -> list[str]:
    """Words that mix Latin and Cyrillic letters."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"{[^}]+}", " ", text))
    scripts = [{unicodedata.name(letter, "?").split()[0] for letter in word} & {"LATIN", "CYRILLIC"} for word in words]
    return [word for word, script in zip(words, scripts, strict=True) if len(script) > 1]


def test_mixed_words_are_found():
    assert mixed_words("импорт иmпорт import") == ["иmпорт"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_word_mixes_scripts(language):
    texts = [m.string if isinstance(m.string, str) else " ".join(m.string) for m in catalogue(language)]
    assert [word for text in texts for word in mixed_words(text)] == []


class Illustrative:
    illustrative = True


@pytest.mark.parametrize(
    ("language", "amount", "written"),
    [
        ("en", 10_750_000, "$10.8 million"),
        ("en", 4_130_000, "$4.1 million"),
        ("en", 234_400, "$234.4 thousand"),
        ("en", -5_000_000, "−$5.0 million"),
        ("en", 28_621_400_000, "$28.6 billion"),
        ("uz-Cyrl", 10_750_000, "10,8 млн доллар"),
        ("uz-Cyrl", 234_400, "234,4 минг доллар"),
        ("uz-Latn", 10_750_000, "10,8 mln dollar"),
        ("uz-Latn", 234_400, "234,4 ming dollar"),
        ("ru", 10_750_000, "10,8 млн долл."),
        ("ru", 234_400, "234,4 тыс. долл."),
    ],
)
def test_money_is_written_as_the_press_writes_it(language, amount, written):
    assert Voice(language, Illustrative()).money(amount) == written.replace(" ", "\xa0"), "no line breaks it"


def test_periods_are_written_in_words():
    assert Voice("en", Illustrative()).period(pd.Period("2026Q3")) == "Q3 2026"
    assert Voice("uz-Cyrl", Illustrative()).period(pd.Period("2026Q3")) == "2026 йил 3-чорак"
    assert Voice("uz-Latn", Illustrative()).period(pd.Period("2026Q3")) == "2026-yil 3-chorak"
    assert Voice("ru", Illustrative()).period(pd.Period("2026Q3")) == "3 кв. 2026 г."


def test_uzbek_latin_has_one_apostrophe_for_its_letters_and_one_for_the_pause():
    """Turned comma in o‘ and g‘, apostrophe in ma’lumot; Babel's own names mix in others."""
    assert Voice("uz-Latn", Illustrative()).country("KZ") == "Qozog‘iston"
    texts = [m.string if isinstance(m.string, str) else " ".join(m.string) for m in catalogue("uz-Latn")]
    assert not re.search("[\u02bb\u02bc'`]", " ".join(texts))


@pytest.mark.parametrize(("n", "written"), [(1, "1 строка"), (3, "3 строки"), (11, "11 строк"), (2843, "2 843 строки")])
def test_plural_forms_are_those_of_the_number(n, written):
    assert Voice("ru", Illustrative())("lines", n=n).replace("\xa0", " ") == written


FIFTH = "tg"  # made up: Babel knows it, the library does not
SPEAK = """
import sys
from importcut import make_report
language, raw, out = sys.argv[1:]
make_report(raw, period="2024", languages=[language], formats=["html", "slides"], out=out)
"""


def made_up(file, language):
    """The catalogue of a language that says everything as English does, with a mark before it."""
    catalogue = read_po(io.BytesIO(file.read_bytes()))
    fifth = Catalog(locale=language)
    for message in catalogue:
        if message.id:
            texts = message.id if isinstance(message.id, tuple) else (message.id,)
            marked = tuple(f"«{text}»" if " " in text else text for text in texts)
            fifth.add(message.id, marked if isinstance(message.id, tuple) else marked[0])
    made = io.BytesIO()
    write_po(made, fifth)
    return made.getvalue()


@pytest.mark.long
@pytest.mark.ci
def test_a_fifth_language_needs_a_catalogue_a_name_column_and_titles_and_no_python(repository, tmp_path):
    """Report and deck of a library and a dataset to which a language was added, and nothing else."""
    for folder in ("lib", "notebooks"):
        shutil.copytree(repository / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    raw = tmp_path / "data" / "raw" / "uzbekistan"
    shutil.copytree(repository / "tests" / "cases" / "annual", raw)
    catalogue = tmp_path / "lib" / "importcut" / "locale" / FIFTH / "LC_MESSAGES" / "importcut.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_bytes(made_up(CATALOGUES / "ru" / "LC_MESSAGES" / "importcut.po", FIFTH))
    for register in ("products", "projects"):
        table = pd.read_csv(raw / f"{register}.csv", dtype=str)
        table.assign(name_tg="tg " + table["name_en"]).to_csv(raw / f"{register}.csv", index=False)
    settings = (raw / "dataset.toml").read_text(encoding="utf-8")
    assert "[title]\n" in settings
    (raw / "dataset.toml").write_text(settings.replace("[title]\n", f'[title]\n{FIFTH} = "Fifth"\n'), encoding="utf-8")
    variables = os.environ | {"PYTHONPATH": str(tmp_path / "lib"), "IMPORTCUT_PROCESSED": str(tmp_path / "processed")}
    words = [sys.executable, "-c", SPEAK, FIFTH, str(raw), str(tmp_path / "reports")]
    run = subprocess.run(words, env=variables, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    folder = tmp_path / "reports" / "uzbekistan" / "2024" / FIFTH
    pages = [BeautifulSoup((folder / name).read_text("utf-8"), "lxml").text for name in ("report.html", "slides.html")]
    assert all("tg Caustic soda" in page and "Fifth" in page for page in pages)
    assert "«What we cannot tell»" in pages[0]
