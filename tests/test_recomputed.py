"""The report of uzbekistan made once more from its raw files, with pandas and NumPy alone, without the library."""

import re
import tomllib
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

YEARS = range(2017, 2025)
TO_KG = {"t": 1000.0, "tyres": 8.0}  # project_products.csv
CENT = {"rtol": 0, "atol": 0.006}  # dollars
SOLVER = 1e-6  # what two solvers of the same weights may differ by, relative to what is expected


pytestmark = pytest.mark.ci


@pytest.fixture(scope="module")
def tables(published_reports):
    """A table of the report as CSV, by name."""
    folder = published_reports[0] / "uzbekistan" / "2024" / "tables"
    return lambda name: pd.read_csv(folder / f"{name}.csv")


@pytest.fixture(scope="module")
def raw(repository):
    """The raw files of the dataset and what they say together: cells with mended weights, donors, series."""
    folder = repository / "data" / "raw" / "uzbekistan"
    read = {name: pd.read_csv(folder / f"{name}.csv", dtype={"hs_prefixes": str}) for name in (
        "products", "projects", "project_products", "output",
    )}  # fmt: skip
    about = tomllib.loads((folder / "dataset.toml").read_text(encoding="utf-8"))
    rows = pd.read_csv(folder / "imports" / "imports_hs6_partner.csv", dtype={"hs6": str})
    product = {code: p.product_id for p in read["products"].itertuples() for code in p.hs_prefixes.split(";")}
    rows["product_id"] = rows["hs6"].map(product)
    cells = rows.dropna(subset=["product_id", "import_usd"]).rename(columns={"year": "period"})
    cells = cells.groupby(["period", "product_id", "partner"], as_index=False).agg(
        value_usd=("import_usd", "sum"), raw_kg=("import_kg", "sum"),
        unweighed_usd=("import_usd", lambda usd: usd[rows.loc[usd.index, "import_kg"].isna()].sum()),
    )  # fmt: skip
    cells, flagged = mended(imputed(cells))
    mirror = rows.dropna(subset=["product_id", "partner_export_usd"]).rename(columns={"year": "period"})
    mirror = mirror.groupby(["period", "product_id", "partner"], as_index=False)["partner_export_kg"].sum(min_count=1)
    constant = cells[held_by_all_years(cells, "raw_kg")]
    series = {basis: wide(constant, basis) for basis in ("net_kg", "raw_kg", "value_usd")}
    everyone = cells.pivot_table(index="period", columns=["product_id", "partner"], values="net_kg", aggfunc="sum")
    everyone = everyone.where(everyone > 0)
    for name, filled in (("absent_zero", everyone.fillna(0.0)), ("absent_carried", everyone.ffill().fillna(0.0))):
        series[name] = filled.T.groupby("product_id").sum().T
    whole = mirror[held_by_all_years(mirror, "partner_export_kg")]
    series["mirror_kg"] = wide(whole, "partner_export_kg")
    recut = recut_products(repository, read["products"], cells)
    return SimpleNamespace(
        **read, about=about, cells=cells, flagged=flagged, series=series, folder=folder, recut=recut,
        donors=donors(about, read, series["net_kg"], {*recut["product_id"]}),
    )  # fmt: skip


def imputed(cells):
    """A value without a weight has the unit value of its own cell, or its product that year, or the years around."""
    weighed = cells["value_usd"] - cells["unweighed_usd"]
    sums = cells.assign(weighed=weighed).groupby(["product_id", "period"])[["weighed", "raw_kg"]].sum()
    common = (sums["weighed"] / sums["raw_kg"]).where(sums["raw_kg"] > 0)
    logs = np.log(common.where(common > 0)).unstack("period").reindex(columns=YEARS)
    around = np.exp(logs.interpolate(axis=1, limit_area="inside").ffill(axis=1).bfill(axis=1)).stack()
    keys = pd.MultiIndex.from_frame(cells[["product_id", "period"]])
    own = (weighed / cells["raw_kg"]).where((cells["raw_kg"] > 0) & (weighed > 0))
    price = own.fillna(pd.Series(common.reindex(keys).to_numpy(), cells.index))
    price = price.fillna(pd.Series(around.reindex(keys).to_numpy(), cells.index))
    return cells.assign(net_kg=cells["raw_kg"] + (cells["unweighed_usd"] / price).fillna(0.0))


def log_prices(cells):
    sums = cells.groupby(["period", "product_id"])[["value_usd", "net_kg", "raw_kg"]].sum()
    return np.log(sums["value_usd"] / sums["net_kg"]).where(sums["raw_kg"] > 0).unstack()


def mended(cells):
    """METHODS 1: in 2021 most lines lie beyond ln 1.5 of their neighbours on one side; those have these' price."""
    prices = log_prices(cells)
    apart = prices - (prices.shift(1) + prices.shift(-1)) / 2
    flags = apart.mul(np.sign(apart.median(axis=1)), axis=0) > np.log(1.5)
    broken = flags.sum(axis=1) / apart.notna().sum(axis=1) >= 0.5
    assert [*broken.index[broken]] == [2021]
    lines = flags.columns[flags.loc[2021]]
    touched = cells["period"].eq(2021) & cells["product_id"].isin(lines)
    factor = cells.loc[touched, "product_id"].map(np.exp(apart.loc[2021]))
    return cells.assign(net_kg=cells["net_kg"].where(~touched, cells["net_kg"] * factor)), {*lines}


def held_by_all_years(cells, weight):
    """The cells of partners that state a weight of the product in every year."""
    weighed = cells[cells[weight] > 0]
    counted = weighed.groupby(["product_id", "partner"])["period"].nunique()
    whole = counted.index[counted == len(YEARS)]
    return pd.MultiIndex.from_frame(cells[["product_id", "partner"]]).isin(whole) & cells[weight].gt(0)


def wide(cells, column):
    return cells.pivot_table(index="period", columns="product_id", values=column, aggfunc="sum", fill_value=0.0)


def recut_products(repository, products, cells):
    """Products with a code that a revision split, merged or narrowed, unless all codes of the group are theirs."""
    pairs = pd.read_csv(repository / "lib" / "importcut" / "hs_revisions.csv", dtype=str)
    sold, rows = set(map(tuple, cells[cells["value_usd"] > 0][["product_id", "period"]].to_numpy())), []
    codes = products.set_index("product_id")["hs_prefixes"].str.split(";").map(set)
    for (revision, _), group in pairs.groupby(["revision", "group"]):
        year = {"2017": 2018, "2022": 2023}.get(revision)
        sides = [{*group[side]} for side in ("from", "to")]
        fan = {*map(pd.isna, sides[0] | sides[1])} != {False}
        sides = [{code for code in side if not pd.isna(code)} for side in sides]
        for product in codes.index[codes.map(lambda own, all_=sides[0] | sides[1]: bool(own & all_))]:
            whole = not fan and sides[0] | sides[1] <= codes[product]
            if year and not (whole and {(product, year), (product, year - 1)} <= sold):
                rows.append((product, year))
    imported = {*cells["product_id"]}
    return pd.DataFrame([row for row in rows if row[0] in imported], columns=["product_id", "year"]).drop_duplicates()


def donors(about, read, kg, broken):
    """The rule of dataset.toml: lines of chapters 28–40 with all years, but for exceptions, projects and revisions."""
    out = broken | {*read["project_products"]["product_id"]} | {*kg.columns[~(kg > 0).all()]}
    own = read["products"].set_index("product_id")["hs_prefixes"].str.split(";")
    own = own[own.map(lambda codes: any(code[:2] in about["donors"]["chapters"] for code in codes))]
    own = own[~own.map(lambda codes: bool({*codes} & {*about["donors"]["except"]}))]
    return [product for product in sorted(own.index) if product in kg and product not in out]


def simplex(matrix, target, ridge):
    """min |A w − b|² + ridge |w|², A and b centred, w on the simplex: by an active set and its equations."""
    a, b = matrix - matrix.mean(axis=0), target - target.mean()
    gram, pull = a.T @ a + ridge * np.eye(a.shape[1]), a.T @ b
    active = np.zeros(len(pull), dtype=bool)
    active[np.argmin(np.diag(gram) - 2 * pull)] = True
    weights = active.astype(float)
    for _ in range(50 * len(pull)):
        gradient = gram @ weights - pull
        level = gradient[active].mean()
        worst = np.argmin(np.where(active, np.inf, gradient))
        if active.all() or gradient[worst] >= level - 1e-13 * max(1.0, np.abs(gradient).max()):
            return weights
        active[worst] = True
        while True:
            n = active.sum()
            system = np.block([[gram[np.ix_(active, active)], np.ones((n, 1))], [np.ones((1, n)), np.zeros((1, 1))]])
            wanted = np.zeros(len(pull))
            wanted[active] = np.linalg.solve(system, np.append(pull[active], 1.0))[:-1]
            below = active & (wanted < 0)
            if not below.any():
                weights = wanted
                break
            step = (weights[below] / (weights[below] - wanted[below])).min()
            weights = weights + step * (wanted - weights)
            active &= weights > 1e-15
            weights[~active] = 0.0
    raise AssertionError("no optimum")


def synthetic(own, others, years, first, until=2025):
    """Arkhangelsky and others (2021), algorithm 1, in logarithms: what the series would have been, year by year."""
    early, late = years < first, (years >= first) & (years < until)
    with np.errstate(divide="ignore"):
        y, x = np.log(own), np.log(others)
    noise = np.diff(x[early], axis=0).std(ddof=1)
    unit = simplex(x[early], y[early], np.sqrt(late.sum()) * noise**2 * early.sum())
    time = simplex(x[early].T, x[late].mean(axis=0), (1e-6 * noise) ** 2 * x.shape[1])
    return np.exp(x @ unit + time @ (y[early] - x[early] @ unit))


def basket(own, others, years, first, until=2025):
    """The base year × the median growth of the donors since."""
    base = years == first - 1
    return own[base].mean() * np.median(others / others[base].mean(axis=0), axis=1)


METHODS = {"synthetic_did": synthetic, "control_basket": basket}


class Study:
    """A product under a method: what was expected of it and of every donor, and the gaps."""

    def __init__(self, raw, method, product, first, until=2025, basis="net_kg", names=None):
        kg, names = raw.series[basis], raw.donors if names is None else names
        self.years, expect = kg.index.to_numpy(), METHODS[method]
        self.expected = {product: expect(kg[product].to_numpy(), kg[names].to_numpy(), self.years, first, until)}
        for donor in names:
            others = kg[[name for name in names if name != donor]].to_numpy()
            self.expected[donor] = expect(kg[donor].to_numpy(), others, self.years, first, until)
        late = (self.years >= first) & (self.years < until)
        falls = {name: np.log(kg[name].to_numpy() / x)[late].mean() for name, x in self.expected.items()}
        self.fall, self.others = falls.pop(product), np.array([*falls.values()])
        self.rank = int((self.others <= self.fall).sum()) + 1
        self.p = self.rank / (len(self.others) + 1)


@pytest.fixture(scope="module")
def study(raw):
    return cache(lambda method, product, first, until=2025: Study(raw, method, product, first, until))


@pytest.fixture(scope="module")
def comparable(raw):
    """The cells of partners that still report in 2023, or never sold a hundredth of all."""
    cells, by_partner = raw.cells, raw.cells.groupby("partner")
    share = by_partner["value_usd"].sum() / cells["value_usd"].sum()
    gone = share.index[(by_partner["period"].max() < 2023) & (share >= 0.01)]
    return cells[~cells["partner"].isin(gone)]


def agree(found, expected, **tolerance):
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), **tolerance)


CASES = [("caustic_soda_solid", 2020), ("pvc", 2020)]


def test_the_register_of_imports_is_that_of_the_received_file(raw, tables):
    subject = raw.products.loc[raw.products["scope"].ne("comparison"), "product_id"]
    cells = raw.cells[raw.cells["product_id"].isin(subject) & raw.cells["value_usd"].gt(0)]
    last, table = cells[cells["period"] == 2024], tables("register").set_index("product_id")
    sums = last.groupby("product_id")[["value_usd", "net_kg"]].sum()
    share = last.set_index(["product_id", "partner"])["value_usd"] / last.groupby("product_id")["value_usd"].sum()
    assert {*table.index} == {*sums.index}
    sums = sums.loc[table.index]
    agree(table[["value_usd", "net_kg"]], sums, atol=0.006)
    agree(table["concentration"], ((share * 100) ** 2).groupby("product_id").sum().loc[table.index], rtol=1e-9)
    agree(table["origin_share"], share.groupby("product_id").max().loc[table.index], rtol=1e-9)


def test_every_cell_of_the_profile_has_its_value_and_its_mended_weight(raw, tables):
    table, key = tables("profile"), ["product_id", "period", "value_usd"]
    table = table.groupby(["product_id", "period", "origin"], as_index=False)[["value_usd", "net_kg", "raw_kg"]].sum()
    found, expected = (t.sort_values([*key, "net_kg"]).reset_index(drop=True) for t in (table, raw.cells))
    assert found[["product_id", "period"]].equals(expected[["product_id", "period"]])
    agree(found[["value_usd", "net_kg", "raw_kg"]], expected[["value_usd", "net_kg", "raw_kg"]], **CENT)


def test_the_findings_on_weights_and_codes_are_those(raw, tables):
    table = tables("quality")
    broken = table[table["check"].eq("reporting_break")]
    assert {*broken["period"].astype(int)} == {2021} and {*broken["product_id"]} == raw.flagged
    recut = table[table["check"].eq("hs_revision")]
    found = {*zip(recut["product_id"], recut["period"].astype(int), strict=True)}
    assert found == {*raw.recut.itertuples(index=False, name=None)}
    aside = table[table["check"].eq("nothing_reported")]["lines"].sum()
    rows = pd.read_csv(raw.folder / "imports" / "imports_hs6_partner.csv", dtype={"hs6": str})
    subject = ~rows["hs6"].str[:2].isin(
        [code[:2] for code in raw.about["formats"]["mirror_statistics"]["scope"][0]["drop"]]
    )
    assert aside == (subject & rows["import_usd"].isna()).sum()


@pytest.mark.parametrize(("product", "first"), CASES)
def test_the_leading_estimate_its_interval_and_its_net(product, first, raw, tables, study):
    table = tables("cuts_realised").query("product_id == @product").set_index("period")
    own = study("synthetic_did", product, first)
    kg, usd = raw.series["net_kg"][product], raw.series["value_usd"][product]
    late = kg.index >= first
    price, expected = (usd / kg)[late], own.expected[product][late]
    gap = expected - kg[late]
    low, high = ((expected * np.exp(np.quantile(own.others, q)) - kg[late]) * price for q in (0.05, 0.95))
    scale = expected.sum()
    agree(table["gross_kg"], gap, rtol=0, atol=SOLVER * scale)
    for column, value in (("gross_usd", gap * price), ("gross_low_usd", low), ("gross_high_usd", high)):
        agree(table[column], value, rtol=0, atol=SOLVER * np.abs(high).max())
    assert (table["placebo_rank"] == own.rank).all() and (table["placebo_n"] == len(own.others) + 1).all()
    agree(table["net_usd"], table["gross_usd"] * (1 - content(raw)[{"pvc": "C20.16"}.get(product, "C20.1")]), rtol=1e-8)
    capacity = raw.project_products.set_index("product_id").loc[product]
    days = np.array([366 if year % 4 == 0 else 365 for year in table.index])
    agree(table["capacity_kg"], capacity["capacity"] * TO_KG[capacity["unit"]] * days / 365.2425, rtol=1e-9)
    agree(table["supported_usd"], np.minimum(table["gross_usd"], table["capacity_kg"] * price), rtol=1e-9)


def content(raw):
    """m′A(I − (I − M̂)A)⁻¹ by the series of rounds of supply, not by an inverse."""
    sectors = pd.read_csv(raw.folder / "input_output" / "sectors.csv").set_index("code")
    a = pd.read_csv(raw.folder / "input_output" / "coefficients.csv").set_index("input_code")
    a = a.loc[sectors.index, sectors.index].to_numpy()
    m = (sectors["imports_million_uzs"] / sectors["total_resources_million_uzs"]).fillna(0).to_numpy()
    total, inputs = np.zeros(len(m)), a.copy()
    for _ in range(200):
        total += m @ inputs
        inputs = a @ ((1 - m)[:, None] * inputs)
    return pd.Series(total, sectors.index)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("product", "first"), CASES)
def test_the_estimates_of_each_method_and_the_smallest_fall_they_would_find(method, product, first, raw, tables, study):
    row = tables("estimates").query("product_id == @product and method == @method").squeeze()
    own, kg, usd = study(method, product, first), raw.series["net_kg"][product], raw.series["value_usd"][product]
    late, price = kg.index >= first, usd / kg
    expected = pd.Series(own.expected[product], kg.index)
    scale = (expected * price)[late].sum() * SOLVER
    agree(row["gross_usd"], ((expected - kg) * price)[late].sum(), rtol=0, atol=scale)
    agree(row["expected_usd"], (expected * price)[late].sum(), rtol=0, atol=scale)
    agree(row["growth_usd"], ((expected - kg[first - 1]) * price)[late].sum(), rtol=0, atol=scale)
    agree([row["placebo_rank"], row["placebo_p"]], [own.rank, own.p], rtol=1e-9)
    n = len(own.others) + 1
    needed = np.sort(own.others)[int(0.1 * n) - 1] - np.quantile(own.others, 0.8)
    agree(row["detectable_share"], 1 - np.exp(min(needed, 0)), rtol=10 * SOLVER)


@pytest.mark.parametrize(("product", "first"), CASES)
def test_the_five_tests_of_each_claim(product, first, raw, tables, study):
    table = tables("tests").query("product_id == @product").set_index("test")
    own, early = study("synthetic_did", product, first), study("synthetic_did", product, first - 1, first)
    agree(table.loc[["fit", "in_time"], "value"], [own.p, early.p], rtol=1e-9)

    def share(basis):
        names = [name for name in raw.donors if name in raw.series[basis] and (raw.series[basis][name] > 0).all()]
        kg = raw.series[basis]
        x = synthetic(kg[product].to_numpy(), kg[names].to_numpy(), kg.index.to_numpy(), first)
        return np.log(kg[product].to_numpy() / x)[kg.index >= first].mean() / own.fall

    agree(table.loc["mirror", "value"], share("mirror_kg"), rtol=10 * SOLVER)
    agree(table.loc["diversion", "value"], min(share("absent_zero"), share("absent_carried")), rtol=10 * SOLVER)
    assert table.loc["stocks", "verdict"] == "not_run" and (first - 2017) < 4


@pytest.mark.parametrize(("product", "first"), CASES)
def test_the_placebos_of_every_donor(product, first, raw, tables, study):
    own = study("synthetic_did", product, first)
    table = (
        tables("placebo").query("product_id == @product").pivot(index="period", columns="series", values="expected_kg")
    )
    assert {*table.columns} == {*own.expected}
    for series, expected in own.expected.items():
        agree(table[series], expected, rtol=10 * SOLVER)


def test_the_variants_of_the_basket_over_base_years_donors_and_bases(raw, tables):
    table = tables("variants").query("method == 'control_basket' and product_id == 'caustic_soda_solid'")
    rows = {
        (str(r.base), r.basis, r.left_out if isinstance(r.left_out, str) else ""): r.gross_usd
        for r in table.itertuples()
    }
    kg, usd = (raw.series[basis]["caustic_soda_solid"] for basis in ("net_kg", "value_usd"))
    late, checked = kg.index >= 2020, 0
    for (base, basis, left_out), gross in rows.items():
        series = raw.series[basis]
        others = series[[name for name in raw.donors if name not in left_out.split(";")]]
        at = series.index < 2020 if base == "all" else series.index == int(base)
        own = series["caustic_soda_solid"]
        expected = own[at].mean() * np.median(others / others[at].mean(), axis=1)
        price = 1.0 if basis == "value_usd" else (usd / own)[late]
        agree(gross, ((expected - own)[late] * price).sum(), rtol=1e-9, atol=0.006)
        checked += 1
    assert checked == len(table) > 1000


def test_the_ceiling_of_the_input_output_table(raw, tables):
    table = tables("ceiling").set_index(["reading", "source"])["line_usd"]
    about, folder = raw.about["input_output"], raw.folder / "input_output"
    sectors = pd.read_csv(folder / "sectors.csv").set_index("code")
    share = sectors["imports_million_uzs"] / sectors["total_resources_million_uzs"]
    a = pd.read_csv(folder / "coefficients.csv").set_index("input_code")["C29"]
    of = [code for code in sectors.index if re.match("C20|C22", code)]
    base = (a[of] * share[of]).sum() * sectors.at["C29", "output_million_uzs"] * 1e6 / about["uzs_per_usd"]
    made = pd.read_csv(folder / "vehicles.csv").set_index("year")
    agree([table["annual", "table_year"], table["cumulative", "table_year"]], [base, base * 6], **CENT)
    for scenario, column in (("low", "low"), ("base", "vehicles"), ("high", "high")):
        ends = made[column].fillna(made["vehicles"])
        ends = ends[made["low"].notna() | (made.index <= 2024)]
        years = np.interp(range(2025, 2031), ends.index, ends)
        usd = base * years / made.at[2022, "vehicles"]
        agree([table["annual", scenario], table["cumulative", scenario]], [usd[-1], usd.sum()], **CENT)
    subject = raw.products.loc[raw.products["scope"].ne("comparison"), "product_id"]
    customs = raw.cells[raw.cells["product_id"].isin(subject) & raw.cells["period"].eq(2024)]["value_usd"].sum()
    agree([table["annual", "customs"], table["cumulative", "customs"]], [customs, customs * 6], **CENT)


def test_the_ranking_holds_the_sums_of_what_is_estimated_and_ranks_nothing(raw, tables):
    cuts, table = tables("cuts_realised"), tables("ranking").set_index("project_id")
    sums = cuts.groupby("project_id")[["gross_usd", "net_usd", "supported_usd", "excess_usd"]].sum(min_count=1)
    agree(table.loc[sums.index, sums.columns], sums, rtol=0, atol=0.01)
    assert table["rank"].isna().all() and not cuts["identified"].any()
    assert table["cost_usd"].to_dict() == raw.projects.set_index("project_id")["cost_usd"].to_dict()


def test_the_next_products_stand_by_the_mean_rank_of_what_is_known(raw, comparable, tables):
    """Value, growth and concentration count alike; nobody has filled in the register of feasibility."""
    table = tables("next_products").set_index("product_id")
    cells = raw.cells[raw.cells["product_id"].isin(table.index) & raw.cells["period"].eq(2024)]
    usd = comparable.groupby(["period", "product_id"])["value_usd"].sum().unstack("period")
    growth = ((usd[2024] / usd[2017]) ** (1 / 7) - 1).drop({*raw.recut["product_id"]}, errors="ignore")
    share = cells.set_index(["product_id", "partner"])["value_usd"] / cells.groupby("product_id")["value_usd"].sum()
    criteria = pd.DataFrame({
        "addressable_usd": cells.groupby("product_id")["value_usd"].sum(), "growth": growth.reindex(table.index),
        "concentration": ((share * 100) ** 2).groupby("product_id").sum(),
    }).loc[table.index]  # fmt: skip
    agree(table[[*criteria]], criteria, rtol=1e-9)
    score = ((criteria.rank() - 1) / (criteria.notna().sum() - 1)).mean(axis=1)
    agree(table["score"], score, rtol=1e-9)
    agree(table["rank"], score.round(12).rank(ascending=False, method="min"), rtol=0)


def test_the_bridge_from_year_to_year(comparable, tables):
    """Requirement and price by the logarithmic mean, and the mix, wherever all that sold in 2017 still sell."""
    table = tables("bridge").pivot_table(
        index=["product_id", "base_period", "period"], columns="effect", values="value_usd"
    )
    sums = comparable.groupby(["product_id", "period"])[["value_usd", "net_kg"]].sum()
    key, checked = ["product_id", "partner"], 0
    price = comparable.assign(price=comparable["value_usd"] / comparable["net_kg"].where(comparable["net_kg"] > 0))
    price = price.pivot_table(index=key, columns="period", values="price")
    sold = comparable[comparable["period"].eq(2017) & comparable["net_kg"].gt(0)].set_index(key)["net_kg"]
    mixed = {
        product: price.loc[kg.index].T @ (kg / kg.sum())
        for product, kg in sold.groupby("product_id") if price.loc[kg.index].notna().all(axis=None)
    }  # fmt: skip
    for (product, base, period), row in table.iterrows():
        agree([row["base"], row.sum()], [sums["value_usd"].get((product, year), 0) for year in (base, period)], **CENT)
        if product in mixed:
            (v0, m0), (v1, m1) = (sums.loc[(product, year)] for year in (base, period))
            p0, p1 = mixed[product][base], mixed[product][period]
            mean = (m1 * p1 - m0 * p0) / np.log(m1 * p1 / (m0 * p0))
            expected = [mean * np.log(m1 / m0), mean * np.log(p1 / p0), (v1 - m1 * p1) - (v0 - m0 * p0)]
            agree(row[["requirement", "price", "mix"]], expected, rtol=1e-9, atol=0.02)
            checked += 1
    assert checked > 400
