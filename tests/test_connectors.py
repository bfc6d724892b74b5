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
from importcut.intake import online
from importcut.intake.online import fetch_rates, service
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
    return replace(service(name), pause_seconds=0, **settings)


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A busy source is asked again at once."""
    monkeypatch.setattr(online, "PATIENCE", {**online.PATIENCE, "backoff_factor": 0})


def fetch(dataset, codes=("281511",), years=(2023,), *, source=None, **options):
    questions = [{"cmdCode": code, "period": year} for year in years for code in codes]
    return online.fetch(dataset, source or quick("comtrade"), questions, **options)


def fetch_series(dataset):
    [file], new = online.fetch(dataset, quick("siat"), [{"indicator": 225}])
    return file, new


def log(dataset):
    return pd.read_csv(dataset / "fetched" / "log.csv", dtype=str, keep_default_na=False)


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def asked_codes(server):
    return [(parse_qs(urlsplit(path).query)["cmdCode"][0], path.partition("?")[0]) for path, _ in server.asked]


def days(*texts):
    return [pd.Timestamp(text) for text in texts]


def test_an_answer_is_kept_byte_for_byte_with_date_and_query(server, dataset):
    body = json.dumps(trades(trade("281511", 2023, 0), trade("281511", 2023)), indent=3).encode() + b"\n \n"
    server.replies = [reply(body)]
    [file], new = fetch(dataset)
    assert (file.name, new) == ("860-281511-2023.json", 1)
    assert file.read_bytes() == body
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
    with pytest.raises(DataError, match=r"answered 401 .*Access denied .* check .* COMTRADE_KEY") as refused:
        fetch(dataset, ["390410"])
    assert KEY not in str(refused.value)
    server.replies = [reply({"message": f"you sent {KEY}"})]
    with pytest.raises(DataError, match=r"has no data; .*you sent …"):
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
    with pytest.raises(DataError, match="answered 302 to"):
        fetch(dataset)
    assert len(server.asked) == 1


def test_without_a_key_the_open_preview_is_asked(server, dataset, monkeypatch):
    monkeypatch.delenv("COMTRADE_KEY")
    fetch(dataset)
    assert asked_codes(server) == [("281511", "/public/v1/preview/C/A/HS")]
    assert "Ocp-Apim-Subscription-Key" not in server.asked[0][1]


def test_a_busy_source_is_asked_again_after_the_time_it_names(server, dataset, slept):
    limited = {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 7 seconds."}
    server.replies = [reply(limited, 429, Retry_After="7"), reply(limited, 429, Retry_After="3")]
    fetch(dataset, source=service("comtrade"))
    assert slept == [7, 3, service("comtrade").pause_seconds]
    assert len(server.asked) == 3


def test_a_source_that_names_no_time_is_asked_at_growing_intervals_up_to_a_limit(server, dataset, slept, monkeypatch):
    monkeypatch.setattr(online, "PATIENCE", {**online.PATIENCE, "backoff_factor": 2, "backoff_max": 15})
    server.replies = [reply({"statusCode": 429}, 429), *[reply(b"", status) for status in (500, 502, 503, 504)]]
    fetch(dataset)
    assert slept == [4, 8, 15, 15, 0]  # the first time it is asked again at once
    assert len(server.asked) == 6


def test_a_source_that_stays_down_is_an_error_that_says_so_and_keeps_nothing(server, dataset, monkeypatch):
    monkeypatch.setattr(online, "PATIENCE", {"total": 2, "backoff_factor": 0})
    server.answer = reply(b"<html>Internal Server Error</html>", 500)
    with pytest.raises(DataError, match=r"answered 500 .*Internal Server Error.* run the command again, it goes on"):
        fetch(dataset)
    assert len(server.asked) == 3
    assert files(dataset) == set()


def test_a_used_up_quota_is_told_in_the_words_of_the_source_and_not_asked_again(server, dataset):
    server.answer = reply({"statusCode": 403, "message": "Out of call volume quota. Replenished in 03:14:17."}, 403)
    with pytest.raises(DataError, match=r"Replenished in 03:14:17.* later run the command again"):
        fetch(dataset)
    assert len(server.asked) == 1


def test_a_connection_that_hangs_ends_by_itself(server, dataset, monkeypatch):
    monkeypatch.setattr(online, "TIMEOUT", 0.1)
    monkeypatch.setattr(online, "PATIENCE", {"total": 1, "backoff_factor": 0})
    server.answer = (200, None, {})
    with pytest.raises(DataError, match=r"no whole answer from http://127.0.0.1.*timed out.* goes on where it stopped"):
        fetch(dataset)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "broken",
    [
        (200, b'{"data": [', {"Content-Length": "300"}),
        (200, b'5\r\n{"dat\r\n64\r\na": [', {"Transfer-Encoding": "chunked"}),
    ],
    ids=["length", "chunks"],
)
def test_an_answer_that_breaks_off_is_told_and_not_kept(server, dataset, broken):
    server.replies = [broken]
    with pytest.raises(DataError, match=r"no whole answer from .*broken"):
        fetch(dataset)
    assert files(dataset) == set()


WHOLE = json.dumps(trades(trade("281511", 2023))).encode()
ODD = {
    "no JSON": (reply(WHOLE[:-5]), "is no JSON; it begins"),
    "a page": (reply(b"<!DOCTYPE html><title>Maintenance</title>"), "is no JSON; it begins '<!DOCTYPE html>"),
    "other frame": (reply({"results": [], "message": "v2 is here"}), "has no data; .*results.*v2 is here"),
    "a list": (reply([1]), r"has no data; it begins '\[1\]"),
    "no list": (reply(trades() | {"data": None}), "has no list of rows"),
    "renamed field": (
        reply(trades({**{k: v for k, v in trade("281511", 2023).items() if k != "primaryValue"}, "value": 1})),
        "has no field primaryValue in row 1",
    ),
    "rows missing": (reply(trades(trade("281511", 2023), count=2)), "has 1 rows, but says count 2"),
    "no rows at all": (reply(trades("gone")), "has no list of rows"),
    "other code": (reply(trades(trade("999999", 2023))), "has in row 1 cmdCode 999999, which was not asked for"),
    "other year": (reply(trades(trade("281511", 2022))), "has in row 1 period 2022, which was not asked for"),
    "other country": (reply(trades(trade("281511", 2023, reporterCode=398))), "has in row 1 reporterCode 398"),
}


@pytest.mark.parametrize(("odd", "said"), ODD.values(), ids=ODD)
def test_an_odd_answer_is_told_and_kept_aside_and_the_good_one_stays(server, dataset, odd, said):
    [good], _ = fetch(dataset)
    before = good.read_bytes()
    server.replies = [odd]
    with pytest.raises(DataError, match=said) as told:
        fetch(dataset, again=True)
    assert "fetched/comtrade/860-281511-2023.json.rejected" in str(told.value)
    assert (dataset / "fetched" / "comtrade" / "860-281511-2023.json.rejected").read_bytes() == odd[1]
    assert good.read_bytes() == before
    assert files(dataset / "imports") == {"comtrade/860-281511-2023.json"}
    fetch(dataset)
    assert len(server.asked) == 2, "the good one still counts as complete"


def test_a_run_goes_on_where_the_one_before_stopped(server, dataset):
    server.replies = [source, reply(b"", 404)]
    with pytest.raises(DataError, match="answered 404"):
        fetch(dataset, years=[2021, 2022, 2023])
    assert files(dataset / "imports") == {"comtrade/860-281511-2021.json"}
    server.asked.clear()
    fetched, new = fetch(dataset, years=[2021, 2022, 2023])
    assert (len(fetched), new, len(server.asked)) == (3, 2, 2)
    assert fetch(dataset, years=[2021, 2022, 2023])[1] == 0
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
    assert fetch(dataset)[1] == 1, "a line in the log alone does not count"


def test_a_file_that_was_changed_is_fetched_anew_and_what_was_there_is_not_lost(server, dataset):
    [file], _ = fetch(dataset)
    good = file.read_bytes()
    file.write_bytes(good[:100])
    fetch(dataset)
    assert file.read_bytes() == good
    aside = [dataset / name for name in files(dataset) if name.endswith(".former")]
    assert [path.read_bytes() for path in aside] == [good[:100]]


def test_asked_again_a_newer_answer_takes_the_place_and_the_former_is_put_aside(server, dataset):
    [file], _ = fetch(dataset)
    former = file.read_bytes()
    server.replies = [reply(trades(trade("281511", 2023, primaryValue=2.0)))]
    fetch(dataset, again=True)
    assert json.loads(file.read_bytes())["data"][0]["primaryValue"] == 2.0
    assert [(dataset / f).read_bytes() for f in files(dataset) if f.endswith(".former")] == [former]
    server.replies = [reply(trades())]
    assert fetch(dataset, again=True) == ([file], 0)
    assert json.loads(file.read_bytes())["data"] != [], "an empty answer takes no good one's place"


def test_a_year_without_rows_is_told_and_asked_for_next_time(server, dataset):
    server.replies = [reply(trades())]
    assert fetch(dataset, years=[2025]) == ([], 0)
    assert files(dataset / "imports") == set()
    assert fetch(dataset, years=[2025])[1] == 1


def test_an_answer_as_long_as_allowed_may_lack_rows_and_is_not_kept(server, dataset):
    with pytest.raises(DataError, match="has 2 rows, as many as an answer may have"):
        fetch(dataset, source=quick("comtrade", most_rows=2))
    assert files(dataset / "imports") == set()


def test_calls_come_one_at_a_time_with_a_pause_after_each(server, dataset, slept):
    fetch(dataset, years=[2021, 2022, 2023], source=service("comtrade"))
    assert slept == [1.5, 1.5, 1.5]


def test_every_source_has_a_pause_a_limit_of_time_and_a_note_of_where_it_comes_from(monkeypatch):
    monkeypatch.delenv("IMPORTCUT_CONNECTORS", raising=False)
    for name in ("comtrade", "cbu", "siat"):
        source = service(name)
        assert source.pause_seconds > 0
        assert source.base.startswith("https://")
        assert source.source
        assert source.licence


def test_settings_of_ones_own_that_cannot_be_used_are_told(monkeypatch, tmp_path):
    own = tmp_path / "own.toml"
    monkeypatch.setenv("IMPORTCUT_CONNECTORS", str(own))
    for text, said in {
        "[cbu]\nbases = 1": "bases'? — correct the file that IMPORTCUT",
        "[cbu": "correct the file that IMPORTCUT",
    }.items():
        own.write_text(text)
        with pytest.raises(DataError, match=said):
            service("cbu")


def test_rates_are_per_unit_in_uzs_and_usd_from_the_date_on_which_they_hold(server, dataset):
    server.replies = [reply(rates("29.01.2022"))]
    got = fetch_rates(dataset, quick("cbu"), days("2022-02-01"), ["USD", "JPY", "EUR", "UZS"])
    assert got == (1, 4, [])
    assert (dataset / "exchange_rates.csv").read_text() == (
        "date,currency,uzs,usd\n"
        "2022-01-29,USD,10837.66,1\n"
        "2022-01-29,EUR,12224.88,1.127999956\n"
        "2022-01-29,JPY,94.166,0.00868877599\n"
        "2022-01-29,UZS,1,9.227084075e-05\n"
    )
    assert server.asked[0][0] == "/uz/arkhiv-kursov-valyut/json/all/2022-02-01/"
    assert json.loads((dataset / "fetched" / "cbu" / "2022-02-01.json").read_bytes()) == rates("29.01.2022")


def test_fetched_rates_make_a_register_that_the_dataset_accepts(server, sample_copy):
    (sample_copy / "exchange_rates.csv").unlink()
    fetch_rates(sample_copy, quick("cbu"), days("2022-02-01", "2022-03-01"), ["USD", "UZS"])
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
    _, added, differing = fetch_rates(dataset, quick("cbu"), days("2022-02-01"), ["EUR"])
    assert (added, register.read_text()) == (0, entered)
    [line] = differing
    assert line.startswith("date 2022-02-01, currency EUR, uzs fetched 12224.88, usd fetched 1.127999956, ")
    assert line.endswith(", uzs entered 12000, usd entered 1.1")
    _, added, differing = fetch_rates(dataset, quick("cbu"), days("2022-02-01", "2022-03-01"), ["EUR", "USD"])
    assert (added, len(differing)) == (2, 1)
    assert "2022-02-01,EUR,12000,1.1,by hand\n2022-02-01,USD,10837.66,1,\n2022-03-01,USD,10837.660,1,\n" in (
        register.read_text()
    )
    assert len(server.asked) == 2, "each day is asked for once"


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (reply([]), "has no list of rows"),
        (reply({"error": "closed"}), "has no list of rows; .*closed"),
        (reply(rates("25.09.2026")), "has rates of 2026-09-25, not the ones in force on 2022-02-01"),
        (reply(rates("01.12.2021")), "has rates of 2021-12-01, not the ones in force"),
        (reply(rates()[1:]), "quotes no USD on or before 01.02.2022"),
        (reply(rates(EUR=(1, {}, "01.02.2022"))), "entry 2 has .*Rate '{}', Nominal '1': no date .* or no price"),
        (reply(rates("2022-02-01")), "Date '2022-02-01', .*: no date dd.mm.yyyy"),
        (reply(rates(EUR=("1", "12 224,88", "01.02.2022"))), "Rate '12 224,88', Nominal '1': no date .* or no price"),
        (reply(rates(EUR=("0", "12224.88", "01.02.2022"))), "no price"),
        (reply([{"Ccy": "USD", "rate": "1"}]), "has no field Nominal, Rate, Date in row 1"),
    ],
)
def test_rates_of_another_shape_or_for_another_day_are_rejected(server, dataset, odd, said):
    server.replies = [odd]
    with pytest.raises(DataError, match=said):
        fetch_rates(dataset, quick("cbu"), days("2022-02-01"), ["USD", "EUR"])
    assert files(dataset) == {"fetched/cbu/2022-02-01.json.rejected"}


def test_a_currency_that_nobody_asked_for_spoils_no_answer_until_it_is(server, dataset):
    server.replies = [reply(rates(KRW=("1", "", "01.01.1995")))]
    assert fetch_rates(dataset, quick("cbu"), days("2022-02-01"), ["USD"])[1] == 1
    with pytest.raises(DataError, match=r"Date '01.01.1995', Ccy 'KRW'.*no price"):
        fetch_rates(dataset, quick("cbu"), days("2022-02-01"), ["USD", "KRW"])


def test_answers_that_disagree_on_a_rate_are_told(server, dataset):
    server.replies = [reply(rates("28.01.2022")), reply(rates("28.01.2022", EUR=("1", "12225", "28.01.2022")))]
    _, added, differing = fetch_rates(dataset, quick("cbu"), days("2022-01-29", "2022-01-30"), ["EUR"])
    assert added == 1
    assert [line.startswith("date 2022-01-28, currency EUR, uzs fetched 12225,") for line in differing] == [True]


def test_a_currency_that_is_not_quoted_is_told(server, dataset):
    with pytest.raises(DataError, match="no rate of XXX on 2022-02-01 — leave it out"):
        fetch_rates(dataset, quick("cbu"), days("2022-02-01"), ["USD", "XXX"])
    assert not (dataset / "exchange_rates.csv").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date;currency;uzs;usd\n", "cannot be read .*save it as CSV, UTF-8, with commas"),
        ("", "cannot be read"),
    ],
)
def test_a_register_of_rates_that_cannot_be_read_stays_untouched(server, dataset, text, said):
    (dataset / "exchange_rates.csv").write_text(text)
    with pytest.raises(DataError, match=f"exchange_rates.csv.*{said}"):
        fetch_rates(dataset, quick("cbu"), days("2022-02-01"), ["USD"])
    assert (dataset / "exchange_rates.csv").read_text() == text


def test_an_indicator_is_kept_for_comparison_and_not_among_the_raw_data(server, dataset):
    file, new = fetch_series(dataset)
    assert server.asked[0][0] == "/media/uploads/sdmx/sdmx_data_225.json"
    assert (file, new) == (dataset / "fetched" / "siat" / "225.json", 1)
    assert json.loads(file.read_bytes()) == series()
    assert not (dataset / "imports").exists()
    assert fetch_series(dataset) == (file, 0)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (series()[0], "has no 0.data; it begins '{\"metadata"),
        ([], "has no 0.data"),
        ([{"metadata": [], "data": []}], "has no list of rows"),
        ([{"metadata": [], "data": [{"Code": "1", "Name": "x", "2021": 1}]}], "no field Klassifikator in row 1"),
    ],
)
def test_an_indicator_of_another_shape_is_rejected(server, dataset, odd, said):
    server.replies = [reply(odd)]
    with pytest.raises(DataError, match=said):
        fetch_series(dataset)
    assert files(dataset) == {"fetched/siat/225.json.rejected"}


@pytest.fixture
def call(server, sample_copy, monkeypatch):
    """The command line on a copy of the sample, without pauses."""
    own = Path(sample_copy.parent / "own.toml")
    text = own.read_text().replace("base =", "pause_seconds = 0\nbase =")
    own.write_text(text)
    monkeypatch.chdir(sample_copy.parent)
    return lambda name, *words: CliRunner().invoke(app, ["fetch", name, "--dataset", str(sample_copy), *words])


def test_trade_is_fetched_for_the_codes_of_the_register_cut_to_six_digits(call, server, sample_copy):
    done = call("comtrade", "--years", "2022-2023")
    assert (done.exit_code, done.stderr) == (0, "")
    codes = {code for codes, _ in asked_codes(server) for code in codes.split(",")}
    assert {"320820", "271019", "390210", "390230"} <= codes
    assert {len(code) for code in codes} == {6}
    assert f"{len(server.asked)} new answers, 0 there already" in done.stdout
    assert "Source: UN Comtrade" in done.stdout
    assert "0 new answers, " in call("comtrade", "--years", "2022,2023").stdout
    assert len(server.asked) == len(files(sample_copy / "imports"))
    assert KEY not in done.output
    assert {Path(f).suffix for f in files(sample_copy / "imports")} == {".json"}


def test_rates_and_series_are_fetched_from_the_command_line(call, server, sample_copy):
    done = call("cbu", "--from", "2022-02", "--to", "2022-03", "--currencies", "usd, eur")
    assert done.exit_code == 0
    assert [path[-11:-1] for path, _ in server.asked] == ["2022-02-01", "2022-03-01"]
    assert "2 new answers, 0 there already; 0 rates added" in done.stdout
    assert "4 differ and stay as entered" in done.stdout
    assert "date 2022-02-01, currency EUR, " in done.stdout
    assert "copy/fetched/siat/225.json" in call("siat", "--indicator", "225").stdout.replace("\\", "/")


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
        (["comtrade", "--years", "2023", "--codes", "281511", "--reporter", "Uzbekistan"], 2, "--reporter"),
        (["cbu", "--from", "2022"], 2, "'2022' does not match the format"),
        (["cbu", "--from", "2099-01"], 2, "--from 2099-01: no day from then to"),
        (["cbu", "--from", "2022-02", "--to", "2022-01"], 2, "--from 2022-02: no day from then"),
        (["cbu", "--from", "2022-02", "--every", "year"], 2, "choose one of month, week, day"),
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
