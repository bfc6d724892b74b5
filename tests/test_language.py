"""Every message of charts, tables, narrative and notebooks exists in every language, and no catalogue holds more."""

import ast
import io
import re
import unicodedata

import nbformat
import pandas as pd
import pytest
from babel.messages.pofile import read_po

from importcut.language import LOCALES, Voice, languages
from importcut.schema import GRADES

TRANSLATED = [language for language in languages() if language != "en"]


def messages_in(source: str) -> set:
    """What the source says: arguments of say(…) and say.count(…), and the values of constant dictionaries."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="say") | ast.Name(id="self"), args=[message, *_]):
                options = [message.body, message.orelse] if isinstance(message, ast.IfExp) else [message]
                found |= {o.value for o in options if isinstance(o, ast.Constant) and isinstance(o.value, str)}
            case ast.Call(func=ast.Attribute(attr="count", value=ast.Name(id="say")), args=[one, many, *_]):
                found.add((one.value, many.value))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(values=values)) if (
                name.isupper() and name != "STYLE"
            ):
                found |= {v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)}
    return found


@pytest.fixture(scope="module")
def messages(repository):
    library = repository / "lib" / "importcut"
    telling = [*library.glob("narrate/*.py"), *library.glob("desk/*.py"), library / "language.py"]
    sources = [f.read_text(encoding="utf-8") for f in telling]
    found = set(GRADES).union(*map(messages_in, sources))
    charts = set().union(*(messages_in(f.read_text(encoding="utf-8")) for f in library.glob("chart/*.py")))
    found |= {m for m in charts if not str(m).startswith("#")}  # colours are no messages
    for file in (repository / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(file, as_version=4).cells
        found |= set().union(*(messages_in(c.source) for c in cells if c.cell_type == "code"))
    return found


def catalogue(language):
    return read_po(io.BytesIO((LOCALES / language / "LC_MESSAGES" / "importcut.po").read_bytes()))


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_is_missing_or_unused(language, messages):
    translated = {m.id for m in catalogue(language) if m.id and m.string and not m.fuzzy and all(m.string)}
    held = {m.id for m in catalogue(language) if m.id}
    assert sorted(map(str, messages - translated)) == []
    assert sorted(map(str, held - messages)) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_are_those_of_the_message(language):
    fields = re.compile(r"{\w+}")
    for message in catalogue(language):
        if message.id and isinstance(message.id, str):
            assert sorted(fields.findall(message.id)) == sorted(fields.findall(message.string)), message.id


def mixed_words(text: str) -> list[str]:
    """Words that mix Latin and Cyrillic letters."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"{\w+}", " ", text))
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
        ("en", 4_130_000, "$4.13 million"),
        ("en", 234_400, "$234.4 thousand"),
        ("en", -5_000_000, "−$5.00 million"),
        ("uz-Cyrl", 10_750_000, "10,8 млн доллар"),
        ("uz-Cyrl", 234_400, "234,4 минг доллар"),
        ("uz-Latn", 10_750_000, "10,8 mln dollar"),
        ("uz-Latn", 234_400, "234,4 ming dollar"),
        ("ru", 10_750_000, "10,8 млн долл."),
        ("ru", 234_400, "234,4 тыс. долл."),
    ],
)
def test_money_is_written_as_the_press_writes_it(language, amount, written):
    assert Voice(language, Illustrative()).money(amount) == written


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
    assert Voice("ru", Illustrative()).count("{n} line", "{n} lines", n).replace("\xa0", " ") == written
