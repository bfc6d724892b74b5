"""A report that was handed out is told from one in which a digit was changed: file and place are named."""

import json
import re
import shutil
import zipfile

import nbformat
import pandas as pd
import pytest
from typer.testing import CliRunner

from importcut.app.cli import app
from importcut.app.verify import verify_report
from importcut.dataset import digests, fingerprint_of, seal_of
from importcut.language import languages
from importcut.schema import UsageError
from importcut.telling import export

pytestmark = [pytest.mark.long, pytest.mark.ci]

RUN, PAPER = "sample/2026Q3", "05_quarterly_report.ipynb"


@pytest.fixture(scope="module")
def handed_out(published_reports, tmp_path_factory):
    """A copy of the sample's report, alone in a folder of its own."""
    return shutil.copytree(published_reports[0] / RUN, tmp_path_factory.mktemp("handed") / "a report")


def seal(folder, about):
    """Write a manifest whose seals fit what it says."""
    about = {key: value for key, value in about.items() if key not in ("seal", "sha256")}
    about["seal"] = seal_of(about["origin"], about["files"])
    (folder / "manifest.json").write_text(json.dumps(about | {"sha256": fingerprint_of(**about)}))


@pytest.fixture
def report(handed_out, tmp_path):
    """The same as if it had been made in English alone."""
    folder = shutil.copytree(handed_out, tmp_path / "report")
    for language in languages()[1:]:
        shutil.rmtree(folder / language)
    about = json.loads((folder / "manifest.json").read_text())
    page, beside = folder / "en" / "report.html", {"languages": ["en"], "formats": about["formats"]}
    executed = export.sealed(nbformat.read(folder / "en" / PAPER, as_version=4), about["seal"], **beside)
    page.write_text(export.to_html(executed, language="en"), encoding="utf-8")
    files = {name: digest for name, digest in about["files"].items() if (folder / name).exists()}
    files["en/report.html"] = digests([page])[page]
    seal(folder, about | {"files": files, "languages": ["en"]})
    return folder


def in_archive(file, part, change):
    """Change the text of one part of an Office file."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts[part].decode()
    parts[part] = change(text).encode()
    assert parts[part].decode() != text
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def other_digit(text):
    """Another digit in the first amount of a text that begins with a dollar."""
    found = re.search(r"\$\d", text)
    return text[: found.end() - 1] + str((int(found.group()[1]) + 1) % 10) + text[found.end() :]


def in_page(file):
    file.write_text(other_digit(file.read_text(encoding="utf-8")), encoding="utf-8")


def in_table(file):
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table.loc[1, "net_usd"] = str(float(table.loc[1, "net_usd"]) + 100)
    table.to_csv(file, index=False, lineterminator="\n")


def in_chart(file):
    with zipfile.ZipFile(file) as archive:
        name = next(part for part in archive.namelist() if part.startswith("ppt/charts/chart"))
    in_archive(file, name, lambda xml: re.sub(r"(?<=<c:v>)\d\.", "9.", xml, count=1))


def in_answer(file):
    value = re.compile(r"<v>(\d{4}\.\d)</v>")
    in_archive(file, "xl/worksheets/sheet1.xml", lambda xml: value.sub(r"<v>9\1</v>", xml, count=1))


def in_workbook(file):
    with zipfile.ZipFile(file) as archive:
        book = archive.read("xl/workbook.xml").decode()
    number = [*re.findall(r'<sheet name="([^"]*)"', book)].index("ranking") + 1
    value = re.compile(r"<v>(\d{6,}\.\d+)</v>")
    in_archive(file, f"xl/worksheets/sheet{number}.xml", lambda xml: value.sub(r"<v>9\1</v>", xml, count=1))


def in_pdf(file):
    paper = nbformat.read(file.parent / PAPER, as_version=4)
    changed = nbformat.reads(other_digit(nbformat.writes(paper)), as_version=4)
    manifest = json.loads((file.parents[1] / "manifest.json").read_text())
    file.write_bytes(export.to_pdf(export.sealed(changed, manifest["seal"]), language=file.parent.name))


CHANGES = {
    "tables/ranking.csv": (in_table, r"tables/ranking\.csv: row 3, net_usd: '[\d.]+' against '[\d.]+'"),
    "tables.xlsx": (in_workbook, r"tables\.xlsx: row \d+, \w+: '[\d.]+' against '9[\d.]+'"),
    "tables.xlsx#Answer": (in_answer, r"tables\.xlsx, Answer: row \d+, \d+: '[\d.]+' against '9[\d.]+'"),
    "en/report.html": (in_page, r"en/report\.html: “…? ?.*\$.*”, where its notebook says “.*\$"),
    "en/report.pdf": (in_pdf, r"en/report\.pdf: “.*\$.*”, where its notebook says “.*\$"),
    "en/report.docx": (
        lambda file: in_archive(file, "word/document.xml", other_digit),
        r"en/report\.docx: “.*\$.*”, where its notebook says “.*\$",
    ),
    "en/slides.html": (in_page, r"en/slides\.html: “.*\$.*”, where its notebook says “.*\$"),
    "en/slides.pptx": (
        lambda file: in_archive(file, "ppt/slides/slide2.xml", other_digit),
        r"en/slides\.pptx: “.*\$.*”, where its notebook says “.*\$",
    ),
    "en/slides.pptx#chart": (in_chart, r"en/slides\.pptx: “.* 9\.\d.*”, where its notebook says “.* 0\.\d"),
    "en/05_quarterly_report.ipynb": (in_page, r"en/report\.pdf: “.*\$.*”, where its notebook says “.*\$"),
    "notebooks/04_planned_cuts.ipynb": (in_page, r"notebooks/04_planned_cuts\.ipynb: is not the file"),
}


def test_a_report_is_as_it_was_handed_out_wherever_it_lies(handed_out):
    done = CliRunner().invoke(app, ["verify", str(handed_out)])
    assert (done.exit_code, done.output) == (0, f"As it was handed out: {handed_out}\n")


@pytest.mark.ci
@pytest.mark.parametrize("name", CHANGES)
def test_one_changed_digit_is_named_with_file_and_place(report, name):
    change, named = CHANGES[name]
    change(report / name.partition("#")[0])
    done = CliRunner().invoke(app, ["verify", str(report)])
    assert done.exit_code == 1
    assert re.search(named, done.output), done.output


def test_a_file_too_few_or_too_many_and_a_manifest_of_another_content_are_named(report):
    (report / "en" / "report.docx").unlink()
    (report / "note.txt").write_text("mine")
    about = json.loads((report / "manifest.json").read_text())
    (report / "manifest.json").write_text(json.dumps(about | {"period": "2026Q4"}))
    assert verify_report(report) == [
        "manifest.json: is not as it was handed out, for its seal is of another content",
        "en/report.docx: is missing",
        "note.txt: is not a file of the report",
    ]


@pytest.mark.parametrize("name", ["tables.xlsx", "en/report.pdf", "en/report.docx", "en/slides.pptx", f"en/{PAPER}"])
def test_a_file_that_was_cut_is_named_and_no_fault_of_the_program(report, name):
    (report / name).write_bytes((report / name).read_bytes()[:2000])
    done = CliRunner().invoke(app, ["verify", str(report)])
    assert (done.exit_code, done.output) == (1, f"{name}: cannot be read, it was cut or is of another format\n")


def test_a_changed_workbook_beside_a_lost_notebook_is_named_too(report):
    (report / "en" / PAPER).unlink()
    (report / "tables.xlsx").write_bytes((report / "tables.xlsx").read_bytes() + b"x")
    assert verify_report(report) == [f"en/{PAPER}: is missing", "tables.xlsx: is not the file that was handed out"]


def test_a_headline_that_a_format_does_not_say_is_named_though_every_digest_fits(report):
    about = json.loads((report / "manifest.json").read_text())
    about["headlines"]["en"] = about["headlines"]["en"].replace("1", "2")
    seal(report, about)
    silent = [line.split(":")[0] for line in verify_report(report)]
    assert silent == [
        f"en/{file}" for file in ("report.html", "report.pdf", "report.docx", "slides.html", "slides.pptx")
    ]


def test_a_folder_without_a_report_is_wrong_use(tmp_path):
    with pytest.raises(UsageError, match="is no report that can be verified"):
        verify_report(tmp_path)
    assert CliRunner().invoke(app, ["verify", str(tmp_path)]).exit_code == 2


def test_every_format_prints_the_seal(handed_out):
    from importcut.telling.export.readback import text_of

    seal = json.loads((handed_out / "manifest.json").read_text())["seal"]
    for name in ("report.html", "report.pdf", "report.docx", "slides.html", "slides.pptx"):
        assert seal[:8] in text_of(handed_out / "ru" / name).replace("\n", ""), name
    about = pd.read_excel(handed_out / "tables.xlsx", sheet_name="about", header=None, engine="calamine")
    assert seal in set(about[2])


@pytest.mark.ci
def test_a_re_run_gives_the_same_tables_and_names_the_cell_that_was_forged_with_its_seal(report, monkeypatch, tmp_path):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    assert verify_report(report, rerun=True) == []
    file, book = report / "tables" / "ranking.csv", report / "tables.xlsx"
    in_table(file)
    book.unlink()
    about = json.loads((report / "manifest.json").read_text())
    files = {name: digest for name, digest in about["files"].items() if name != book.name}
    seal(report, about | {"files": files | {"tables/ranking.csv": digests([file])[file]}})
    assert verify_report(report) == []
    [line] = verify_report(report, rerun=True)
    assert re.fullmatch(r"tables/ranking\.csv: row 3, net_usd: '[\d.]+' against '[\d.]+', made again of its data", line)
