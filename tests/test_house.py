"""The house is small, and there is one of each: lines, copies, definitions and names, read from the source."""

from pathlib import Path

import pytest

import house

LARGEST = 15_722
BODY = """
def {name}(table, ds):
    lines = table.merge(ds.products, on="product_id")
    kept = lines[lines["net_kg"] > 0]
    value = kept["value_usd"] / kept["net_kg"]
    if value.isna().any():
        raise ValueError("no weight")
    value = value.groupby(kept["product_id"]).median()
    value = value.where(value > 0)
    for product, median in value.items():
        lines.loc[lines["product_id"].eq(product), "median"] = median
    return lines.assign({name}=value)
"""


def test_the_library_does_not_grow():
    """The budget is not reached yet: until it is, what is deleted lowers this bound."""
    assert sum(house.lines_by_wing().values()) <= LARGEST


def test_the_readme_is_a_page():
    assert (house.ROOT / "README.md").stat().st_size <= house.README


@pytest.mark.parametrize("look", house.LOOKS, ids=lambda look: look.__name__)
def test_there_is_one_of_each_and_its_name_is_a_noun(look):
    assert look(house.modules()) == []


def test_a_copy_is_found_whatever_its_names_and_not_where_there_is_none():
    one, other = BODY.format(name="dear"), BODY.format(name="price").replace("lines", "rows").replace("kept", "heavy")
    assert house.copies({Path("a.py"): one, Path("b.py"): other}) == ["a.py line 3 and b.py line 3"]
    assert house.copies({Path("a.py"): one + other}) == ["a.py line 3 and a.py line 15"]
    assert house.copies({Path("a.py"): one, Path("b.py"): "\n".join(one.splitlines()[:9])}) == []
    rows = "LISTED = {\n" + '    "a": 1,\n' * 20 + "}\n"
    assert house.copies({Path("a.py"): rows, Path("b.py"): rows}) == []


def test_a_second_definition_is_found_by_its_name_and_by_what_it_holds():
    schema = (Path("schema.py"), 'PAIR = ["project_id", "product_id"]\nLIMIT = 3\n_WIDE = 2')
    assert house.twice_defined(dict([schema, (Path("b.py"), "LIMIT = 4")])) == ["LIMIT: b.py, schema.py"]
    assert house.twice_defined(dict([schema, (Path("b.py"), "_WIDE = 2")])) == ["WIDE: b.py, schema.py"]
    assert house.twice_defined(dict([schema, (Path("b.py"), "_WIDE = 5")])) == []
    written = 'def f(table):\n    return table.groupby(["project_id", "product_id"])'
    assert house.twice_defined(dict([(Path("a.py"), written), schema])) == [
        "['project_id', 'product_id'] in a.py line 2 is PAIR of schema.py"
    ]


def test_a_participle_is_found_wherever_it_names_something():
    source = "def found(told):\n    shown = told\n    for kept, n in shown: pass\n    return n.assign(made=1)"
    names = [place.rpartition(": ")[2] for place in house.participles({Path("a.py"): source})]
    assert sorted(names) == ["found", "kept", "shown", "told"]
    assert house.participles({Path("kept.py"): ""}) == ["kept.py is a module's name"]
