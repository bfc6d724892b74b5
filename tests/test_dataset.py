"""A dataset folder as people write it: what opens, and what each slip of the pen is told."""

import codecs
import shutil

import pandas as pd
import pytest

from importcut.dataset import as_period, processed_folder
from importcut.intake.opening import open_dataset
from importcut.intake.scenario import what_if
from importcut.schema import DISPATCH, DataError, UsageError, tables

PROJECTS = """project_id,name_uz_cyrl,name_uz_latn,name_ru,name_en,class,company,cost_usd,imported_equipment_usd,\
start,first_output,trial_output,status,success_probability,source
paint,Бўёқ,Bo‘yoq,Краска,Paint,investment,Paint Works,100,,2025-01,2025-06,,operating,0.9,made up
"""
PROJECT_PRODUCTS = """project_id,product_id,capacity,unit,kg_per_unit,use,ramp_up,plant_share,\
imported_input_usd_per_kg,diverted_export_share,price_ratio,replaces_kg,source
paint,topcoat,10,t,1000,0.8,0.7;0.9;1,0.9,0.5,0,0.9,1,made up
"""
DELIVERIES = """period,project_id,product_id,plant_id,net_kg,baseline_kg,value_usd
2025Q2,paint,topcoat,asaka,5,0,
"""
PURPOSES = """purpose_id,name_uz_cyrl,name_uz_latn,name_ru,name_en
painting,Бўяш,Bo‘yash,Окраска,Painting
sealing,Герметиклаш,Germetiklash,Герметизация,Sealing
"""
USES = """product_id,plant_id,purpose_id,share
topcoat,asaka,painting,0.7
topcoat,asaka,sealing,0.3
"""


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    """A small sound dataset outside the repository."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    return shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")


@pytest.fixture
def full(folder):
    """The small dataset with projects and uses."""
    texts = {"projects": PROJECTS, "project_products": PROJECT_PRODUCTS, "purposes": PURPOSES, "uses": USES}
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def change(folder, file, old, new):
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def told(folder, **options):
    """What the one who opens the dataset is told, line by line."""
    with pytest.raises(DataError) as error:
        open_dataset(folder, **options)
    return str(error.value).splitlines()


def test_a_folder_outside_the_repository_opens_by_its_path(full):
    ds = open_dataset(str(full), period="2025Q2")
    assert (ds.name, ds.path, str(ds.period)) == ("small", full, "2025Q2")
    assert ds.processed == processed_folder(full) and ds.processed.parent == full.parent / "processed"
    assert list(ds.project_products["kg_per_unit"]) == [1000.0]


def test_a_caller_who_edits_a_register_edits_a_copy(full):
    ds = open_dataset(full)
    edited = ds.uses
    edited["share"] = 0.0
    assert list(ds.uses["share"]) == [0.7, 0.3]


def test_registers_that_are_not_there_are_empty_with_the_right_types(folder):
    ds = open_dataset(folder)
    assert ds.deliveries.empty and ds.exchange_rates.shape == (2, 4)
    assert str(ds.deliveries["period"].dtype) == "period[Q-DEC]"
    assert ds.deliveries["net_kg"].dtype == "float64"
    assert ds.donors["reason"].dtype == "str"
    for name, table in tables("registers.toml").items():
        assert list(ds.registers[name]) == [column.name for column in table.columns]


def test_a_register_with_a_header_only_is_empty_with_the_right_types(full):
    (full / "deliveries.csv").write_text("period,project_id,product_id,plant_id,net_kg,baseline_kg,value_usd\n")
    deliveries = open_dataset(full).deliveries
    assert deliveries.empty and str(deliveries["period"].dtype) == "period[Q-DEC]"
    assert deliveries["net_kg"].dtype == "float64"


def test_a_register_saved_with_a_byte_order_mark_and_windows_line_ends_reads_the_same(full):
    before = open_dataset(full).products
    text = (full / "products.csv").read_bytes()
    (full / "products.csv").write_bytes(codecs.BOM_UTF8 + text.replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(open_dataset(full).products, before)


def test_empty_rows_of_a_register_are_no_rows_and_do_not_shift_the_count(full):
    change(full, "uses.csv", "topcoat,asaka,sealing,0.3", "\n,,,\ntopcoat,asaka,sealing,much")
    assert told(full)[0] == "uses.csv row 5: share much cannot be read — write a number"


def test_a_project_whose_product_does_not_exist_is_named_with_its_row(full):
    change(full, "project_products.csv", "paint,topcoat", "paint,top_coat")
    assert told(full) == [
        "project_products.csv row 2: product_id top_coat is not in products.csv — add it there or correct it"
    ]


def test_shares_that_do_not_add_up_to_one_are_named_with_their_sum(full):
    change(full, "uses.csv", "sealing,0.3", "sealing,0.4")
    assert told(full) == ["uses.csv row 2, row 3: the shares of topcoat at asaka add up to 1.1 — make them 1"]


def test_a_key_that_stands_twice_is_named(full):
    change(full, "uses.csv", "asaka,sealing", "asaka,painting")
    assert told(full) == ["uses.csv row 3: topcoat, asaka, painting stands twice — keep one"]


def test_a_dataset_without_products_is_none(folder):
    (folder / "products.csv").unlink()
    assert told(folder) == ["products.csv: is missing — add it"]


def test_a_register_that_cannot_be_read_is_named_once_and_not_for_every_row_that_refers_to_it(full):
    change(full, "products.csv", "hs_prefixes", "hs_codes")
    assert told(full) == ["products.csv row 1: no column hs_prefixes — add the column"]


def test_several_faults_are_told_at_once(full):
    change(full, "dataset.toml", "illustrative = true", 'illustrative = "yes"')
    change(full, "products.csv", "antifreeze,Антифриз,Antifriz,Антифриз,Antifreeze", "antifreeze,,,,")
    change(full, "projects.csv", "2025-06", "mid 2025")
    change(full, "uses.csv", "asaka,painting", "osaka,painting")
    (full / "plants.csv").write_text("plant;name_en\n")
    files = [line.split()[0].rstrip(":") for line in told(full)]
    assert files == ["dataset.toml", "products.csv", "plants.csv", "projects.csv", "uses.csv", "uses.csv"]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("products.csv", "320820;320890", "3208.20", "row 2: hs_prefixes 3208.20 — must be codes of digits only"),
        ("products.csv", "320820;320890", "320820;", "row 2: hs_prefixes 320820; — must be codes of digits only"),
        ("products.csv", "лак|clear coat", "лак(", "row 3: text_pattern лак( — must be a regular expression"),
        ("products.csv", ",1,1,0.5", ",1.5,1,0.5", "row 2: priority 1.5 cannot be read — write a whole number"),
        ("products.csv", ",1,1,0.5", ",1,1,50", "row 2: localisable_share 50 — must be a share from 0 to 1: write"),
        ("projects.csv", "2025-06", "2025", "row 2: first_output 2025 — must be a month, YYYY-MM"),
        ("projects.csv", "2025-06", "2025-13", "row 2: first_output 2025-13 — must be a month, YYYY-MM"),
        ("projects.csv", "2025-06", "", "row 2: first_output is empty — fill it in"),
        ("projects.csv", "investment", "big", "row 2: class big — must be innovation|diversification|investment"),
        ("projects.csv", ",100,", ",inf,", "row 2: cost_usd inf cannot be read — write a number"),
        ("projects.csv", ",100,", ",-100,", "row 2: cost_usd -100 — must be >= 0"),
        ("projects.csv", ",operating", "", "row 2: 14 fields under 15 headers — correct the row"),
        ("projects.csv", ",operating", ",oper,ating", "row 2: 16 fields under 15 headers — correct the row"),
        ("project_products.csv", "0.7;0.9;1", "0.7,0.9", "row 2: 14 fields under 13 headers — correct the row"),
        ("project_products.csv", "0.7;0.9;1", "70%", "row 2: ramp_up 70% — must be shares from 0 to 1, separated by ;"),
        ("project_products.csv", "0.7;0.9;1", "0.7;", "row 2: ramp_up 0.7; — must be shares from 0 to 1"),
        ("project_products.csv", "0.7;0.9;1", "7;9", "row 2: ramp_up 7;9 — must be shares from 0 to 1"),
        ("exchange_rates.csv", "2025-02-01", "01/02/2025", "row 3: date 01/02/2025 cannot be read — write YYYY-MM-DD"),
        ("exchange_rates.csv", "1.2", "0", "row 3: usd 0 — must be > 0"),
        ("plants.csv", "222", "111", "row 3: tax_numbers 111 stands at another plant too — leave it at one of them"),
        ("plants.csv", "222,", "222,asaka  motors", "row 3: aliases asaka motors stands at another plant too"),
    ],
)  # fmt: skip
def test_a_fault_in_a_register_is_told_with_file_row_value_and_remedy(full, file, old, new, message):
    change(full, file, old, new)
    [line] = told(full)
    assert line.startswith(f"{file} {message}")


@pytest.mark.parametrize("damage", [b'"', b"\xff", b""])
def test_a_register_that_is_no_csv_is_named(full, damage):
    (full / "uses.csv").write_bytes(b"product_id,plant_id,purpose_id,share\ntopcoat,asaka," + damage if damage else b"")
    [line] = told(full)
    assert line.startswith("uses.csv") and "—" in line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('frequency = "Q"\n', "", "frequency is missing — add it"),
        ('frequency = "Q"', 'frequency = "M"', "frequency M — must be Q|Y"),
        ('base_period = "2025Q1"\n', "", "base_period is missing — add it"),
        ('base_period = "2025Q1"', 'base_period = "20x4"', "base_period 20x4 — must be a year or quarter"),
        ('["40"]', '"40"', 'import_regimes 40 — must be a list of texts, ["40"]'),
        ('["40"]', "[40]", 'import_regimes [40] — must be a list of texts, ["40"]'),
        ("coverage_share = 0.01\n", "", "thresholds.coverage_share is missing — add it"),
        ("coverage_share = 0.01", 'coverage_share = "1 %"', "thresholds.coverage_share '1 %' cannot be read"),
        ('[title]\nen = "Small"', "[title]", "title.en is missing — add it"),
        ("[thresholds]", "[target]\nyear = 2030\nleading = 'annual'\n[thresholds]", "target.amount_usd is missing"),
        ("[[sources]]\n", "[sources]\n", "sources {'en': "),
        ("[thresholds]", "[hs_revisions]\n2022 = 23\n[thresholds]", "hs_revisions.2022 23 cannot be read"),
        ("outlier_c = 4\n", "", "thresholds.outlier_c is missing — add it"),
        (
            '"deliveries"',
            '"synthetic"',
            "counterfactual synthetic — must be deliveries|activity|control_basket|",
        ),
        ("illustrative", "programme_start = '2025'\nillustrative", "programme_start 2025 cannot be read"),
    ],
)
def test_a_fault_in_dataset_toml_is_told_with_setting_and_remedy(folder, old, new, message):
    change(folder, "dataset.toml", old, new)
    [line] = told(folder)
    assert line.startswith(f"dataset.toml: {message}") and "—" in line


def test_the_editions_of_the_harmonized_system_are_periods_that_nobody_can_change(folder):
    assert dict(open_dataset(folder).hs_revisions) == {}
    change(folder, "dataset.toml", "[thresholds]", "[hs_revisions]\n2017 = '2018Q1'\n2022 = '2023Q1'\n[thresholds]")
    editions = open_dataset(folder).hs_revisions
    assert {edition: str(first) for edition, first in editions.items()} == {"2017": "2018Q1", "2022": "2023Q1"}
    with pytest.raises(TypeError):
        editions["2022"] = None


def test_a_language_with_a_catalogue_has_names_and_titles_without_a_line_of_code(full, tmp_path, monkeypatch):
    (tmp_path / "locale" / "kaa" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "locale" / "kaa" / "LC_MESSAGES" / "importcut.po").write_text("")
    monkeypatch.setattr("importcut.language.CATALOGUES", tmp_path / "locale")
    before = open_dataset(full)
    assert before.names("projects", "kaa").tolist() == before.names("projects", "en").tolist()
    assert before.title["kaa"] == before.title["en"] and before.sources[0]["kaa"] == before.sources[0]["en"]
    header, *rows = PURPOSES.splitlines()
    written = "\n".join([f"name_kaa,{header}", *(f"At,{row}" for row in rows)])
    (full / "purposes.csv").write_text(written, encoding="utf-8")
    change(full, "dataset.toml", "[title]", '[title]\nkaa = "Kishi"')
    after = open_dataset(full)
    assert (after.title["kaa"], after.names("purposes", "kaa").iloc[0]) == ("Kishi", "At")
    assert after.names("purposes", "ru").equals(before.names("purposes", "ru"))


def test_the_weights_of_the_ranking_are_those_of_dataset_toml(folder):
    assert dict(open_dataset(folder).weights) == {}
    written = "[weights]\naddressable = 0\ngrowth = 3\nconcentration = 1\nfeasibility = 0\n[thresholds]"
    change(folder, "dataset.toml", "[thresholds]", written)
    assert dict(open_dataset(folder).weights) == {"addressable": 0, "growth": 3, "concentration": 1, "feasibility": 0}


def test_a_syntax_error_in_dataset_toml_is_told_with_its_line(folder):
    change(folder, "dataset.toml", 'frequency = "Q"', 'frequency = "Q')
    [line] = told(folder)
    assert line.startswith("dataset.toml: ") and "at line 2" in line and line.endswith("correct the file")


def test_an_unknown_dataset_is_told_which_there_are():
    [line] = told("smaple")
    assert line.startswith("dataset smaple: no such dataset") and "sample, uzbekistan" in line


def test_a_path_is_never_taken_for_a_name_and_a_name_that_can_be_both_is_refused(folder, monkeypatch):
    own = folder.rename(folder.with_name("sample"))
    monkeypatch.chdir(own.parent)
    assert open_dataset("./sample").path == own == open_dataset(str(own)).path
    [line] = told("sample")
    assert line.startswith(f"dataset sample can be {own} or ") and "data/raw/sample — write ./sample for" in line
    assert open_dataset("uzbekistan").path.parent.name == "raw", "a name that only data/raw has"
    monkeypatch.chdir(open_dataset("uzbekistan").path.parent)
    assert open_dataset("sample").path == open_dataset("./sample").path
    monkeypatch.chdir(own)
    assert open_dataset(".").path == own


def test_an_unknown_scenario_is_told_which_there_are(folder):
    assert told(folder, scenario="late") == ["scenario late: no file scenarios/late.toml — choose one of base"]


def assume(folder, scenario, text):
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "scenarios" / f"{scenario}.toml").write_text(text)


def assumed(name, value, about='unit = "years"\nreason = "made up"\nsource = "made up"'):
    return f"[assumptions.{name}]\nvalue = {value}\n{about}\n"


def test_a_scenario_without_a_title_is_not_called_as_the_base(folder):
    assume(folder, "base", "[title]\nen = 'Base scenario'\nru = 'Базовый'\n")
    assume(folder, "late", "dispatch = 'merit_order'\n")
    assert open_dataset(folder, scenario="late", period="2025Q1").scenario["title"]["ru"] == "late"


def test_a_scenario_overrides_the_base_and_keeps_the_rest(folder):
    assume(folder, "base", assumed("delay_years", 0.5) + assumed("price_drift", 0.1))
    assume(folder, "late", assumed("delay_years", 1.0))
    late = open_dataset(folder, scenario="late", period="2025Q1")
    assert {key: about["value"] for key, about in late.scenario["assumptions"].items()} == {
        "delay_years": 1.0,
        "price_drift": 0.1,
    }
    assert late.tables.name == "2025Q1-late"
    assume(folder, "late", assumed("delay_years", "'one'") + assumed("intensity", 1, "low = 2\nunit = '1'"))
    assert told(folder, scenario="late") == [
        "scenarios/late.toml assumption delay_years: value 'one' cannot be read — write a number",
        "scenarios/late.toml assumption intensity: reason is missing — add it (the sample's file shows how)",
        "scenarios/late.toml assumption intensity: source is missing — add it (the sample's file shows how)",
        "scenarios/late.toml assumption intensity: is not in scenarios/base.toml — add it there or correct it",
    ]
    assume(folder, "late", assumed("delay_years", 1, "low = 2\nunit = '1'\nreason = 'made up'\nsource = 'made up'"))
    assert told(folder, scenario="late") == [
        "scenarios/late.toml assumption delay_years: low, value, high are [2, 1, 1] — write them in this order"
    ]


@pytest.mark.parametrize("scenario", ["base", "late"])
def test_a_misspelt_assumption_is_told_which_there_are_whichever_scenario_is_opened(folder, scenario):
    assume(folder, "base", assumed("dealy_years", 1.0))
    assume(folder, "late", "")
    [line] = told(folder, scenario=scenario)
    assert line.startswith("scenarios/base.toml: dealy_years is no assumption — is delay_years meant?")


def test_an_assumption_that_is_no_section_is_told_how_to_write_it(folder):
    assume(folder, "base", "[assumptions]\ndelay_years = 1.0\n")
    [line] = told(folder)
    assert line.startswith("scenarios/base.toml assumption delay_years: is 1.0 — write a section with low, value,")


def test_what_a_scenario_says_of_a_single_project_is_checked(full):
    assume(full, "base", "[projects.paint]\nsucces = 0\ndelay_years = 'long'\n[projects.pain]\nsuccess = 1\n")
    assert told(full) == [
        "scenarios/base.toml project paint: succes is no setting — is success meant?",
        "scenarios/base.toml project paint: delay_years 'long' cannot be read — write a number",
        "scenarios/base.toml: project pain is not in projects.csv — add it there or correct it",
    ]
    with pytest.raises(UsageError, match=r"^there is no assumption succes — is success meant"):
        (full / "scenarios" / "base.toml").unlink()
        what_if(open_dataset(full), {"paint": {"succes": 0.0}})


def test_a_delivery_of_what_the_project_does_not_make_is_named_with_its_row(full):
    (full / "deliveries.csv").write_text(DELIVERIES + "2025Q3,paint,antifreeze,asaka,5,0,\n")
    (full / "output.csv").write_text("period,project_id,product_id,quantity,unit\n2025Q3,paint,antifreeze,5,t\n")
    assert told(full) == [
        f"{where}: project_id paint with product_id antifreeze is not in project_products.csv — "
        "add it there or correct it"
        for where in ("deliveries.csv row 3", "output.csv row 2")
    ]


def test_a_register_that_is_missing_is_named_once_with_those_that_refer_to_it(full):
    (full / "deliveries.csv").write_text(DELIVERIES)
    (full / "plants.csv").unlink()
    assert told(full) == ["plants.csv is missing, and deliveries.csv, uses.csv refer to it — add it"]
    (full / "project_products.csv").unlink()
    assert told(full)[1] == "project_products.csv is missing, and deliveries.csv refers to it — add it"
    (full / "purposes.csv").write_text(PURPOSES.splitlines()[0])
    assert "purposes.csv has no rows, and uses.csv refers to it — add them" in told(full)


def test_of_very_many_faults_the_first_ones_are_told(full):
    rows = "".join(f"2025Q3,paint,topcoat,plant_{n},5,0,\n" for n in range(570))
    (full / "deliveries.csv").write_text(DELIVERIES + rows)
    lines = told(full)
    assert (len(lines), lines[-1]) == (41, "… and 530 more")


@pytest.mark.parametrize("name", [5, None, 2.5])
def test_a_dataset_that_is_no_text_is_told_which_there_are(name):
    [line] = told(name)
    assert line.startswith(f"dataset {name}: no such dataset")


@pytest.mark.parametrize("period", [2024, 2024.5, True])
def test_a_number_is_no_quarter(folder, period):
    assert told(folder, period=period) == [f"period {period!r} is not one — write it as 2026Q3"]


@pytest.mark.parametrize("text", ["2026", "2026q3", "2026Q5", "Q3 2026", "2026-Q3", ""])
def test_a_malformed_period_is_told_how_to_write_it(folder, text):
    assert told(folder, period=text) == [f"period {text!r} is not one — write it as 2026Q3"]


def test_a_period_has_the_frequency_of_the_dataset():
    assert as_period("2024", "Y") == pd.Period("2024", "Y")
    with pytest.raises(DataError, match="write it as 2024"):
        as_period("2024Q1", "Y")


def test_an_unknown_dispatch_is_told_with_the_known_ones(folder):
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "scenarios" / "base.toml").write_text('name = "base"\ndispatch = "lottery"\n', encoding="utf-8")
    [line] = told(folder)
    assert line == "scenarios/base.toml: dispatch lottery — must be " + "|".join(DISPATCH)


def test_a_name_that_is_left_out_is_that_of_another_language(full):
    change(full, "products.csv", "antifreeze,Антифриз,Antifriz", "antifreeze,,Antifriz")
    ds = open_dataset(full)
    assert ds.names("products", "uz-Cyrl")["antifreeze"] == "Antifriz"
    change(full, "products.csv", "Antifriz,Антифриз,Antifreeze", "Antifriz,Антифриз,")
    assert open_dataset(full).names("products", "en")["antifreeze"] == "Антифриз"


def test_a_misspelt_setting_is_named(full):
    change(full, "dataset.toml", "base_period", "base_perod")
    assert told(full) == ["dataset.toml: base_perod is no setting — is base_period meant?"]


def test_a_dataset_as_of_a_period_knows_nothing_that_was_recorded_later():
    whole, ds = open_dataset("sample"), open_dataset("sample", period="2025Q4")
    for name in ("deliveries", "output"):
        table = whole.registers[name]
        expected = table[table["period"] <= ds.period].reset_index(drop=True)
        pd.testing.assert_frame_equal(ds.registers[name], expected)
    assert ds.exchange_rates["date"].max() <= ds.period.end_time < whole.exchange_rates["date"].max()
    later = ds.activity[ds.activity["period"] > ds.period]
    assert later["scenario"].notna().all() and later["period"].max() == whole.activity["period"].max()


def test_vehicles_recorded_later_stand_in_for_a_plan_that_there_is_not():
    ds = open_dataset("sample", period="2025Q1")
    [quarter] = ds.activity.query("scenario.isna()")["period"].loc[lambda periods: periods > ds.period].unique()
    assert str(quarter) == "2025Q2"  # the first quarter that is planned is the next
