"""The table of recut commodity codes in the library, from the correlation tables of the United Nations.

    PYTHONPATH=lib:tests python -m economy.hs_revisions hs_correlation.csv

The source has a row for each pair in which a code changed: from_revision, from_hs6, to_revision, to_hs6,
relation_new_old. A code that takes crumbs from hundreds of others is new, and narrows none of those that go on.
"""

import sys
from pathlib import Path

import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from importcut.schema import LIBRARY

FAN = 400  # codes from which one takes no more than crumbs


def recut_codes(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs as `hs_revisions.csv` has them: revision, group of codes that became one another, from, to, relation.

    The relation reads new:old; a fan is a new code of hundreds, without the codes that it takes crumbs from.
    """
    names = {"to_revision": "revision", "from_hs6": "from", "to_hs6": "to", "relation_new_old": "relation"}
    table = pairs.rename(columns=names)[[*names.values()]]
    fan = table.groupby(["revision", "to"])["from"].transform("size").gt(FAN)
    goes_on = (table["revision"] + table["from"]).isin(table["revision"] + table["to"])
    crumbs = fan & goes_on
    table = table.mask(crumbs, table.assign(**{"from": None, "relation": "fan"})).drop_duplicates()
    table = table.sort_values(["revision", "from", "to"], ignore_index=True)
    sides = [table["revision"] + side + table[side].fillna(table["to"]) for side in ("from", "to")]
    codes, nodes = pd.factorize(pd.concat(sides))
    links = coo_array(([1] * len(table), (codes[: len(table)], codes[len(table) :])), shape=(len(nodes), len(nodes)))
    table.insert(1, "group", connected_components(links, directed=False)[1][codes[len(table) :]])
    unmoved = table["from"].eq(table["to"]) & ~table["group"].duplicated(keep=False)  # gave crumbs only
    return table[~unmoved].reset_index(drop=True)


if __name__ == "__main__":
    recut_codes(pd.read_csv(Path(sys.argv[1]), dtype="str")).to_csv(
        LIBRARY / "hs_revisions.csv", index=False, lineterminator="\n"
    )
