"""All findings on the data in one table, and the products that no treatment repaired."""

import pandas as pd

from importcut.schema import conform

UNREPAIRED = ("hs_revision", "reporting_break", "missing_weight")


def quality(findings: pd.DataFrame | None, rules: pd.DataFrame, ds) -> pd.DataFrame:
    """All findings: on the panel, and what was set aside, by kind and reason (table `rules` of clean.clean_imports)."""
    set_aside = (
        rules[rules["kind"].ne("accepted")]
        .rename(columns={"rule": "check", "value_usd": "affected_value_usd"})
        .drop(columns="decides")
        .assign(treatment="set_aside", certainty="found")
    )
    on_panel = [] if findings is None else [findings.assign(period=findings["period"].astype("str"))]
    found = pd.concat([*on_panel, set_aside], ignore_index=True)
    columns = {c: found.get(c) for c in ("period", "product_id", "origin")}
    return conform(found.assign(**columns), "quality", frequency=ds.frequency)


def unrepaired(findings: pd.DataFrame) -> set[str]:
    """Products (product_id) whose codes were recut, or whose weights are broken or missing, and nothing mended it.

    Takes the findings of import_panel or the table `quality`: columns check, treatment, product_id.
    """
    kept = findings["check"].isin(UNREPAIRED) & findings["treatment"].eq("kept")
    return set(findings.loc[kept, "product_id"])
