"""`importcut check`: everything wrong at once, worst first, with file, row, value, remedy and what it costs."""

import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from importcut.app.check import examination, statement
from importcut.app.cli import app
from importcut.intake.opening import new_dataset

HEADER = "declaration_id,item,date,regime,importer_tin,hs_code,description,origin,net_weight,weight_unit,value_usd"
LINES = [
    "d1,1,2025-01-10,40,111,3208200000,enamel,CN,10,kg,100",
    "d1,2,2025-01-10,40,111,3820000000,antifreeze,CN,10,kg,40",
    "d2,1,2025-02-10,40,222,3208200000,enamel,CN,10,kg,60",
    "d2,2,2025-02-10,40,222,2807000000,acid,CN,10,kg,500",
    "d3,1,2025-02-11,40,222,2807000000,acid,CN,10,kg,20",
    "d4,1,2025-02-31,40,222,3820000000,antifreeze,CN,10,kg,30",
    "d5,1,2025-02-11,70,222,3820000000,antifreeze,CN,10,kg,9000",
]


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    """The small dataset with a few declaration lines."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    made = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")
    (made / "declarations").mkdir()
    (made / "declarations" / "2025Q1.csv").write_text("\n".join([HEADER, *LINES]) + "\n", encoding="utf-8")
    return made


def change(folder, file, old, new):
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def defects(result):
    """What is to be mended: value at stake, whether it stops a report, and the beginning of the text."""
    return [(f.value_usd, f.stops, f.text.partition(" — ")[0]) for f in result.defects]


def listed(folder):
    return defects(examination(folder))


def call(*words):
    return CliRunner().invoke(app, ["check", *map(str, words)])


def test_lines_that_do_not_count_stand_with_their_value_those_of_one_code_together(folder):
    result = examination(folder)
    assert defects(result) == [
        (520.0, False, "declarations/2025Q1.csv line 5 and 1 more: hs_code 2807000000 (hs code unknown)"),
        (30.0, False, "declarations/2025Q1.csv line 7: date 2025-02-31 (impossible date)"),
    ]
    done = call(folder)
    assert (done.exit_code, done.stderr) == (0, "")
    last = done.stdout.splitlines()[-1]
    assert last.startswith("small: a report of 2025Q1 can be made, 2 to mend when there is time; no cuts: no project")
    told = {tuple(line.split(maxsplit=2)) for line in done.stdout.splitlines() if line.startswith("  ")}
    assert ("200", "3", "accepted") in told
    every = {tuple(line.split(maxsplit=2)) for line in statement(result, everything=True)}
    assert told - every == set() and ("200", "3", "of these, value: declared") in every
    assert {("9,000", "1", "out of scope: other regime"), ("30", "1", "fault: impossible date")} <= told
    assert ("7", "customs_declarations,", "utf-8, separator ,: 1 files") in told


def test_faulty_lines_are_written_out_as_corrections_and_filled_ones_are_added(folder, tmp_path):
    file = tmp_path / "faults.csv"
    assert "Lines to correct: 3" in call(folder, "--faults", file).stdout
    faults = pd.read_csv(file, dtype="str", keep_default_na=False)
    assert faults["expect"].tolist() == [LINES[3], LINES[4], LINES[5]] and faults["value"].eq("").all()
    assert faults["column"].eq("").all() and faults["reason"][2] == "impossible date: date 2025-02-31"
    faults.loc[2, ["value", "source"]] = LINES[5].replace("02-31", "02-28"), "letter of the importer"
    faults.to_csv(file, index=False, sep=";", encoding="utf-8-sig")  # as Excel saves it
    done = call(folder, "--correct", file)
    assert done.exit_code == 0 and "Rows added to corrections.csv: 1" in done.stdout
    assert "impossible date" not in done.stdout
    faults.loc[2, "value"] = LINES[5].replace("02-31", "02-30")
    faults.to_csv(file, index=False)
    again = call(folder, "--correct", file)
    assert (again.exit_code, again.stderr.split(" — ")[0]) == (
        1, "importcut: faults.csv: declarations/2025Q1.csv line 7 still cannot be read (impossible date)",
    )  # fmt: skip
    faults.loc[2, "source"] = ""
    faults.to_csv(file, index=False)
    assert call(folder, "--correct", file).stderr == "importcut: faults.csv row 4: source is empty — fill it in\n"
    assert "impossible date" not in call(folder).stdout


def test_a_faulty_value_of_a_workbook_is_corrected_by_its_column(folder, tmp_path):
    file = folder / "declarations" / "2025Q1.csv"
    pd.read_csv(file, dtype="str").to_excel(file.with_suffix(".xlsx"), index=False, engine="xlsxwriter")
    file.unlink()
    call(folder, "--faults", tmp_path / "faults.csv")
    faults = pd.read_csv(tmp_path / "faults.csv", dtype="str", keep_default_na=False)
    assert faults[["column", "expect"]].iloc[-1].tolist() == ["date", "2025-02-31"]
    faults.loc[faults.index[-1], ["value", "source"]] = "2025-02-28", "letter of the importer"
    faults.to_csv(tmp_path / "faults.csv", index=False)
    done = call(folder, "--correct", tmp_path / "faults.csv")
    assert done.exit_code == 0 and "impossible date" not in done.stdout


@pytest.mark.ci
def test_a_value_of_a_workbook_that_is_corrected_counts_in_the_period_of_its_line(folder, tmp_path):
    file = folder / "declarations" / "2025Q1.csv"
    rows = pd.read_csv(file, dtype="str")
    rows.loc[1, "value_usd"] = "forty"
    rows.to_excel(file.with_suffix(".xlsx"), index=False, engine="xlsxwriter")
    file.unlink()
    call(folder, "--faults", tmp_path / "faults.csv")
    faults = pd.read_csv(tmp_path / "faults.csv", dtype="str", keep_default_na=False)
    faults.loc[faults["expect"].eq("forty"), ["value", "source"]] = "40", "letter of the importer"
    faults.to_csv(tmp_path / "faults.csv", index=False)
    done = call(folder, "--correct", tmp_path / "faults.csv")
    assert done.exit_code == 0, done.stderr
    cells = examination(folder).cleaned.cells
    assert cells.groupby(cells["period"].astype("str"))["value_usd"].sum().to_dict() == {"2025Q1": 200.0}


def test_a_dataset_without_faults_has_no_line_to_correct(folder, tmp_path):
    file = folder / "declarations" / "2025Q1.csv"
    file.write_text("\n".join([HEADER, *LINES[:3]]) + "\n", encoding="utf-8")
    done = call(folder, "--faults", tmp_path / "faults.csv")
    assert done.exit_code == 0 and "Lines to correct: 0" in done.stdout
    assert pd.read_csv(tmp_path / "faults.csv").empty


def test_a_fault_of_a_register_stands_with_the_imports_of_its_product_or_plant(folder):
    change(folder, "products.csv", ",1,1,0.5,", ",1,1,50,")
    change(folder, "plants.csv", "pitnak,Питнак,Pitnak,Питнак,Pitnak", "pitnak,,,,")
    change(folder, "exchange_rates.csv", "1.2", "0")
    assert listed(folder) == [
        (520.0, False, "declarations/2025Q1.csv line 5 and 1 more: hs_code 2807000000 (hs code unknown)"),
        (160.0, True, "products.csv row 2: localisable_share 50"),
        (60.0, True, "plants.csv row 3: no name in any language"),
        (30.0, False, "declarations/2025Q1.csv line 7: date 2025-02-31 (impossible date)"),
        (None, True, "exchange_rates.csv row 3: usd 0"),
    ]
    done = call(folder)
    assert done.exit_code == 1
    assert (
        "160 ! products.csv row 2: localisable_share 50 — must be a share from 0 to 1: write 50 % as 0.5" in done.stdout
    )
    assert done.stdout.splitlines()[-1] == "small: 3 to mend before a report can be made, 2 besides"


def test_a_project_stands_with_the_imports_of_what_it_makes(folder, repository):
    header = (repository / "data/raw/sample/projects.csv").read_text(encoding="utf-8").splitlines()[0]
    (folder / "projects.csv").write_text(f"{header}\npaint,А,A,А,A,big,Works,,,,2025-06,,,,made up\n", encoding="utf-8")
    header = (repository / "data/raw/sample/project_products.csv").read_text(encoding="utf-8").splitlines()[0]
    (folder / "project_products.csv").write_text(f"{header}\npaint,topcoat,10,t,1000,,,,,,,,made up\n")
    assert (160.0, True, "projects.csv row 2: class big") in listed(folder)


def test_settings_registers_scenarios_and_raw_files_are_told_at_once(folder):
    change(folder, "dataset.toml", 'base_period = "2025Q1"', 'base_period = "20x4"')
    change(folder, "products.csv", "320820;320890", "3208.20")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "late.toml").write_text("[assumptions]\ndelay = 1\n")
    (folder / "declarations" / "notes.csv").write_text("what,is,this\n1,2,3\n")
    told = [text for _, stops, text in listed(folder) if stops]
    assert [text.split()[0].rstrip(":") for text in told] == [
        "declarations/notes.csv", "dataset.toml", "products.csv", "scenarios/late.toml",
    ]  # fmt: skip


def test_a_misspelt_setting_does_not_hide_the_formats_of_the_dataset(folder):
    own = {"date": "day", "hs_code": "code", "value_usd": "usd", "net_weight": "kg", "importer_tin": "tin"}
    columns = "".join(f'columns.{name} = {{ headers = ["{header}"] }}\n' for name, header in own.items())
    shutil.rmtree(folder / "declarations")
    (folder / "imports").mkdir()
    (folder / "imports" / "a.csv").write_text("day,code,usd,kg,tin\n2025-01-15,320820,9,9,111\n", encoding="utf-8")
    with (folder / "dataset.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[weights]\ngrwth = 1\n[formats.own]\nsignature = ["day", "tin"]\n{columns}')
    result = examination(folder)
    assert result.files[0].format == "own"
    told = [defect.text for defect in result.defects]
    assert "dataset.toml: weights.grwth is no setting — is weights.growth meant?" in told
    assert not any("no column" in text for text in told)


def test_settings_that_cannot_be_read_do_not_hide_the_registers(folder):
    change(folder, "dataset.toml", 'frequency = "Q"', 'frequency = "Q')
    change(folder, "products.csv", ",1,1,0.5,", ",1,1,50,")
    told = [text for _, stops, text in listed(folder) if stops]
    assert len(told) == 2 and told[1].startswith("dataset.toml: ") and told[0].startswith("products.csv row 2")


def test_a_new_dataset_says_what_is_missing_in_the_order_of_work(folder, tmp_path):
    own = new_dataset(tmp_path / "own")
    told = [text for *_, text in listed(own)]
    assert [text.split(":")[0] for text in told] == ["own", "registers.xlsx sheet products", *["dataset.toml"] * 5]
    shutil.copy(folder / "declarations" / "2025Q1.csv", own / "declarations")
    first = examination(own).defects[0]
    assert (first.value_usd, first.text) == (
        720.0, "registers.xlsx sheet products: has no rows — fill in a product at least",
    )  # fmt: skip
    assert "add the code to hs_prefixes in registers.xlsx sheet products" in examination(own).defects[1].text
    shutil.copy(folder / "products.csv", own)
    [only] = [defect.text for defect in examination(own).defects if defect.stops]
    assert only == "dataset.toml: base_period 2024 is not covered by the imports, 2025Q1–2025Q1 — choose one that is"
    change(own, "dataset.toml", '"2024"', '"2025Q1"')
    assert not [defect for defect in examination(own).defects if defect.stops]


def test_what_stops_a_report_is_shown_however_long_the_list(folder, monkeypatch):
    monkeypatch.setattr("importcut.app.check.MOST", 1)
    change(folder, "exchange_rates.csv", "1.2", "0")
    result = examination(folder)
    shown = "\n".join(statement(result))
    assert "usd 0 — must be > 0" in shown and "(impossible date)" not in shown and "… and 2 more; --all" in shown
    assert any("impossible date" in line for line in statement(result, everything=True))


def test_the_first_screen_counts_alike_things_together_and_has_twenty_lines_at_most(folder):
    """Nine chapters of a trade whose codes no product has, dates that do not exist, and what stops a report."""
    codes = [f"e{n},1,2025-01-10,40,111,{84 + n % 9}{n:08},thing,CN,10,kg,{1000 - n}" for n in range(400)]
    dates = [f"f{n},1,2025-02-{30 + n % 60},40,111,3208200000,enamel,CN,10,kg,5" for n in range(60)]
    file = folder / "declarations" / "2025Q1.csv"
    file.write_text("\n".join([HEADER, *LINES, *codes, *dates]) + "\n", encoding="utf-8")
    change(folder, "exchange_rates.csv", "1.2", "0")
    screen, result = call(folder).stdout.splitlines(), examination(folder)
    assert len(screen) <= 20
    first = " ".join(screen[1].split())
    assert first.startswith(
        "36,090 45 × hs code unknown of chapter 84, first declarations/2025Q1.csv line 9: hs_code 84"
    )
    assert sum("×" in line for line in screen) == 3 and sum("! exchange_rates.csv" in line for line in screen) == 1
    every = statement(result, everything=True)
    assert sum("hs_code 8" in line or "hs_code 9" in line for line in every) >= 400


def test_a_dataset_that_is_none_is_one_line_and_exit_code_1():
    failed = call("nowhere")
    assert (failed.exit_code, failed.stdout) == (1, "") and "no such dataset" in failed.stderr


def test_a_sheet_that_is_empty_and_declarations_beside_it_are_all_at_stake(folder):
    file = folder / "products.csv"
    file.write_text(file.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    [first, *_] = examination(folder).defects
    assert (first.value_usd, first.stops) == (720.0, True)


def test_columns_that_are_not_read_are_named(folder):
    file = folder / "declarations" / "2025Q1.csv"
    head, *rows = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([f"{head},Value USD", *(f"{row},1" for row in rows)]) + "\n", encoding="utf-8")
    assert "columns not read: Value USD" in call(folder).stdout


def test_the_dataset_may_be_named_as_other_commands_have_it(folder):
    assert call("--dataset", folder).stdout == call(folder).stdout


def test_an_optional_column_that_one_file_of_several_has_lost_is_told_and_so_is_a_name_of_no_country(folder):
    head, record = HEADER, "d9{n},1,2025-01-11,40,111,3820000000,antifreeze,{origin},10,kg,5"
    for n in range(3):
        (folder / "declarations" / f"{n}.csv").write_text(f"{head}\n{record.format(n=n, origin='Atlantis')}\n")
    (folder / "declarations" / "9.csv").write_text(
        f"{head.replace(',origin', '')}\n{record.format(n=9, origin='').replace(',,', ',')}\n"
    )
    result = examination(folder)
    assert "declarations/9.csv: has no column origin, which most files of customs_declarations have — ask for it" in [
        defect.text for defect in result.defects
    ]
    page = [line.split(maxsplit=2) for line in statement(result)]
    assert ["15", "3", "of these, origins that are no country: Atlantis"] in page
    every = {tuple(line.split(maxsplit=2)) for line in statement(result, everything=True)}
    assert {("15", "3", "of these, origin: unknown"), ("5", "1", "of these, origin: missing")} <= every


def test_many_faults_in_one_column_of_a_file_are_one_and_all_shows_each(folder):
    rows = [f"g{n},1,2025-01-1{n},40,111,3208200000,enamel,CN,10,kg,-{n + 1}" for n in range(8)]
    file = folder / "declarations" / "2025Q1.csv"
    file.write_text("\n".join([HEADER, *LINES[:3], *rows]) + "\n", encoding="utf-8")
    rates = (folder / "exchange_rates.csv").read_text(encoding="utf-8").splitlines()
    days = [f"2025-01-0{n},EUR,1,0" for n in range(2, 7)]
    (folder / "exchange_rates.csv").write_text("\n".join([*rates, *days]) + "\n", encoding="utf-8")
    result = examination(folder)
    texts = [text for *_, text in defects(result)]
    assert texts[0] == "declarations/2025Q1.csv line 5 and 7 more: value_usd -1.0 (negative value)"
    place = f"exchange_rates.csv row {len(rates) + 1}: usd 0"
    assert texts[1:] == [f"5 × usd of exchange_rates.csv, first {place}"]
    assert sum("usd 0 — " in line for line in statement(result, everything=True)) == 5


def test_a_line_whose_value_cannot_be_read_ranks_as_lines_usually_are_worth(folder):
    change(folder, "declarations/2025Q1.csv", ",10,kg,100", ",10,kg,hundred")
    assert listed(folder)[:2] == [
        (520.0, False, "declarations/2025Q1.csv line 5 and 1 more: hs_code 2807000000 (hs code unknown)"),
        (None, False, "declarations/2025Q1.csv line 2: value_usd hundred (unreadable value)"),
    ]


def test_a_file_of_which_no_line_fits_its_header_is_refused_for_its_header(folder):
    lines = [f"h{n},1,2025-01-10,40,111,3208200000,enamel,CN,10,kg,100" for n in range(6)]
    file = folder / "declarations" / "more.csv"
    file.write_text("\n".join([HEADER.removeprefix("declaration_id,"), *lines]) + "\n", encoding="utf-8")
    what = "declarations/more.csv: none of its 6 lines has as many fields as its header"
    assert (None, True, what) in listed(folder)


def test_a_code_that_one_file_of_several_alone_lacks_is_told(folder):
    for month in range(1, 7):
        codes = ["3208200000", "3820000000"] if month != 4 else ["3208200000"]
        rows = [
            f"{code}{month}{n},1,2025-0{month}-10,40,111,{code},paint,CN,{n},kg,9" for code in codes for n in range(25)
        ]
        (folder / "declarations" / f"{month}.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    (folder / "declarations" / "2025Q1.csv").unlink()
    [told] = [defect for defect in examination(folder).defects if "commodity code" in defect.text]
    assert told.text.startswith(
        "declarations/4.csv: has no line of commodity code 3820000000, of which the other files"
    )
    assert not told.stops


def test_an_answer_to_nothing_and_regimes_that_nobody_names_are_told(folder):
    change(folder, "dataset.toml", 'import_regimes = ["40"]\n', "")
    with (folder / "dataset.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[answers]\n"plant_missing: nowhere 2025Q1" = "closed"\n')
    texts = [text for *_, text in listed(folder)]
    assert 'dataset.toml: "plant_missing: nowhere 2025Q1" under [answers] answers nothing that is asked' in texts
    assert any("import_regimes is left out (declarations/2025Q1.csv)" in text for text in texts)


CAUSTIC = "imports/hs6_annual.csv", 8, "value_usd", 12629819, 1000000, "a letter of the sender", "sender", "open"


def test_what_an_answer_or_a_correction_would_change_is_told_before_it_is_given(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    own, fix = shutil.copytree(repository / "tests" / "cases" / "annual", tmp_path / "annual"), tmp_path / "fix.csv"
    names = ["file", "line", "column", "expect", "value", "reason", "source", "status"]
    pd.DataFrame([CAUSTIC], columns=names).to_csv(fix, index=False)
    text = (own / "imports" / "hs6_annual.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (own / "imports" / "hs6_annual.csv").write_text("".join(text[:4] + text[5:]), encoding="utf-8")  # no 2020
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    answer = "product_missing: caustic_soda_solid 2020"
    done = call(own, "--if", answer)
    assert (done.exit_code, call(own).exit_code) == (0, 1), done.stdout
    assert f'under [answers] of dataset.toml: "{answer}" = "…"' in done.stdout.splitlines()[0]
    assert done.stdout.startswith("gone: imports/hs6_annual.csv: nothing of product caustic_soda_solid, 2020, usually")
    rows = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert ["–", "473,133,106", "imports of the last year"] in rows
    both = call(own, "--if", answer, "--if", fix).stdout
    assert f"{473_133_106 - 12_629_819 + 1_000_000:,}" in both
    assert "new: imports/hs6_annual.csv: value per kg of product caustic" in both
    assert "new: dataset.toml" in call(own, "--if", "use: nothing 2020").stdout
    assert before == {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}


@pytest.mark.ci
def test_a_publication_that_was_altered_stops_check_as_it_stops_the_report(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    own = shutil.copytree(repository / "data" / "raw" / "sample", tmp_path / "own")
    given = own / "published" / "2026Q2"
    (given / "ledger.csv").write_bytes((given / "ledger.csv").read_bytes() + b"\n")
    [stop] = [defect.text for defect in examination(own).defects if defect.stops]
    assert stop.startswith("published/2026Q2/ledger.csv: is not the file that was given out")
    (given / "manifest.json").unlink()
    result = examination(own)
    assert not any(defect.stops for defect in result.defects)
    assert any(defect.text.startswith("published/2026Q2/manifest.json: is missing") for defect in result.defects)
