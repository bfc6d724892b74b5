"""The panel: weights that are missing, periods that are, and what was asked outside the data."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest

from economy.hs_revisions import recut_codes
from importcut.economics.panel import import_panel, profile, quality, unrepaired
from importcut.economics.programme import next_products
from importcut.intake.opening import open_dataset
from importcut.schema import DataError, empty


@pytest.fixture(scope="module")
def ds(repository):
    """The small dataset as of the first quarter of 2025."""
    return open_dataset(repository / "tests" / "cases" / "small", period="2025Q1")


def imports(*lines):
    """Lines of one origin and plant, each a cell of its own: product, period, value, weight (None: missing)."""
    table = pd.DataFrame(lines, columns=["product_id", "period", "value_usd", "net_kg"])
    return table.assign(
        plant_id="asaka",
        origin="KR",
        net_kg=table["net_kg"].astype("float64"),
        period=pd.PeriodIndex(table["period"], freq="Q"),
        weight_rule=table["net_kg"].isna().map({True: "missing", False: "declared"}),
        lines=1,
    )


def weights(panel):
    return [round(kg, 6) for kg in panel.sort_values(["product_id", "period"])["net_kg"]]


def test_a_missing_weight_between_two_known_ones_lies_on_the_line_of_log_unit_values(ds):
    lines = [("wax", "2024Q3", 200.0, 100.0), ("wax", "2024Q4", 400.0, None), ("wax", "2025Q1", 800.0, 100.0)]
    panel, _ = import_panel(imports(*lines), ds)
    assert weights(panel) == [100.0, 100.0, 100.0], "2 and 8 dollars a kg: 4 between them"


def test_a_missing_weight_at_either_end_takes_the_nearest_unit_value_and_is_inferred(ds):
    lines = [
        ("wax", "2024Q2", 300.0, None),
        ("wax", "2024Q3", 200.0, 100.0),
        ("wax", "2024Q4", 500.0, 100.0),
        ("wax", "2025Q1", 300.0, None),
    ]
    panel, findings = import_panel(imports(*lines), ds)
    assert weights(panel) == [150.0, 100.0, 100.0, 60.0]
    assert list(panel["evidence"]) == ["inferred", "measured", "measured", "inferred"]
    assert set(findings["treatment"]) == {"imputed"}


def test_the_value_of_a_plant_is_divided_among_its_purposes_by_their_shares():
    panel = pd.DataFrame({"product_id": "pp", "plant_id": "asaka", "origin": "KR", "period": ["2024"]})
    panel = panel.assign(value_usd=540.0, net_kg=180.0, raw_kg=180.0, unit_value=3.0, evidence="measured")
    uses = pd.DataFrame({"product_id": "pp", "plant_id": "asaka", "purpose_id": ["bumper", "trim"]})
    split = profile(panel, uses.assign(share=[0.75, 0.25]), frequency="Y")
    assert split.set_index("purpose_id")["value_usd"].to_dict() == {"bumper": 405.0, "trim": 135.0}


def test_a_product_of_which_no_weight_is_known_keeps_none_and_the_finding_says_so(ds):
    lines = [("oil", "2024Q4", 300.0, None), ("oil", "2025Q1", 300.0, None), ("wax", "2025Q1", 200.0, 100.0)]
    panel, findings = import_panel(imports(*lines, ("wax", "2024Q4", 200.0, None)), ds)
    assert weights(panel) == [0.0, 0.0, 100.0, 100.0]
    assert panel["value_usd"].sum() == 1000.0
    told = findings.set_index(["product_id", "period"])["treatment"].to_dict()
    assert {(product, str(period)): treatment for (product, period), treatment in told.items()} == {
        ("oil", "2024Q4"): "kept",
        ("oil", "2025Q1"): "kept",
        ("wax", "2024Q4"): "imputed",
    }


def test_a_dataset_without_any_weight_still_has_a_panel(ds):
    panel, findings = import_panel(imports(("oil", "2024Q4", 300.0, None), ("oil", "2025Q1", 300.0, None)), ds)
    assert weights(panel) == [0.0, 0.0] and set(findings["treatment"]) == {"kept"}


def test_a_weight_of_goods_without_value_gives_no_unit_value(ds):
    panel, _ = import_panel(imports(("oil", "2025Q1", 0.0, 5.0), ("oil", "2025Q1", 300.0, None)), ds)
    assert weights(panel) == [5.0]


def test_a_period_without_an_accepted_line_is_a_finding(ds):
    lines = [("wax", "2024Q2", 200.0, 100.0), ("wax", "2025Q1", 200.0, 100.0)]
    _, findings = import_panel(imports(*lines), ds)
    found = quality(findings, empty("rules", ds), ds)
    assert list(found["period"]) == ["2024Q3", "2024Q4"]
    assert found[
        ["check", "affected_value_usd", "treatment", "kind", "certainty"]
    ].drop_duplicates().to_numpy().tolist() == [["period_missing", 0.0, "kept", "coverage", "found"]]


@pytest.mark.parametrize(
    ("period", "message"),
    [
        ("2020Q1", "^small: no imports up to 2020Q1 — choose a period from 2025Q1 to 2025Q1$"),
        ("2030Q1", "^small: no imports after 2025Q1, none in 2030Q1 — choose a period up to 2025Q1$"),
        (None, "^small: no period is chosen — open the dataset with one, as 2025Q1$"),
    ],
)
def test_a_period_outside_the_imports_is_refused(ds, period, message):
    other = replace(ds, period=period and pd.Period(period))
    with pytest.raises(DataError, match=message):
        import_panel(imports(("wax", "2025Q1", 200.0, 100.0)), other)


def test_where_every_line_was_set_aside_it_is_said(ds):
    with pytest.raises(DataError, match=r"^small: every line was set aside — `importcut check small` shows"):
        import_panel(empty("cells", ds), ds)


def test_a_broken_period_tells_how_many_declaration_lines_it_touches(sample):
    found = sample.quality.query("check == 'reporting_break'").set_index("product_id")["lines"]
    received = sample.imports[sample.imports["period"].eq(pd.Period("2023Q2"))].groupby("product_id").size()
    assert found.to_dict() == received.loc[found.index].to_dict() and found.sum() > 600


QUARTERS = ("2024Q2", "2024Q3", "2024Q4", "2025Q1")


def steady(cells=9, tripled=(), quarters=QUARTERS):
    """Imports of as many products with almost steady unit values; `tripled`: (product, period) of an outlier."""
    return imports(
        *(
            (f"p{n}", quarter, 100.0 * (3.0 if (f"p{n}", quarter) in tripled else 1.0 + 0.01 * (n % 3) * q), 50.0)
            for n in range(cells)
            for q, quarter in enumerate(quarters)
        )
    )


def outliers(lines, ds):
    return import_panel(lines, ds)[1].query("check == 'unit_value_outlier'")


def test_a_single_outlier_is_found_kept_and_only_suspected(ds):
    lines = steady(tripled=[("p4", "2024Q3")])
    panel, findings = import_panel(lines, ds)
    [found] = findings.query("check == 'unit_value_outlier'").to_dict("records")
    assert (found["product_id"], found["origin"], str(found["period"])) == ("p4", "KR", "2024Q3")
    assert (found["affected_value_usd"], found["lines"]) == (300.0, 1)
    assert (found["treatment"], found["kind"], found["certainty"]) == ("kept", "weights", "suspected")
    assert panel["net_kg"].eq(50.0).all() and panel["evidence"].eq("measured").all(), "nothing was changed by it"
    assert len(quality(findings, empty("rules", ds), ds)) == 1


def test_steady_unit_values_hold_no_outlier(ds):
    assert outliers(steady(), ds).empty
    same = steady().assign(value_usd=70.1, net_kg=3.3)
    assert outliers(same, ds).empty, "where all ratios are one, a rounding is no outlier"


def test_a_lasting_rise_is_an_outlier_once_and_a_later_fall_is_one_of_its_own(ds):
    assert [str(p) for p in outliers(steady(tripled=[("p4", "2024Q4"), ("p4", "2025Q1")]), ds)["period"]] == ["2024Q4"]
    late = steady(tripled=[("p4", "2024Q2"), ("p4", "2024Q3")])
    assert [str(p) for p in outliers(late, ds)["period"]] == ["2024Q4"]


def test_outliers_of_one_product_and_origin_are_one_finding_over_plants(ds):
    lines = steady(tripled=[("p4", "2024Q3")])
    halves = lines.assign(value_usd=lines["value_usd"] / 2, net_kg=lines["net_kg"] / 2, plant_id="khorezm")
    both = pd.concat([lines, halves, halves], ignore_index=True)
    assert outliers(both, ds)[["lines", "affected_value_usd"]].to_numpy().tolist() == [[3.0, 600.0]]


def test_few_cells_are_not_compared(ds):
    tripled = [("p4", "2024Q3")]
    assert len(outliers(steady(8, tripled), ds)) == 1 and outliers(steady(7, tripled), ds).empty


def test_imputed_cells_are_not_compared(ds):
    lines = steady(tripled=[("p4", "2024Q3")])
    more = imports(("p4", "2024Q3", 10.0, None))
    assert outliers(pd.concat([lines, more], ignore_index=True), ds).empty


def test_each_threshold_of_the_ratio_test_counts(ds):
    lines = steady(tripled=[("p4", "2024Q3")])
    mild = lines.assign(value_usd=lines["value_usd"].replace(300.0, 108.0))
    large = mild.assign(value_usd=mild["value_usd"].mask(mild["product_id"].eq("p5"), mild["value_usd"] * 1e4))
    large["net_kg"] = large["net_kg"].mask(large["product_id"].eq("p5"), 5e5)

    def found(table, **thresholds):
        other = replace(ds, thresholds=MappingProxyType({**ds.thresholds, **thresholds}))
        return set(outliers(table, other)["product_id"])

    assert found(mild, outlier_c=4) == {"p4"} and found(mild, outlier_c=20) == set()
    assert found(large, outlier_u=0.0) == {"p4"} and found(large, outlier_u=0.5) == {"p4", "p5"}, "size counts"
    even = lines[lines["product_id"].ne("p1")]  # of an even number of cells the median score is not exactly 0
    assert found(even, outlier_u=0.0) == {"p4"} and found(even, outlier_u=0.0, outlier_a=1e6) == set()


@pytest.mark.parametrize(("dataset", "most"), [("sample", 30), ("uzbekistan", 60)])
def test_outliers_are_few_and_never_in_weights_that_were_mended(dataset, most, request):
    way = request.getfixturevalue(dataset)
    found = way.quality.query("check == 'unit_value_outlier'")
    assert 1 <= len(found) <= most and set(found["treatment"]) == {"kept"}
    assert way.quality.query("check == 'reporting_break'").merge(found, on=["period", "product_id"]).empty


WAX = [("wax", "2024Q3", 200.0, 100.0), ("wax", "2024Q4", 150.0, 100.0), ("wax", "2025Q1", 100.0, 100.0)]


def recut(ds, prefixes, lines=WAX, **first):
    """Findings on the codes of wax, under `prefixes`, where customs began to use an edition in the period `first`."""
    products = ds.products.iloc[:2].assign(product_id=["wax", "never imported"], hs_prefixes=prefixes)
    editions = MappingProxyType({edition[1:]: pd.Period(period) for edition, period in first.items()})
    other = replace(ds, hs_revisions=editions, registers=MappingProxyType({**ds.registers, "products": products}))
    _, findings = import_panel(imports(*lines), other)
    return findings.query("check == 'hs_revision'"), findings


@pytest.mark.parametrize("prefixes", ["390720", "39072011", "390720;390721", "320810; 390729", "854921"])
def test_a_recut_code_is_a_finding_that_nothing_repairs(ds, prefixes):
    found, findings = recut(ds, prefixes, _2022="2024Q4")
    [row] = found.to_dict("records")
    assert (row["product_id"], str(row["period"]), row["affected_value_usd"], row["lines"]) == ("wax", "2024Q4", 150, 1)
    assert (row["treatment"], row["kind"], row["certainty"]) == ("kept", "classification", "found")
    assert unrepaired(findings) == {"wax"} and len(quality(findings, empty("rules", ds), ds)) == 1


def test_a_code_that_was_not_recut_is_no_finding(ds):
    assert recut(ds, "390210", _2022="2024Q4")[0].empty
    assert recut(ds, "390720", _2017="2024Q4")[0].empty, "recut in 2022, not in 2017"
    assert recut(ds, "392690", _2022="2024Q4")[0].empty, "electrical waste takes crumbs of it, as of hundreds of codes"


@pytest.mark.parametrize("prefixes", ["3907", "390720;390721;390729", "390;4001"])
def test_a_product_that_holds_all_codes_of_a_group_goes_on(ds, prefixes):
    assert recut(ds, prefixes, _2022="2024Q4")[0].empty
    gap = recut(ds, prefixes, _2022="2024Q4", lines=[WAX[0], WAX[2], ("oil", "2024Q4", 1.0, 1.0)])[0]
    assert set(gap["product_id"]) == {"wax"}, "an empty period between"


@pytest.mark.parametrize("first", [{}, {"_2022": "2024Q3"}, {"_2022": "2025Q2"}])
def test_no_revision_within_the_data_means_no_finding(ds, first):
    found, findings = recut(ds, "390720", **first)
    assert found.empty and unrepaired(findings) == set()


def test_a_code_that_ended_and_brings_no_more_imports_is_found_too(ds):
    products = ds.products.iloc[:1].assign(product_id="wax", hs_prefixes="390720")
    registers = MappingProxyType({**ds.registers, "products": products})
    other = replace(ds, hs_revisions=MappingProxyType({"2022": pd.Period("2025Q1")}), registers=registers)
    [row] = import_panel(imports(*WAX[:2], ("oil", "2025Q1", 1.0, 1.0)), other)[1].to_dict("records")
    assert (row["product_id"], row["affected_value_usd"], row["lines"]) == ("wax", 0, 0)


def every_code(uzbekistan):
    """The received file with each of its codes as a product of its own: findings, and the codes that were recut."""
    raw = pd.read_csv(uzbekistan.ds.path / "imports" / "imports_hs6_partner.csv", dtype={"hs6": "str"})
    raw = raw.dropna(subset="import_usd")
    lines = pd.DataFrame(
        {
            "product_id": raw["hs6"],
            "plant_id": "national",
            "origin": raw["partner"],
            "period": pd.PeriodIndex(raw["year"].astype("str"), freq="Y"),
            "value_usd": raw["import_usd"],
            "net_kg": raw["import_kg"],
            "weight_rule": raw["import_kg"].isna().map({True: "missing", False: "declared"}),
            "lines": 1,
        }
    )
    codes = pd.DataFrame({"product_id": sorted(raw["hs6"].unique())}).reindex(columns=uzbekistan.ds.products.columns)
    products = codes.assign(hs_prefixes=codes["product_id"], priority=1)
    silent = uzbekistan.ds.registers["partner_exports"].iloc[:0]
    registers = {**uzbekistan.ds.registers, "products": products, "partner_exports": silent}
    return lines, replace(uzbekistan.ds, registers=MappingProxyType(registers))


def test_every_code_that_ends_begins_or_is_narrowed_is_found_in_the_real_file_and_no_other(uzbekistan):
    lines, ds = every_code(uzbekistan)
    found = import_panel(lines, ds)[1].query("check == 'hs_revision'")
    first = {revision: str(period) for revision, period in ds.hs_revisions.items()}
    sides = ds.recut.melt("revision", ["from", "to"], value_name="code").dropna()
    listed = {(code, first[revision]) for revision, code in zip(sides["revision"], sides["code"], strict=True)}
    imported = set(lines["product_id"])
    assert {*zip(found["product_id"], found["period"].astype("str"), strict=True)} == {
        place for place in listed if place[0] in imported
    }
    # by the calendar alone: what is last reported before 2022, or first in 2018 or 2023, by several partners
    years = lines.groupby("product_id")["period"].agg(["min", "max"]).astype("str")
    for code in ("340211", "340220", "300220", "382200", "390720", "300241", "340250", "390729", "401180", "390761"):
        assert code in set(found["product_id"]), code
        assert years.loc[code, "max"] < "2022" or years.loc[code, "min"] in ("2018", "2023")


def test_codes_that_begin_after_an_empty_year_are_neither_donor_nor_treated(uzbekistan):
    recut = set(uzbekistan.quality.query("check == 'hs_revision'")["product_id"])
    assert {"surfactants_anionic", "washing_retail", "polyethers", "vaccines_human"} <= recut
    assert recut <= unrepaired(uzbekistan.quality) and not recut & set(uzbekistan.observed.donors)
    treated = uzbekistan.observed.cases
    assert set(treated.loc[treated["product_id"].isin(recut), "reason"]) <= {"broken_series"}
    nothing = pd.DataFrame(columns=["period", "cap_kg", "price", "product_id"]).astype({"period": "period[Y]"})
    products = next_products(uzbekistan.ds, uzbekistan.panel, nothing)
    assert products.loc[products["product_id"].isin(recut), "growth"].isna().all(), "no rise across a break"


def test_recut_codes_are_written_as_codes(repository):
    codes = pd.read_csv(repository / "lib" / "importcut" / "hs_revisions.csv", dtype="str")
    both = codes[["from", "to"]].stack().dropna()
    assert both.str.fullmatch(r"\d{6}").all() and set(codes["revision"]) == {"2017", "2022"}
    assert codes["from"].isna().eq(codes["relation"].eq("fan")).all() and not codes.duplicated().any()


CORRELATION = Path(__file__).parents[2] / "shared" / "data" / "hs_correlation.csv"  # beside this checkout, if at all


@pytest.mark.skipif(not CORRELATION.exists(), reason="the correlation tables are not here")
def test_the_recut_codes_are_those_of_the_correlation_tables(repository):
    made = recut_codes(pd.read_csv(CORRELATION, dtype="str"))
    known = pd.read_csv(repository / "lib" / "importcut" / "hs_revisions.csv", dtype="str")
    assert made.astype("str").fillna("").to_csv() == known.fillna("").to_csv()


@pytest.mark.parametrize("chapters", [(28, 40), (28, 87)])
def test_the_weights_of_2021_break_in_chemicals_however_many_other_lines_there_are(uzbekistan, chapters):
    lines, ds = every_code(uzbekistan)
    chapter = lines["product_id"].str[:2].astype(int)
    found = import_panel(lines[chapter.between(*chapters)], ds)[1].query("check == 'reporting_break'")
    assert set(found["period"].astype("str")) == {"2021"} and set(found["treatment"]) == {"imputed"}
    assert found["product_id"].str[:2].astype(int).between(28, 40).all(), "vehicles, metals and textiles do not break"


def test_partners_confirm_the_break_of_weights_or_refute_it(uzbekistan):
    found = uzbekistan.quality.query("check == 'reporting_break'")
    assert set(found["certainty"]) == {"confirmed"}
    of_code = uzbekistan.ds.products.set_index("product_id")["hs_prefixes"].str[:6]
    own = uzbekistan.cells.groupby(["product_id", "period"])[["value_usd", "net_kg"]].sum(min_count=1).reset_index()
    alike = own.assign(partner="KR", hs_code=own["product_id"].map(of_code)).drop(columns="product_id")
    ds = replace(uzbekistan.ds, registers=MappingProxyType({**uzbekistan.ds.registers, "partner_exports": alike}))
    _, findings = import_panel(uzbekistan.cells, ds)
    refuted = findings.query("check == 'reporting_break'")
    assert set(refuted["certainty"]) == {"refuted"} and set(refuted["treatment"]) == {"kept"}
    assert not unrepaired(refuted), "a price moved"


def test_only_what_was_left_as_it_is_counts_as_unrepaired():
    findings = pd.DataFrame(
        [
            ("a", "reporting_break", "kept"),
            ("b", "reporting_break", "imputed"),
            ("c", "missing_weight", "kept"),
            ("d", "missing_weight", "imputed"),
            ("e", "unit_value_outlier", "kept"),
            ("f", "hs_revision", "kept"),
            (None, "period_missing", "kept"),
        ],
        columns=["product_id", "check", "treatment"],
    ).assign(certainty="found")
    assert unrepaired(findings) == {"a", "c", "f"}
