"""Imports by technological purpose."""

import pandas as pd

from importcut.schema import conform


def profile(panel: pd.DataFrame, uses: pd.DataFrame, *, frequency: str) -> pd.DataFrame:
    """The panel split over technological purposes by the shares of `uses`, so that no value is counted twice.

    Parameters
    ----------
    panel : table `panel`, from `import_panel`
    uses : product_id, plant_id, purpose_id, share (of the plant's use of the product, adding up to 1)
    frequency : of the periods, Q or Y

    Returns
    -------
    DataFrame
        Table `profile`; key product_id, plant_id, purpose_id, origin, period. Without uses a purpose is "unspecified".

    Examples
    --------
    >>> panel = pd.DataFrame({"product_id": "pp", "plant_id": "asaka", "origin": "KR", "period": ["2024"]})
    >>> panel = panel.assign(value_usd=540.0, net_kg=180.0, raw_kg=180.0, unit_value=3.0, evidence="measured")
    >>> uses = pd.DataFrame({"product_id": "pp", "plant_id": "asaka", "purpose_id": ["bumper", "trim"]})
    >>> split = profile(panel, uses.assign(share=[0.75, 0.25]), frequency="Y")
    >>> split.set_index("purpose_id")["value_usd"].to_dict()
    {'bumper': 405.0, 'trim': 135.0}
    """
    split = panel.merge(uses, on=["product_id", "plant_id"], how="left", validate="m:m")
    amounts = split[["value_usd", "net_kg", "raw_kg"]].mul(split["share"].fillna(1), axis=0)
    split = split.assign(purpose_id=split["purpose_id"].fillna("unspecified"), **amounts)
    return conform(split, "profile", frequency=frequency)
