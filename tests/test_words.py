"""What a minister's report may say: no word of the workshop, and both Uzbek scripts the same."""

import re
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from importcut.language import Voice, languages
from importcut.telling.drawing import Picture
from importcut.telling.export.content import Table, blocks
from importcut.telling.finding import Cover, Finding
from test_language import catalogue

BANNED = {  # in texts, titles and charts; tables stand in the annex, and the glossary explains what stands in them
    "en": r"placebo|shapley|sdid|sobol|bootstrap|monte carlo|\bdraws?\b|\bdrawn\b|varianc|dispersion|imput(ed|ation)\b|"
    r"\bpanel\b|donor|counterfactual|pareto|shadow|dispatch|recut|anticipation|spillover|exchangeab|hang on|"
    r"\.toml|\.csv|importcut (publish|report)|\b(0|100) of 100\b",
    "ru": r"плацебо|шепли|собол|бутстр|монте-карло|дисперси|импутац|панел|донор|контрфакт|парето|теневы|имитаци|"
    r"\.toml|\.csv|importcut (publish|report)|\b(0|100) из 100\b|\.\.",
    "uz-Cyrl": r"плацебо|шепли|собол|бутстр|монте-карло|дисперси|импутац|панел|донор|контрфакт|парето|соя нарх|имитаци|"
    r"\.toml|\.csv|importcut (publish|report)|100 та ҳисоб-китобдан (0|100) ",
    "uz-Latn": r"platsebo|placebo|shepli|sobol|butstr|monte-karlo|dispersi|imputats|panel|donor|kontrfakt|pareto|"
    r"soya narx|imitatsi|\.toml|\.csv|importcut (publish|report)|100 ta hisob-kitobdan (0|100) ",
}
BREAKABLE = re.compile(r"\d (million|thousand|billion|млн|тыс\.|млрд|минг|mln|ming|mlrd|%|фоиз|foiz|г\.|кв\.)")
LETTERS = dict(zip("абвгдзийклмнопрстуфхэқҳъ", "abvgdziyklmnoprstufxeqh’", strict=True))
LETTERS |= {"ё": "yo", "ж": "j", "ч": "ch", "ш": "sh", "ю": "yu", "я": "ya", "ғ": "g‘", "ў": "o‘"}
VOWELS = "аеёиоуэюяўъ"


def latin(text):
    """Uzbek in Cyrillic letters by the rules of the Latin script, in small letters, fields as they are."""
    found = []
    for word in re.split(r"({[^}]*})", text):
        for before, letter in zip(" " + word, word, strict=False):
            small, after = letter.lower(), before.lower()
            special = {"ь": "", "е": "e" if after.isalpha() and after not in VOWELS else "ye"}
            special["ц"] = "ts" if after in VOWELS else "s"
            found.append(word if word[:1] == "{" else special.get(small, LETTERS.get(small, small)))
            if word[:1] == "{":
                break
    return re.sub(r"(\d|(?<!\.1)}) yil", r"\1-yil", "".join(found)).replace("«", "“").replace("»", "”")


def texts(notebook):
    """What the body and the deck of an executed report say, by block."""
    for *_, block in blocks(notebook):
        match block:
            case Cover():
                yield from (block.title, block.subtitle, block.headline)
            case Finding():
                yield from (block.title, block.text, block.reading)
            case Picture():
                drawn = BeautifulSoup(block.plot or block.svg, "xml").find_all("text")
                yield from (block.title, block.unit, block.alt, *(label.get_text(" ") for label in drawn))


@pytest.fixture(scope="module")
def said(published_reports):
    """The texts and the tables of the executed reports, by folder of dataset and period, and language."""
    files = [*published_reports[0].glob("*/*/*/05_quarterly_report.ipynb")]
    return {(f.parts[-4], f.parts[-2]): nbformat.read(f, as_version=4) for f in files}


def test_no_word_of_the_workshop_stands_in_body_or_deck(said):
    assert {dataset for dataset, _ in said} == {"sample", "uzbekistan"}
    for (dataset, language), notebook in said.items():
        found = [t for t in texts(notebook) if re.search(BANNED[language], t, re.IGNORECASE)]
        assert found == [], (dataset, language)


def test_amounts_have_one_decimal_and_no_line_breaks_them(said):
    for (dataset, language), notebook in said.items():
        told = [b.text for *_, b in blocks(notebook) if isinstance(b, Finding)]
        assert [t for t in told if BREAKABLE.search(t)] == [], (dataset, language)
        assert [t for t in told if re.search(r"[.,]\d\d\xa0(million|thousand|млн|тыс|минг|mln|ming)", t)] == []


def test_the_glossary_explains_at_most_a_dozen_terms_each_in_a_sentence(said):
    for (_, language), notebook in said.items():
        say = Voice(language, SimpleNamespace(formats={}))
        tables = [b for *_, b in blocks(notebook) if isinstance(b, Table)]
        (glossary,) = (t for t in tables if t.caption == say("Glossary"))
        assert 6 <= len(glossary.rows) <= 12
        assert all(meaning.endswith(".") and ". " not in meaning for _, meaning in glossary.rows)


@pytest.mark.parametrize("language", languages())
def test_names_stand_inside_sentences_as_the_language_has_them(sample, language):
    say = Voice(language, sample.ds)
    products, inside = say.names("products"), say.names("products", inside=True)
    assert inside["abs"] == products["abs"] and inside["pvc_plastisol"][1:] == products["pvc_plastisol"][1:]
    assert inside["topcoat"] == products["topcoat"][0].lower() + products["topcoat"][1:]
    project, name = (say.names("projects", inside=within)["antifreeze_navoi"] for within in (True, False))
    marks = {"en": "{}", "ru": "«{}»", "uz-Cyrl": "«{}»", "uz-Latn": "“{}”"}
    assert project == marks[language].format(name)


def test_a_proper_name_keeps_its_capital_where_the_dataset_says_so(sample):
    products = sample.ds.products.assign(name_en="Portland cement")
    say = Voice("en", SimpleNamespace(names=lambda *_: products.set_index("product_id")["name_en"], proper=()))
    assert set(say.names("products", inside=True)) == {"portland cement"}
    say = Voice("en", SimpleNamespace(names=say.ds.names, proper=("Portland",)))
    assert set(say.names("products", inside=True)) == {"Portland cement"}


def test_the_two_uzbek_scripts_say_the_same_letter_by_letter():
    other, differences = catalogue("uz-Latn"), []
    for message in catalogue("uz-Cyrl"):
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            forms = (message.string, other.get(key).string)
            for ours, their in zip(*((t,) if isinstance(t, str) else t for t in forms), strict=True):
                if latin(ours) != their.lower():
                    differences.append((latin(ours), their))
    assert differences == []


@pytest.mark.parametrize("register", ["products", "plants", "purposes", "projects", "measures"])
def test_names_of_both_datasets_are_the_same_in_both_uzbek_scripts(sample, uzbekistan, register):
    for way in (sample, uzbekistan):
        names = [way.ds.names(register, language) for language in ("uz-Cyrl", "uz-Latn")]
        pairs = pd.concat(names, axis=1, keys=["cyrl", "latn"]).dropna()
        assert [(latin(c), n) for c, n in pairs.to_numpy() if latin(c) != n.lower()] == []
