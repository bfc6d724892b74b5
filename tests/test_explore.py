"""The page to explore, driven from its file with no network: views, choices, address, files, languages, screens."""

import io
import json
import re
from urllib.parse import parse_qs

import pandas as pd
import pytest

from importcut.language import Voice, languages
from importcut.schema import as_text, conform
from importcut.telling import export
from importcut.telling.export import explore

VIEWS = ["import_profile", "actual_and_expected", "projects_ranked", "to_target", "project_sheet", "quality"]
WIDTHS = {"phone": 390, "desk": 1280}
LARGEST = 3_000_000  # bytes
CENT = 0.005


@pytest.fixture(scope="module")
def tables(sample, tmp_path_factory):
    """The tables of the sample in a folder, as a report has them."""
    folder = tmp_path_factory.mktemp("tables")
    held = {
        "profile": sample.profile, "counterfactual": sample.expected, "ranking": sample.ranking,
        "credit": sample.credit, "cuts_realised": sample.realised, "cuts_planned": sample.planned,
        "target": sample.target, "tests": sample.tests, "ledger": sample.ledger, "estimates": sample.estimates,
        "quality": sample.quality, "quarantine": sample.quarantine,
    }  # fmt: skip
    for name, table in held.items():
        shaped = table if name == "quarantine" else as_text(conform(table, name, frequency="Q"))
        export.to_csv(shaped, folder / f"{name}.csv")
    return folder


@pytest.fixture(scope="module")
def script():
    return export.charting_script()


@pytest.fixture(scope="module")
def file(tables, sample, script, tmp_path_factory):
    page = tmp_path_factory.mktemp("page") / "explore.html"
    how = {"languages": languages(), "script": script, "seal": "3f2a91bc"}
    page.write_text(export.to_explore(tables, sample.ds, **how), encoding="utf-8")
    return page


@pytest.fixture
def visit(offline, file):
    """Opens the page at an address; what went wrong is in `page.faults`."""

    def visit(address="", width="desk", page=file, **options):
        return drawn(offline(page.as_uri() + (f"#{address}" if address else ""), WIDTHS[width], **options))

    return visit


def drawn(tab):
    """The page once it shows what its address says."""
    for _ in range(200):
        address, shown = tab.evaluate("[location.hash || '#', document.body.dataset.drawn]")
        if address == shown:
            return tab
        tab.wait_for_timeout(25)
    raise AssertionError(f"{address} is not shown, but {shown}: {tab.faults}")


def state(tab):
    """What the address holds."""
    return {name: value for name, [value] in parse_qs(tab.evaluate("location.hash").lstrip("#")).items()}


def download(tab, file):
    """The content of a file that the page gives."""
    with tab.expect_download() as waiting:
        tab.locator(f'[data-file="{file}"]').click()
    return waiting.value.path().read_bytes()


def sheet(tab, file):
    return pd.read_csv(io.BytesIO(download(tab, file)), encoding="utf-8-sig")


def rows(tab, n=0):
    """The cells of a table of the page."""
    cells = "t => [...t.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.innerText))"
    return tab.locator("table").nth(n).evaluate(cells)


def alike(got, wanted):
    """Two tables are equal to the cent."""
    pd.testing.assert_frame_equal(got, wanted, check_dtype=False, check_exact=False, rtol=0, atol=CENT)


def test_every_view_is_drawn_without_a_network_and_gives_the_figures_of_the_tables(visit, tables, file):
    assert file.stat().st_size < LARGEST
    page = visit()
    for view in VIEWS:
        page.locator(f"#view-{view}").click()
        drawn(page)
        assert page.locator(".chart svg").count() == 1 and page.locator("table").count() and rows(page), view
    page.goto(file.as_uri() + "#by=plant_id&product_id=antifreeze")
    profile = pd.read_csv(tables / "profile.csv").query("product_id == 'antifreeze'")
    sums = profile.groupby(["plant_id", "period"], as_index=False)[["value_usd", "net_kg"]].sum()
    got = sheet(drawn(page), "a-csv").sort_values(["plant_id", "period"], ignore_index=True)
    alike(got, sums)
    assert page.faults == []


@pytest.mark.ci
@pytest.mark.parametrize(
    ("address", "table", "chosen"),
    [
        ("view=actual_and_expected&product_id=abs", "counterfactual", "product_id == 'abs'"),
        ("view=projects_ranked&basis=cumulative", "ranking", "basis == 'cumulative'"),
        ("view=projects_ranked&basis=cumulative&rule=marginal", "credit", "basis == 'cumulative' & rule == 'marginal'"),
        ("view=to_target", "cuts_planned", "product_id == product_id"),
        ("view=project_sheet&project_id=antifreeze_navoi", "ledger", "project_id == 'antifreeze_navoi'"),
        ("view=quality&check=missing_weight", "quality", "check == 'missing_weight'"),
    ],
)
def test_what_a_chart_gives_is_what_the_table_holds(address, table, chosen, visit, tables):
    got = sheet(visit(address), "a-csv")
    wanted = pd.read_csv(tables / f"{table}.csv").query(chosen)
    by = [name for name in got if not pd.api.types.is_numeric_dtype(got[name])]
    alike(got.sort_values(by, ignore_index=True), wanted.sort_values(by, ignore_index=True)[[*got]])


@pytest.mark.ci
def test_sums_shares_and_prices_are_those_of_the_rows(visit, tables):
    page = visit("by=origin&plant_id=adm_jizzakh")
    profile = pd.read_csv(tables / "profile.csv").query("plant_id == 'adm_jizzakh'")
    sums = profile.groupby("origin")[["value_usd", "net_kg"]].sum().sort_values("value_usd", ascending=False)
    got = sheet(page, "a-0").set_index("origin")
    assert [*got.index] == [*sums.index]
    assert (got["value_usd"] - sums["value_usd"]).abs().max() < CENT
    assert got["share"].tolist() == pytest.approx((sums["value_usd"] / sums["value_usd"].sum()).tolist())
    assert got["unit_value"].tolist() == pytest.approx((sums["value_usd"] / sums["net_kg"]).tolist())
    assert rows(page)[0][1] == f"{sums['value_usd'].iloc[0] / 1e3:,.1f}"
    units = {"weight": "tonnes", "unit_value": "US dollars per kg", "share": "%", "index": "= 100"}
    for measure, unit in units.items():
        page.select_option("#a-measure", measure)
        assert unit in drawn(page).locator(".unit").first.inner_text()
    page.select_option("#a-scale", "log")
    page.select_option("#a-layout", "small")
    assert drawn(page).locator(".chart svg").count() == 1 and page.faults == []


@pytest.mark.ci
def test_the_plan_adds_up_to_the_target_table(visit, tables):
    target = pd.read_csv(tables / "target.csv").set_index("reading")
    for reading, planned in target["planned_usd"].items():
        page = visit(f"view=to_target&reading={reading}")
        last = sheet(page, "a-0")[str(target["year"].max())]
        assert last.sum() == pytest.approx(planned, abs=len(last) * CENT)
        assert f"target {target.loc[reading, 'target_usd'] / 1e6:,.2f}" in page.locator(".chart svg").text_content()


@pytest.mark.ci
def test_two_selections_stand_side_by_side_on_one_scale(visit):
    page = visit("product_id=antifreeze&by=origin")
    page.locator("#compare").click()
    drawn(page).select_option("#b-product_id", "engine_oil")
    titles = drawn(page).locator("h2").all_inner_texts()
    assert titles == ["Antifreeze", "Engine oil"] and state(page)["b.by"] == "origin"
    labels = "all => all.map(s => [...s.querySelectorAll('.role-axis-label')].map(t => t.textContent).join())"
    assert len({*page.locator(".chart svg").evaluate_all(labels)}) == 1
    page.locator("#compare").click()
    assert drawn(page).locator("h2").count() == 1 and not any(name.startswith("b.") for name in state(page))


@pytest.mark.ci
def test_the_address_holds_the_state_and_the_browser_goes_back_and_forward(visit):
    page = visit()
    page.select_option("#a-by", "origin")
    drawn(page).locator("#view-projects_ranked").click()
    drawn(page).select_option("#a-basis", "target_year")
    address, rules = drawn(page).url, page.locator("#a-rule").count()
    page.go_back()
    assert drawn(page).locator("#a-basis").input_value() == "realised_to_date" and rules == 1
    page.go_back()
    assert drawn(page).locator("#a-by").input_value() == "origin"
    page.go_forward()
    page.go_forward()
    assert drawn(page).url == address
    again = visit(address.partition("#")[2])
    assert again.locator("#a-basis").input_value() == "target_year" and rows(again) == rows(page)
    page.locator("#reset").click()
    assert state(drawn(page)).keys() == {"lang", "view"}


@pytest.mark.ci
def test_an_address_that_nobody_can_follow_shows_what_is_usual(visit):
    page = visit("lang=xx&view=nowhere&by=__proto__&product_id=gone&sort=9~x~y&measure=%3Cb%3E")
    assert page.locator("#a-by").input_value() == "product_id" and rows(page) and page.faults == []


@pytest.mark.ci
def test_one_goes_deeper_by_keys_and_by_a_click_on_the_chart(visit):
    page = visit()
    page.locator("td button").first.focus()
    page.keyboard.press("Enter")
    product = state(drawn(page))["product_id"]
    assert page.locator("#a-product_id").input_value() == product and page.locator("#a-by").input_value() == "plant_id"
    page.goto(page.url.partition("#")[0] + "#view=projects_ranked")
    drawn(page).locator(".chart svg .mark-rect path").first.click()
    assert state(drawn(page))["view"] == "project_sheet"
    page.locator("#find").fill("Engine oil")
    page.keyboard.press("Enter")
    assert state(drawn(page))["product_id"] == "engine_oil" and page.evaluate("document.activeElement.id") == "find"


@pytest.mark.ci
def test_what_is_not_ranked_is_pale_and_an_unknown_value_breaks_its_line(visit, tables, sample, script, tmp_path):
    folder, page = tmp_path / "tables", tmp_path / "explore.html"
    folder.mkdir()
    ranking = pd.read_csv(tables / "ranking.csv")
    first = ranking["basis"].eq("realised_to_date") & ranking["rank"].eq(1)
    ranking.loc[first, ["rank", "reason"]] = [None, "not_told"]
    ranking.to_csv(folder / "ranking.csv", index=False)
    profile = pd.read_csv(tables / "profile.csv").query("product_id == 'abs' & period != '2024Q1'")
    later = pd.read_csv(tables / "profile.csv").query("product_id == 'antifreeze'")
    pd.concat([profile, later]).assign(plant_id="national").to_csv(folder / "profile.csv", index=False)
    how = {"languages": ["en"], "script": script, "seal": "3f2a91bc"}
    page.write_text(export.to_explore(folder, sample.ds, **how), encoding="utf-8")
    tab = visit("view=projects_ranked", page=page)
    attribute = "(all, name) => all.map(path => path.getAttribute(name))"
    opacities = tab.locator(".chart svg .mark-rect path").evaluate_all(attribute, "opacity")
    assert opacities[0] == "0.3" and {*opacities[1:]} <= {"1", None} and "Pale:" in tab.locator("figure").inner_text()
    tab = visit("product_id=abs", page=page)
    paths = tab.locator(".chart svg .mark-line path").evaluate_all(attribute, "d")
    assert [path.count("M") for path in paths] == [2] and tab.locator("#a-plant_id").count() == 0


@pytest.mark.ci
def test_a_value_is_told_on_its_mark(visit):
    page = visit("view=projects_ranked")
    page.locator(".chart svg .mark-rect path").first.hover()
    tip = page.locator("#vg-tooltip-element")
    assert rows(page)[0][0] in tip.inner_text() and re.search(r"\d\.\d\d \(\d\.\d\d–\d\.\d\d\)", tip.inner_text())


@pytest.mark.ci
def test_a_table_is_sorted_by_its_heads_and_filtered_while_one_types(visit):
    page = visit("view=projects_ranked&basis=cumulative")
    names, head = [row[0] for row in rows(page)], page.locator("#a-0-cost_usd")
    head.click()
    costs = [float(row[8].replace(",", "")) for row in rows(drawn(page))]
    assert costs == sorted(costs, reverse=True)
    assert page.locator("th[aria-sort=descending]").count() == 1
    assert page.evaluate("document.activeElement.id") == "a-0-cost_usd"
    page.locator("#a-rows").press_sequentially("navoi")
    found = [row[0] for row in rows(drawn(page))]
    assert sorted(found) == sorted(name for name in names if "Navoi" in name)
    assert page.locator("#a-rows").input_value() == "navoi"


@pytest.mark.ci
def test_pictures_carry_title_unit_and_source(visit):
    page = visit("view=projects_ranked")
    drawing = download(page, "a-svg").decode()
    assert drawing.startswith("<svg")
    assert all(text in drawing for text in ("Realised to date", "million US dollars", "Source:"))
    assert download(page, "a-png").startswith(b"\x89PNG") and page.faults == []


@pytest.mark.ci
@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("width", WIDTHS)
def test_every_language_fits_a_phone_and_a_desk(language, width, visit, sample):
    say = Voice(language, sample.ds)
    for view in VIEWS:
        page = visit(f"lang={language}&view={view}", width)
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width], view
        assert page.evaluate("document.documentElement.lang") == language
        assert say.title in page.locator("h1").inner_text()
        assert say.mark in page.locator(".mark").inner_text() and page.locator(".chart svg").count() == 1
        assert page.locator("h2").inner_text() in page.get_by_role("img").get_attribute("aria-label")
        assert page.faults == [], view


@pytest.mark.ci
def test_a_language_is_chosen_where_one_is(visit):
    page = visit("view=projects_ranked&basis=cumulative")
    page.locator("#lang-ru").click()
    assert state(drawn(page)) == {"lang": "ru", "view": "projects_ranked", "basis": "cumulative"}
    assert "10 746,7" in page.locator("table").first.inner_text().replace("\xa0", " ")


@pytest.mark.ci
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_serious_barrier(visit, scheme):
    from axe_playwright_python.sync_playwright import Axe

    serious = []
    for view in [*VIEWS, "import_profile&compare=1"]:
        page = visit(f"view={view}", "phone", color_scheme=scheme, bypass_csp=True)
        for width in WIDTHS.values():
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(300)
            rules = Axe().run(drawn(page)).response["violations"]
            rules = [rule for rule in rules if rule["impact"] in ("serious", "critical")]
            serious += [(view, rule["id"], rule["nodes"][0]["html"][:200]) for rule in rules]
    assert serious == []


def test_a_report_without_most_tables_says_what_it_can(visit, tables, sample, script, tmp_path):
    (tmp_path / "tables").mkdir()
    page = tmp_path / "explore.html"
    how = {"languages": ["en"], "script": script, "seal": "3f2a91bc"}
    (tmp_path / "tables" / "target.csv").write_bytes((tables / "target.csv").read_bytes())
    page.write_text(export.to_explore(tmp_path / "tables", sample.ds, **how), encoding="utf-8")
    tab = visit(page=page)
    assert tab.locator("nav a").all_inner_texts() == ["Project sheet"] and tab.faults == []


def test_too_many_imports_come_without_their_finest_keys_and_with_all_their_value(tables, monkeypatch):
    text = (tables / "profile.csv").read_text(encoding="utf-8")
    whole = pd.read_csv(io.StringIO(text))
    monkeypatch.setattr(explore, "LONGEST_PROFILE", len(whole) // 3)
    short = pd.read_csv(io.StringIO(explore._short(text)))
    assert len(short) <= len(whole) // 3 and {"product_id", "period"} <= {*short} and "purpose_id" not in short
    by = ["product_id", "period"]
    alike(*(t.groupby(by)[["value_usd", "net_kg"]].sum() for t in (short, whole)))


def test_the_page_says_which_keys_had_no_room(visit, tables, sample, script, tmp_path, monkeypatch):
    monkeypatch.setattr(explore, "LONGEST_PROFILE", 1)
    page, how = tmp_path / "explore.html", {"languages": ["en"], "script": script, "seal": "3f2a91bc"}
    page.write_text(export.to_explore(tables, sample.ds, **how), encoding="utf-8")
    said = [tab.locator("main").inner_text() for tab in (visit(page=page), visit())]
    assert "tables/profile.csv also tells apart: " in said[0]
    assert "tables/profile.csv" not in said[1]


def test_the_data_cannot_end_their_script(file):
    text = file.read_text(encoding="utf-8")
    data = text.partition('id="data">')[2].partition("</script>")[0]
    assert "<" not in data and json.loads(data)["tables"]["target"].startswith("reading,")


@pytest.mark.parametrize(
    "change", [lambda script: b"", lambda script: script[:1000], lambda script: b"steal()" + script]
)
def test_a_script_that_was_cut_or_changed_where_it_is_kept_is_taken_out_anew(script, change, tmp_path):
    assert export.charting_script(tmp_path) == script
    [file] = tmp_path.glob("*.js")
    file.write_bytes(change(file.read_bytes()))
    assert export.charting_script(tmp_path) == script
    assert [kept.read_text(encoding="utf-8") for kept in tmp_path.glob("*.js")] == [script]
