"""Declarations become imports: each judgement on a made-up line, and no line or cent lost on any mixture."""

import csv
import math
import shutil
from dataclasses import replace
from decimal import Decimal
from functools import reduce
from types import MappingProxyType

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.intake.opening import open_dataset
from importcut.intake.partners import WORLD, bare_name, country_codes, total_levels
from importcut.schema import PLACE, DataError, load, tables

FIELDS = {
    "Номер декларации": "D1",
    "Номер товара": "1",
    "Корректировка": "",
    "Дата регистрации": "15.01.2025",
    "Режим": "40",
    "ИНН получателя": "111",
    "Наименование получателя": "АСАКА",
    "Код товара по ТН ВЭД": "3208201000",
    "Наименование товара": "ЭМАЛЬ",
    "Страна происхождения": "KR",
    "Вес нетто": "100",
    "Единица веса": "кг",
    "Фактурная стоимость": "500",
    "Валюта": "USD",
    "Статистическая стоимость, USD": "500",
}
(
    DECLARATION,
    ITEM,
    CORRECTION,
    DATE,
    REGIME,
    TIN,
    IMPORTER,
    CODE,
    GOODS,
    ORIGIN,
    WEIGHT,
    UNIT,
    INVOICE,
    CURRENCY,
    VALUE,
) = FIELDS
RATES = {"EUR": Decimal("1.1")}  # of January 2025, as in the small dataset


@pytest.fixture(scope="module")
def ds(repository, tmp_path_factory):
    """A small sound dataset without raw files, in a folder of its own."""
    path = tmp_path_factory.mktemp("clean")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(path / "processed"))
        yield replace(open_dataset(repository / "tests" / "cases" / "small"), path=path / "small")


def line(number, **changes):
    """Fields of one line: a declaration of its own with its own value, and what is changed by column."""
    return FIELDS | {DECLARATION: f"D{number}", VALUE: f"{100 + number}.25"} | changes


def text(fields):
    return ",".join(f'"{f.replace(chr(34), chr(34) * 2)}"' if set(f) & set(',"\n') else f for f in fields.values())


def receive(ds, **files):
    """Write the raw files, each given as its lines (fields or bytes), and read them."""
    shutil.rmtree(ds.path, ignore_errors=True)
    (ds.path / "declarations").mkdir(parents=True)
    for name, written in files.items():
        raw = [
            text(f).encode() if isinstance(f, dict) else f for f in [dict(zip(FIELDS, FIELDS, strict=True)), *written]
        ]
        (ds.path / "declarations" / f"{name}.csv").write_bytes(b"\n".join(raw) + b"\n")
    return read_declarations(ds)


def cleaned_lines(read, ds):
    """Imports and quarantine as frames; the cells and what the rules say of themselves agree with them."""
    made = clean_imports(read, ds)
    imports, quarantine = load("imports", ds), load("quarantine", ds)
    assert made.cells["lines"].sum() == len(imports)
    assert round(made.cells["value_usd"].sum() - imports["value_usd"].sum(), 4) == 0
    told = made.rules.groupby("decides")["lines"].sum()
    assert told.get("line", 0) == len(quarantine)
    assert {told.get(decided, 0) for decided in ("plant", "code", "weight", "value", "origin")} == {len(imports)}
    lines = load("lines", ds)
    assert lines["rule"].isna().sum() == len(imports) and len(lines) == len(imports) + quarantine["raw"].isna().sum()
    return imports.sort_values(["source_file", "line"]), quarantine.sort_values(["source_file", "line"])


def cleaned(ds, *lines, **files):
    """Imports and quarantine by physical line, checked for losses; `lines` are those of the file a."""
    read = receive(ds, **({"a": lines} if lines else {}), **files)
    imports, quarantine = cleaned_lines(read, ds)
    for file in read:
        lost_nothing(
            ds.path / file.source_file, *(t[t["source_file"] == file.source_file] for t in (imports, quarantine))
        )
    assert quarantine[["kind", "reason", "remedy"]].notna().all(axis=None)
    return imports.set_index("line"), quarantine.set_index("line")


def lost_nothing(path, imports, quarantine):
    """Every physical line is accepted or set aside, once, and the values that can be read are all there."""
    raw = path.read_bytes().splitlines()[1:]
    assert sorted([*imports["line"], *quarantine["line"]]) == list(range(2, len(raw) + 2))
    values = pd.concat([imports["value_usd"], quarantine["value_usd"].dropna()]).map(lambda v: round(Decimal(v), 2))
    assert sum(values) == sum(map(readable_value, raw))


def readable_value(raw):
    """The value on a physical line, statistical or else from the invoice, where it can be read."""
    try:
        fields = dict(zip(FIELDS, next(csv.reader([raw.decode()], strict=True), []), strict=True))
    except (ValueError, csv.Error):
        return Decimal(0)
    if fields[VALUE]:
        value = number(fields[VALUE])
    else:
        value = number(fields[INVOICE]) * ({"USD": 1} | RATES).get(fields[CURRENCY], 0)
    return round(value, 2)


def number(written):
    try:
        value = Decimal(written.replace(" ", ""))
    except ArithmeticError:
        return Decimal(0)
    return value if math.isfinite(float(value)) else Decimal(0)  # 1e400 is no number of money


def test_a_sound_line_is_an_import_of_its_product_plant_and_period(ds):
    imports, quarantine = cleaned(ds, line(1))
    assert quarantine.empty
    assert imports.loc[2, ["product_id", "plant_id", "origin", "value_usd", "net_kg"]].tolist() == [
        "topcoat", "asaka", "KR", 101.25, 100.0,
    ]  # fmt: skip
    assert str(imports.loc[2, "period"]) == "2025Q1" and pd.isna(imports.loc[2, "weight_rule"])


SET_ASIDE = [
    ({DATE: "31.02.2025"}, "fault", "impossible_date", "date", "31.02.2025"),
    ({WEIGHT: "сто"}, "fault", "unreadable_value", "net_weight", "сто"),
    ({WEIGHT: "inf"}, "fault", "unreadable_value", "net_weight", "inf"),
    ({VALUE: "nan"}, "fault", "unreadable_value", "value_usd", "nan"),
    ({VALUE: "-7.25"}, "fault", "negative_value", "value_usd", "-7.25"),
    ({WEIGHT: "-5"}, "fault", "negative_value", "net_weight", "-5.0"),
    ({CODE: "9999990000"}, "fault", "hs_code_unknown", "hs_code", "9999990000"),
    ({CODE: "32082A"}, "fault", "hs_code_malformed", "hs_code", "32082A"),
    ({CODE: "3208200"}, "fault", "hs_code_malformed", "hs_code", "3208200"),
    ({CODE: ""}, "fault", "hs_code_malformed", "hs_code", None),
    ({UNIT: "шт"}, "fault", "weight_unit_unknown", "weight_unit", "шт"),
    ({CURRENCY: "XYZ", VALUE: ""}, "fault", "value_missing", "currency", "XYZ"),
    ({CURRENCY: "", VALUE: ""}, "fault", "value_missing", "value_usd", None),
    ({INVOICE: "", VALUE: ""}, "fault", "value_missing", "value_usd", None),
    ({REGIME: "10"}, "out_of_scope", "other_regime", "regime", "10"),
    ({REGIME: ""}, "out_of_scope", "other_regime", "regime", None),
    ({TIN: "999", IMPORTER: "ДРУГОЙ"}, "out_of_scope", "other_importer", "importer_tin", "999"),
]


@pytest.fixture(scope="module")
def between(ds):
    """A line for each case above, each between two good ones."""
    return cleaned(ds, *(line(n, **({} if n % 2 else SET_ASIDE[n // 2][0])) for n in range(2 * len(SET_ASIDE))))


@pytest.mark.parametrize("case", range(len(SET_ASIDE)), ids=lambda n: "_".join(map(str, SET_ASIDE[n][2:])))
def test_a_line_that_does_not_count_is_set_aside_with_reason_value_and_remedy(between, case):
    _, kind, reason, column, value = SET_ASIDE[case]
    found = between[1].loc[2 + 2 * case]
    assert found["source_file"] == "declarations/a.csv" and found["remedy"]
    assert (found["kind"], found["reason"], found["column"]) == (kind, reason, column)
    assert found["value"] == value or (value is None and pd.isna(found["value"]))


def test_a_line_that_does_not_count_takes_no_other_with_it(between):
    assert list(between[0].index) == [3 + 2 * case for case in range(len(SET_ASIDE))]


def test_a_malformed_line_is_set_aside_with_its_text_and_nothing_after_it_is_lost(ds):
    damaged = {
        b"": "malformed_line",
        b"D9,1,,15.01.2025": "malformed_line",
        text(line(2)).encode() + b",7": "malformed_line",
        text(line(2)).replace("ЭМАЛЬ", '"ЭМАЛЬ').encode(): "unterminated_quote",
        text(line(2)).encode("cp1251"): "not_utf8",
    }
    good = [line(n, **{GOODS: 'ЭМАЛЬ "А", 1'}) for n in range(30)]
    imports, quarantine = cleaned(ds, good[0], *damaged, *good[1:])
    assert list(imports.index) == [2, *range(8, 37)]
    assert quarantine["reason"].tolist() == list(damaged.values())
    assert quarantine["raw"].tolist() == [raw.decode("utf-8", "backslashreplace") for raw in damaged]


def test_the_weight_set_aside_is_in_kg_whatever_was_wrong_with_the_line(ds):
    lines = [{DATE: "31.02.2025"}, {CODE: "1"}, {DATE: "0"}, {DATE: "0", UNIT: "пуд"}]
    quarantine = cleaned(ds, *(line(n, **{WEIGHT: "2", UNIT: "Т"} | c) for n, c in enumerate(lines)))[1]
    assert quarantine["net_kg"].fillna(-1).tolist() == [2000.0, 2000.0, 2000.0, -1]


def test_an_unknown_currency_does_not_matter_where_the_statistical_value_stands(ds):
    imports, _ = cleaned(ds, line(1, **{CURRENCY: "XYZ"}))
    assert imports.loc[2, "value_usd"] == 101.25 and pd.isna(imports.loc[2, "value_rule"])


def test_a_missing_value_is_the_invoice_at_the_last_rate_on_or_before_the_day(ds):
    days = ["31.12.2024", "01.01.2025", "31.01.2025", "05.02.2025", "05.02.2026"]
    read = receive(ds, a=[line(n, **{DATE: day, VALUE: "", CURRENCY: "EUR"}) for n, day in enumerate(days)])
    imports, quarantine = cleaned_lines(read, ds)
    assert imports["value_usd"].round(9).tolist() == [550.0, 550.0, 600.0, 600.0]
    assert set(imports["value_rule"]) == {"converted"}
    assert quarantine[["line", "reason", "value"]].to_numpy().tolist() == [[2, "value_missing", "EUR"]]


def test_a_dollar_is_a_dollar_though_no_rate_of_it_is_quoted(ds):
    imports, _ = cleaned(ds, line(1, **{VALUE: ""}))
    assert imports.loc[2, ["value_usd", "value_rule"]].tolist() == [500.0, "converted"]


def test_a_plant_is_known_by_any_of_its_tax_numbers_or_by_an_alias_however_it_is_written(ds):
    others = {TIN: "999"}
    imports, quarantine = cleaned(
        ds,
        line(1, **{TIN: "112"}),
        line(2, **{TIN: " 222 "}),
        line(3, **others | {IMPORTER: "  asaka   Motors "}),
        line(4, **others | {IMPORTER: 'ао "асака авто"'}),
        line(5, **others | {IMPORTER: "ASAKA MOTORS TRADE"}),
        line(6, **{TIN: "222", IMPORTER: "ASAKA MOTORS"}),
    )
    assert imports["plant_id"].tolist() == ["asaka", "pitnak", "asaka", "asaka", "pitnak"]
    assert list(quarantine.index) == [6]


def test_the_description_tells_products_of_one_code_apart_and_the_priority_decides(ds):
    imports, _ = cleaned(
        ds,
        line(1, **{GOODS: "ЛАК ПРОЗРАЧНЫЙ"}),
        line(2, **{GOODS: "Clear COAT 2K"}),
        line(3, **{GOODS: "ЭМАЛЬ"}),
        line(4, **{GOODS: "ЛАК", CODE: "320890"}),
        line(5, **{GOODS: "", CODE: "3820.00 00"}),
    )
    assert imports["product_id"].tolist() == ["clear_coat", "clear_coat", "topcoat", "topcoat", "antifreeze"]


def test_of_equal_lines_the_first_counts_in_whichever_file_the_others_stand(ds):
    imports, quarantine = cleaned(ds, line(1), line(2), line(1), b=[line(2), line(3)])
    assert imports["source_file"].str[-5].tolist() == ["a", "a", "b"]
    assert quarantine[["source_file", "reason", "value"]].to_numpy().tolist() == [
        ["declarations/a.csv", "duplicate_line", "D1"],
        ["declarations/b.csv", "duplicate_line", "D2"],
    ]


def test_the_last_correction_counts_in_whatever_order_and_file_it_comes(ds):
    imports, quarantine = cleaned(
        ds,
        line(1, **{CORRECTION: "2", VALUE: "30"}),
        line(1, **{VALUE: "10"}),
        line(2, **{VALUE: "40"}),
        line(1, **{ITEM: "2", VALUE: "70"}),
        b=[line(1, **{CORRECTION: "1", VALUE: "20"}), line(2, **{CORRECTION: "1", VALUE: "50"})],
    )
    assert imports["value_usd"].tolist() == [30.0, 70.0, 50.0]
    assert quarantine["value_usd"].tolist() == [10.0, 40.0, 20.0]
    assert set(quarantine["reason"]) == {"superseded_by_correction"}
    assert quarantine["value"].dropna().tolist() == ["1"]


def test_the_same_item_with_other_contents_is_a_fault_and_no_second_import(ds):
    imports, quarantine = cleaned(ds, line(1), line(1, **{VALUE: "7"}), line(1, **{VALUE: "7"}))
    assert list(imports.index) == [2]
    assert quarantine["reason"].tolist() == ["item_repeated", "duplicate_line"]
    assert quarantine.loc[3, "value"] == "1"


def test_tonnes_and_grams_declared_as_such_are_converted(ds):
    units = {"кг": "100", "КГ": "100", "": "100", "т": "0.1", "T": "0.1", "г": "100000", "G": "100 000"}
    imports, _ = cleaned(ds, *(line(n, **{UNIT: u, WEIGHT: w}) for n, (u, w) in enumerate(units.items())))
    assert imports["net_kg"].tolist() == pytest.approx([100.0] * 7)
    assert imports["weight_rule"].isna().all()


def test_a_weight_a_thousand_times_off_is_repaired_and_the_declared_one_kept_beside_it(ds):
    wrong = [line(5, **{WEIGHT: "0.1", INVOICE: "105.25"}), line(6, **{WEIGHT: "100000", INVOICE: "106.25"})]
    imports, _ = cleaned(ds, *(line(n) for n in range(5)), *wrong)
    assert imports["net_kg"].tolist() == pytest.approx([100.0] * 7)
    assert imports["declared_kg"].tolist() == [100.0] * 5 + [0.1, 100000.0]
    assert imports["weight_rule"].fillna("").tolist() == [""] * 5 + ["unit_repaired"] * 2


def test_a_weight_only_ten_times_off_is_left_alone(ds):
    imports, _ = cleaned(ds, *(line(n) for n in range(5)), line(5, **{WEIGHT: "10"}))
    assert imports["net_kg"].tolist()[-1] == 10.0 and imports["weight_rule"].isna().all()


def test_lines_whose_digests_are_alike_by_chance_are_no_repeats(ds, monkeypatch):
    twice, without = line(1), line(2, **{DECLARATION: ""})
    lines = [twice, twice, line(3), line(3, **{VALUE: "7.25"}), line(4), without, without, line(5, **{ITEM: ""})]
    lines += [line(6), line(6, **{CORRECTION: "1"})]  # what corrects this one corrects no other
    expected = cleaned(ds, *lines)
    assert expected[1]["reason"].tolist() == [
        "duplicate_line", "item_repeated", "duplicate_line", "superseded_by_correction",
    ]  # fmt: skip
    monkeypatch.setattr("importcut.intake.rules.digest", lambda declaration, _: declaration.length())
    (ds.cleaned / "cleaned.json").unlink()
    for before, after in zip(expected, cleaned(ds, *lines), strict=True):
        pd.testing.assert_frame_equal(before, after)


def test_of_many_lines_every_nth_tells_the_median_and_what_is_seldom_imported_is_taken_whole(ds, monkeypatch):
    rare = {CODE: "0208100000", VALUE: "500.25", WEIGHT: "1"}  # worth a hundred times as much by weight
    salt = ds.products.iloc[[0]].assign(product_id="salt", hs_prefixes="0208", text_pattern=None)
    with_salt = replace(ds, registers=ds.registers | {"products": pd.concat([ds.products, salt])})
    seldom, often = [line(n, **rare) for n in range(4)], [line(n) for n in range(4, 60)]  # in lines 2 to 5, and below
    wrong = [line(60, **{WEIGHT: "0.1"}), line(61, **rare | {WEIGHT: "1000"})]
    found = {}
    for some in (1_000, 3):  # of 3 lines in 62, every twentieth is taken: 20, 40 and 60
        monkeypatch.setattr("importcut.intake.rules.SOME", some)
        monkeypatch.setattr("importcut.intake.rules.ENOUGH", 1)
        (ds.cleaned / "cleaned.json").unlink(missing_ok=True)
        found[some], _ = cleaned(with_salt, *seldom, *often, *wrong)
    assert found[3]["weight_rule"].fillna("").tolist() == [""] * 60 + ["unit_repaired"] * 2
    pd.testing.assert_frame_equal(found[1_000], found[3])


@pytest.mark.parametrize(("weight", "declared"), [("", None), ("0", 0.0)])
def test_a_line_without_a_weight_counts_by_its_value_and_is_marked(ds, weight, declared):
    imports, quarantine = cleaned(ds, line(1), line(2, **{WEIGHT: weight}))
    assert quarantine.empty
    assert imports.loc[3, ["value_usd", "weight_rule"]].tolist() == [102.25, "missing"]
    assert pd.isna(imports.loc[3, "net_kg"])
    assert imports.loc[3, "declared_kg"] == declared or declared is None


def test_a_file_without_a_good_line_leaves_the_others_alone(ds):
    imports, _ = cleaned(ds, line(1), b=[b"short"])
    assert list(imports["value_usd"]) == [101.25]


@pytest.mark.parametrize("lines", [[b"short"], [line(1, **{REGIME: "10"})]])
def test_a_dataset_without_a_good_line_has_no_imports(ds, lines):
    imports, quarantine = cleaned(ds, *lines)
    assert imports.empty and len(quarantine) == len(lines)


PITNAK = ["Питнак", "PITNAK", "«Питнак»", ' "питнак" ']


@pytest.mark.parametrize("written", PITNAK)
def test_a_plant_is_known_by_its_own_name_whatever_quotes_and_letters_it_has(spelled, written):
    assert spelled[0]["plant_id", written] == "pitnak"


def test_a_plant_that_its_name_tells_is_said_to_be(spelled):
    assert spelled[1].loc[spelled[1]["plant_id"].eq("pitnak"), "plant_rule"].tolist() == ["name"] * len(PITNAK)


def test_plants_without_tax_numbers_are_known_by_their_aliases(ds):
    plants = ds.plants.assign(tax_numbers=pd.Series(dtype="str"))
    nameless = replace(ds, registers=ds.registers | {"plants": plants})
    imports, quarantine = cleaned(nameless, line(1, **{IMPORTER: "ASAKA MOTORS"}), line(2, **{IMPORTER: "ДРУГОЙ"}))
    assert list(imports.index) == [2] and list(quarantine.index) == [3]


def test_a_lost_line_stops_the_run(ds):
    read = receive(ds, a=[line(1), line(2)])
    pd.read_parquet(read[0].declarations).iloc[:1].to_parquet(read[0].declarations)
    with pytest.raises(DataError, match=r"declarations/a.csv: 2 lines, 1 accepted or set aside"):
        clean_imports(read, ds)
    shutil.rmtree(ds.processed)


def with_text(old, new):
    return lambda raw: raw.replace(old.encode(), new.encode())


DAMAGES = [
    lambda raw: raw,
    lambda raw: raw,
    lambda raw: b"",
    lambda raw: raw[: len(raw) // 2].decode("utf-8", "ignore").encode(),
    lambda raw: raw + b",7",
    lambda raw: raw[:40] + b"\xff" + raw[40:],
    lambda raw: raw.replace(b"KR", b'"KR'),
    lambda raw: raw.replace(b"KR", b'KR"'),
    lambda raw: raw.replace(b"KR", b'"KR"x'),
    with_text("15.01.2025", "30.02.2025"),
    with_text("15.01.2025", "15.01.0025"),
    with_text(",100,", ",inf,"),
    with_text(",100,", ",,"),
    with_text(",100,", ",-100,"),
    with_text(",100,", ",0.1,"),
    with_text("кг", "шт"),
    with_text("320820", "99"),
    with_text(".25", ".x"),
    with_text(".25", "e400"),
    with_text(",40,", ",80,"),
    with_text(",1,,15", ",1,1,15"),
    with_text("D", ""),
    with_text("ЭМАЛЬ", '"ЭМАЛЬ, ""А"""'),
    with_text("ЭМАЛЬ", "\x00"),
]


def mixed(first, mixture):
    """Lines of a file, sound at its ends, and the physical lines that are sound, first ones of their kind."""
    lines, good = [text(line(first)).encode()], {2}
    for place, (repeated, damages) in enumerate(mixture, start=1):
        sound = text(line(first + place)).encode()
        raw = reduce(lambda spoilt, damage: damage(spoilt), damages, sound)
        lines.append(lines[-1] if repeated else raw)
        good |= {place + 2} if lines[-1] == sound else set()
    return [*lines, text(line(first + 99)).encode()], good | {len(lines) + 2}


MIXTURE = st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(DAMAGES), max_size=2)), max_size=14)


@pytest.mark.ci
@settings(max_examples=10, phases=[Phase.generate])
@given(st.lists(MIXTURE, min_size=4, max_size=4))  # as many files: reading four takes no longer than one
def test_no_mixture_of_damage_raises_or_loses_a_line_or_a_cent(ds, mixtures):
    made = {f"f{n}": mixed(100 * n, mixture) for n, mixture in enumerate(mixtures)}
    imports, _ = cleaned(ds, **{name: lines for name, (lines, _) in made.items()})
    for name, (_, good) in made.items():
        assert good <= set(imports.index[imports["source_file"] == f"declarations/{name}.csv"])


def test_the_faults_planted_in_the_sample_are_found_every_one_and_no_other(repository, sample):
    planted = pd.read_csv(repository / "tests" / "cases" / "sample_faults.csv", index_col="reason")["lines"]
    set_aside = sample.quarantine["reason"].value_counts()
    of_periods = {"coverage_break", "reporting_break"}  # seen in the panel, not on a line
    mended = {"missing_weight": "missing", "wrong_unit": "unit_repaired", "hs_code_look_alike": "cleaned"}
    assert set_aside.to_dict() == planted.drop([*mended, *of_periods]).to_dict()
    treated = pd.concat([sample.imports[column].value_counts() for column in ("weight_rule", "code_rule")])
    assert treated[[*mended.values()]].tolist() == planted[[*mended]].tolist()


def with_register(ds, name, *rows):
    columns = [c.name for c in tables("registers.toml")[name].columns]
    table = pd.DataFrame(rows, columns=columns).astype({"line": "Int64"} if "line" in columns else {})
    return replace(ds, registers=ds.registers | {name: table})


def correction(number, column, expect, value, status="open"):
    return ("declarations/a.csv", number, column, expect, value, "slip of the pen", "letter of the importer", status)


def test_a_correction_puts_a_value_right_while_what_it_expects_stands_there(ds):
    mended = with_register(
        ds, "corrections", correction(2, "net_weight", "100", "10"), correction(3, "hs_code", "99", "3208201000"),
        correction(4, "value_usd", "5", "7", status="withdrawn"),
    )  # fmt: skip
    imports, quarantine = cleaned(mended, line(1), line(2, **{CODE: "99"}), line(3))
    assert imports["net_kg"].to_dict() == {2: 10.0, 3: 100.0, 4: 100.0} and quarantine.empty


@pytest.mark.parametrize(
    ("column", "expect", "written", "read"),
    [
        ("net_weight", "100", "10,50", 10.5),
        ("date", "2025-01-15", "28.08.2025", "2025Q3"),
    ],
)
def test_a_correction_is_read_as_registers_are(ds, column, expect, written, read):
    mended = with_register(ds, "corrections", correction(2, column, expect, written))
    imports, _ = cleaned(mended, line(1), line(2), line(3))
    shown = {"net_weight": imports["net_kg"], "date": imports["period"].astype("str")}
    assert shown[column][2] == read


def test_thousands_in_a_correction_are_no_empty_value(ds):
    mended = with_register(ds, "corrections", correction(2, "net_weight", "100", "72 500,00"))
    imports, _ = cleaned(mended, line(1), line(2), line(3))
    assert imports["declared_kg"][2] == 72500.0


@pytest.mark.parametrize(
    ("column", "expect", "written", "told"),
    [
        ("value_usd", "5", "72,500", "line 2: value_usd 72,500 can be 72500 or 72.500 — write 72500 or"),
        ("value_usd", "5", "much", "line 2: value_usd much cannot be read — write a number"),
        ("date", "2025-01-01", "03/04/2025", "line 2: date 03/04/2025 cannot be read — write YYYY-MM-DD"),
    ],
)
def test_a_correction_that_cannot_be_read_stops_the_run(ds, column, expect, written, told):
    read = receive(ds, a=[line(1)])
    with pytest.raises(DataError, match=f"^corrections.csv declarations/a.csv {told}"):
        clean_imports(read, with_register(ds, "corrections", correction(2, column, expect, written)))


def test_a_correction_of_a_value_that_cannot_be_read_brings_its_line_back(ds):
    mended = with_register(ds, "corrections", correction(3, "date", "31.02.2025", "2025-02-28"))
    imports, quarantine = cleaned(mended, line(1), line(2, **{DATE: "31.02.2025"}), line(3))
    assert list(imports.index) == [2, 3, 4] and quarantine.empty
    assert imports["period"].astype("str").unique().tolist() == ["2025Q1"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (correction(2, "net_weight", "90", "10"), "line 2: net_weight is '100.0', not '90' as expected"),
        (correction(9, "net_weight", "100", "10"), "line 9: there is no such line"),
        (correction(2, "weight", "100", "10"), "weight is no column of declarations"),
    ],
)
def test_a_correction_that_no_longer_fits_stops_the_run(ds, row, told):
    read = receive(ds, a=[line(1), line(2)])
    with pytest.raises(DataError, match=told):
        clean_imports(read, with_register(ds, "corrections", row))


@pytest.fixture(scope="module")
def spelled(ds):
    """What became of a value, by column and as it was written: lines of one file, each with one of these values."""
    every = [(CODE, "code_rule", written) for written in CODES]
    every += [(ORIGIN, "origin", written) for written in (*KOREA, *ORIGINS)]
    every += [(IMPORTER, "plant_id", written) for written in PITNAK]
    nameless = {IMPORTER: {TIN: ""}}
    imports, _ = cleaned(ds, *(line(n, **nameless.get(c, {}) | {c: w}) for n, (c, _, w) in enumerate(every)))
    return {(column, w): imports.loc[n, column] for n, (_, column, w) in enumerate(every, start=2)}, imports


CODES = {"3208 20 1000": "cleaned", "32O82О1000": "cleaned", "3208.20.10.00": "cleaned", "3208201000": None}


@pytest.mark.parametrize("written", CODES)
def test_a_code_with_blanks_points_or_look_alike_letters_is_read_and_said_to_be(spelled, written):
    rule = spelled[0]["code_rule", written]
    assert rule == CODES[written] or (pd.isna(rule) and CODES[written] is None)


KOREA = [
    "KR",
    "kr ",
    "KOR",
    "410",
    "Korea, Rep.",
    "South Korea",
    "Республика Корея",
    "Южная Корея",
    "Janubiy Koreya",
    "Жанубий Корея",
]


@pytest.mark.parametrize("written", KOREA)
def test_a_country_of_origin_is_one_however_it_is_written(spelled, written):
    assert spelled[0]["origin", written] == "KR"


ORIGINS = {"842": "US", "8": "AL", "008": "AL", "": "XX", "CHN+TUR": "CHN+TUR", "EU": "EU"}


@pytest.mark.parametrize("written", ORIGINS)
def test_the_numbers_of_trade_statistics_are_countries_and_what_is_none_stays_as_it_is_written(spelled, written):
    assert spelled[0]["origin", written] == ORIGINS[written]


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("US", ["USA", "UNITED STATES", "United States of America", "США", "АҚШ", "AQSH"]),
        ("KR", ["Rep. of Korea", "Korea, Rep.", "KOREA, SOUTH", "Republic of Korea", "КОРЕЯ, РЕСПУБЛИКА"]),
        ("KP", ["Dem. People's Rep. of Korea", "Korea, Dem. Rep.", "Democratic People's Republic of Korea", "КНДР"]),
        ("GB", ["United Kingdom of Great Britain and Northern Ireland", "UK", "Великобритания", "Buyuk Britaniya"]),
        ("TR", ["Türkiye", "TURKEY", "Turkiya", "Туркия", "ТУРЦИЯ"]),
        ("CD", ["Dem. Rep. of the Congo", "Congo, Dem. Rep.", "CONGO (KINSHASA)", "Democratic Republic of the Congo"]),
        ("BO", ["Bolivia (Plurinational State of)", "BOLIVIA", "Боливия"]),
        ("NL", ["Netherlands (Kingdom of the)", "NETHERLANDS", "Нидерланды"]),
        ("TW", ["Other Asia, nes", "Taiwan, China", "China, Taiwan Province of", "TAIWAN"]),
        ("GR", ["EL", "Greece", "Греция"]),
        ("XX", ["Areas, nes", "Countries and territories not specified", "Неизвестна", "Ko‘rsatilmagan"]),
        ("ZA", ["South Africa", "Южная Африка", "ЮАР"]),
    ],
)
def test_a_country_is_known_as_statistics_and_declarations_write_it(code, names):
    assert {country_codes().get(bare_name(name)) for name in names} == {code}


@pytest.mark.parametrize(
    "written",
    ["World", "W00", "TOTAL FOR ALL COUNTRIES", "All partners", "Мир", "Весь мир", "Всего", "Jami", "Жами", "Dunyo"],
)
def test_the_sum_over_all_partners_is_known_in_every_language(written):
    assert total_levels()[bare_name(written)] == WORLD and bare_name(written) not in country_codes()


@pytest.mark.parametrize("written", ["EU27", "EU27_2020", "European Union", "СНГ", "Africa", "Европа", "ASEAN", "OECD"])
def test_a_union_of_countries_is_no_country(written):
    assert total_levels()[bare_name(written)] < WORLD and bare_name(written) not in country_codes()


OWN = {
    "signature": ["partner", "hs6"],
    "columns": {
        "date": {"headers": ["year"], "dates": ["%Y", "%Y-%m"]},
        "origin": {"headers": ["partner"]},
        "hs_code": {"headers": ["hs6"]},
        "net_weight": {"headers": ["kg"]},
        "weight_unit": {"default": "kg"},
        "value_usd": {"headers": ["usd"]},
    },
}


def own(ds, *lines, import_regimes=()):
    """The accepted lines and those set aside of a table of statistics in a format of the dataset's own."""
    whole = {"registers": ds.registers | {"plants": ds.plants.iloc[:0]}, "formats": MappingProxyType({"own": OWN})}
    ds = replace(ds, **whole, import_regimes=import_regimes, frequency="Y")
    shutil.rmtree(ds.path, ignore_errors=True)
    (ds.path / "imports").mkdir(parents=True)
    (ds.path / "imports" / "a.csv").write_text("\n".join(["year,partner,hs6,kg,usd", *lines]) + "\n")
    return cleaned_lines(read_declarations(ds), ds)


def test_a_file_without_a_column_of_regimes_is_of_no_other_regime(ds):
    imports, quarantine = own(ds, "2024,China,320820,9,9", import_regimes=("40",))
    assert (len(imports), len(quarantine)) == (1, 0)


def test_a_sum_beyond_the_limit_counts_where_the_dataset_raises_it(ds):
    line = "2024,China,320820,9,20000000000"
    assert len(own(ds, line)[1]) == 1
    imports, quarantine = own(replace(ds, limits={"line_usd": 3e10}), line)
    assert (imports["value_usd"].tolist(), len(quarantine)) == ([2e10], 0)


def test_a_total_beside_its_partners_is_set_aside_and_told(ds):
    years = [
        f"{y},{p},320820,{n},{n}" for y in (2023, 2024) for p, n in [("China", 100), ("Germany", 50), ("World", 150)]
    ]
    imports, quarantine = own(ds, *years, "2024,EU27,320820,50,50")
    assert imports.groupby(imports["period"].astype("str"))["value_usd"].sum().to_dict() == {"2023": 150, "2024": 150}
    assert quarantine["reason"].unique().tolist() == ["total_over_partners"]
    assert sorted(quarantine["value"]) == ["EU27", "World", "World"]


def test_a_total_without_partners_is_the_figure_and_of_no_country(ds):
    imports, quarantine = own(
        ds, "2023,World,320820,9,9", "2023,EU27,320820,5,5", "2024,World,320820,7,7", "2024,China,320890,1,1"
    )
    assert imports[["value_usd", "origin", "origin_rule"]].fillna("").to_numpy().tolist() == [
        [9, "XX", "total_alone"], [7, "XX", "total_alone"], [1, "CN", ""],
    ]  # fmt: skip
    assert quarantine["value"].tolist() == ["EU27"]


def test_a_code_of_four_digits_beside_longer_ones_is_their_total(ds):
    imports, quarantine = own(ds, "2024,China,3820,9,9", "2024,China,382000,9,9", "2023,China,3820,7,7")
    assert imports["value_usd"].tolist() == [9, 7]
    assert quarantine[["reason", "value"]].to_numpy().tolist() == [["total_over_codes", "3820"]]


def test_a_declaration_is_no_total_whatever_it_names(ds):
    imports, _ = cleaned(
        ds, line(1), line(2, **{ORIGIN: "EU"}), line(3, **{ORIGIN: ""}), line(4, **{ORIGIN: "Atlantis"})
    )
    assert imports[["origin", "origin_rule"]].fillna("").to_numpy().tolist() == [
        ["KR", ""], ["EU", "unknown"], ["XX", "missing"], ["Atlantis", "unknown"],
    ]  # fmt: skip


def test_a_lost_leading_zero_is_given_back_only_where_that_makes_it_a_code_of_a_product(ds):
    salt = ds.products.iloc[[0]].assign(product_id="salt", hs_prefixes="0208", text_pattern=None)
    with_salt = replace(ds, registers=ds.registers | {"products": pd.concat([ds.products, salt])})
    imports, quarantine = cleaned(with_salt, line(1, **{CODE: "208201000"}), line(2, **{CODE: "308201000"}))
    assert imports[["product_id", "code_rule"]].to_numpy().tolist() == [["salt", "leading_zero"]]
    assert quarantine["reason"].tolist() == ["hs_code_malformed"]


@pytest.mark.parametrize(
    ("prefixes", "codes", "products", "reasons"),
    [
        ("87", ["87", "8703", "870323"], ["vehicle"] * 3, []),
        ("87", ["34"], [], ["hs_code_unknown"]),
        ("8703", ["8703", "87", "8704"], ["vehicle"], ["hs_code_short", "hs_code_unknown"]),
        ("870323", ["8703", "87", "8704"], [], ["hs_code_malformed", "hs_code_short", "hs_code_short"]),
    ],
)
def test_a_code_of_two_or_four_digits_counts_where_the_products_are_told_by_as_few(
    ds, prefixes, codes, products, reasons
):
    vehicle = ds.products.iloc[[0]].assign(product_id="vehicle", hs_prefixes=prefixes, text_pattern=None)
    told = replace(ds, registers=ds.registers | {"products": vehicle})
    imports, quarantine = cleaned(told, *(line(n, **{CODE: code}) for n, code in enumerate(codes)))
    assert imports["product_id"].tolist() == products and sorted(quarantine["reason"]) == reasons


def test_a_concordance_knows_a_code_of_another_edition(ds):
    renamed = with_register(ds, "concordance", ("381400", "320820", "made up"))
    imports, _ = cleaned(renamed, line(1, **{CODE: "3814000000"}))
    assert imports["code_rule"].tolist() == ["concordance"]


def test_an_absurd_value_is_set_aside_and_not_added_up(ds):
    imports, quarantine = cleaned(ds, line(1), line(2, **{VALUE: "99999999999999"}), line(3, **{WEIGHT: "1e300"}))
    assert list(imports.index) == [2] and quarantine["reason"].tolist() == ["absurd_value"] * 2


def test_a_report_of_an_earlier_period_knows_no_later_line(ds):
    """What was received for the period counts, also in a later file; of a line without a date, its file decides."""
    later = {DATE: "15.04.2025"}
    early = [line(1), line(2, **{CODE: "99"}), line(3, **{DATE: "soon"}), b"torn"]
    mended = line(2, **{CORRECTION: "1"})
    late = [
        mended,
        line(4, **later),
        line(5, **later, **{CODE: "99"}),
        line(6, **{DATE: "soon"}),
        b"torn",
        line(7, **later),
    ]
    as_of = replace(ds, period=pd.Period("2025Q1"))
    cleaned = clean_imports(receive(ds, a=early, b=late), as_of)
    imports, quarantine = cleaned_lines(read_declarations(as_of), as_of)
    assert imports[["source_file", "line"]].to_numpy().tolist() == [
        ["declarations/a.csv", 2],
        ["declarations/b.csv", 2],
    ]
    assert quarantine["source_file"].eq("declarations/a.csv").all() and [*quarantine["line"]] == [3, 4, 5]
    assert cleaned.later == 5
    assert clean_imports(read_declarations(as_of), as_of).later == 5, "also where it is known from before"
    imports, quarantine = cleaned_lines(read_declarations(ds), ds)
    assert (len(imports), len(quarantine)) == (4, 6), "without a period all lines count"
    with pytest.raises(DataError, match="no raw file has a line up to 2024Q4 — choose a later period"):
        read_declarations(replace(ds, period=pd.Period("2024Q4")))


def test_the_tables_of_an_earlier_period_are_those_of_a_dataset_that_ends_there(repository, tmp_path, monkeypatch):
    """Medians, duplicates and corrections too: nothing is judged by what was received for later periods."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    sample, folder = repository / "data" / "raw" / "sample", tmp_path / "until"
    later = shutil.ignore_patterns("2025Q4.csv", "2026Q?.csv", "published")
    ended = shutil.copytree(sample, folder, ignore=later) / "declarations" / "2025Q3.csv"
    head, *rows = ended.read_bytes().splitlines(keepends=True)
    ended.write_bytes(b"".join([head, *rows[:4]]))  # corrections of the quarter before
    tables = []
    for name in (sample, folder):
        ds = open_dataset(name, period="2025Q2")
        cleaned = clean_imports(read_declarations(ds), ds)
        places = load("quarantine", ds).sort_values(PLACE, ignore_index=True)
        tables.append([cleaned.cells, cleaned.rules, places])
    for whole, until in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(whole, until)


def test_the_value_that_a_rule_touches_is_not_netted(ds, sample):
    lines = [line(1, **{VALUE: "-500"}), line(2, **{CODE: "99", VALUE: "700"}), line(3)]
    rules = clean_imports(receive(ds, a=lines), ds).rules.set_index("rule")
    assert rules["value_usd"].drop(["declared", "tax_number", "country"]).to_dict() == {
        "negative_value": 500,
        "hs_code_malformed": 700,
    }
    faults = sample.quarantine.query("kind == 'fault' and value_usd.abs() < 1e11")["value_usd"]
    told = sample.rules.query("kind == 'fault'")["value_usd"].sum()
    assert told == pytest.approx(faults.abs().sum()) and told > faults.sum() + 2e5
    aside = sample.quality.query("treatment == 'set_aside' and kind == 'fault'")
    assert aside["affected_value_usd"].sum() == pytest.approx(told)
