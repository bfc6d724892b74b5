"""Every expectation of expectations.toml has a case that breaks it alone; what is right or answered is not asked."""

from dataclasses import replace
from types import MappingProxyType

import pandas as pd
import pytest

from importcut.app.coverage import ahead
from importcut.intake.expectations import EXPECTATIONS, findings, open_questions
from importcut.language import Voice
from importcut.schema import DataError
from importcut.telling import narrate
from importcut.telling.finding import Finding

LAST = pd.Period("2026Q3", freq="Q")
EVERY = pd.period_range("2022Q1", LAST)
SINGLE = {"source_file": "declarations/2025Q3.csv", "line": 4}
FOLLOWING = {"weights_of_imports": "delivery_price"}  # what the same cause breaks too, for each project
PLANT = {"plant_id": "asaka"}


def times(factor, *columns, **where):
    """The rows that fit, with some columns multiplied; a factor of None takes the rows out."""

    def changed(table):
        fits = pd.Series(True, table.index)
        for name, values in where.items():
            fits &= table[name].isin(values if isinstance(values, list) else [values])
        assert fits.any()
        if factor is None:
            return table[~fits]
        scaled = {name: table[name].astype("float64").where(~fits, table[name] * factor) for name in columns}
        return table.assign(**scaled)

    return changed


def put(column, value, row=0):
    """The table with another value in one row."""

    def changed(table):
        return table.assign(**{column: table[column].where(table.index != table.index[row], value)})

    return changed


def again(**other):
    """The table with its first row once more, under other values."""
    return lambda table: pd.concat([table, table.head(1).assign(**other)], ignore_index=True)


def doubled(share, **where):
    """The lines with a part of the accepted ones once more, their value rounded."""

    def changed(lines):
        fits = lines["rule"].isna()
        for name, value in where.items():
            fits &= lines[name] == value
        twin = lines[fits].sample(frac=share, random_state=1)
        return pd.concat([lines, twin.assign(line=twin["line"] + 100_000, value_usd=twin["value_usd"].round())])

    return changed


def accepted(change):
    """A change of the lines that count."""
    return lambda lines: pd.concat([change(lines[lines["rule"].isna()]), lines[lines["rule"].notna()]])


def aside(rule, value, **where):
    """Some accepted lines set aside by a rule for what stands there."""
    return accepted(
        lambda lines: lines.assign(
            rule=lines["rule"].where(~fits(lines, where), rule), value=lines["value"].where(~fits(lines, where), value)
        )
    )


def fits(table, where):
    return pd.concat([table[name].eq(value) for name, value in where.items()], axis=1).all(axis=1)


quarter, half = {"period": pd.Period("2025Q3", freq="Q")}, {"period": [LAST - 1, LAST]}
CASES = {  # what is changed (imports, lines or a register), how, and the key of the only question
    "period_missing": ("cells", times(None, **quarter), "period_missing: all 2025Q3"),
    "incomplete": ("lines", times(None, period="2026Q3", month=9), "incomplete: all 2026-09"),
    "lines": ("cells", times(0.5, "lines", **quarter), "lines: all 2025Q3"),
    "plant_missing": ("cells", times(None, period=LAST, **PLANT), "plant_missing: asaka 2026Q3"),
    "product_missing": ("cells", times(None, product_id="topcoat", **half), "product_missing: topcoat 2026Q2"),
    "origin_missing": ("cells", times(None, origin="DE", period=LAST), "origin_missing: DE 2026Q3"),
    "use_missing": (
        "cells", times(None, product_id="topcoat", **PLANT, **quarter), "use_missing: topcoat asaka 2025Q3",
    ),
    "partner_missing": (
        "cells",
        times(None, product_id="pp_compound", origin="KR", period=LAST),
        "partner_missing: pp_compound KR 2026Q3",
    ),
    "vehicles_missing": (
        "activity", times(None, scenario=[None], period=LAST, **PLANT),
        "vehicles_missing: asaka 2026Q3",
    ),
    "plan_missing": (
        "activity", times(None, period=[*pd.period_range("2028Q1", "2028Q4", freq="Q")], **PLANT),
        "plan_missing: asaka 2028Q1",
    ),
    "deliveries_missing": (
        "deliveries", times(None, period=LAST, product_id="sealant"),
        "deliveries_missing: sealants_tashkent sealant 2026Q3",
    ),
    "rates_missing": (
        "exchange_rates", times(None, currency="KRW", date=[*pd.date_range("2026-07-01", "2026-09-30")]),
        "rates_missing: KRW 2026-07",
    ),
    "unit_value": ("cells", times(1000, "value_usd", origin="KR", **quarter), "unit_value: KR 2025Q3"),
    "unit_value_of_product": (
        "cells", times(0.1, "net_kg", product_id="topcoat", **quarter), "unit_value_of_product: topcoat 2025Q3",
    ),
    "use": ("cells", times(0.6, "value_usd", "net_kg", **quarter), "use: all 2025Q3"),
    "use_of_product": (
        "cells", times(3, "value_usd", "net_kg", product_id="topcoat", **quarter), "use_of_product: topcoat 2025Q3",
    ),
    "value": (
        "cells", times(10, "value_usd", "net_kg", product_id="isocyanate", **quarter),
        "value: isocyanate 2025Q3",
    ),
    "vehicles": ("activity", times(10, "vehicles", scenario=[None], **PLANT, **quarter), "vehicles: asaka 2025Q3"),
    "plan": ("activity", times(10, "vehicles", period=LAST + 6, **PLANT), "plan: asaka 2028Q1"),
    "delivered": (
        "deliveries", times(10, "net_kg", "value_usd", product_id="antifreeze", period=LAST),
        "delivered: antifreeze_navoi antifreeze 2026Q3",
    ),
    "rate": (
        "exchange_rates", times(10, "usd", "uzs", currency="JPY", date=[pd.Timestamp("2025-05-01")]),
        "rate: JPY 2025-05",
    ),
    "unit_value_of_end": ("cells", times(2, "net_kg", period=LAST), "unit_value_of_end: all 2026Q3"),
    "line_largest": (
        "lines", accepted(lambda lines: lines.assign(value_usd=lines["value_usd"].where(~fits(lines, SINGLE), 1e8))),
        "line_largest: declarations/2025Q3.csv",
    ),
    "line_prices": (
        "lines", accepted(times(10, "value_usd", source_file="declarations/2025Q3.csv", product_id="grease")),
        "line_prices: declarations/2025Q3.csv grease 2025Q3",
    ),
    "rate_of_lines": (
        "lines", accepted(times(20, "value_usd", currency="KRW", value_rule="converted")), "rate_of_lines: KRW",
    ),
    "weights_missing": ("cells", times(0, "net_kg", period=LAST), "weights_missing: all"),
    "origin_unknown": ("cells", again(origin="Atlantis", value_usd=1e6), "origin_unknown: Atlantis"),
    "regime_left_out": ("lines", aside("other_regime", "4000", period="2026Q3"), "regime_left_out: 4000"),
    "importer_left_out": ("lines", aside("other_importer", "777", period="2026Q3"), "importer_left_out: 777"),
    "ramp_up_nothing": (
        "project_products", put("ramp_up", "0;0.1"), "ramp_up_nothing: phosphating_chirchiq phosphating",
    ),
    "localisable_share": (
        "products", times(0.1, "localisable_share", product_id="antifreeze"), "localisable_share: antifreeze",
    ),
    "weights_of_imports": ("deliveries", times(100, "value_usd", period=[*EVERY]), "weights_of_imports: all"),
    "programme_ahead": ("programme_start", lambda start: start + 40, "programme_ahead: all"),
    "twins": ("lines", doubled(0.1, source_file="declarations/2025Q3.csv"), "twins: declarations/2025Q3.csv 2025Q3"),
    "twins_of_product": (
        "lines", doubled(1, source_file="declarations/2025Q3.csv", product_id="grease"),
        "twins_of_product: declarations/2025Q3.csv grease 2025Q3",
    ),
    "baseline_above_delivery": (
        "deliveries", times(1.1, "baseline_kg", product_id="washer_fluid", period=pd.Period("2024Q1", freq="Q")),
        "baseline_above_delivery: washer_fluid_tashkent washer_fluid",
    ),
    "delivery_negative": (
        "deliveries", times(-1, "net_kg", product_id="sealant", plant_id="samauto", period=LAST),
        "delivery_negative: sealants_tashkent sealant",
    ),
    "delivery_before_output": (
        "deliveries",
        put("baseline_kg", 0.0),
        "delivery_before_output: washer_fluid_tashkent washer_fluid",
    ),
    "project_without_deliveries": (
        "deliveries",
        times(None, product_id="sealant"),
        "project_without_deliveries: sealants_tashkent sealant",
    ),
    "delivery_unused": ("deliveries", put("plant_id", "battery_jizzakh", row=-1), None),
    "delivery_price": (
        "deliveries", times(0.001, "value_usd", product_id="sealant"), "delivery_price: sealants_tashkent sealant",
    ),
    "delivery_above_output": (
        "output", times(0.1, "quantity", product_id="sealant", period=LAST),
        "delivery_above_output: sealants_tashkent sealant",
    ),
    "output_above_capacity": (
        "output", times(0.1, "quantity", product_id="engine_oil"),
        "output_above_capacity: motor_oils_fergana engine_oil",
    ),
    "capacity_above_imports": (
        "project_products", times(10, "capacity", product_id="battery_acid"),
        "capacity_above_imports: battery_acid_almalyk battery_acid",
    ),
    "capacity_used": (
        "project_products", times(0.1, "use", product_id="polyol"), "capacity_used: polyurethane_chirchiq polyol",
    ),
    "input_above_price": (
        "project_products", times(12_000, "imported_input_usd_per_kg", product_id="polyol"),
        "input_above_price: polyurethane_chirchiq polyol",
    ),
    "cost": (
        "projects", times(0.001, "cost_usd", "imported_equipment_usd", project_id="rubber_angren"),
        "cost: rubber_angren",
    ),
    "equipment_above_cost": (
        "projects", times(10, "imported_equipment_usd", project_id="rubber_angren"),
        "equipment_above_cost: rubber_angren",
    ),
    "price_ratio": (
        "project_products", times(100, "price_ratio", product_id="polyol"), "price_ratio: polyurethane_chirchiq polyol",
    ),
    "replaces": (
        "project_products", times(10, "replaces_kg", product_id="polyol"), "replaces: polyurethane_chirchiq polyol",
    ),
    "ramp_up": ("project_products", put("ramp_up", "0.7;0.4;0.9"), "ramp_up: phosphating_chirchiq phosphating"),
    "output_before_start": ("projects", put("first_output", "2015-12"), "output_before_start: phosphating_chirchiq"),
    "trial_after_output": ("projects", put("trial_output", "2026-12"), "trial_after_output: phosphating_chirchiq"),
    "project_twice": ("project_products", again(project_id="washer_fluid_tashkent"), "project_twice: phosphating"),
    "rates_swapped": (
        "exchange_rates", lambda table: table.rename(columns={"uzs": "usd", "usd": "uzs"}), "rates_swapped: all",
    ),
    "target_amount": ("target", lambda target: target | {"amount_usd": 69}, "target_amount: all"),
    "target_year": ("target", lambda target: target | {"year": 2025}, "target_year: all"),
    "base_after_start": ("base_period", lambda base: base + 2, "base_after_start: all"),
}  # fmt: skip
FEW = {(EXPECTATIONS[name]["kind"], part): name for name, (part, *_) in CASES.items()}  # that make test tries


@pytest.fixture(scope="module")
def sound(sample):
    """The sample: dataset as of no period, imports added up, file of all lines."""
    return sample.ds, sample.cells, sample.ds.cleaned / "lines.parquet"


def questions(ds, cells, lines, folder, strict=False):
    if isinstance(lines, pd.DataFrame):
        lines.to_parquet(folder / "lines.parquet")
        lines = folder / "lines.parquet"
    return findings(ds, cells, lines, strict=strict)


def changed(ds, cells, lines, part, change):
    if part == "lines":
        return ds, cells, change(pd.read_parquet(lines))
    if part == "cells":
        return ds, change(cells), lines
    if part == "target":
        return replace(ds, target=MappingProxyType(change(dict(ds.target)))), cells, lines
    if part in ("base_period", "programme_start"):
        return replace(ds, **{part: change(getattr(ds, part))}), cells, lines
    return replace(ds, registers=MappingProxyType({**ds.registers, part: change(ds.registers[part])})), cells, lines


def test_every_expectation_has_a_case():
    assert {*CASES} == {*EXPECTATIONS}


def test_every_expectation_says_why_its_bounds_lie_there():
    assert all(about["reason"] and " — " in about["text"] for about in EXPECTATIONS.values())


def test_what_is_right_is_not_asked(sound, tmp_path):
    assert questions(*sound, tmp_path, strict=True).empty


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.ci] * (n not in FEW.values())) for n in CASES])
def test_what_is_not_expected_is_asked_once(name, sound, tmp_path):
    part, change, key = CASES[name]
    ds, cells, lines = changed(*sound, part, change)
    if name == "value":  # where no vehicles are known
        ds, *_ = changed(ds, cells, lines, "activity", lambda table: table[table["plant_id"].ne("seats_andijan")])
    table = questions(ds, cells, lines, tmp_path)
    assert name in set(table["expectation"])
    assert key in {*table["key"], None}
    besides = table[table["expectation"].ne(FOLLOWING.get(name))]
    assert len(besides) <= 3, besides["key"].tolist()


def test_an_answer_lets_a_report_be_made(sound, tmp_path):
    broken = changed(*sound, *CASES["plant_missing"][:2])
    with pytest.raises(DataError, match=r'"plant_missing: asaka 2026Q3" = '):
        questions(*broken, tmp_path, strict=True)
    ds = replace(broken[0], answers=MappingProxyType({"plant_missing: asaka 2026Q3": "closed"}))
    assert questions(ds, *broken[1:], tmp_path, strict=True).empty


def test_a_quarter_with_some_of_its_months_is_incomplete_until_a_line_closes_it(sound, tmp_path):
    ds, cells, lines = changed(*sound, "lines", times(None, period="2026Q3", month=[8, 9]))
    middle = changed(*sound, "lines", times(None, period="2025Q2", month=5))
    assert "incomplete: all 2025-05" in set(questions(*middle, tmp_path)["key"])
    table = questions(ds, cells, lines, tmp_path, strict=True)
    assert table["key"].tolist() == ["incomplete: all 2026-08"]
    answer = Finding("A claim", "A text.", pd.DataFrame(), lead="A lead.")
    told = narrate.with_questions(answer, table, Voice("ru", ds))
    text, lead = (part.replace("\N{NO-BREAK SPACE}", " ") for part in (told.text, told.lead))
    assert "Данных за август 2026 г. и сентябрь 2026 г. не поступило" in text and "август 2026 г." in lead
    closed = replace(ds, answers=MappingProxyType({"incomplete: all 2026-08": "a summer without imports"}))
    assert questions(closed, cells, lines, tmp_path, strict=True).empty


def test_many_of_one_kind_are_one_question_that_one_answer_ends(sound, tmp_path):
    ds, cells, lines = changed(*sound, "deliveries", times(None, period=LAST))
    table = open_questions(questions(ds, cells, lines, tmp_path), ds)
    assert table["key"].tolist() == ["deliveries_missing: all"]
    assert "there are 11: pp_compound_shurtan pp_compound 2026Q3, " in table["text"].item()
    answered = replace(ds, answers=MappingProxyType({"deliveries_missing: all": "not yet counted"}))
    assert questions(answered, cells, lines, tmp_path, strict=True).empty


def test_imports_that_end_before_what_registers_record_make_no_report_by_themselves(sound):
    whole = replace(sound[0], period=None)
    text = (
        "{}.csv records 2026Q3, imports end with 2026Q2 — add the file of 2026Q3, or make the report of --period 2026Q2"
    )
    assert ahead(whole, LAST - 1) == [text.format(name) for name in ("activity", "deliveries")]
    assert ahead(whole, LAST) == [] == ahead(sound[0], LAST - 1)
