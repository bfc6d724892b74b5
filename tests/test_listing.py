"""The page that lists all reports: from manifests alone, in every language, whole or not at all."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

from importcut.app import index
from importcut.app.index import write_index

FORMATS = ("report.html", "report.pdf", "report.docx", "slides.html", "slides.pptx")
TITLES = {"en": "Cars & <chemicals>", "uz-Cyrl": "Автомобиллар"}


def publish(out, dataset="cars", period="2026Q3", scenario="base", languages=("en",), **changed):
    """A published report: a manifest, and the files that it names."""
    folder = out / dataset / (period if scenario == "base" else f"{period}-{scenario}")
    names = [f"{language}/{name}" for language in languages for name in (*FORMATS, "figures/01-the ranking.svg")]
    manifest = {
        "dataset": dataset,
        "titles": TITLES,
        "period": period,
        "scenario": scenario,
        "scenario_titles": {"en": "Projects come late"},
        "illustrative": False,
        "headlines": {language: f"A leads in {period}, {language}" for language in languages},
        "files": dict.fromkeys([*names, "tables.xlsx", "tables/ranking.csv"], "digest"),
    } | changed
    for name in manifest["files"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def read(out):
    return BeautifulSoup(write_index(out).read_text(encoding="utf-8"), "html.parser")


def names(out, language="en"):
    return [heading.text for heading in read(out).select(f"#{language} h3")]


def test_reports_stand_newest_first_with_their_scenarios_below_each_dataset(tmp_path):
    for period, scenario in (("2025Q4", "base"), ("2026Q3", "late"), ("2026Q3", "base"), ("2026Q1", "base")):
        publish(tmp_path, period=period, scenario=scenario)
    publish(tmp_path, "annual", "2024")
    assert names(tmp_path) == ["2024", "Q3 2026", "Q3 2026 · Projects come late", "Q1 2026", "Q4 2025"]
    assert len(read(tmp_path).select("#en h2")) == 2


def test_a_language_has_its_own_section_titles_and_periods(tmp_path):
    publish(tmp_path, languages=("en", "uz-Cyrl"))
    page = read(tmp_path)
    assert [section["lang"] for section in page.select("section")] == ["en", "uz-Cyrl"]
    assert [a["href"] for a in page.select("nav a")] == ["#en", "#uz-Cyrl"]
    assert page.select_one("#uz-Cyrl h2").text == TITLES["uz-Cyrl"]
    assert names(tmp_path, "uz-Cyrl") == ["2026 йил 3-чорак"]
    assert page.select_one("#uz-Cyrl .headline").text == "A leads in 2026Q3, uz-Cyrl"


def test_a_report_that_lacks_a_language_links_to_those_it_has(tmp_path):
    publish(tmp_path, languages=("en", "uz-Cyrl"))
    publish(tmp_path, period="2026Q2", languages=("en",))
    older = read(tmp_path).select("#uz-Cyrl article")[1]
    assert older.select(".headline, img") == []
    assert [a["href"] for a in older.select(".others a")] == ["cars/2026Q2/en/report.html"]


def test_every_address_is_relative_and_there(tmp_path):
    publish(tmp_path, "a b#c%20&d", languages=("en", "uz-Cyrl"))
    page = read(tmp_path)
    files = [a["href"] for a in page.select("article a")] + [img["src"] for img in page.find_all("img")]
    assert len(files) > 2 * len(FORMATS)
    for address in files:
        assert re.fullmatch(r"[\w.%/~-]+", address) and not address.startswith("/"), address
        assert (tmp_path / unquote(address)).is_file(), address


def test_only_files_of_the_manifest_are_offered(tmp_path):
    publish(tmp_path, files={"en/report.html": "digest", "notebooks/06_method.ipynb": "digest"})
    page = read(tmp_path)
    assert [a["href"] for a in page.select(".files a")] == ["cars/2026Q3/en/report.html"]
    assert page.find_all("img") == []


def test_what_a_manifest_says_is_text_and_no_html(tmp_path):
    evil = "<script>run()</script> \"A\" & 'B'"
    publish(tmp_path, headlines={"en": evil}, titles={"en": evil}, scenario_titles={"en": evil}, scenario="x")
    page = read(tmp_path)
    assert page.find_all("script") == []
    assert page.select_one(".headline").text == evil and page.h2.text == evil


def test_the_page_runs_nothing_and_names_no_address_outside(tmp_path):
    publish(tmp_path)
    page = read(tmp_path)
    assert page.find_all(["script", "link", "iframe", "base"]) == []
    assert "://" not in str(page) and "@import" not in str(page)
    assert page.select_one("meta[name=viewport]")["content"].startswith("width=device-width")
    assert all(image["loading"] == "lazy" and image["alt"] for image in page.find_all("img"))


def test_illustrative_data_are_marked(tmp_path):
    publish(tmp_path, "invented", illustrative=True)
    publish(tmp_path, "real")
    assert [mark.text for mark in read(tmp_path).select(".mark")] == [
        "Illustrative data: the project figures are invented"
    ]


@pytest.mark.parametrize(
    "broken",
    ["", "{", "[]", "null", '{"period": "2026Q3"}', json.dumps({"period": 7}), json.dumps({"period": "NaT"}), "\xff"],
)
def test_a_broken_manifest_is_skipped(tmp_path, broken):
    publish(tmp_path)
    (publish(tmp_path, period="2026Q2") / "manifest.json").write_bytes(broken.encode("latin-1"))
    assert names(tmp_path) == ["Q3 2026"]


@pytest.mark.parametrize(
    "changed",
    [{"period": "2026-09-30"}, {"period": None}, {"headlines": None}, {"files": None}, {"titles": None}],
)
def test_a_manifest_with_a_wrong_entry_is_skipped(tmp_path, changed):
    folder = publish(tmp_path, period="2026Q2")
    manifest = json.loads((folder / "manifest.json").read_text()) | changed
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert names(tmp_path) == []


def test_a_manifest_of_an_earlier_version_is_listed_by_the_name_of_its_dataset(tmp_path):
    folder = publish(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["titles"], manifest["scenario_titles"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert read(tmp_path).h2.text == "cars"


def test_what_is_being_made_is_not_listed(tmp_path):
    publish(tmp_path)
    publish(tmp_path, ".work")
    folder = publish(tmp_path, period="2026Q2")
    folder.rename(folder.with_name(".2026Q2.part"))
    assert names(tmp_path) == ["Q3 2026"]


def test_a_folder_with_a_hidden_parent_is_listed_all_the_same(tmp_path):
    publish(tmp_path / ".cache" / "reports")
    assert names(tmp_path / ".cache" / "reports") == ["Q3 2026"]


def test_without_reports_the_page_says_so(tmp_path):
    page = read(tmp_path)
    assert "No report has been published yet." in page.text
    assert page.nav is None


def test_the_same_manifests_give_the_same_bytes_in_whatever_order_they_came(tmp_path):
    for out, periods in ((tmp_path / "a", ("2026Q3", "2026Q2")), (tmp_path / "b", ("2026Q2", "2026Q3"))):
        for period in periods:
            publish(out, period=period, languages=("en", "uz-Cyrl"))
    assert write_index(tmp_path / "a").read_bytes() == write_index(tmp_path / "b").read_bytes()


def test_a_page_that_is_right_already_is_left_alone(tmp_path):
    publish(tmp_path)
    before = write_index(tmp_path).stat()
    assert write_index(tmp_path).stat() == before


def test_a_report_published_while_the_page_is_written_is_on_it(tmp_path, monkeypatch):
    publish(tmp_path)
    seen = index.published_reports

    def seen_too_early(out):
        found = seen(out)
        publish(out, period="2026Q4")  # by another run, after this one has looked
        return found

    monkeypatch.setattr(index, "published_reports", seen_too_early)
    assert "Q4 2026" in write_index(tmp_path).read_text()


def test_runs_side_by_side_leave_one_whole_page_and_nothing_else(tmp_path):
    def run(n):
        publish(tmp_path, f"dataset_{n}")
        return write_index(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        assert {*pool.map(run, range(8))} == {tmp_path / "index.html"}
    assert len(read(tmp_path).select("#en h2")) == 8
    assert [f.name for f in tmp_path.iterdir() if f.is_file()] == ["index.html"]


def test_a_page_that_cannot_be_written_leaves_the_former_one(tmp_path, monkeypatch):
    publish(tmp_path)
    before = write_index(tmp_path).read_bytes()
    publish(tmp_path, period="2026Q4")

    def no_replace(self, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", no_replace)
        write_index(tmp_path)
    assert (tmp_path / "index.html").read_bytes() == before
    assert "Q4 2026" in write_index(tmp_path).read_text()
