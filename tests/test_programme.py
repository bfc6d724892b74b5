"""The programme around the projects: what is late and what hangs on it, and where the next projects could come from."""

import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from importcut.economics import programme
from importcut.economics.planning import addressable
from importcut.intake.opening import open_dataset
from importcut.language import Voice
from importcut.schema import DataError
from importcut.telling import narrate

MEASURES = """measure_id,name_uz_cyrl,name_uz_latn,name_ru,name_en,kind,owner,due,status,done,project_id
law,Қонун,Qonun,Закон,Law,incentive,owner,2026-06,under_way,,
test,Синов,Sinov,Испытание,Trial,science_technology,owner,2026-08,planned,,
deal,Шартнома,Shartnoma,Договор,Contract,cooperation,owner,2026-09,planned,,
money,Инвестор,Investor,Инвестор,Investor,private_sector,owner,2026-10,planned,,
day,Учрашув,Uchrashuv,Встреча,Meeting,cooperation,owner,2026-03,done,2026-07,
room,Лаборатория,Laboratoriya,Лаборатория,Laboratory,science_technology,owner,2026-07,done,,
"""
LATIN, CYRILLIC = "[A-Za-z]", "[А-Яа-яЁёЎўҚқҒғҲҳ]"


@pytest.fixture
def folder(repository, tmp_path):
    """The small dataset, outside the repository, with six measures and no project."""
    copy = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")
    (copy / "measures.csv").write_text(MEASURES, encoding="utf-8")
    return copy


def plan(rule="shapley", basis="cumulative", **net_usd):
    """Credit of the planned net cut."""
    table = pd.DataFrame({"project_id": [*net_usd], "net_usd": [*map(float, net_usd.values())]})
    return table.assign(rule=rule, basis=basis)


def states(ds):
    return programme.measures_status(ds, plan()).set_index("measure_id")["state"].to_dict()


def test_a_measure_is_late_once_its_month_ended_before_the_period_did(folder):
    status = programme.measures_status(open_dataset(folder, period="2026Q3"), plan()).set_index("measure_id")
    assert status["state"].to_dict() == {
        "law": "late", "test": "late", "deal": "due_now", "money": "due_later", "day": "done", "room": "done",
    }  # fmt: skip
    assert status["months_late"].drop("room").to_dict() == {"law": 3, "test": 1, "deal": 0, "money": 0, "day": 4}
    assert pd.isna(status.loc["room", "months_late"])  # done, nobody knows when
    assert status["planned_net_usd"].isna().all()


def test_an_earlier_report_does_not_know_what_was_done_later(folder):
    earlier = states(open_dataset(folder, period="2026Q2"))
    assert earlier["day"] == "late" and earlier["law"] == "due_now" and earlier["test"] == "due_later"
    assert states(open_dataset(folder, period="2026Q1"))["day"] == "due_now"


def test_the_planned_cut_of_a_project_is_its_credit_to_the_target_year_and_empty_without_a_plan():
    rows = [("law", "a"), ("law", "b"), ("deal", "a"), ("day", None), ("deal", "c")]
    table = pd.DataFrame(rows, columns=["measure_id", "project_id"]).astype("str")
    table = table.assign(kind="incentive", owner="owner", due="2026-06", status="planned", done=np.nan)
    ds = SimpleNamespace(measures=table.astype({"done": "str"}), period=pd.Period("2026Q3"), frequency="Q")
    ds.project_products = pd.DataFrame({"project_id": ["a", "b"]})
    cuts = pd.concat([plan(a=30, b=5, c=0), plan("dispatched", a=20), plan(basis="target_year", a=7)])
    status = programme.measures_status(ds, cuts)
    assert status["planned_net_usd"].fillna(-1).tolist() == [30, 5, 30, -1, -1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("incentive", "gift", "row 2: kind gift — must be science_technology|cooperation|incentive|private_sector"),
        ("under_way", "late", "row 2: status late — must be planned|under_way|done"),
        ("2026-06", "summer 2026", "row 2: due summer 2026 — must be a month, YYYY-MM"),
        ("test,", "law,", "row 3: law,  stands twice — keep one"),
    ],
)
def test_a_slip_in_the_register_is_told_with_row_and_remedy(folder, old, new, message):
    text = (folder / "measures.csv").read_text(encoding="utf-8")
    (folder / "measures.csv").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as error:
        open_dataset(folder)
    assert str(error.value).startswith(f"measures.csv {message}")


def imports(**values):
    """A panel of one plant: USD by product in the four quarters of 2024 and of 2025, from one origin or several."""
    rows = [
        (product, origin, pd.Period(f"{year}Q{quarter}"), usd / 4)
        for product, (base, last) in values.items()
        for year, by_origin in ((2024, base), (2025, last))
        for origin, usd in by_origin.items()
        for quarter in range(1, 5)
    ]
    table = pd.DataFrame(rows, columns=["product_id", "origin", "period", "value_usd"])
    return table.assign(plant_id="p", comparable=table["origin"].ne("RU"))


NO_CODES = pd.DataFrame(columns=["revision", "group", "from", "to"], dtype="str")


@pytest.fixture
def case():
    """Four products of which one has a project; by hand in the tests below."""
    products = pd.DataFrame(
        [
            ("paint", 0.5, "none", "paint works", "soft: approval"),
            ("glue", 0.2, "chalk", None, "no plant"),
            ("oil", None, None, None, None),
            ("acid", 0.9, "acid", "acid works", "none"),
        ],
        columns=["product_id", "localisable_share", "domestic_feedstock", "possible_producer", "obstacle"],
    ).astype(dict.fromkeys(("domestic_feedstock", "possible_producer", "obstacle"), "str"))
    made = pd.DataFrame({"product_id": ["acid"], "project_id": ["a"]})
    panel = imports(
        paint=({"DE": 100}, {"DE": 60, "CN": 60}),
        glue=({"DE": 200}, {"DE": 250}),
        oil=({"KR": 100, "RU": 900}, {"KR": 100}),
        acid=({"DE": 1000}, {"DE": 1000}),
    )
    ds = SimpleNamespace(
        frequency="Q", period=pd.Period("2025Q4"), base_period=pd.Period("2024"), target={"year": 2026},
        products=products.assign(priority=1, hs_prefixes="99"), project_products=made, weights={},
        comparison=set(), hs_revisions={}, recut=NO_CODES,
    )  # fmt: skip
    return ds, panel


NO_PLAN = pd.DataFrame({"product_id": [], "period": pd.PeriodIndex([], freq="Q"), "cap_kg": [], "price": []})


def test_criteria_by_hand_without_a_plan(case):
    table = programme.next_products(*case, NO_PLAN).set_index("product_id")
    assert set(table.index) == {"paint", "glue", "oil"}  # acid has a project
    assert table["addressable_usd"].to_dict() == pytest.approx({"paint": 60, "glue": 50, "oil": 100})
    assert set(table["basis"]) == {"last_year"}
    assert table["growth"].to_dict() == pytest.approx({"paint": 0.2, "glue": 0.25, "oil": 0})  # RU is not comparable
    assert table["concentration"].to_dict() == pytest.approx({"paint": 5000, "glue": 10_000, "oil": 10_000})
    assert table["feasibility"].drop("oil").to_dict() == pytest.approx({"paint": 0.75, "glue": 0.5})
    assert pd.isna(table.loc["oil", "feasibility"])  # the register says nothing


def test_equal_weights_give_the_mean_of_the_ranks_of_what_is_known(case):
    table = programme.next_products(*case, NO_PLAN).set_index("product_id")
    # ranks from 0 to 1: addressable ½ 0 1, growth ½ 1 0, concentration 0 ¾ ¾ (tied), feasibility 1 0 and unknown
    assert table["score"].to_dict() == pytest.approx({"paint": 0.5, "glue": 0.4375, "oil": 1.75 / 3})
    assert table["rank"].to_dict() == {"oil": 1, "paint": 2, "glue": 3}


def test_the_weights_of_the_dataset_decide(case):
    ds, panel = case
    ds.weights = {"addressable": 0, "growth": 3, "concentration": 1, "feasibility": 0}
    table = programme.next_products(ds, panel, NO_PLAN).set_index("product_id")
    assert table["score"].to_dict() == pytest.approx({"glue": 0.9375, "paint": 0.375, "oil": 0.1875})
    ds.weights = dict.fromkeys(ds.weights, 0)
    with pytest.raises(DataError, match=r"all \[weights\] are 0"):
        programme.next_products(ds, panel, NO_PLAN)


def test_a_product_without_a_stated_share_could_be_made_at_home_whole(case):
    ds, panel = case
    ds.products["localisable_share"] = [0.5, 1.0, np.nan, 0.9]
    table = programme.next_products(ds, panel, NO_PLAN).set_index("product_id")["addressable_usd"]
    assert table.to_dict() == pytest.approx({"paint": 60, "glue": 250, "oil": 100})


def test_the_plan_gives_the_addressable_value_of_the_target_year(case):
    periods = pd.PeriodIndex(["2025Q4", "2026Q1", "2026Q2"], freq="Q")
    caps = pd.DataFrame({"period": periods, "cap_kg": [9.0, 10.0, 20.0], "price": [1.0, 2.0, 3.0]})
    caps = caps.assign(product_id="paint")
    table = programme.next_products(*case, caps).set_index("product_id")
    assert table.loc["paint", ["addressable_usd", "basis"]].tolist() == [10 * 2 + 20 * 3, "target_year"]
    assert table.loc["glue", "basis"] == "last_year"


def test_undeclared_origins_lower_the_concentration_and_summed_series_have_none(case):
    ds, _ = case
    half = imports(paint=({"DE": 1}, {"DE": 50, "XX": 50}))
    assert programme.next_products(ds, half, NO_PLAN)["concentration"].item() == pytest.approx(2500)
    summed = imports(paint=({"DE": 1}, {"DE+CN": 50}), glue=({"DE": 1}, {"DE": 50}))
    assert programme.next_products(ds, summed, NO_PLAN)["concentration"].isna().all()


def test_one_candidate_stands_in_the_middle_and_none_gives_a_header(case):
    ds, panel = case
    one = programme.next_products(ds, panel[panel["product_id"].eq("paint")], NO_PLAN)
    assert one[["score", "rank"]].to_numpy().tolist() == [[0.5, 1]]
    none = programme.next_products(ds, panel[panel["product_id"].eq("acid")], NO_PLAN)
    assert none.empty and "score" in none


def test_a_report_of_the_base_year_knows_no_growth(case):
    ds, panel = case
    ds.period = pd.Period("2024Q4")
    assert programme.next_products(ds, panel, NO_PLAN)["growth"].isna().all()


def test_growth_counts_by_the_year_between_the_middles_of_the_spans(case):
    ds, panel = case
    ds.period = pd.Period("2025Q2")  # last year 2024Q3–2025Q2: half a year after 2024
    table = programme.next_products(ds, panel, NO_PLAN).set_index("product_id")
    assert table.loc["paint", "growth"] == pytest.approx(1.1**2 - 1)


def told(way):
    """Measures and next products of a dataset, as tables."""
    caps = addressable(way.ds, way.panel, way.cuts)
    return programme.measures_status(way.ds, way.credit), programme.next_products(way.ds, way.panel, caps)


def test_the_sample_has_measures_of_every_kind_and_state(sample):
    status, _ = told(sample)
    assert set(status["state"]) == {"late", "due_now", "due_later", "done"} and status["kind"].nunique() == 4
    assert sample.ds.measures["owner"].str.endswith("(illustrative)").all()
    names = sample.ds.measures.filter(like="name_")
    words = {word for text in names.to_numpy().ravel() for word in re.findall(r"[\w‘’]+", text)}
    assert [word for word in words if re.search(LATIN, word) and re.search(CYRILLIC, word)] == []
    assert names[["name_uz_latn", "name_en"]].stack().str.contains(CYRILLIC + "|['`ʻʼ]").sum() == 0


def test_the_text_counts_each_project_that_hangs_on_a_late_measure_once(sample):
    status, _ = told(sample)
    say = Voice("en", sample.ds)
    late = status.query("state == 'late'")
    again = pd.concat([status, late.assign(measure_id="paste_pvc")], ignore_index=True)
    credit = sample.credit.query("rule == 'shapley' and basis == 'cumulative'")
    projects = credit[credit["project_id"].isin(late["project_id"])]
    for table in (status, again):
        finding = narrate.measures(table, say)
        assert f"cut {say.money(projects['net_usd'].sum())} net by the end of 2030" in finding.text
        assert finding.evidence == "planned" and say.money(projects["net_usd"].sum()) in finding.title
    names = sample.ds.names("projects", "en")
    assert all(names[project] in finding.text for project in late["project_id"])


def test_measures_of_no_single_project_have_no_cut_hanging_on_them(folder):
    ds = open_dataset(folder, period="2026Q3")
    say = Voice("en", ds)
    finding = narrate.measures(programme.measures_status(ds, plan()), say)
    assert finding.title == "2 measures are overdue" and finding.evidence is None
    assert "6 measures are registered: 2 overdue; 1 due now; 1 due later; 2 done." in finding.text
    assert "Law: 3 months overdue. Trial: 1 month overdue." in finding.text
    assert "Done in Q3\xa02026: Meeting. Due by the end of Q3\xa02026: Contract." in finding.text
    assert "Next due, in Q4\xa02026: Investor." in finding.text
    early = narrate.measures(programme.measures_status(open_dataset(folder, period="2025Q4"), plan()), say)
    assert early.title == "No measure is overdue"
    listing = narrate.measures_table(programme.measures_status(ds, plan()), say).frame
    assert listing["State"].tolist() == ["overdue", "overdue", "due now", "due later", "done", "done"]
    assert narrate.feasibility_table(say).frame["Projects"].eq("none").all()


def test_next_steps_name_the_first_and_what_the_order_rests_on(sample):
    _, products = told(sample)
    say = Voice("en", sample.ds)
    finding, names = narrate.next_steps(products, say), say.names("products", inside=True)
    assert finding.title == f"Where next: {names[products['product_id'].iloc[0]]}"
    assert "weights" in finding.text and "Feasibility counts four conditions" in finding.text
    assert f"replaceable imports of {say.money(products['addressable_usd'].iloc[0])} in 2030" in finding.text
    assert not set(products["product_id"]) & set(sample.ds.project_products["product_id"])
    listing = narrate.next_table(products, say).frame
    assert listing["Rank"].tolist() == [str(n) for n in range(1, len(products) + 1)]
    register = narrate.feasibility_table(say).frame.set_index("Product")
    assert len(register) == len(sample.ds.products) and register["Obstacle"].notna().all()
    assert register.loc["Sealants", "Projects"] == "Sealants (Tashkent)"


def test_a_dataset_without_measures_plan_or_register_says_so(uzbekistan):
    status, products = told(uzbekistan)
    say = Voice("en", uzbekistan.ds)
    assert status.empty and narrate.measures(status, say).text == "No measures are registered for this dataset."
    assert products["feasibility"].isna().all() and products["concentration"].notna().all()
    assert not set(products["product_id"]) & uzbekistan.ds.comparison, (
        "what only serves for comparison is no next product"
    )
    finding = narrate.next_steps(products, say)
    assert "Not known, and left out: feasibility." in finding.text
    assert "an upper bound" in finding.text and finding.evidence == "assumed"
    assert narrate.next_steps(products.head(0), say).text == "No imported product is without a project."
    unranked = products.assign(rank=pd.NA)
    assert narrate.next_steps(unranked, say).text.startswith("What is known")
    shown = [
        t._repr_mimebundle_()["text/html"]
        for t in (narrate.measures_table(status, say), narrate.next_table(products, say))
    ]
    assert shown[0] == "" and shown[1].startswith("<table "), "a table without rows has no caption to stand under"
