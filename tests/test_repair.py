"""No repair without a witness: a weight is mended only where it alone is off, by its invoice and by its like."""

import shutil

import pytest

from importcut.app.check import examination
from importcut.economics.panel import import_panel
from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.intake.opening import open_dataset
from importcut.schema import load

HEADER = (
    "declaration_id,item,date,regime,importer_tin,hs_code,description,origin,net_weight,value_usd,"
    "invoice_value,currency"
)
TIN = {"asaka": "111", "pitnak": "222"}
KG, USD = 1_000.0, 3_000.0


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    made = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")
    (made / "declarations").mkdir()
    return made


def line(n, *, kg=KG, usd=USD, invoice=None, plant="asaka"):
    """A line of about a tonne worth three thousand dollars, invoiced at 1.1 dollars a euro if an invoice is stated."""
    size = 1 + n % 7 / 10
    euros = "" if invoice is None else f"{invoice * size / 1.1:.2f}"
    fields = f"D{n},1,2025-01-{1 + n % 28:02},40,{TIN[plant]},3208200000,enamel,KR"
    return f"{fields},{kg * size:.3f},{usd * size:.2f},{euros},{'EUR' if euros else ''}"


def cleaned(folder, **files):
    """What was done to weights, by file and line: those touched, with declared and counted kg."""
    for name, lines in files.items():
        (folder / "declarations" / f"{name}.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    ds = open_dataset(folder, period="2025Q1")
    cells = clean_imports(read_declarations(ds), ds).cells
    imports = load("imports", ds)
    return imports[imports["weight_rule"].notna()].sort_values(["source_file", "line"]), cells, ds


HONEST = [line(n) for n in range(20)]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"kg": KG / 1000, "invoice": USD}, "unit_repaired"),  # both witnesses
        ({"kg": KG * 1000}, "unit_repaired"),  # what the plant usually imports
        ({"usd": USD * 1000}, "doubted"),  # an ordinary weight: the value is off
        pytest.param({"usd": USD * 1000, "invoice": USD * 1000}, "doubted", marks=pytest.mark.ci),  # thousands in both
        ({"usd": USD / 1000, "invoice": USD}, "doubted"),  # value and invoice disagree
        pytest.param({"kg": KG / 1000, "invoice": USD * 1000}, "doubted", marks=pytest.mark.ci),
        pytest.param({"kg": KG * 20, "usd": USD / 50}, "doubted", marks=pytest.mark.ci),  # neither is ordinary
    ],
)
def test_a_weight_is_mended_where_it_alone_is_off(folder, wrong, rule):
    touched, *_ = cleaned(folder, a=[*HONEST, line(20, **wrong)])
    assert touched["weight_rule"].tolist() == [rule]
    counted = touched["net_kg"].item() / touched["declared_kg"].item()
    assert counted == pytest.approx({"unit_repaired": KG / wrong.get("kg", KG)}.get(rule, 1.0))


def test_without_neighbours_an_invoice_that_agrees_is_witness_enough_and_nothing_is_none(folder):
    few = [line(30 + n, plant="pitnak", kg=KG / 1000, **({"invoice": USD} if n else {})) for n in range(2)]
    touched, *_ = cleaned(folder, a=[*HONEST, *few])
    assert touched["weight_rule"].tolist() == ["doubted", "unit_repaired"]


def test_many_weights_off_in_a_file_of_one_plant_have_a_common_cause_and_none_is_mended(folder):
    tonnes = [line(40 + n, kg=KG / 1000, invoice=USD, plant="pitnak") for n in range(6)]
    single = line(60, kg=KG / 1000, invoice=USD)
    touched, *_ = cleaned(folder, a=[*HONEST, *(line(70 + n, plant="pitnak") for n in range(20))], b=[*tonnes, single])
    assert touched["weight_rule"].tolist() == ["doubted"] * 6 + ["unit_repaired"]


def test_a_plants_values_in_a_file_are_one_finding(folder):
    """Thousand dollars in one column of one file: nobody else's lines and no weight are touched."""
    own = [line(40 + n, usd=USD * 1000, plant="pitnak") for n in range(30)]
    touched, *_ = cleaned(folder, a=[*HONEST, *(line(80 + n, plant="pitnak") for n in range(40))], b=own)
    assert touched["weight_rule"].tolist() == ["doubted"] * 30
    [only] = [defect for defect in examination(folder).defects if not defect.question]
    assert only.text.startswith("declarations/b.csv line 2 and 29 more of pitnak: value or weight is 1,000 times off")


def test_a_mended_weight_is_a_finding_with_both_figures(folder):
    cleaned(folder, a=[*HONEST, line(21, kg=KG / 1000, invoice=USD)])
    [only] = [defect for defect in examination(folder).defects if not defect.question]
    assert only.text.startswith(
        "declarations/a.csv line 22: 1 kg count as 1,000 kg, as its invoice and the lines like it say"
    )


def test_values_a_thousand_times_too_large_multiply_no_weight(folder):
    """Twelve cars, the values of four of which are in another unit: the case of a shared folder, invented anew."""
    cars = [line(n) for n in range(8)] + [line(8 + n, usd=USD * 1000) for n in range(4)]
    touched, cells, ds = cleaned(folder, a=cars)
    assert touched["weight_rule"].tolist() == ["doubted"] * 4
    assert cells["net_kg"].sum() == pytest.approx(sum(KG * (1 + n % 7 / 10) for n in range(12)))
    panel, findings = import_panel(cells, ds)
    assert panel["evidence"].tolist() == ["inferred"], "no measured figure leans on a line in doubt"
    [row] = findings[findings["check"].eq("doubted_size")].to_dict("records")
    assert (row["lines"], row["treatment"], row["certainty"]) == (4, "kept", "suspected")
    assert row["affected_value_usd"] == pytest.approx(sum(USD * 1000 * (1 + n % 7 / 10) for n in range(8, 12)))
