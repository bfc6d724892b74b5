"""Raw files as they arrive: what is read, what is refused, and that damage costs only the lines it hits."""

import codecs
import csv
from dataclasses import replace

import pandas as pd
import pytest
import xlsxwriter

from importcut.intake import declarations
from importcut.intake.corrections import to_correct
from importcut.intake.declarations import periods, read_declarations
from importcut.intake.opening import open_dataset
from importcut.intake.text import encoding_of
from importcut.schema import DataError, tables

HEADER = (
    "Номер декларации,Номер товара,Корректировка,Дата регистрации,Режим,ИНН получателя,Наименование получателя,"
    "Код товара по ТН ВЭД,Наименование товара,Страна происхождения,Вес нетто,Единица веса,Фактурная стоимость,Валюта,"
    '"Статистическая стоимость, USD"'
)


@pytest.fixture(scope="module")
def small(repository):
    """The small dataset, opened once."""
    return open_dataset(repository / "tests" / "cases" / "small")


@pytest.fixture
def ds(small, tmp_path, monkeypatch):
    """A small sound dataset without raw files, in a ds of its own."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    return replace(small, path=tmp_path / "small")


def line(number, goods="ЭМАЛЬ", usd=None):
    return f"D{number},1,,15.01.2025,40,111,АСАКА,320820,{goods},KR,10,кг,100,USD,{usd or 100 + number}"


def put(ds, lines, *, name="a.csv", header=HEADER, end="\n"):
    path = ds.path / "declarations" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = end.join([header, *lines]) + end
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(ds):
    """The lines read, by physical line, and the faults; every line is in one of them."""
    files = read_declarations(ds)
    lines, unread = sound(files), faults(files)
    assert len(lines) + len(unread) == sum(f.lines - f.carried_on for f in files)
    assert unread[["source_file", "line", "reason"]].notna().all(axis=None)
    return lines.set_index("line")["value_usd"].to_dict(), unread.set_index("line")["reason"].to_dict()


def rows(files):
    """All rows of the typed files, each with its physical line."""
    read = [pd.read_parquet(f.declarations).assign(line=lambda t: t["first_line"] + t.index) for f in files]
    return pd.concat(read)


def sound(files):
    return rows(files).loc[lambda t: t["fault"].isna()]


def faults(files):
    """The lines that could not be read: those that are no records, and those with a value that is none."""
    broken = [pd.read_parquet(f.malformed).assign(source_file=f.source_file) for f in files]
    typed = rows(files).loc[lambda t: t["fault"].notna() & t["fault"].ne("gap")]
    typed = typed.rename(columns={"fault": "reason", "fault_column": "column", "fault_value": "value"})
    return pd.concat([*broken, typed], ignore_index=True)


def refused(ds):
    with pytest.raises(DataError) as error:
        read(ds)
    return str(error.value)


def test_a_sound_file_is_read_whole(ds):
    put(ds, [line(2), line(3)])
    assert read(ds) == ({2: 102.0, 3: 103.0}, {})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_a_sound_file_is_read_at_once_and_not_line_by_line(ds, end, last, monkeypatch):
    monkeypatch.setattr("importcut.intake.text.mended", lambda *_, **__: pytest.fail("looked at line by line"))
    path = put(ds, [line(1), line(2)], end=end)
    path.write_bytes(path.read_bytes().removesuffix(b"" if last else end.encode()))
    assert read(ds) == ({2: 101.0, 3: 102.0}, {})


def test_a_file_without_a_last_line_end_keeps_its_last_line(ds):
    put(ds, [line(2), line(3)], end="\n").write_text(f"{HEADER}\n{line(2)}\n{line(3)}", encoding="utf-8")
    assert read(ds) == ({2: 102.0, 3: 103.0}, {})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("damaged", [False, True])
def test_line_ends_and_byte_order_mark_change_nothing(ds, end, mark, damaged):
    path = put(ds, [line(2), "short" if damaged else line(3), line(4)], end=end)
    path.write_bytes(mark + path.read_bytes())
    good, bad = {2: 102.0, 3: 103.0, 4: 104.0}, {}
    if damaged:
        bad[3] = "malformed_line"
        del good[3]
    assert read(ds) == (good, bad)


def test_columns_are_found_by_their_headers_wherever_they_stand(ds):
    header = "note,value_usd,date,declaration_id,regime,importer_tin,hs_code,origin,net_weight"
    put(ds, ["x,500,2025-01-15,D2,40,111,320820,KR,10"], header=header)
    assert read(ds) == ({2: 500.0}, {})


def test_a_line_end_inside_a_header_is_a_blank(ds):
    put(
        ds,
        [line(3), line(4, goods='"ЭМАЛЬ\nБЕЛАЯ"'), line(6)],
        header=HEADER.replace("стоимость, USD", "стоимость,\nUSD"),
    )
    assert read(ds) == ({3: 103.0, 4: 104.0, 6: 106.0}, {})


def test_a_missing_column_is_named_with_its_header(ds):
    put(ds, [line(2)], header=HEADER.replace("Вес нетто", "Вес"))
    assert refused(ds).startswith("declarations/a.csv row 1: no column net_weight (Вес нетто or ")


def test_an_unknown_header_is_named_with_the_remedy(ds):
    put(ds, ["1;2"], header="товар;сумма")
    told = "declarations/a.csv row 1: header 'товар, сумма' fits no known format — map its headers in"
    assert refused(ds).startswith(told)


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_a_file_in_another_encoding_is_read_as_it_is(ds, encoding):
    path = put(ds, [line(2), "short", line(4)])
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert read(ds) == ({2: 102.0, 4: 104.0}, {3: "malformed_line"})


@pytest.mark.parametrize("encoding", ["koi8_r", "cp855"])
def test_a_file_in_no_known_encoding_is_refused_until_dataset_toml_names_it(ds, encoding):
    path = put(ds, [line(2)])
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert "is neither UTF-8, UTF-16 nor" in refused(ds)
    assert read(replace(ds, files=({"match": "*", "encoding": encoding},))) == ({2: 102.0}, {})


SPELLED = {
    "cp1251": ["Эмаль белая, автозавод «Асака»", "шланг тормозной", "№ 5", "ЛАК", "пўлат ва шиша"],
    "cp866": ["Эмаль белая, автозавод Асака", "шланг тормозной", "КРАСКИ ДЛЯ КУЗОВА", "Лак"],
    "cp1252": ["Société générale d'équipement", "Lack für Türen, weiß", "señal; España"],
}


@pytest.mark.parametrize(("encoding", "text"), [(page, text) for page, texts in SPELLED.items() for text in texts])
def test_code_pages_are_told_apart_by_what_their_letters_spell(tmp_path, encoding, text):
    path = tmp_path / "a.csv"
    path.write_bytes(f"plant_id;name\na;{text}\n".encode(encoding))
    assert encoding_of(path, "a.csv") == encoding


def test_a_text_that_two_code_pages_spell_alike_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("a;да\n".encode("cp1251"))  # or фр
    with pytest.raises(DataError, match="can be cp"):
        encoding_of(path, "a.csv")


def test_two_headers_of_one_column_are_refused(ds):
    put(ds, [f"{line(2)},7"], header=f"{HEADER},G46")
    assert refused(ds) == (
        "declarations/a.csv row 1: Статистическая стоимость, USD and G46 are both value_usd — keep one of them"
    )


@pytest.mark.parametrize("content", [b"", b"\n \n", codecs.BOM_UTF8])
def test_an_empty_file_is_refused_and_no_silent_gap(ds, content):
    put(ds, [line(2)])
    put(ds, [], name="b.csv").write_bytes(content)
    assert refused(ds).startswith("declarations/b.csv: the file is empty — put the file received there")


@pytest.mark.parametrize("lines", [[], ["", " "]])
def test_a_file_with_a_header_only_is_refused_and_no_silent_gap(ds, lines):
    put(ds, [line(2)])
    put(ds, lines, name="b.csv")
    remedy = "put the file received there, or take it away"
    assert refused(ds) == f"declarations/b.csv: the file has no lines below its header — {remedy}"


def test_of_very_many_foreign_files_the_first_ones_are_told(ds):
    for n in range(45):
        put(ds, ["1"], header="number", name=f"{n:02}.csv")
    told = refused(ds).splitlines()
    assert told[39].startswith("declarations/39.csv row 1: header 'number' fits no known format")
    assert told[40:] == ["… and 5 more"]


def test_a_dataset_without_a_readable_line_has_no_periods(ds):
    put(ds, ["short"])
    with pytest.raises(DataError, match="no raw file has a line with a readable date"):
        periods(read_declarations(ds), "Q")


def test_a_dataset_without_raw_files_says_where_they_belong(ds):
    assert refused(ds) == "small: no raw files — put them into declarations/ or imports/"


def test_a_file_of_another_kind_than_its_name_says_is_refused_and_not_passed_over(ds):
    put(ds, [line(2)])
    put(ds, [], name="b.xlsx").write_bytes(b"\xd0\xcf\x11\xe0 no workbook")
    assert refused(ds).startswith("declarations/b.xlsx: cannot be read")


@pytest.mark.parametrize("name", ["JANUARY.CSV", "2025/a.csv", "январь [1].csv", "it's.csv"])
def test_files_are_found_whatever_their_name_and_hidden_ones_left_alone(ds, name):
    put(ds, [line(2)], name=name)
    put(ds, ["lock"], name=".~lock.a.csv#")
    assert read(ds) == ({2: 102.0}, {})
    assert ds.path.joinpath(read_declarations(ds)[0].source_file).is_file()


def test_periods_span_all_files(ds):
    put(ds, [line(2)])
    put(ds, [line(2).replace("15.01.2025", "15.08.2025")], name="b.csv")
    assert list(periods(read_declarations(ds), "Q").astype(str)) == ["2025Q1", "2025Q2", "2025Q3"]


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        ("", "malformed_line"),
        ("D3,1", "malformed_line"),
        (line(3) + ",7", "malformed_line"),
        (line(3, goods='"ЭМАЛЬ"БЕЛАЯ'), "malformed_line"),
        (line(3, goods='"ЭМАЛЬ'), "unterminated_quote"),
        (line(3).encode().replace("ЭМАЛЬ".encode(), b"\xdd\xcc"), "not_utf8"),
    ],
    ids=["empty", "too_few_fields", "too_many_fields", "text_after_quote", "unterminated_quote", "not_utf8"],
)
def test_a_malformed_line_costs_itself_and_nothing_after_it(ds, damaged, reason):
    path = put(ds, [line(2), "DAMAGED", line(4), line(5, goods='"""ЛАК"", АСАКА"'), line(6)])
    damaged = damaged if isinstance(damaged, bytes) else damaged.encode()
    path.write_bytes(path.read_bytes().replace(b"DAMAGED", damaged))
    assert read(ds) == ({2: 102.0, 4: 104.0, 5: 105.0, 6: 106.0}, {3: reason})


@pytest.mark.parametrize("second", [line(5, goods='"ШЛАНГ'), line(5, goods='ШЛАНГ 5"'), line(5, goods='"ШЛАНГ"')])
def test_no_good_line_disappears_between_two_quotes(ds, second):
    put(ds, [line(2), line(3, goods='"ШЛАНГ'), line(4), second, line(6)])
    lines, bad = read(ds)
    assert {2: 102.0, 4: 104.0, 6: 106.0}.items() <= lines.items()
    assert bad[3] == "unterminated_quote" and {*lines, *bad} == {2, 3, 4, 5, 6}


def test_an_inch_mark_does_not_make_a_line_malformed_when_another_line_is(ds):
    put(ds, [line(2, goods='ШЛАНГ 5" ЧЕРНЫЙ'), line(3)])
    assert read(ds) == ({2: 102.0, 3: 103.0}, {})
    put(ds, [line(2, goods='ШЛАНГ 5" ЧЕРНЫЙ'), line(3), "short"])
    assert read(ds) == ({2: 102.0, 3: 103.0}, {4: "malformed_line"})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_end_inside_a_quoted_field_is_text_and_later_lines_keep_their_physical_number(ds, end):
    put(ds, [line(2), line(3, goods=f'"ЭМАЛЬ{end}БЕЛАЯ, ""А"""'), line(5), "short", line(7)], end=end)
    assert read(ds) == ({2: 102.0, 3: 103.0, 5: 105.0, 7: 107.0}, {6: "malformed_line"})


def test_lines_of_a_quoted_field_that_is_too_long_are_set_aside_one_by_one(ds):
    put(ds, [line(2), line(3, goods='"A\nB\nC\nD\nE"'), line(8)])
    assert read(ds)[0] == {2: 102.0, 8: 108.0}
    assert sorted(read(ds)[1]) == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("old", "new", "reason", "column"),
    [
        ("15.01.2025", "31.02.2025", "impossible_date", "date"),
        ("15.01.2025", "", "impossible_date", "date"),
        ("15.01.2025", "15.01.25", "impossible_date", "date"),
        ("15.01.2025", "15.01.5022", "impossible_date", "date"),
        ("15.01.2025", "yesterday", "impossible_date", "date"),
        (",10,", ",много,", "unreadable_value", "net_weight"),
        (",10,", ",inf,", "unreadable_value", "net_weight"),
        (",10,", ",NaN,", "unreadable_value", "net_weight"),
        (",103", ",-Infinity", "unreadable_value", "value_usd"),
        (",103", ",1e999", "unreadable_value", "value_usd"),
        (",103", ',"103,5"', "unreadable_value", "value_usd"),
        (",100,USD", ",$100,USD", "unreadable_value", "invoice_value"),
        ("D3,1,,", "D3,1,1.5,", "unreadable_value", "correction"),
    ],
)
def test_a_value_that_cannot_be_read_sets_its_line_aside_with_column_and_value(ds, old, new, reason, column):
    assert old in line(3)
    put(ds, [line(2), line(3).replace(old, new), line(4)])
    assert read(ds) == ({2: 102.0, 4: 104.0}, {3: reason})
    fault = faults(read_declarations(ds)).iloc[0]
    assert (fault["source_file"], fault["column"]) == ("declarations/a.csv", column)
    assert fault["value"] == new.strip(',"').removesuffix(",USD").removeprefix("D3,1,") or not new
    assert fault["value_usd"] == 103.0 or column == "value_usd"


def test_blanks_within_a_number_separate_thousands(ds):
    put(ds, [line(2, usd=" 1 234.50 ")])
    assert read(ds) == ({2: 1234.5}, {})


def test_an_unchanged_file_is_not_converted_again(ds, monkeypatch):
    put(ds, [line(2)])
    before = read(ds)
    monkeypatch.setattr(declarations, "tables_of", lambda *_: pytest.fail("converted again"))
    assert read(ds) == before


SHORT = "declaration_id;date;regime;importer_tin;hs_code;origin;net_weight;value_usd"


def received(ds, dates=("2025-01-15",), weights=("10",), values=("100",), **said):
    """What is read of a file with these dates, weights and values, one a line, and how dates are written."""
    length = max(map(len, (dates, weights, values)))
    columns = [[*column] * (length // len(column)) for column in (dates, weights, values)]
    lines = [f"D{n};{d};40;111;320820;KR;{w};{v}" for n, (d, w, v) in enumerate(zip(*columns, strict=True))]
    put(ds, lines, header=SHORT)
    ds = replace(ds, files=({"match": "*", **said},) if said else ())
    [file] = read_declarations(ds)
    table = pd.read_parquet(file.declarations)[["date", "net_weight", "value_usd"]]
    return table.astype({"date": "str"}), "".join(file.dates)


QUARTER = pd.date_range("2025-01-01", "2025-03-31")


@pytest.mark.parametrize("written", ["%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y"])
def test_american_dates_are_judged_as_a_column_and_told(ds, written):
    table, told = received(ds, [*QUARTER.strftime(written)])
    assert table["date"].tolist() == [*QUARTER.strftime("%Y-%m-%d")] and told == "%m/%d/%Y"


def test_dates_with_the_day_first_are_read_whatever_stands_between(ds):
    assert received(ds, [*QUARTER.strftime("%d/%m/%Y")])[0]["date"].tolist() == [*QUARTER.strftime("%Y-%m-%d")]


def test_a_few_slips_of_the_pen_do_not_change_how_dates_are_read(ds):
    table, told = received(ds, [*QUARTER.strftime("%d.%m.%Y"), "01.13.2025", "31.02.2025"])
    assert table["date"].tolist()[:90] == [*QUARTER.strftime("%Y-%m-%d")] and told == ""


def test_dates_in_two_orders_are_one_finding(ds):
    mixed = [*QUARTER[:45].strftime("%m/%d/%Y"), *QUARTER[45:].strftime("%d/%m/%Y")]
    with pytest.raises(DataError, match=r"a.csv: 2\d dates have the month first, \d\d the day — ask its sender"):
        received(ds, mixed)


def test_german_thousands_are_told_from_decimals_by_what_has_one_reading(ds):
    values = [f"{n}.{100 + n}" for n in range(1, 30)]
    table, _ = received(ds, values=[*values, "1.234,5"])
    assert table["value_usd"].tolist() == [n * 1000 + 100 + n for n in range(1, 30)] + [1234.5]


def test_numbers_that_can_all_be_thousands_or_decimals_are_asked_about_and_answered(ds):
    values = [f"{n}.{100 + n}" for n in range(1, 30)]
    with pytest.raises(DataError, match=r"a.csv: value_usd 1.101 can be 1101 or a number with decimals — say decimal"):
        received(ds, values=values)
    assert received(ds, values=values, decimal=",")[0]["value_usd"][0] == 1101
    assert received(ds, values=values, decimal=".")[0]["value_usd"][0] == 1.101


def test_columns_of_one_file_may_have_two_decimal_signs_and_one_column_may_not(ds):
    table, _ = received(ds, weights=["10.5"] * 20, values=["100,25"] * 20)
    assert table[["net_weight", "value_usd"]].drop_duplicates().to_numpy().tolist() == [[10.5, 100.25]]
    with pytest.raises(DataError, match="net_weight has decimal points and decimal commas"):
        received(ds, weights=["10.5", "10,5"] * 10)


def test_a_file_with_other_content_or_another_name_is_read_again(ds):
    path = put(ds, [line(2)])
    assert read(ds) == ({2: 102.0}, {})
    put(ds, [line(2), line(3)])
    assert read(ds) == ({2: 102.0, 3: 103.0}, {})
    path.rename(path.with_name("renamed.csv"))
    assert [f.source_file for f in read_declarations(ds)] == ["declarations/renamed.csv"]
    assert read(ds) == ({2: 102.0, 3: 103.0}, {})


def test_raw_files_are_never_written_to(ds):
    path = put(ds, [line(2), "short"], end="\r\n")
    before = path.read_bytes()
    read(ds)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == ["a.csv"]


def with_lines(ds, *rows):
    """The dataset with corrections of whole lines: file, line, as received, as it should stand."""
    columns = [c.name for c in tables("registers.toml")["corrections"].columns]
    whole = [(file, number, None, expect, value, "slip", "letter", "open") for file, number, expect, value in rows]
    return replace(ds, registers=ds.registers | {"corrections": pd.DataFrame(whole, columns=columns)})


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_corrected_lines_are_read_in_their_place_and_the_file_received_stays(ds, encoding, end):
    lines = [line(2), line(3).replace("15.01.2025", "31.02.2025"), "D4,1", line(5, goods='"ЛАК'), line(6)]
    path = put(ds, lines, end=end)
    path.write_bytes(path.read_bytes().decode().encode(encoding))
    before = path.read_bytes()
    assert read(ds)[1] == {3: "impossible_date", 4: "malformed_line", 5: "unterminated_quote"}
    rows = to_correct(faults(read_declarations(ds)).assign(remedy=""), read_declarations(ds), ds)
    assert rows["column"].isna().all()
    assert rows.set_index("line")["expect"].to_dict() == {n: lines[n - 2] for n in (3, 4, 5)}
    mended = with_lines(ds, *((row.file, row.line, row.expect, line(row.line)) for row in rows.itertuples()))
    assert read(mended) == ({n: 100.0 + n for n in range(2, 7)}, {})
    assert path.read_bytes() == before


def test_a_dataset_with_a_former_repairs_csv_opens_unchanged(ds):
    put(ds, [line(2), "D3,1"])
    columns = ["source_file", "line", "raw", "corrected"]
    former = pd.DataFrame([("declarations/a.csv", 3, "D3,1", line(3))], columns=columns)
    former.to_csv(ds.path / "repairs.csv", index=False)
    assert read(ds) == ({2: 102.0, 3: 103.0}, {})


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("declarations/a.csv", 3, "D3,2", "x"), "line 3 is 'D3,1', not as expected — the sender may have mended it"),
        (("declarations/a.csv", 3, "D3,1", "x\ny"), "line 3 is 'D3,1', not as expected"),
        (("declarations/a.csv", 44, "D3,1", "x"), "line 44: there is no such line"),
        (("declarations/b.csv", 3, "D3,1", "x"), "corrections.csv: declarations/b.csv line 3: there is no such line"),
    ],
)
def test_a_corrected_line_that_does_not_fit_stops_the_run(ds, row, told):
    put(ds, [line(2), "D3,1"])
    assert told in refused(with_lines(ds, row))


def test_a_correction_withdrawn_changes_no_line(ds):
    put(ds, [line(2), "D3,1"])
    changed = with_lines(ds, ("declarations/a.csv", 3, "D3,1", line(3)))
    withdrawn = changed.corrections.assign(status="withdrawn")
    assert read(replace(ds, registers=ds.registers | {"corrections": withdrawn}))[1] == {3: "malformed_line"}


def test_an_error_value_of_excel_is_set_aside_and_not_taken_for_an_empty_cell(ds):
    path = put(ds, [], name="a.xlsx")
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("data")
        for n, text in enumerate([HEADER, line(2), line(3), line(4)]):
            sheet.write_row(n, 0, next(csv.reader([text])))
        sheet.write_formula(2, 14, "=1/0", None, "#DIV/0!")
        sheet.write_formula(3, 14, "=100+4", None, 104)
    assert read(ds) == ({2: 102.0, 4: 104.0}, {3: "unreadable_value"})
