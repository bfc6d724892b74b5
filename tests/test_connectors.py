"""Online sources, asked at a server on this machine that answers in the shapes recorded from the real ones."""

import hashlib
import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from typer.testing import CliRunner

from importcut.app.cli import app
from importcut.intake.connectors import fetch_indicator, fetch_rates, fetch_trade, service
from importcut.intake.connectors.kept import log
from importcut.intake.opening import open_dataset
from importcut.schema import DataError

KEY = "0123456789abcdef-secret"
HEAD = {"typeCode": "C", "freqCode": "A", "refYear": 2023, "refMonth": 52, "reporterISO": "UZB", "aggrLevel": 6}
TAIL = {"qtyUnitCode": 8, "qty": 1165347.352, "isNetWgtEstimated": True, "cifvalue": 1542279.98, "isAggregate": True}
RATES = {"USD": ("1", "10837.66"), "EUR": ("1", "12224.88"), "JPY": ("10", "941.66"), "KRW": ("1", "9.12")}


class Script(BaseHTTPRequestHandler):
    """Answers with what the test has laid out, in turn, and notes what it was asked."""

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        reply = self.server.replies.pop(0) if self.server.replies else self.server.answer
        status, body, headers = reply(self.path) if callable(reply) else reply
        if body is None:
            self.server.released.wait(10)
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def running():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Script)
    server.released = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def server(running, monkeypatch, tmp_path):
    """A server that knows all three sources, and settings that lead to it."""
    running.asked, running.replies, running.answer = [], [], source
    base = f'base = "http://127.0.0.1:{running.server_port}"\n'
    own = tmp_path / "own.toml"
    own.write_text("".join(f"[{name}]\n{base}" for name in ("comtrade", "cbu", "siat")))
    monkeypatch.setenv("IMPORTCUT_CONNECTORS", str(own))
    monkeypatch.setenv("COMTRADE_KEY", KEY)
    return running


@pytest.fixture
def slept(monkeypatch):
    """How long the pauses would have been, in seconds."""
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


@pytest.fixture
def dataset(tmp_path):
    path = tmp_path / "mine"
    path.mkdir()
    return path


def reply(document, status=200, **headers):
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    return status, body, {name.replace("_", "-"): value for name, value in headers.items()}


def trade(code, year, partner=156, **other):
    row = {"period": str(year), "reporterCode": 860, "flowCode": "M", "partnerCode": partner, "cmdCode": code}
    return {**HEAD, **row, "primaryValue": 1542279.98, "netWgt": 1165347.352, **TAIL, **other}


def trades(*rows, **other):
    return {"elapsedTime": "0.19 secs", "count": len(rows), "data": list(rows), "error": "", **other}


def rates(date="01.02.2022", **other):
    known = {currency: (*RATES[currency], date) for currency in RATES} | other
    return [
        {"id": n, "Code": "000", "Ccy": c, "CcyNm_UZ": "AQSH dollari", "Nominal": nominal, "Rate": rate, "Diff": "0",
         "Date": day}
        for n, (c, (nominal, rate, day)) in enumerate(known.items())
    ]  # fmt: skip


def series(**row):
    about = [{"name_en": "Indicator name", "value_en": "Import volume (monthly)", "name_uzc": "Кўрсаткич номи"}]
    named = {"Code": "1700", "Klassifikator": "O‘zbekiston Respublikasi", "Klassifikator_en": "Republic of Uzbekistan"}
    return [{"metadata": about, "data": [named | (row or {"2021-M01": 1639.2, "2021-М02": 3221.8})]}]


def source(path):
    """What the real sources answer when all is well."""
    parts, query = urlsplit(path), parse_qs(urlsplit(path).query)
    if parts.path.endswith("/C/A/HS"):
        codes, year = query["cmdCode"][0].split(","), query["period"][0]
        return reply(trades(*(trade(code, year, partner) for code in codes for partner in (0, 156))))
    if "arkhiv-kursov-valyut" in path:
        return reply(rates(pd.Timestamp(path.rstrip("/")[-10:]).strftime("%d.%m.%Y")))
    return reply(series())


def quick(name, **settings):
    """A source without pauses."""
    return replace(service(name), pause_seconds=0, backoff_seconds=0, **settings)


def fetch(dataset, codes=("281511",), years=(2023,), *, asked=None, **options):
    return fetch_trade(dataset, codes, years, asked=asked or quick("comtrade"), **options)


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def asked_codes(server):
    return [(parse_qs(urlsplit(path).query)["cmdCode"][0], path.partition("?")[0]) for path, _ in server.asked]


def days(*texts):
    return [pd.Timestamp(text) for text in texts]


def test_an_answer_is_kept_byte_for_byte_with_date_and_query(server, dataset):
    body = json.dumps(trades(trade("281511", 2023, 0), trade("281511", 2023)), indent=3).encode() + b"\n \n"
    server.replies = [reply(body)]
    got = fetch(dataset)
    assert [file.name for file in got.new] == ["860-281511-2023.json"]
    assert got.new[0].read_bytes() == body
    line = log(dataset).iloc[0]
    assert line[["service", "file", "rows", "sha256"]].tolist() == [
        "comtrade", "imports/comtrade/860-281511-2023.json", "2", hashlib.sha256(body).hexdigest(),
    ]  # fmt: skip
    assert pd.Timestamp(line["fetched_at"]).tzinfo is not None
    query = parse_qs(urlsplit(line["query"]).query)
    assert {name: query[name] for name in ("reporterCode", "flowCode", "cmdCode", "period")} == {
        "reporterCode": ["860"], "flowCode": ["M"], "cmdCode": ["281511"], "period": ["2023"],
    }  # fmt: skip
    assert files(dataset / "imports") == {"comtrade/860-281511-2023.json"}, "all else there would be taken for raw data"


def test_the_key_goes_in_the_header_and_nowhere_else(server, dataset):
    fetch(dataset)
    path, headers = server.asked[0]
    assert headers["Ocp-Apim-Subscription-Key"] == KEY
    assert KEY not in path
    server.replies = [reply({"statusCode": 401, "message": f"Access denied due to invalid key {KEY}."}, 401)]
    with pytest.raises(DataError, match=r"answered 401 .* Access denied .* check COMTRADE_KEY") as refused:
        fetch(dataset, ["390410"])
    assert KEY not in str(refused.value)
    server.replies = [reply({"message": f"you sent {KEY}"})]
    with pytest.raises(DataError, match=r"has no list data; .*you sent …"):
        fetch(dataset, ["390410"])
    assert [file for file in files(dataset) if KEY.encode() in (dataset / file).read_bytes()] == []
    assert KEY not in repr(service("comtrade"))


def test_a_key_that_cannot_be_one_is_not_shown(server, dataset, monkeypatch):
    monkeypatch.setenv("COMTRADE_KEY", "secret\nX-Other: 1")
    with pytest.raises(DataError, match="COMTRADE_KEY holds characters") as refused:
        fetch(dataset)
    assert "secret" not in str(refused.value)
    assert server.asked == []


def test_a_key_is_not_sent_on_to_another_host(server, dataset):
    server.replies = [reply(b"", 302, Location="http://localhost/elsewhere")]
    with pytest.raises(DataError, match="sends to another address, where the key is not sent"):
        fetch(dataset)
    assert len(server.asked) == 1


def test_without_a_key_the_open_preview_is_asked(server, dataset, monkeypatch):
    monkeypatch.delenv("COMTRADE_KEY")
    fetch(dataset)
    assert asked_codes(server) == [("281511", "/public/v1/preview/C/A/HS")]
    assert "Ocp-Apim-Subscription-Key" not in server.asked[0][1]


def test_an_answer_as_long_as_allowed_is_asked_for_again_in_halves(server, dataset):
    asked = quick("comtrade", limits={"codes": 3, "rows": 6})
    got = fetch(dataset, ["281511", "390410", "401110"], asked=asked)
    assert [codes for codes, _ in asked_codes(server)] == ["281511,390410,401110", "281511", "390410,401110"]
    assert [file.name for file in got.new] == ["860-281511-2023.json", "860-390410_401110-2023.json"]
    with pytest.raises(DataError, match="390690 in 2023 has 2 rows or more"):
        fetch(dataset, ["390690"], asked=replace(asked, limits={"codes": 3, "rows": 2}))
    with pytest.raises(DataError, match="390410, 401110 in 2023 has 4 rows or more"):
        fetch(dataset, ["390410"], asked=replace(asked, limits={"codes": 3, "rows": 4}), again=True)
    assert len(files(dataset / "imports")) == 2, (
        "what may lack rows is not kept, nor split beside the file that is there"
    )


def test_a_busy_source_is_asked_again_after_the_time_it_names(server, dataset, slept):
    limited = {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 7 seconds."}
    server.replies = [reply(limited, 429, Retry_After="7"), reply(limited, 429, Retry_After="3")]
    fetch(dataset, asked=service("comtrade"))
    assert slept == [7, 3, service("comtrade").pause_seconds]
    assert len(server.asked) == 3


def test_a_source_that_names_no_time_is_asked_at_growing_intervals_up_to_a_limit(server, dataset, slept):
    server.replies = [reply({"statusCode": 429}, 429), *[reply(b"", status) for status in (500, 502, 503, 504)]]
    asked = replace(service("comtrade"), longest_backoff_seconds=15)
    fetch(dataset, asked=asked)
    assert slept == [4, 8, 15, 15, asked.pause_seconds]  # the first time it is asked again at once
    assert len(server.asked) == 6


def test_a_source_that_stays_down_is_an_error_that_says_so_and_keeps_nothing(server, dataset):
    server.answer = reply(b"<html>Internal Server Error</html>", 500)
    with pytest.raises(DataError, match=r"answered 500 .*Internal Server Error.* asked 3 times; run the command again"):
        fetch(dataset, asked=quick("comtrade", retries=2))
    assert len(server.asked) == 3
    assert files(dataset) == set()


def test_a_used_up_quota_is_told_in_the_words_of_the_source_and_not_asked_again(server, dataset):
    server.answer = reply({"statusCode": 403, "message": "Out of call volume quota. Replenished in 03:14:17."}, 403)
    with pytest.raises(DataError, match=r"Replenished in 03:14:17.* wait until the quota"):
        fetch(dataset)
    assert len(server.asked) == 1


def test_a_connection_that_hangs_ends_by_itself(server, dataset):
    server.answer = (200, None, {})
    with pytest.raises(DataError, match=r"no connection to http://127.0.0.1.*timed out.* goes on where it stopped"):
        fetch(dataset, asked=quick("comtrade", timeout_seconds=0.1, retries=1))
    assert len(server.asked) == 2


WHOLE = json.dumps(trades(trade("281511", 2023))).encode()
ODD = {
    "cut": ((200, WHOLE[:300], {"Content-Length": str(len(WHOLE))}), rf"broke off after 300 of {len(WHOLE)} bytes"),
    "no JSON": (reply(WHOLE[:-5]), "is no JSON, it begins"),
    "a page": (reply(b"<!DOCTYPE html><title>Maintenance</title>"), "is no JSON, it begins '<!DOCTYPE html>"),
    "other frame": (reply({"results": [], "message": "v2 is here"}), "has no list data; .*results.*v2 is here"),
    "a list": (reply([1]), "has no list data; it is a list of 1, the first of them 1"),
    "an error": (reply(trades(error="Internal timeout")), "says Internal timeout"),
    "renamed field": (
        reply(trades({**{k: v for k, v in trade("281511", 2023).items() if k != "primaryValue"}, "value": 1})),
        "has no field primaryValue in row 1, but typeCode",
    ),
    "rows missing": (reply(trades(trade("281511", 2023), count=2)), "has 1 rows, but says count 2"),
    "no rows at all": (reply(trades("gone")), "has in row 1 'gone'"),
    "other code": (reply(trades(trade("999999", 2023))), "has cmdCode 999999, which was not asked for"),
    "other year": (reply(trades(trade("281511", 2022))), "has period 2022, which was not asked for"),
    "other country": (reply(trades(trade("281511", 2023, reporterCode=398))), "has reporterCode 398"),
}


@pytest.mark.parametrize(("odd", "said"), ODD.values(), ids=ODD)
def test_an_odd_answer_is_told_and_kept_aside_and_the_good_one_stays(server, dataset, odd, said):
    good = fetch(dataset).new[0]
    before = good.read_bytes()
    server.replies = [odd]
    with pytest.raises(DataError, match=said) as told:
        fetch(dataset, again=True)
    assert "fetched/comtrade/860-281511-2023.json.rejected" in str(told.value)
    assert "860-281511-2023.json stays as it was" in str(told.value)
    assert (dataset / "fetched" / "comtrade" / "860-281511-2023.json.rejected").read_bytes() == odd[1]
    assert good.read_bytes() == before
    assert files(dataset / "imports") == {"comtrade/860-281511-2023.json"}
    fetch(dataset)
    assert len(server.asked) == 2, "the good one still counts as complete"


def test_an_answer_in_pieces_that_breaks_off_is_told_too(server, dataset):
    server.replies = [(200, b'5\r\n{"dat\r\n64\r\na": [', {"Transfer-Encoding": "chunked"})]
    with pytest.raises(DataError, match="broke off after 5 bytes"):
        fetch(dataset)
    assert (dataset / "fetched" / "comtrade" / "860-281511-2023.json.rejected").read_bytes() == b'{"dat'


def test_a_run_goes_on_where_the_one_before_stopped(server, dataset):
    server.replies = [source, reply(b"", 404)]
    with pytest.raises(DataError, match="answered 404"):
        fetch(dataset, years=[2021, 2022, 2023])
    assert files(dataset / "imports") == {"comtrade/860-281511-2021.json"}
    server.asked.clear()
    got = fetch(dataset, years=[2021, 2022, 2023])
    assert (len(got.new), got.standing, len(server.asked)) == (2, 1, 2)
    assert fetch(dataset, years=[2021, 2022, 2023]).standing == 3
    assert len(server.asked) == 2


def test_an_interrupted_run_leaves_no_half_file(server, dataset, monkeypatch):
    def interrupted(part, target):
        if target.suffix == ".json":
            raise KeyboardInterrupt
        return rename(part, target)

    rename = Path.replace
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", interrupted)
        fetch(dataset)
    assert [file for file in files(dataset / "imports") if not Path(file).name.startswith(".")] == []
    assert len(fetch(dataset).new) == 1, "a line in the log alone does not count"


def test_a_file_that_was_changed_is_fetched_anew_and_what_was_there_is_not_lost(server, dataset):
    file = fetch(dataset).new[0]
    good = file.read_bytes()
    file.write_bytes(good[:100])
    fetch(dataset)
    assert file.read_bytes() == good
    aside = [dataset / name for name in files(dataset) if name.endswith(".former")]
    assert [path.read_bytes() for path in aside] == [good[:100]]


def test_asked_again_a_newer_answer_takes_the_place_and_the_former_is_put_aside(server, dataset):
    file = fetch(dataset, ["281511", "390410"]).new[0]
    former = file.read_bytes()
    server.replies = [reply(trades(trade("281511", 2023, primaryValue=2.0)))]
    fetch(dataset, ["281511"], again=True)
    assert asked_codes(server)[-1][0] == "281511,390410", "the whole file, so that it stays one"
    assert json.loads(file.read_bytes())["data"][0]["primaryValue"] == 2.0
    assert [(dataset / f).read_bytes() for f in files(dataset) if f.endswith(".former")] == [former]
    server.replies = [reply(trades())]
    assert len(fetch(dataset, ["281511"], again=True).without_rows) == 1
    assert json.loads(file.read_bytes())["data"] != [], "an empty answer takes no good one's place"


def test_a_code_and_year_stands_in_one_file_only(server, dataset):
    asked = quick("comtrade", limits={"codes": 2, "rows": 100})
    fetch(dataset, ["390410"], asked=asked)
    fetch(dataset, ["281511", "390410", "401110", "401120"], asked=asked)
    fetch(dataset, ["401110", "281511"], asked=asked)
    assert files(dataset / "imports") == {
        "comtrade/860-390410-2023.json", "comtrade/860-281511_401110-2023.json", "comtrade/860-401120-2023.json",
    }  # fmt: skip


def test_a_year_without_rows_is_told_and_asked_for_next_time(server, dataset):
    server.replies = [reply(trades())]
    got = fetch(dataset, years=[2025])
    assert (got.new, got.without_rows) == ((), ("2025 281511",))
    assert files(dataset / "imports") == set()
    assert len(fetch(dataset, years=[2025]).new) == 1


def test_calls_come_one_at_a_time_with_a_pause_after_each(server, dataset, slept):
    fetch(dataset, years=[2021, 2022, 2023], asked=service("comtrade"))
    assert slept == [1.5, 1.5, 1.5]


def test_every_source_has_a_pause_a_limit_of_time_and_a_note_of_where_it_comes_from(monkeypatch):
    monkeypatch.delenv("IMPORTCUT_CONNECTORS", raising=False)
    for name in ("comtrade", "cbu", "siat"):
        asked = service(name)
        assert min(asked.pause_seconds, asked.timeout_seconds, asked.retries, asked.backoff_seconds) > 0
        assert asked.base.startswith("https://")
        assert asked.source
        assert asked.licence


def test_settings_of_ones_own_that_cannot_be_used_are_told(monkeypatch, tmp_path):
    own = tmp_path / "own.toml"
    monkeypatch.setenv("IMPORTCUT_CONNECTORS", str(own))
    for text, said in {
        "[cbu]\nbases = 1": "cbu has no setting bases",
        "[cbu": "correct the file that IMPORTCUT",
    }.items():
        own.write_text(text)
        with pytest.raises(DataError, match=said):
            service("cbu")


def test_rates_are_per_unit_in_uzs_and_usd_from_the_date_on_which_they_hold(server, dataset):
    server.replies = [reply(rates("29.01.2022"))]
    got = fetch_rates(dataset, days("2022-02-01"), ["USD", "JPY", "EUR", "UZS"], asked=quick("cbu"))
    assert (got.asked, got.added, got.differences) == (1, 4, ())
    assert (dataset / "exchange_rates.csv").read_text() == (
        "date,currency,uzs,usd\n"
        "2022-01-29,USD,10837.66,1\n"
        "2022-01-29,JPY,94.166,0.00868877599\n"
        "2022-01-29,EUR,12224.88,1.127999956\n"
        "2022-01-29,UZS,1,9.227084075e-05\n"
    )
    assert server.asked[0][0] == "/uz/arkhiv-kursov-valyut/json/all/2022-02-01/"
    assert json.loads((dataset / "fetched" / "cbu" / "2022-02-01.json").read_bytes()) == rates("29.01.2022")


def test_fetched_rates_make_a_register_that_the_dataset_accepts(server, sample_copy):
    (sample_copy / "exchange_rates.csv").unlink()
    fetch_rates(sample_copy, days("2022-02-01", "2022-03-01"), ["USD", "UZS"], asked=quick("cbu"))
    read = open_dataset(sample_copy).exchange_rates
    assert read["date"].dt.month.tolist() == [2, 2, 3, 3]
    assert read.loc[read["currency"] == "UZS", "usd"].tolist() == pytest.approx([1 / 10837.66] * 2)


@pytest.fixture
def sample_copy(repository, tmp_path):
    """The registers of the sample."""
    made = tmp_path / "copy"
    for file in (repository / "data" / "raw" / "sample").rglob("*"):
        if file.suffix in (".csv", ".toml") and file.parent.name in ("sample", "scenarios"):
            target = made / file.relative_to(repository / "data" / "raw" / "sample")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return made


def test_rates_entered_stay_as_they_are_and_differences_are_told(server, dataset):
    register = dataset / "exchange_rates.csv"
    entered = "date,currency,uzs,usd,note\n2022-02-01,EUR,12000,1.1,by hand\n2022-03-01,USD,10837.660,1,\n"
    register.write_text(entered)
    ask = {"asked": quick("cbu")}
    got = fetch_rates(dataset, days("2022-02-01"), ["EUR"], **ask)
    assert (got.added, register.read_text()) == (0, entered)
    assert got.differences == ("2022-02-01 EUR: 12000 UZS, 1.1 USD entered, 12224.88 UZS, 1.127999956 USD fetched",)
    got = fetch_rates(dataset, days("2022-02-01", "2022-03-01"), ["EUR", "USD"], **ask)
    assert (got.added, len(got.differences)) == (2, 1)
    assert "2022-02-01,EUR,12000,1.1,by hand\n2022-02-01,USD,10837.66,1,\n2022-03-01,USD,10837.660,1,\n" in (
        register.read_text()
    )
    fetch_rates(dataset, days("2022-02-01"), ["EUR"], replace=True, **ask)
    lines = register.read_text().splitlines()
    assert (len(lines), lines[1]) == (5, "2022-02-01,EUR,12224.88,1.127999956,by hand")
    assert len(server.asked) == 2, "each day is asked for once"


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (reply([]), "is no list of rates; it is an empty list"),
        (reply({"error": "closed"}), "is no list of rates; .*closed"),
        (reply(rates("25.09.2026")), "has for USD a rate of 25.09.2026, not the one in force on 01.02.2022"),
        (reply(rates("01.12.2021")), "a rate of 01.12.2021, not the one in force"),
        (reply(rates() + rates()), "has USD, EUR more than once"),
        (reply(rates()[1:]), "has no rate of USD; it is a list of 3"),
        (reply(rates(EUR=(1, {}, "01.02.2022"))), "has for EUR the rate {} for 1, no numbers above zero"),
        (reply(rates("2022-02-01")), "the date '2022-02-01', not dd.mm.yyyy"),
        (reply(rates(EUR=("1", "12 224,88", "01.02.2022"))), "has for EUR the rate '12 224,88' for '1', no numbers"),
        (reply(rates(EUR=("0", "12224.88", "01.02.2022"))), "no numbers above zero"),
        (reply([{"Ccy": "USD", "rate": "1"}]), "has no field Nominal, Rate, Date in row 1, but Ccy, rate"),
    ],
)
def test_rates_of_another_shape_or_for_another_day_are_rejected(server, dataset, odd, said):
    server.replies = [odd]
    with pytest.raises(DataError, match=said):
        fetch_rates(dataset, days("2022-02-01"), ["USD", "EUR"], asked=quick("cbu"))
    assert files(dataset) == {"fetched/cbu/2022-02-01.json.rejected"}


def test_a_currency_that_nobody_asked_for_spoils_no_answer_until_it_is(server, dataset):
    server.replies = [reply(rates(KRW=("1", "", "01.01.1995")))]
    assert fetch_rates(dataset, days("2022-02-01"), ["USD"], asked=quick("cbu")).added == 1
    with pytest.raises(DataError, match=r"2022-02-01.json has for KRW a rate of 01.01.1995.* leave it out of --curr"):
        fetch_rates(dataset, days("2022-02-01"), ["USD", "KRW"], asked=quick("cbu"))


def test_answers_that_disagree_on_a_rate_are_told(server, dataset):
    server.replies = [reply(rates("28.01.2022")), reply(rates("28.01.2022", EUR=("1", "12225", "28.01.2022")))]
    with pytest.raises(DataError, match="two answers disagree on 2022-01-28 EUR"):
        fetch_rates(dataset, days("2022-01-29", "2022-01-30"), ["EUR"], asked=quick("cbu"))
    assert not (dataset / "exchange_rates.csv").exists()


def test_a_currency_that_is_not_quoted_is_told(server, dataset):
    with pytest.raises(DataError, match="no rate of XXX on 2022-02-01 — correct --currencies"):
        fetch_rates(dataset, days("2022-02-01"), ["USD", "XXX"], asked=quick("cbu"))
    assert not (dataset / "exchange_rates.csv").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date;currency;uzs;usd\n", "row 1: no column date, currency, uzs, usd"),
        ("date,currency,uzs,usd\n2022-02-01,USD,1,1\n2022-02-01,USD,2,1\n", "2022-02-01, USD stands twice"),
        ("", "cannot be read"),
    ],
)
def test_a_register_of_rates_that_cannot_be_read_stays_untouched(server, dataset, text, said):
    (dataset / "exchange_rates.csv").write_text(text)
    with pytest.raises(DataError, match=f"exchange_rates.csv.*{said}"):
        fetch_rates(dataset, days("2022-02-01"), ["USD"], asked=quick("cbu"))
    assert (dataset / "exchange_rates.csv").read_text() == text


def test_an_indicator_is_kept_for_comparison_and_not_among_the_raw_data(server, dataset):
    got = fetch_indicator(dataset, 225, asked=quick("siat"))
    assert server.asked[0][0] == "/media/uploads/sdmx/sdmx_data_225.json"
    assert (got.file, got.first, got.last, got.rows, got.standing) == (
        dataset / "fetched" / "siat" / "225.json", "2021-M01", "2021-M02", 1, False,
    )  # fmt: skip
    assert got.about["Indicator name"] == "Import volume (monthly)"
    assert json.loads(got.file.read_bytes()) == series()
    assert not (dataset / "imports").exists()
    assert fetch_indicator(dataset, 225, asked=quick("siat")).standing
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (series()[0], "is not one table with metadata and data; it is an object with metadata, data"),
        ([], "it is an empty list"),
        ([{"metadata": [], "data": []}], "is not one table with metadata and data"),
        ([{"metadata": [], "data": [{"Code": "1", "Name": "x", "2021": 1}]}], "no field Klassifikator in row 1"),
        (series(**{"2021-M13": 1.0}), "has in row 1 2021-M13, which is no year, quarter or month"),
        (series(value=1.0), "has no period in row 1, but Code"),
        (series(**{"2021": {"value": 1.0}}), "has in row 1 at 2021 no number, but an object with value"),
    ],
)
def test_an_indicator_of_another_shape_is_rejected(server, dataset, odd, said):
    server.replies = [reply(odd)]
    with pytest.raises(DataError, match=said):
        fetch_indicator(dataset, 225, asked=quick("siat"))
    assert files(dataset) == {"fetched/siat/225.json.rejected"}


def test_years_quarters_and_months_are_all_periods(server, dataset):
    server.replies = [reply(series(**{"2020": 1.0, "2021-Q1": None, "2021-M12": "2,5"}))]
    got = fetch_indicator(dataset, 1, asked=quick("siat"))
    assert (got.first, got.last) == ("2020", "2021-Q1")


@pytest.fixture
def call(server, sample_copy, monkeypatch):
    """The command line on a copy of the sample, without pauses."""
    own = Path(sample_copy.parent / "own.toml")
    text = own.read_text().replace("base =", "pause_seconds = 0\nbackoff_seconds = 0\nbase =")
    own.write_text(text)
    monkeypatch.chdir(sample_copy.parent)
    return lambda name, *words: CliRunner().invoke(app, ["fetch", name, "--dataset", str(sample_copy), *words])


def test_trade_is_fetched_for_the_codes_of_the_register_cut_to_six_digits(call, server, sample_copy):
    done = call("comtrade", "--years", "2022-2023")
    assert (done.exit_code, done.stderr) == (0, "")
    codes = {code for codes, _ in asked_codes(server) for code in codes.split(",")}
    assert {"320820", "271019", "390210", "390230"} <= codes
    assert {len(code) for code in codes} == {6}
    assert "6 answers new in copy/imports/comtrade, 0 there already" in done.stdout.replace("\\", "/")
    assert "Source: UN Comtrade" in done.stdout
    assert "0 answers new in" in call("comtrade", "--years", "2022,2023").stdout
    assert len(server.asked) == 6
    assert KEY not in done.output
    assert {Path(f).suffix for f in files(sample_copy / "imports")} == {".json"}


def test_rates_and_series_are_fetched_from_the_command_line(call, server, sample_copy):
    done = call("cbu", "--from", "2022-02", "--to", "2022-03", "--currencies", "usd, eur")
    assert done.exit_code == 0
    assert [path[-11:-1] for path, _ in server.asked] == ["2022-02-01", "2022-03-01"]
    assert "2 answers new, 0 there already; 0 rates added" in done.stdout
    assert "4 differ, kept as entered" in done.stdout
    assert "2022-02-01 EUR: " in done.stdout
    assert "4 differ, replaced" in call("cbu", "--from", "2022-02", "--to", "2022-03", "--currencies", "USD,EUR",
                                        "--replace").stdout  # fmt: skip
    assert "1 rows, 2021-M01 to 2021-M02: copy" in call("siat", "--indicator", "225").stdout


def test_another_importing_country_can_be_asked_for(call, server, sample_copy):
    server.answer = lambda path: reply(trades(trade("281511", 2023, reporterCode=398)))
    assert call("comtrade", "--years", "2023", "--codes", "281511", "--reporter", "398").exit_code == 0
    assert files(sample_copy / "imports") == {"comtrade/398-281511-2023.json"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["comtrade", "--years", "20-22"], 2, "write 2024, 2017-2024"),
        (["comtrade", "--years", "2024-2017"], 2, "write 2024, 2017-2024"),
        (["comtrade", "--years", "2023", "--codes", "2815"], 2, "code 2815: not of 6 digits"),
        (["comtrade", "--years", "2023", "--codes", "281511", "--reporter", "Uzbekistan"], 2, "--reporter Uzbekistan"),
        (["cbu", "--from", "2022"], 2, "--from 2022: not a month"),
        (["cbu", "--from", "2022-02", "--to", "2099-01"], 2, "--to 2099-01: not a month that has begun"),
        (["cbu", "--from", "2022-02", "--to", "2022-01"], 2, "lies after"),
        (["cbu", "--from", "2022-02", "--every", "year"], 2, "choose month, week or day"),
        (["cbu", "--from", "2022-02", "--to", "2022-02", "--currencies", "XXX"], 1, "no rate of XXX"),
        (["siat", "--indicator", "0"], 2, "--indicator"),
    ],
)
def test_what_is_wrong_is_one_line(call, words, code, said):
    failed = call(*words)
    assert (failed.exit_code, failed.stdout) == (code, "")
    assert said in failed.stderr


def test_help_has_an_example(call):
    for name in ("comtrade", "cbu", "siat"):
        assert f"Example: importcut fetch {name} --" in call(name, "--help").output
