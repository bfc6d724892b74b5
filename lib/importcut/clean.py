"""Declarations → imports and quarantine: scope, duplicates, codes, units, currency, product and plant."""

import glob
import tomllib
from functools import reduce
from pathlib import Path

import ibis
import pandas as pd
from ibis import _

from importcut.schema import NATIONAL, DataError, conform, tables

RULES = tomllib.loads((Path(__file__).parent / "cleaning.toml").read_text(encoding="utf-8"))
CONTENT = [c.name for c in tables()["declarations"].columns if c.name not in ("source_file", "line")]


def clean_imports(declarations: list, unreadable: pd.DataFrame, ds) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accepted lines (`imports`) and the lines set aside with their reason (`quarantine`).

    Parameters
    ----------
    declarations : raw files as typed Parquet, from `sources.read_declarations`
    unreadable : lines that could not be read, from `sources.faults`

    Raises
    ------
    DataError
        If lines in are not accepted + quarantined, in number, for every file.
    """
    connection = ibis.duckdb.connect()
    lines = connection.read_parquet([glob.escape(str(f.declarations)) for f in declarations])
    judged = with_reason(lines, ds).cache()
    accepted = (
        repair_units(judged.filter(_.reason.isnull()))
        .select(*[c.name for c in tables()["imports"].columns if c.name != "period"], "date")
        .order_by("source_file", "line")
        .to_pandas()
    )
    looked_at = {rule["column"] for rule in RULES["rules"].values()} - {"value_usd"}
    set_aside = (
        judged.filter(_.reason.notnull())
        .select(
            "source_file",
            "line",
            "value_usd",
            rule=_.reason,
            net_kg=_.declared_kg,
            **{column: _[column].cast("string") for column in looked_at},
        )
        .to_pandas()
    )
    imports = accepted.assign(period=pd.PeriodIndex(accepted["date"], freq=ds.frequency))
    quarantine = pd.concat([_in_kg(unreadable), _explained(set_aside)]).sort_values(["source_file", "line"])
    imports, quarantine = (
        conform(imports, "imports", frequency=ds.frequency),
        conform(quarantine, "quarantine", frequency=ds.frequency),
    )
    _reconcile(declarations, imports, quarantine)
    return imports, quarantine


def with_reason(lines: ibis.Table, ds) -> ibis.Table:
    """Each line with product, plant, value, weight in kg, and the reason to set it aside, if there is one."""
    kg, has_plants = RULES["kg"], len(ds.plants) > 0
    latest = ibis.window(group_by=["declaration_id", "item"])
    joined = _with_rate(_with_plant(lines, ds), ds).mutate(
        hs_code=_.hs_code.fill_null("").re_replace(r"[\s.]", ""),
        description=_.description.fill_null("").lower(),
        unit_kg=_.weight_unit.lower().cases(*kg.items(), else_=ibis.null("float64")),
        copy=ibis.row_number().over(group_by=CONTENT, order_by=["source_file", "line"]),
        version=_.correction.fill_null(0),
    )
    valued = joined.mutate(
        product_id=_product(joined, ds),
        declared_kg=_.net_weight * _.unit_kg,
        value_rule=ibis.ifelse(_.value_usd.isnull(), "converted", "declared"),
        value_usd=_.value_usd.fill_null(_.invoice_value * _.rate_usd),
        newest=_.version.max().over(latest),
        origin=_.origin.fill_null("XX"),
    ).mutate(
        same=ibis.row_number().over(
            group_by=["declaration_id", "item", "version", "copy"], order_by=["source_file", "line"]
        )
    )
    numbered = valued.declaration_id.notnull() & valued.item.notnull()
    checks = {
        "other_regime": ~valued.regime.fill_null("").isin(list(ds.import_regimes)) if ds.import_regimes else None,
        "other_importer": valued.plant_id.isnull() if has_plants else None,
        "duplicate_line": valued.copy > 0,
        "superseded_by_correction": numbered & (valued.version < valued.newest),
        "item_repeated": numbered & (valued.same > 0),
        "negative_value": valued.value_usd < 0,
        "negative_weight": valued.net_weight < 0,
        "hs_code_malformed": ~valued.hs_code.re_search("^([0-9]{2}){3,5}$"),
        "hs_code_unknown": valued.product_id.isnull(),
        "weight_unit_unknown": valued.net_weight.notnull() & valued.unit_kg.isnull(),
        "rate_missing": valued.value_usd.isnull() & valued.invoice_value.notnull() & valued.currency.notnull(),
        "value_missing": valued.value_usd.isnull(),
    }
    branches = [(checks[rule], rule) for rule in RULES["rules"] if checks[rule] is not None]
    return valued.mutate(reason=ibis.cases(*branches, else_=ibis.null("string")))


def repair_units(lines: ibis.Table) -> ibis.Table:
    """Lines with `net_kg`, mended where the unit value is about a thousand times off the product's median."""
    factor, tolerance = RULES["unit_repair"]["factor"], RULES["unit_repair"]["tolerance"]
    priced = lines.mutate(unit_value=ibis.ifelse(_.declared_kg > 0, _.value_usd / _.declared_kg, ibis.null("float64")))
    medians = priced.group_by("product_id").agg(median=_.unit_value.median())
    ratio = _.unit_value / _.median
    return (
        priced.join(medians, "product_id", how="left")
        .mutate(
            repair=ibis.cases(
                (ratio.between(factor / tolerance, factor * tolerance), float(factor)),
                (ratio.between(1 / factor / tolerance, 1 / factor * tolerance), 1 / factor),
                else_=1.0,
            )
        )
        .mutate(
            net_kg=_.declared_kg.nullif(0) * _.repair,
            weight_rule=ibis.cases(
                (_.declared_kg.isnull() | (_.declared_kg == 0), "missing"),
                (_.repair != 1, "unit_repaired"),
                else_="declared",
            ),
        )
    )


def _with_plant(lines: ibis.Table, ds) -> ibis.Table:
    if ds.plants.empty:
        return lines.mutate(plant_id=ibis.literal(NATIONAL))
    by_number, by_name = (
        ibis.memtable(
            ds.plants.dropna(subset=column)
            .assign(key=lambda t, column=column: t[column].str.split(";"))
            .explode("key")
            .assign(key=lambda t: t["key"].str.split().str.join(" ").str.lower())[["key", "plant_id"]]
            .astype("str")
            .drop_duplicates("key")
        )
        for column in ("tax_numbers", "aliases")
    )
    return (
        lines.left_join(by_number, lines.importer_tin == by_number.key)
        .drop("key")
        .rename(by_tin="plant_id")
        .mutate(name_key=_.importer_name.re_replace(r"\s+", " ").strip().lower())
        .left_join(by_name, [("name_key", "key")])
        .drop("key")
        .mutate(plant_id=_.by_tin.fill_null(_.plant_id))
    )


def _with_rate(lines: ibis.Table, ds) -> ibis.Table:
    """The rate of the last day on or before the declaration date for which the central bank quotes the currency."""
    if ds.exchange_rates.empty:
        return lines.mutate(rate_usd=ibis.ifelse(_.currency == "USD", 1.0, ibis.null("float64")))
    quoted = ds.exchange_rates.pivot(index="date", columns="currency", values="usd")
    last = pd.Series([lines.date.max().to_pandas(), quoted.index.max()], dtype="datetime64[us]").max()
    daily = (
        quoted.assign(USD=1.0)
        .reindex(pd.date_range(quoted.index.min(), last, name="date"))
        .ffill()
        .stack()
        .rename("rate_usd")
        .reset_index()
    )
    rates = ibis.memtable(
        daily.assign(rate_date=daily["date"].dt.date, rate_currency=daily["currency"])[
            ["rate_date", "rate_currency", "rate_usd"]
        ]
    )
    return lines.left_join(rates, [lines.date == rates.rate_date, lines.currency == rates.rate_currency]).drop(
        "rate_date", "rate_currency"
    )


def _product(lines: ibis.Table, ds) -> ibis.Value:
    """The product whose code and description fit, of several the one with the highest priority."""
    branches = []
    for product in ds.products.sort_values(["priority", "product_id"], ascending=[False, True]).itertuples():
        prefixes = [p.strip() for p in product.hs_prefixes.split(";") if p.strip()]
        fits = reduce(lambda a, b: a | b, [lines.hs_code.startswith(p) for p in prefixes])
        if pd.notna(product.text_pattern):
            fits = fits & lines.description.re_search(f"(?i){product.text_pattern}")
        branches.append((fits, product.product_id))
    return ibis.cases(*branches, else_=ibis.null("string"))


def _in_kg(unreadable: pd.DataFrame) -> pd.DataFrame:
    kg = unreadable["weight_unit"].str.lower().map(RULES["kg"]).astype("float64")
    return unreadable.assign(net_kg=unreadable["net_kg"] * kg)


def _explained(set_aside: pd.DataFrame) -> pd.DataFrame:
    """The lines set aside with kind, column, value and remedy of the rule that did it."""
    rules = pd.DataFrame(RULES["rules"]).T.rename_axis("rule").reset_index()
    explained = set_aside.merge(rules, on="rule", how="left", validate="m:1")
    found = [explained.at[row, column] for row, column in explained["column"].items()]
    return explained.assign(
        reason=explained["reason"].fillna(explained["rule"]),
        value=pd.Series(found, explained.index, dtype=object).map(lambda v: None if pd.isna(v) else str(v)),
        raw=None,
    )


def _reconcile(files: list, imports: pd.DataFrame, quarantine: pd.DataFrame) -> None:
    counted = imports.groupby("source_file").size().add(quarantine.groupby("source_file").size(), fill_value=0)
    for file in files:
        if counted.get(file.source_file, 0) != file.lines:
            raise DataError(
                f"{file.source_file}: {file.lines} lines, {counted.get(file.source_file, 0):g} accepted or set aside "
                f"— report this as a fault of importcut"
            )
