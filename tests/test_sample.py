"""What is promised of the synthetic sample: its plan, its true cuts, its planted faults, its bytes."""

import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import economy
from economy.__main__ import main
from economy.model import ASSUMPTIONS

NAMED = ["products.csv", "plants.csv", "purposes.csv", "projects.csv"]
NAMES = ["name_uz_cyrl", "name_uz_latn", "name_ru", "name_en"]
LATIN, CYRILLIC = "[A-Za-z]", "[А-Яа-яЁёЎўҚқҒғҲҳ]"


@pytest.fixture(scope="module")
def made():
    return economy.generate()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("written")
    economy.write(out / "sample", truth=out / "truth.csv", faults=out / "faults.csv")
    return out


@pytest.fixture(scope="module")
def lines(made):
    """All lines, with kg and USD per kg where both are declared."""
    lines = pd.concat(made.declarations, names=["file"]).reset_index("file").reset_index(drop=True)
    kg = pd.to_numeric(lines["Вес нетто"]) * lines["Единица веса"].map({"кг": 1, "т": 1000, "г": 0.001})
    usd = pd.to_numeric(lines["Статистическая стоимость, USD"])
    named = lines["Наименование товара"]
    return lines.assign(kg=kg, usd=usd, dearness=(usd / kg) / (usd / kg).groupby(named).transform("median"))


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def year_of(period):
    return int(period[:4]) + (int(period[5]) - 1) / 4


def years_of_full_output(age, ramp_up):
    """The ramp-up added up from the first output to `age` years."""
    return sum(
        share * max(0.0, (age - year) if year == len(ramp_up) - 1 else min(age - year, 1.0))
        for year, share in enumerate(ramp_up)
    )


def planned_gross_usd(made):
    """The plan of the base scenario, by project sheet and quarter, from the registers and the true base year."""
    read = made.registers
    base = made.grades[made.grades["period"].str.startswith("2024")]
    value = (base["import_kg"] * base["price_usd"]).groupby(base["product_id"]).sum()
    unit_value = value / base.groupby("product_id")["import_kg"].sum()
    activity = read["activity.csv"].sort_values("scenario", kind="stable")  # recorded rows first
    activity = activity.drop_duplicates(["period", "plant_id"]).set_index(["period", "plant_id"])["vehicles"]
    vehicles = activity[activity.index.get_level_values(0).str.startswith("2024")].groupby("plant_id").sum()
    intensity = base.groupby(["product_id", "plant_id"])["import_kg"].sum() / vehicles
    share = read["products.csv"].set_index("product_id")["localisable_share"]
    first = read["projects.csv"].set_index("project_id")["first_output"]
    planned = 0.0
    for period in [f"{year}Q{quarter}" for year in range(2025, 2031) for quarter in range(1, 5)]:
        required = (intensity * activity[period].reindex(intensity.index, level="plant_id")).groupby("product_id").sum()
        for product, sheets in read["project_products.csv"].groupby("product_id"):
            displaced = 0.0
            for sheet in sheets.itertuples():
                start = int(first[sheet.project_id][:4]) + (int(first[sheet.project_id][5:]) - 1) / 12
                ramp_up = [float(part) for part in sheet.ramp_up.split(";")]
                begin, end = (years_of_full_output(year_of(period) + gone - start, ramp_up) for gone in (0, 0.25))
                sold = sheet.capacity * sheet.kg_per_unit * sheet.use * sheet.plant_share * (end - begin)
                displaced += sheet.replaces_kg * sold
            planned += min(displaced, share[product] * required[product]) * unit_value[product]
    return planned


def test_costs_add_up_to_the_published_class_totals(written):
    projects = pd.read_csv(written / "sample" / "projects.csv", dtype=str)
    totals = projects["cost_usd"].map(Decimal).groupby(projects["class"]).sum().to_dict()
    assert totals == {
        "innovation": Decimal("234400.00"),
        "diversification": Decimal("10750000.00"),
        "investment": Decimal("5600000.00"),
    }
    assert projects["class"].value_counts().to_dict() == {"diversification": 7, "investment": 5, "innovation": 2}


def test_every_description_is_told_from_the_products_of_the_same_code(repository):
    """A line counts for the product with the highest priority among those whose code and text it fits."""
    products = pd.read_csv(repository / "data" / "raw" / "sample" / "products.csv", dtype=str, keep_default_na=False)
    for line in pd.read_csv(ASSUMPTIONS / "descriptions.csv", dtype=str).itertuples():
        fits = [
            (int(product.priority), product.product_id)
            for product in products.itertuples()
            if line.hs_code.startswith(tuple(product.hs_prefixes.split(";")))
            and re.search(product.text_pattern, line.text, re.IGNORECASE)
        ]
        assert max(fits)[1] == line.product_id, line.text


def test_the_plan_cuts_69_million_to_2030(made):
    assert planned_gross_usd(made) == pytest.approx(69_000_000, abs=20_000)


@pytest.mark.ci
def test_any_seed_meets_the_planned_sum():
    assert planned_gross_usd(economy.generate(rows=1000, seed=7)) == pytest.approx(69_000_000, abs=20_000)


def test_shipped_sample_is_what_the_generator_writes(written, repository):
    shipped = contents(repository / "data" / "raw" / "sample")
    given_out = {name for name in shipped if name.startswith("published/")}  # made by `make published`
    assert contents(written / "sample") == {name: shipped[name] for name in shipped.keys() - given_out}
    for shipped, fresh in {"sample_truth.csv": "truth.csv", "sample_faults.csv": "faults.csv"}.items():
        assert (repository / "tests" / "cases" / shipped).read_bytes() == (written / fresh).read_bytes()


def test_generated_and_written_samples_are_one(made, written):
    for period, lines in made.declarations.items():
        assert lines.to_csv(index=False, lineterminator="\n") == (
            written / "sample" / "declarations" / f"{period}.csv"
        ).read_text(encoding="utf-8")


PLAN = pd.DataFrame(
    {"project_id": ["battery_acid_almalyk"], "product_id": ["battery_acid"], "start": ["2025Q1"],
     "tonnes_a_quarter": [100.0]}
)  # fmt: skip


def test_a_planted_cut_is_delivered_from_its_date_on_and_nothing_else_is(tmp_path):
    economy.write(tmp_path / "s", rows=2000, seed=1, deliveries=PLAN, truth=tmp_path / "truth.csv")
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert truth["project_id"].unique().tolist() == ["battery_acid_almalyk"]
    assert truth["period"].min() == "2025Q1" and truth["gross_kg"].round(-2).eq(100_000).all()
    first = pd.read_csv(tmp_path / "s" / "projects.csv").set_index("project_id")["first_output"]
    assert first["battery_acid_almalyk"] == "2025-01" and first["rubber_angren"] == "2026-04"


@pytest.mark.ci
def test_a_planted_cut_may_take_over_all_imports():
    whole = economy.generate(rows=2000, deliveries=PLAN.assign(tonnes_a_quarter=1e6))
    mine = whole.grades[whole.grades["product_id"].eq("battery_acid") & whole.grades["period"].ge("2025Q1")]
    assert mine["import_kg"].max() < 1 < mine["requirement_kg"].min()


def test_a_plan_that_cannot_be_planted_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no project sheet of battery_acid_almalyk × topcoat"):
        economy.generate(rows=10, deliveries=PLAN.assign(product_id="topcoat"))
    (tmp_path / "plan.csv").write_text("project_id,product_id,start,tonnes_a_quarter\na,b,2025-1,5\n")
    with pytest.raises(ValueError, match=r"plan.csv row 2: 2025-1, 5 — write 2025Q1 and tonnes"):
        economy.read_plan(tmp_path / "plan.csv")
    (tmp_path / "plan.csv").write_text("project_id,product_id,start\na,b,2025Q1\n")
    with pytest.raises(ValueError, match=r"plan.csv: no column tonnes_a_quarter"):
        economy.read_plan(tmp_path / "plan.csv")


def test_the_command_line_writes_what_it_is_asked_for(monkeypatch, tmp_path):
    orders = {}
    monkeypatch.setattr("economy.__main__.write", lambda out, **options: orders.update(options, out=out))
    main(["--out", str(tmp_path / "s"), "--rows", "50", "--seed", "3", "--truth", "t.csv"])
    given = {"rows": 50, "seed": 3, "deliveries": None, "truth": Path("t.csv"), "faults": None}
    assert orders == given | {"out": tmp_path / "s"}


def test_the_command_line_says_in_one_line_what_cannot_be_planted(tmp_path, capsys):
    (tmp_path / "plan.csv").write_text("project_id,product_id,start,tonnes_a_quarter\nrubber_angren,topcoat,2025Q1,5\n")
    with pytest.raises(SystemExit) as ended:
        main(["--out", str(tmp_path / "s"), "--plant", str(tmp_path / "plan.csv")])
    said = "make sample: no project sheet of rubber_angren × topcoat — plant what a project makes\n"
    assert (ended.value.code, capsys.readouterr().err, (tmp_path / "s").exists()) == (1, said, False)


@pytest.mark.ci
def test_another_seed_gives_another_sample(made):
    other = economy.generate(rows=4000, seed=2)
    assert not other.truth.equals(made.truth)
    assert not other.declarations["2024Q1"].head(100).equals(made.declarations["2024Q1"].head(100))


@pytest.mark.ci
def test_the_number_of_lines_leaves_the_economy_alone(made):
    pd.testing.assert_frame_equal(economy.generate(rows=1000).truth, made.truth)


def test_true_cut_of_one_project_and_quarter_by_hand(made):
    sheets = made.registers["project_products.csv"].set_index(["project_id", "product_id"])
    sheet = sheets.loc[("sealants_tashkent", "sealant")]
    delivered = made.registers["deliveries.csv"].query(
        "project_id == 'sealants_tashkent' and product_id == 'sealant' and period == '2026Q2'"
    )
    gross = net = 0.0
    for row in delivered.itertuples():
        grades = made.grades.query("product_id == 'sealant' and period == '2026Q2' and plant_id == @row.plant_id")
        kg = row.net_kg - row.baseline_kg
        gross += kg * sheet["replaces_kg"] * sum(grades["share"] * grades["price_usd"])
        net -= kg * sheet["imported_input_usd_per_kg"]
    truth = made.truth.set_index(["project_id", "product_id", "period"]).loc[("sealants_tashkent", "sealant", "2026Q2")]
    assert len(delivered) == 5
    assert truth["gross_usd"] == pytest.approx(gross, abs=0.01)
    assert truth["net_usd"] == pytest.approx(gross + net, abs=0.01)


def test_imports_and_displaced_tonnes_add_up_to_the_requirement(made):
    key = ["product_id", "plant_id", "period"]
    imports = made.grades.groupby(key).agg(kg=("import_kg", "sum"), requirement=("requirement_kg", "first"))
    deliveries = made.registers["deliveries.csv"].merge(made.registers["project_products.csv"])
    displaced = (deliveries["net_kg"] - deliveries["baseline_kg"]) * deliveries["replaces_kg"]
    total = imports["kg"].add(displaced.groupby([deliveries[column] for column in key]).sum(), fill_value=0)
    np.testing.assert_allclose(total, imports["requirement"])
    assert (made.grades["import_kg"] > 0).all()


def test_sound_lines_carry_the_true_tonnes_and_value(made, lines):
    """Nothing is missing but what was planted: all declared value is the economy's within two per cent."""
    own = (
        lines["Режим"].eq("40") & ~lines["ИНН получателя"].str.startswith("888") & lines["file"].str.startswith("2024")
    )
    latest = ~lines.duplicated(["Номер декларации", "Номер товара"], keep="last")
    usd = lines["usd"].fillna(lines["kg"] * 2.5)[own & latest].sum()
    truth = made.grades[made.grades["period"].str.startswith("2024")]
    assert usd == pytest.approx((truth["import_kg"] * truth["price_usd"]).sum(), rel=0.02)


def test_planted_faults_are_found_in_the_lines(made, lines):
    tax_numbers = ";".join(made.registers["plants.csv"]["tax_numbers"]).split(";")
    prefixes = tuple(";".join(made.registers["products.csv"]["hs_prefixes"]).split(";"))
    code, bought = lines["Код товара по ТН ВЭД"], lines["ИНН получателя"]
    well_formed = code.str.fullmatch(r"\d{10}")
    in_break = lines["Дата регистрации"].str.fullmatch(r"\d\d\.0[456]\.2023")
    found = {
        "duplicate_line": lines.drop(columns=["kg", "usd", "dearness"]).duplicated().sum(),
        "superseded_by_correction": (lines["Корректировка"] != "").sum(),
        "hs_code_malformed": (code.str.len() == 7).sum(),
        "hs_code_look_alike": code.str.contains("О").sum(),
        "hs_code_unknown": (well_formed & ~code.str.startswith(prefixes)).sum(),
        "negative_value": (lines["usd"] < 0).sum(),
        "impossible_date": pd.to_datetime(lines["Дата регистрации"], format="%d.%m.%Y", errors="coerce").isna().sum(),
        "other_importer": (~bought.isin(["", *tax_numbers])).sum(),
        "other_regime": (lines["Режим"] != "40").sum(),
        "missing_weight": lines["kg"].isna().sum(),
        "wrong_unit": (lines["dearness"] > 100).sum(),
        "reporting_break": (lines["dearness"].between(1.8, 4) & in_break).sum(),
    }
    assert found == made.faults.drop("coverage_break").to_dict()


def test_a_partner_stops_reporting(made, lines):
    registered = pd.to_datetime(lines["Дата регистрации"], format="%d.%m.%Y", errors="coerce")
    silent = lines["Страна происхождения"].eq("RU") & (registered >= "2025-01-01")
    assert not silent.any()
    assert made.faults["coverage_break"] > 0


def test_late_corrections_keep_their_date(lines):
    month = lines["Дата регистрации"].str[3:5].astype(int)
    quarter = lines["Дата регистрации"].str[6:] + "Q" + ((month + 2) // 3).astype(str)
    late = quarter != lines["file"]
    assert late.any()
    assert (quarter[late] < lines["file"][late]).all()
    assert (lines.loc[late, "Корректировка"] != "").all()


def test_every_cell_of_the_base_year_has_a_line(made):
    cells = made.grades.groupby("period").size()
    assert all(len(made.declarations[period]) > count for period, count in cells.items())


def test_uses_add_up_and_name_what_the_plants_buy(made):
    uses = made.registers["uses.csv"].groupby(["product_id", "plant_id"])["share"].sum()
    np.testing.assert_allclose(uses, 1)
    bought = made.grades[["product_id", "plant_id"]].drop_duplicates()
    assert set(uses.index) == set(bought.itertuples(index=False, name=None))


@pytest.mark.parametrize("register", NAMED)
def test_no_word_mixes_scripts(made, register):
    names = made.registers[register][NAMES]
    words = {word for text in names.to_numpy().ravel() for word in re.findall(r"[\w‘’]+", text)}
    assert [word for word in words if re.search(LATIN, word) and re.search(CYRILLIC, word)] == []
    latin = names[["name_uz_latn", "name_en"]].to_numpy().ravel()
    assert [text for text in latin if re.search(CYRILLIC + "|['`ʻʼ]", text)] == []
    assert (names != "").all(axis=None)


@pytest.mark.ci
def test_other_cuts_can_be_planted(made):
    planted = pd.DataFrame(
        {"project_id": ["rubber_angren"], "product_id": "rubber_compound", "start": "2025Q1", "tonnes_a_quarter": 40}
    )
    truth = economy.generate(rows=1000, deliveries=planted).truth
    assert truth["project_id"].unique().tolist() == ["rubber_angren"]
    assert truth["period"].tolist() == sorted(period for period in made.declarations if period >= "2025Q1")
    assert truth["gross_kg"].to_numpy() == pytest.approx(40_000, abs=8)
