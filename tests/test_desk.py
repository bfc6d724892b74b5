"""The economist's desk: what the views tell, the code that gives them again, and the page in a browser."""

import base64
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import requests
from ipywidgets import HTML, ToggleButtons

from importcut.app.cli import app
from importcut.app.cli.server import IDLE, SETTINGS
from importcut.app.desk import (
    actual_and_expected,
    import_profile,
    open_desk,
    project_sheet,
    projects_ranked,
    standpoint,
    to_target,
)
from importcut.app.desk import page as parts
from importcut.economics.planning import addressable, credited, plan, planned_cuts
from importcut.language import own_name
from importcut.schema import UsageError, load

CHOICES = [
    (import_profile, {"product": "topcoat", "by": "origin"}),
    (actual_and_expected, {"product": "pp_compound", "method": "control_basket"}),
    (projects_ranked, {"basis": "cumulative", "rule": "proportional"}),
    (to_target, {"rule": "dispatched"}),
    (project_sheet, {"project": "plastisol_navoi"}),
]


@pytest.fixture(scope="module")
def way(sample):
    return standpoint("sample", "2026Q3", language="ru", delay_years=0.5)


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (import_profile, "product"), (import_profile, "plant"), (import_profile, "purpose"), (import_profile, "by"),
        (actual_and_expected, "product"), (actual_and_expected, "method"), (projects_ranked, "basis"),
        (projects_ranked, "rule"), (to_target, "rule"), (project_sheet, "project"),
    ],
)  # fmt: skip
def test_a_name_that_is_none_is_answered_with_those_that_there_are(ask, name, way):
    what = "split" if name == "by" else name
    with pytest.raises(UsageError, match=f"^there is no {what} nonsense — choose one of .*, "):
        ask(way, **{name: "nonsense"})


def test_a_language_an_assumption_or_a_table_that_is_none_is_answered_too(way):
    with pytest.raises(UsageError, match=r"^there is no language fr — choose one of en, ru"):
        standpoint("sample", "2026Q3", language="fr")
    with pytest.raises(UsageError, match=r"^there is no assumption delay_year — is delay_years meant"):
        standpoint("sample", "2026Q3", delay_year=1.0)
    with pytest.raises(UsageError, match=r"^there is no table rankings — is ranking meant"):
        load("rankings", way.ds)


@pytest.mark.parametrize(("ask", "options"), CHOICES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_code_that_is_shown_gives_the_same_table_and_figure(ask, options, way):
    view, shown = ask(way, **options), []
    exec(parts.code(ask, way, options), {"display": lambda *what: shown.extend(what)})
    figure, table = shown
    pd.testing.assert_frame_equal(table, view.table)
    assert figure.svg == view.picture.svg


def test_the_profile_is_the_part_of_the_imports_that_was_chosen(way, sample):
    view = import_profile(way, product="topcoat", plant="asaka", by="origin")
    rows = sample.profile.query("product_id == 'topcoat' and plant_id == 'asaka'")
    assert view.table["value_usd"].sum() == pytest.approx(rows["value_usd"].sum())
    assert set(view.table["origin"]) == set(rows["origin"])
    everything = import_profile(way).table["value_usd"].sum()
    assert everything == pytest.approx(sample.profile["value_usd"].sum())


def test_the_gap_is_what_the_projects_cut(way, sample):
    whole = actual_and_expected(way).table
    assert whole["gap_usd"].sum() == pytest.approx(sample.cuts["gross_usd"].sum())
    product = actual_and_expected(way, product="pp_compound").table
    assert product["gap_usd"].sum() == pytest.approx(
        sample.cuts.query("product_id == 'pp_compound'")["gross_usd"].sum()
    )


def test_a_method_that_cannot_tell_says_why_and_draws_nothing(annual):
    view = actual_and_expected(standpoint(str(annual.ds.path), "2024"), method="activity")
    assert view.picture is None and view.table.empty
    assert "no vehicle output is recorded" in view.finding.text


def test_the_ranking_and_the_sheet_are_those_of_the_report(way, sample):
    ranked = projects_ranked(standpoint("sample", "2026Q3")).table.set_index("project_id")["net_usd"].dropna()
    report = sample.ranking.query("basis == 'realised_to_date'").set_index("project_id")["net_usd"].dropna()
    pd.testing.assert_series_equal(ranked.sort_index(), report.sort_index())
    sheet = project_sheet(way, project="plastisol_navoi").table
    book = sample.ledger.query("project_id == 'plastisol_navoi'")
    assert sheet["planned_usd"].sum() == pytest.approx(book["planned_usd"].sum())
    assert sheet["gross_usd"].sum() == pytest.approx(book["realised_usd"].sum())


def test_sliders_move_the_plan_as_a_scenario_with_these_values_would(sample):
    """A scenario file of every project a year late and the slider at one year are the same plan."""
    late, moved = standpoint("sample", "2026Q3", scenario="late"), standpoint("sample", "2026Q3", delay_years=1.0)
    pd.testing.assert_frame_equal(to_target(late).table, to_target(moved).table)
    caps = addressable(moved.ds, sample.panel, sample.cuts)
    cut = planned_cuts(moved.ds, plan(moved.ds, caps))["gross_usd"].sum()
    assert to_target(moved).table["gross_usd"].sum() == pytest.approx(cut)
    assert cut < sample.planned["gross_usd"].sum()
    alone = credited(moved.ds, caps).query("rule == 'stand_alone' and basis == 'target_year'")["gross_usd"].sum()
    table = to_target(moved, rule="stand_alone").table
    assert table.loc[table["year"].eq(2030), "gross_usd"].sum() == pytest.approx(alone)
    assert "do not add up" in to_target(moved, rule="stand_alone").finding.text


def test_a_slider_that_was_not_moved_is_the_scenario_itself():
    assert standpoint("sample", "2026Q3", delay_years=0.0) == standpoint("sample", "2026Q3")


def test_a_view_is_kept_as_figure_table_and_code(way, tmp_path):
    ask, options = CHOICES[0]
    view = ask(way, **options)
    files = parts.keep(view, parts.code(ask, way, options), "topcoat", tmp_path / "desk")
    assert sorted(file.suffix for file in files) == [".csv", ".png", ".py", ".svg"]
    read = pd.read_csv(tmp_path / "desk" / "topcoat.csv")
    assert read["value_usd"].to_numpy() == pytest.approx(view.table["value_usd"].to_numpy())
    assert (tmp_path / "desk" / "topcoat.png").read_bytes().startswith(b"\x89PNG")
    sly = replace(view, table=view.table.head(1).assign(origin="=1+1"), picture=None)
    file, _ = parts.keep(sly, "", "sly", tmp_path / "desk")
    assert "'=1+1," in file.read_text(encoding="utf-8"), "no formula"


def test_a_table_is_read_in_the_readers_language_and_needs_no_net(way):
    html = parts.table(import_profile(way, product="topcoat"), way.say)
    assert "Импорт, тыс. долл. США" in html and "Эмаль кузовная" in html
    assert not re.search(r"src=[\"']?https?:|import\(", html)


def test_what_is_not_known_is_an_empty_cell(way):
    html = parts.table(projects_ranked(way), way.say)
    assert "Почему вне рейтинга" in html
    assert not re.search(r'(\\"|>)(NaN|<NA>|&lt;NA&gt;)(\\"|<)', html)


def widgets_of(whole):
    yield whole
    for child in getattr(whole, "children", ()):
        yield from widgets_of(child)


def test_the_desk_says_as_of_when_it_tells_and_reads_a_changed_file_at_the_touch_of_a_button(
    repository, tmp_path, monkeypatch
):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    folder = shutil.copytree(repository / "tests" / "cases" / "annual", tmp_path / "mine")
    desk = [*widgets_of(open_desk(str(folder)))]
    [button] = [widget for widget in desk if getattr(widget, "description", "") == "Read the data anew"]
    assert any("Data as of 20" in getattr(widget, "value", "") for widget in desk if isinstance(widget, HTML))
    former = import_profile(standpoint(str(folder))).table["value_usd"].sum()
    file = folder / "imports" / "hs6_annual.csv"
    stamp, text = file.stat(), file.read_text(encoding="utf-8")
    lines = text.splitlines()
    place = lines[0].split(",").index("value_usd")
    cells = lines[-1].split(",")
    cells[place] = f"{float(cells[place]) + 1e6:.0f}"
    file.write_text("\n".join([*lines[:-1], ",".join(cells), ""]), encoding="utf-8")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns - 10**12))  # an older file takes its place
    assert import_profile(standpoint(str(folder))).table["value_usd"].sum() == former
    button.click()
    assert import_profile(standpoint(str(folder))).table["value_usd"].sum() == pytest.approx(former + 1e6)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """Variables of a machine on which nobody has used Jupyter; temporary files go to a folder that can be looked at."""
    home = tmp_path_factory.mktemp("home")
    (home / "tmp").mkdir()
    return {"HOME": str(home), "TMPDIR": str(home / "tmp"), "IMPORTCUT_PROCESSED": str(home / "processed")}


def serve(command, variables, *words):
    """The server as a process of its own, and the address that it tells; SIGINT counts although a shell ignores it."""
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}\nfrom importcut.app.cli import main; main()"
    run = [sys.executable, "-c", code, command, "--no-browser", *words]
    server = subprocess.Popen(run, stderr=subprocess.PIPE, text=True, env=os.environ | variables)
    address = next(found[0] for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+\S*", line)))
    threading.Thread(target=server.stderr.read, daemon=True).start()  # a full pipe would stop it
    port = int(re.search(r":(\d+)", address)[1])
    while server.poll() is None:  # JupyterLab tells its address a moment before it listens
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    return server, address


def processes(folder):
    """Processes that name this folder, as kernels name their connection file: Linux tells."""
    lines = [f.read_bytes().decode(errors="replace") for f in _running()]
    return [line for line in lines if str(folder) in line]


def _running():
    return [f for f in Path("/proc").glob("[0-9]*/cmdline") if os.access(f, os.R_OK)]


def interrupt(server):
    server.send_signal(signal.SIGINT)
    return server.wait(timeout=60)


@pytest.fixture
def browsed(quiet, browser):
    """The dashboard in a browser; what went wrong on the page, and what was asked of other hosts."""
    server, address = serve("dashboard", quiet)
    wrong, tab = [], browser.new_page()
    try:
        tab.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        base = re.match(r"http://127\.0\.0\.1:\d+/", address)[0]
        inside = (base, base.replace("http", "ws"), "data:", "blob:")
        tab.on("request", lambda asked: None if asked.url.startswith(inside) else wrong.append(asked.url))
        tab.on("websocket", lambda s: None if s.url.startswith(inside) else wrong.append(s.url))
        tab.goto(address, timeout=120_000)
        tab.locator(".desk-drawing img").wait_for(timeout=120_000)
        yield tab, wrong, server, address
    finally:
        tab.close()
        interrupt(server)


def answered(tab, change, told):
    """Make the change; the seconds until the code of the page tells it, the table behind the chart, its description."""
    began = time.perf_counter()
    change()
    told = [f"document.querySelector('.desk-code pre').textContent.includes({text!r})" for text in told]
    tab.wait_for_function(" && ".join(told), timeout=60_000)
    seconds = time.perf_counter() - began
    content = tab.locator("a.desk-csv").get_attribute("href").removeprefix("data:text/csv;base64,")
    table = pd.read_csv(io.BytesIO(base64.b64decode(content)))
    return seconds, table, tab.locator(".desk-drawing img").get_attribute("alt")


def same(table, view, amount):
    return table[amount].to_numpy() == pytest.approx(view.table[amount].to_numpy()) and len(table) == len(view.table)


@pytest.mark.ci
@pytest.mark.browser
def test_widgets_change_the_chart_as_the_library_computes_it_and_nothing_leaves_this_machine(browsed, capsys):
    (tab, wrong, server, address), way = browsed, standpoint("sample", "2026Q3")
    select = lambda label, option: lambda: tab.get_by_label(label, exact=True).select_option(option)  # noqa: E731
    first, table, alt = answered(tab, select("Product", "Body topcoat"), ["product='topcoat'"])
    view = import_profile(way, product="topcoat")
    assert same(table, view, "value_usd") and alt == view.finding.text
    second, table, _ = answered(tab, select("Split by", "Country of origin"), ["by='origin'"])
    assert same(table, import_profile(way, product="topcoat", by="origin"), "value_usd")
    tab.locator(".desk-tables input[type=search]").fill("2026")
    tab.get_by_role("button", name="To the target year").click()
    third, table, before = answered(tab, select("Credit rule", "dispatched tonnes"), ["to_target", "rule='dispatched'"])
    assert same(table, to_target(way, rule="dispatched"), "gross_usd")
    handle = tab.locator(".slider-container .noUi-handle >> visible=true").first
    fourth, table, alt = answered(tab, lambda: handle.press("ArrowRight"), ["delay_years="])
    years = float(re.search(r"delay_years=([\d.]+)", tab.locator(".desk-code pre").text_content())[1])
    view = to_target(standpoint("sample", "2026Q3", delay_years=years), rule="dispatched")
    assert years > 0 and same(table, view, "gross_usd") and alt == view.finding.text != before
    assert wrong == []
    assert_a_page_that_is_left_ends_its_kernel(tab, address)
    assert_a_lost_connection_is_told(tab, server, address)
    with capsys.disabled():
        print(f"\nseconds from change to chart: {first:.2f}, {second:.2f}, {third:.2f}, {fourth:.2f}")


def kernels(address):
    """The kernels of the server, as who knows the token of its address sees them."""
    base, token = re.match(r"(http://[^/]+).*token=(\w+)", address).groups()
    return requests.get(f"{base}/api/kernels", headers={"Authorization": f"token {token}"}, timeout=60).json()


def assert_a_page_that_is_left_ends_its_kernel(tab, address):
    [former] = kernels(address)
    tab.reload(timeout=120_000)
    tab.locator(".desk-drawing img").wait_for(timeout=120_000)
    assert [kernel["id"] for kernel in kernels(address) if kernel["id"] != former["id"]] and len(kernels(address)) == 1


def assert_a_lost_connection_is_told(tab, server, address):
    tab.get_by_label("Language", exact=True).select_option(own_name("uz-Latn"))
    line = tab.locator(".desk-lost")
    line.get_by_text("Aloqa uzildi.").wait_for(state="attached", timeout=60_000)
    assert not line.is_visible()
    tab.route("**/api/kernels/*", lambda route: route.abort())
    line.wait_for(state="visible", timeout=20_000)
    tab.unroute("**/api/kernels/*")
    line.wait_for(state="hidden", timeout=20_000)


def shown(tab, change):
    """Make the change and wait for its answer; whether the picture, or the text in its place, is another one."""
    state = (
        "[...document.querySelectorAll('.desk-drawing img, .desk-claim, .desk-text')].map(e => e.src ?? e.textContent)"
    )
    code = "document.querySelector('.desk-code pre').textContent"
    before, lines = tab.evaluate(state), tab.evaluate(code)
    change()
    tab.wait_for_function(f"lines => {code} !== lines", arg=lines, timeout=60_000)
    return tab.evaluate(state) != before


def test_of_what_has_happened_nothing_is_assumed_or_divided_and_all_stays_chosen(sample):
    desk = [*widgets_of(open_desk("sample", period="2026Q3"))]
    by = {widget.description: widget for widget in desk if getattr(widget, "description", "")}
    [view] = [widget for widget in desk if isinstance(widget, ToggleButtons)]
    view.value = "projects_ranked"
    absent = {name for name, widget in by.items() if widget.layout.display == "none"}
    assert {"Credit rule", "Scenario"} < absent and "Method of the counterfactual" not in absent
    by["Basis of the ranking"].value = "target_year"
    absent = {name for name, widget in by.items() if widget.layout.display == "none"}
    assert not {"Credit rule", "Scenario"} & absent and "Method of the counterfactual" in absent
    by["Language"].value = "ru"
    assert by["Product"].label == "все" and by["Product"].value is not None, "None leaves the box of a browser empty"


@pytest.mark.ci
@pytest.mark.browser
def test_a_faulty_dataset_is_told_in_the_desks_own_words(repository, quiet, browser, tmp_path):
    folder = shutil.copytree(repository / "tests" / "cases" / "annual", tmp_path / "mine")
    (folder / "products.csv").write_text("product_id\n", encoding="utf-8")
    server, address = serve("dashboard", quiet, "--dataset", str(folder), "--language", "ru")
    tab = browser.new_page()
    try:
        tab.goto(address, timeout=120_000)
        told = tab.locator(".desk .desk-wrong")
        told.wait_for(timeout=120_000)
        assert (
            "Набор данных нельзя показать" in told.inner_text() and "products.csv row 1: no column" in told.inner_text()
        )
    finally:
        tab.close()
        interrupt(server)


def typed(tab, readout, text):
    """Type a number into the readout of a slider; whether the answer is another one, and the code then."""

    def change():
        readout.click()
        tab.keyboard.press("Control+a")
        tab.keyboard.type(text)
        tab.keyboard.press("Enter")

    assert shown(tab, change)
    return tab.locator(".desk-code pre").text_content()


@pytest.mark.ci
@pytest.mark.browser
def test_in_jupyterlab_keys_stay_in_the_desk_numbers_may_have_a_comma_and_a_lost_kernel_is_told(quiet, browser):
    server, address = serve("explore", quiet, "--language", "ru")
    tab = browser.new_page(viewport={"width": 1400, "height": 1000})
    tab.route("**/api/contents/**", lambda r: r.abort() if r.request.method == "PUT" else r.continue_())  # not saved
    try:
        tab.goto(address, timeout=120_000)
        tab.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=120_000)
        tab.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
        tab.get_by_role("menuitem", name="Run", exact=True).click()
        tab.get_by_text("Run All Cells", exact=True).click()
        tab.locator(".desk-drawing img").wait_for(timeout=120_000)
        shown(tab, tab.get_by_role("button", name="До целевого года").click)
        for place in (
            ".desk-views button >> nth=3",
            ".desk-drawing img",
            ".desk-text p >> nth=0",
            ".desk-data >> nth=0",
        ):
            tab.locator(place).click()
            for key in ("d", "d", "x", "a", "0", "0"):  # deleted, cut, a cell above, restart
                tab.keyboard.press(key)
        tab.wait_for_timeout(1_000)
        assert tab.locator(".desk-drawing img").count() == 1 and tab.locator(".jp-Dialog").count() == 0
        assert tab.locator(".jp-Notebook .jp-CodeCell").count() == 2
        delay, _, drift = tab.locator(".desk-choices .widget-readout:visible").all()
        for readout, text, code in (
            (delay, "1,25", "delay_years=1.25"), (delay, "0.75", "delay_years=0.75"),
            (drift, "2,5%", "price_drift=0.025"), (drift, "1,5", "price_drift=0.015"),
        ):  # fmt: skip
            assert code in typed(tab, readout, text)
        shown(tab, tab.get_by_role("button", name="Импорт", exact=True).click)
        for order in ("ascending", "descending"):
            tab.wait_for_timeout(1_000)  # no double click
            tab.locator(".desk-tables .dt-column-order >> visible=true").first.click()
            tab.locator(f".desk-tables th[aria-sort={order}]").first.wait_for(state="attached", timeout=20_000)
        assert tab.locator(".desk-tables tbody td").first.text_content() == "3 кв. 2026 г.", "by date, not by letter"
        line = tab.locator(".desk-lost")
        assert not line.is_visible()
        [kernel] = [
            f for f in _running() if str(quiet["TMPDIR"]) in (text := f.read_bytes().decode()) and "ipykernel" in text
        ]
        os.kill(int(kernel.parent.name), signal.SIGKILL)
        line.wait_for(state="visible", timeout=20_000)
        assert "Связь прервана" in line.inner_text()
    finally:
        tab.close()
        interrupt(server)


@pytest.mark.ci
@pytest.mark.parametrize("command", ["dashboard", "explore"])
def test_a_stranger_and_another_name_get_nothing_and_kernels_are_few(command, quiet):
    server, address = serve(command, quiet, "--kernels", "1", "--language", "ru")
    base, page = re.match(r"(http://[^/]+)(/\S+)\?token=\w+$", address).groups()
    api, token = f"{base}/api/kernels", {"Authorization": f"token {address.partition('token=')[2]}"}
    try:
        for path in (page, "/voila/render/explore.ipynb", "/lab", "/api/kernels", "/api/contents"):
            answer = requests.get(base + path, timeout=60, allow_redirects=False)
            assert answer.status_code in (302, 403) and "/login" in answer.headers.get("Location", "/login"), path
        for path in (page, "/voila/render/explore.ipynb", "/api/kernels"):
            answer = requests.get(base + path, headers={**token, "Host": f"evil.example:{base[-4:]}"}, timeout=60)
            assert answer.status_code == 403, path
        reader, evil = requests.Session(), {"Origin": "http://evil.example"}
        assert reader.get(f"{base}/api/status?token={address.partition('token=')[2]}", timeout=60).ok
        assert reader.get(api, timeout=60).ok, "a browser that has shown the page has its cookie"
        for ask in (reader.get, reader.post):
            assert ask(api, headers=evil, timeout=60).status_code in (403, 404)
        assert kernels(address) == []
        with ThreadPoolExecutor(3) as pool:
            starts = [pool.submit(requests.post, api, headers=token, timeout=60) for _ in range(3)]
        assert sorted(start.result().status_code for start in starts) == [201, 503, 503]
        [kernel] = kernels(address)
        if command == "dashboard":
            assert (
                "Больше открыть нельзя" in requests.get(address, timeout=60).content.decode()
                and len(kernels(address)) == 1
            )
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        upgrade |= {"Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="}
        assert reader.get(f"{api}/{kernel['id']}/channels", headers=evil | upgrade, timeout=60).status_code == 403
    finally:
        interrupt(server)


@pytest.mark.ci
@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked up as Linux lists them")
def test_ten_pages_opened_and_left_leave_no_kernel(quiet, browser):
    server, address = serve("dashboard", quiet)
    try:
        for n in range(10):
            tab = browser.new_page()
            tab.goto(address, wait_until="commit", timeout=120_000)
            tab.wait_for_timeout(1_000 + 2_000 * (n % 2))  # left while it is made, sooner or later
            tab.close()
        end = time.monotonic() + 240
        while kernels := [line for line in processes(quiet["TMPDIR"]) if "ipykernel" in line]:
            assert time.monotonic() < end, f"{len(kernels)} kernels are left"
            time.sleep(1)
    finally:
        interrupt(server)


def test_idle_kernels_are_culled_and_no_other_name_is_let_in():
    settings = dict(word.lstrip("-").split("=", 1) for word in SETTINGS)
    assert all(60 <= seconds <= 3600 for seconds in IDLE.values())
    assert int(settings["MappingKernelManager.cull_interval"]) <= 60
    assert settings["ServerApp.allow_remote_access"] == "False"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are found as Linux shows them")
@pytest.mark.ci
@pytest.mark.parametrize("command", ["dashboard", "explore"])
def test_ctrl_c_leaves_no_kernel_and_no_temporary_file(command, quiet):
    server, address = serve(command, quiet)
    temporary = Path(quiet["TMPDIR"])
    if command == "dashboard":
        asked = requests.get(address, stream=True, timeout=60)
        next(asked.iter_content(1))
    else:
        base, token = re.match(r"(http://127\.0\.0\.1:\d+)/lab/tree/explore\.ipynb\?token=(\S+)", address).groups()
        assert requests.get(f"{base}/api/kernels", timeout=60).status_code == 403, "a stranger starts nothing"
        requests.post(f"{base}/api/kernels", headers={"Authorization": f"token {token}"}, timeout=60).raise_for_status()
    assert [line for line in processes(temporary) if "ipykernel" in line]
    assert interrupt(server) == 0
    assert processes(temporary) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("command", ["explore", "dashboard"])
def test_what_cannot_be_served_is_said_in_one_line(command, monkeypatch):
    from typer.testing import CliRunner

    call = CliRunner().invoke
    assert "Example: importcut" in call(app, [command, "--help"]).output
    assert "no such dataset" in call(app, [command, "--dataset", "nowhere"]).stderr
    assert "choose from en" in call(app, [command, "--language", "xx"]).stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        failed = call(app, [command, "--port", port])
    assert (failed.exit_code, failed.stderr) == (2, f"importcut: port {port} is taken — give another one with --port\n")
    monkeypatch.setattr("importcut.app.cli.server.find_spec", lambda name: None)
    failed = call(app, [command])
    assert failed.exit_code == 1 and "is not installed — pip install 'importcut[lab]'" in failed.stderr
