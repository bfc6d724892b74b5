"""What was given out stays as it was: published whole, never overwritten, read by later reports only."""

import hashlib
import json
import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from importcut.app import publish, run
from importcut.app.cli import app
from importcut.app.publish import publish_tables
from importcut.intake.opening import open_dataset
from importcut.intake.publication import published
from importcut.schema import DataError, RunError, UsageError, tables
from published import PERIOD, as_known

LEDGER = "project_id,period,realised_usd\nangren_tyres,{period},{usd}\n"
TABLES = {"ledger.csv": LEDGER, "quarantine.csv": "reason\n", "profile.csv": "product_id\n"}


class Desk:
    """A dataset and its reports, made by hand."""

    def __init__(self, root, repository):
        self.dataset, self.out = root / "tiny", root / "reports"
        shutil.copytree(repository / "tests" / "cases" / "annual", self.dataset)
        shutil.rmtree(self.dataset / "published", ignore_errors=True)

    def report(self, period, usd=1.5):
        folder = self.out / "tiny" / period
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        for name, text in TABLES.items():
            (folder / "tables" / name).write_text(text.format(period=period, usd=usd))
        files = {f"tables/{name}": digest(folder / "tables" / name) for name in TABLES}
        about = {"dataset": "tiny", "period": period, "illustrative": False, "headlines": {"en": "A led."}}
        about |= {"inputs": {"products.csv": "0"}, "versions": {"python": "3"}, "languages": ["en"], "files": files}
        about |= {"origin": "0419", "seal": "5ea1"}
        (folder / "manifest.json").write_text(json.dumps(about))

    def publish(self, **options):
        return publish_tables(self.dataset, out=self.out, **options)

    def open(self, period):
        return open_dataset(self.dataset, period=period)


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def contents(folder):
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@pytest.fixture
def desk(tmp_path, repository):
    desk = Desk(tmp_path, repository)
    desk.report("2023")
    return desk


def call(desk, *words):
    return CliRunner().invoke(app, ["publish", "--dataset", str(desk.dataset), "--out", str(desk.out), *words])


WAYS = {"cuts_realised": "realised"}


@pytest.fixture(scope="module")
def then(walk, repository, tmp_path_factory):
    known = as_known(repository / "data" / "raw" / "sample", tmp_path_factory.mktemp("known") / "sample_then")
    return walk(known, PERIOD)


@pytest.fixture(scope="module")
def shipped():
    return published(open_dataset("sample", period="2026Q3")).tables


def test_the_tables_are_kept_with_where_they_come_from_and_nothing_of_machine_or_time(desk):
    folder, already = desk.publish()
    assert (folder, already) == (desk.dataset / "published" / "2023", False)
    assert sorted(contents(desk.dataset / "published")) == ["2023/ledger.csv", "2023/manifest.json"]
    assert json.loads((folder / "manifest.json").read_text()) == {
        "dataset": "tiny", "period": "2023", "illustrative": False, "headlines": {"en": "A led."},
        "inputs": {"products.csv": "0"}, "origin": "0419", "seal": "5ea1",
        "files": {"ledger.csv": digest(folder / "ledger.csv")},
    }  # fmt: skip


def test_the_same_again_is_said_and_changes_nothing(desk):
    desk.publish()
    before = contents(desk.dataset)
    assert desk.publish()[1] and contents(desk.dataset) == before


def test_what_was_given_out_is_replaced_on_demand_only(desk):
    desk.publish()
    before = contents(desk.dataset)
    desk.report("2023", usd=2.5)
    with pytest.raises(RunError, match=r"^published/2023 of tiny holds other tables, .* — give --replace"):
        desk.publish()
    assert contents(desk.dataset) == before
    assert not desk.publish(replace=True)[1]
    assert "2.5" in (desk.dataset / "published" / "2023" / "ledger.csv").read_text()
    assert [f.name for f in (desk.dataset / "published").iterdir()] == ["2023"]


def test_a_table_edited_after_publication_is_other_content(desk):
    desk.publish()
    (desk.dataset / "published" / "2023" / "ledger.csv").write_text("edited")
    with pytest.raises(RunError, match="holds other tables"):
        desk.publish()


def test_the_latest_report_of_the_base_scenario_is_the_default(desk):
    for name in ("2024", "2024-late", "2022"):
        desk.report(name)
    assert desk.publish()[0].name == "2024"
    assert desk.publish(period="2022")[0].name == "2022"


def test_without_a_report_the_command_that_makes_it_is_named(desk):
    with pytest.raises(
        RunError, match=r"^there is no report of tiny 2021 — run `importcut report --dataset tiny --per"
    ):
        desk.publish(period="2021")
    shutil.rmtree(desk.out / "tiny")
    with pytest.raises(RunError, match=r"^there is no report of tiny — run `importcut report --dataset tiny`$"):
        desk.publish()
    assert not (desk.dataset / "published").exists()


def test_a_report_whose_tables_were_edited_is_not_given_out(desk):
    (desk.out / "tiny" / "2023" / "tables" / "ledger.csv").write_text("edited")
    with pytest.raises(RunError, match="are not those of the report — run `importcut report --dataset tiny --per"):
        desk.publish()


def test_a_copy_that_was_cut_short_leaves_nothing(desk, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(publish.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        desk.publish()
    assert contents(desk.dataset / "published") == {}
    assert published(desk.open("2024")) is None


@pytest.mark.parametrize("day", ["15.10.2026", "2026-02-30", "20261015"])
def test_what_is_written_wrongly_is_wrong_use(desk, day):
    with pytest.raises(UsageError, match="write it as 2024"):
        desk.publish(period="2023Q1")
    refused = call(desk, "--date", day)
    assert refused.exit_code == 2 and "Invalid value for '--date'" in refused.stderr and day in refused.stderr
    assert not (desk.dataset / "published").exists()


def test_the_command_says_what_it_did_with_its_exit_code(desk):
    first = call(desk, "--date", "2026-10-15")
    assert (first.exit_code, first.stdout.startswith("Published: ")) == (0, True)
    assert json.loads((desk.dataset / "published" / "2023" / "manifest.json").read_text())["date"] == "2026-10-15"
    again = call(desk)
    assert again.exit_code == 0 and again.stdout.startswith("Published already, and the same: ")
    desk.report("2023", usd=7)
    refused = call(desk)
    assert (refused.exit_code, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "give --replace" in refused.stderr
    assert call(desk, "--replace").exit_code == 0
    assert (call(desk, "--period", "2001").exit_code, call(desk, "--period", "late").exit_code) == (1, 2)


def test_a_later_report_sees_the_latest_publication_and_an_earlier_one_does_not(desk):
    for period, usd in (("2021", 1), ("2022", 2), ("2023", 3)):
        desk.report(period, usd=usd)
        desk.publish(period=period)
    assert published(desk.open("2021")) is None
    for now, then, usd in (("2022", "2021", 1), ("2023", "2022", 2), ("2024", "2023", 3)):
        found = published(desk.open(now))
        assert str(found.period) == then
        assert found.tables["ledger"]["realised_usd"].tolist() == [usd]


def test_a_publication_makes_no_report_out_of_date_but_those_that_compare_with_it(desk):
    before = {period: run.inputs(desk.open(period)) for period in ("2022", "2023", "2024")}
    desk.publish(period="2023")
    after = {period: run.inputs(desk.open(period)) for period in before}
    assert after["2022"] == before["2022"]
    for period in ("2023", "2024"):  # its own, and the next one
        new = {f.relative_to(desk.dataset).as_posix() for f in set(after[period]) - set(before[period])}
        assert new == {"published/2023/ledger.csv", "published/2023/manifest.json"}
    desk.report("2021")
    desk.publish(period="2021")
    assert run.inputs(desk.open("2024")) == after["2024"], "only the latest before it is compared with"
    assert run.inputs(desk.open(None)) == before["2022"], "before its period is known it has none"


def test_an_older_publication_may_lack_columns_and_hold_words_of_then(desk):
    folder = desk.publish()[0]
    (folder / "ranking.csv").write_text(
        "project_id,basis,rank,limit_flag,evidence\nx,realised_to_date,1,True,guessed\ny,realised_to_date,2,False,\n"
    )
    found = published(desk.open("2024")).tables
    assert list(found["ranking"]) == [c.name for c in tables()["ranking"].columns]
    row = found["ranking"].iloc[0]
    assert found["ranking"]["limit_flag"].tolist() == [True, False]
    assert (row["rank"], row["limit_flag"], row["evidence"]) == (1, True, "guessed") and pd.isna(row["headline_usd"])
    assert found["ledger"]["period"].dtype == "period[Y-DEC]" and found["ledger"]["planned_usd"].isna().all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"project_id,period,realised_usd\nx,2023,much\n", "ledger.csv row 2: realised_usd much cannot be read"),
        (b"project_id,period,realised_usd\nx,2023Q1,1\n", "ledger.csv row 2: period 2023Q1 cannot be read"),
        (b"project_id,period\nx,2023\nx,1,2\n", "ledger.csv: cannot be read"),
        (b"\xff\xfe\xff", "ledger.csv: cannot be read"),
        (b"", "ledger.csv: cannot be read"),
    ],
)
def test_a_broken_file_is_named_with_row_value_and_remedy(desk, content, message):
    folder = desk.publish()[0]
    (folder / "ledger.csv").write_bytes(content)
    (folder / "manifest.json").unlink()
    with pytest.raises(DataError, match=rf"^published/2023/{message}[^\n]*\nPut back .* or publish 2023 again$"):
        published(desk.open("2024"))


@pytest.mark.parametrize("left", ["project_id,period,realised_usd\nangren_tyres,2023,1.\n", None])
def test_a_file_that_was_altered_or_lost_is_named(desk, left):
    file = desk.publish()[0] / "ledger.csv"
    file.unlink() if left is None else file.write_text(left)
    with pytest.raises(DataError, match=r"^published/2023/ledger.csv: is not the file that was given out\nPut back"):
        published(desk.open("2024"))


def test_a_manifest_that_is_none_is_named(desk):
    (desk.publish()[0] / "manifest.json").write_text("{")
    with pytest.raises(DataError, match=r"^published/2023/manifest.json: cannot be read\n"):
        published(desk.open("2024"))


def test_a_folder_that_is_no_period_or_holds_nothing_is_named(desk):
    odd = desk.dataset / "published" / "2023-old"
    odd.mkdir(parents=True)
    with pytest.raises(DataError, match=r"^published/2023-old is not a period — rename it"):
        published(desk.open("2024"))
    odd.rename(odd.with_name("2023"))
    with pytest.raises(DataError, match=r"^published/2023 holds no table\nPut back"):
        published(desk.open("2024"))


@pytest.mark.ci
@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("ranking", ["headline_usd", "gross_usd", "rank"]),
        ("cuts_realised", ["gross_kg", "gross_usd", "net_usd", "reason"]),
        ("ledger", ["planned_usd", "realised_usd", "late_usd", "use_usd", "output_usd", "price_usd", "reason"]),
        ("target", ["target_usd", "planned_usd", "realised_usd"]),
    ],
)
def test_the_sample_ships_what_was_known_a_quarter_before(then, shipped, name, columns):
    """Made again of the sample without what came later; `make published` writes it, after a change of method too."""
    found = getattr(then, WAYS.get(name, name))
    pd.testing.assert_frame_equal(
        found[columns].astype(shipped[name][columns].dtypes), shipped[name][columns], rtol=1e-6, check_like=True
    )


def test_the_sample_has_revisions_since_the_earlier_publication(sample):
    """Corrections of earlier quarters came in the last one: a published cut is not what it was."""
    assert str(published(sample.ds).period) == PERIOD
    revised = sample.ledger["revision_usd"]
    assert revised.notna().sum() == sample.ledger["period"].le(pd.Period(PERIOD)).sum() and revised.abs().max() > 100
