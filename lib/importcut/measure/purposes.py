"""Imports by technological purpose."""

import pandas as pd

from importcut.schema import conform


def profile(panel: pd.DataFrame, uses: pd.DataFrame, *, frequency: str) -> pd.DataFrame:
    """The panel split over technological purposes by the shares of `uses`, so that no value is counted twice."""
    split = panel.merge(uses, on=["product_id", "plant_id"], how="left", validate="m:m")
    share = split["share"].fillna(1)
    return conform(
        split.assign(
            purpose_id=split["purpose_id"].fillna("unspecified"),
            value_usd=split["value_usd"] * share,
            net_kg=split["net_kg"] * share,
            raw_kg=split["raw_kg"] * share,
        ),
        "profile",
        frequency=frequency,
    )
