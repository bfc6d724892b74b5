"""What is decided of a line: scope, duplicates, codes, units, currency, product and plant."""

import re
from functools import reduce

import ibis
import pandas as pd
from ibis import _

from importcut.dataset import Dataset, hs_prefixes
from importcut.intake.engine import either_case, small_table
from importcut.intake.partners import CLEANING, SINGLE, bare_name, country_codes, total_levels
from importcut.intake.values import alternatives
from importcut.schema import NATIONAL, PLACE, USE, tables

CONTENT = [c.name for c in tables()["declarations"].columns if c.name not in PLACE]
DECLARED_ITEM = ["declaration_id", "item"]  # which a declaration has once
CODES = {
    "hs_code": "string", "code": "string", "code_rule": "string", "well_formed": "boolean", "short": "boolean",
    "of_code": "string", "candidates": "string", "lines": "int64",
}  # fmt: skip
NOTHING, REPAIR = ibis.null("string"), CLEANING["unit_repair"]
SENDER = ["source_file", "plant_id"]
SOME, ENOUGH = 250_000, 1_000  # lines to know the medians of unit values by: in all, and of a product
GROUP = ["source_file", "hs_code", "date"]  # where a total stands beside what it adds up
COUNTED = {**dict.fromkeys(GROUP, "string"), "date": "date", "counted": "int64"}
SUM_OF_CODES = -1  # of a code that adds up others, where a partner has its level
QUOTES = "[\"'«»“”„‟‘’]"  # around a name, or left out
LONGEST_SUM = 4  # digits of a code under which statistics add up others


def with_rule(
    lines: ibis.Table,
    *,
    twice: ibis.Table,
    codes: pd.DataFrame,
    origins: pd.DataFrame,
    totals: pd.DataFrame,
    silent: list[str],
    latest: pd.Timestamp,
    ds: Dataset,
) -> ibis.Table:
    """Each line with product, plant, value, weight in kg, the rules that touched it, and the one that sets it aside.

    silent : files that have no column of regimes, of which none is another one; latest : date of a line
    """
    countries = origins["code"].dropna().loc[lambda code: code.ne(code.index)].to_dict()
    unknown = [*origins.index[origins["code"].isna() & origins["level"].eq(SINGLE)]]
    read = lines.mutate(
        **_plants(ds),  # what one column alone decides comes first: an engine works it out once for each value of it
        **_text_fits(lines, ds),
        **{c: _[c].strip().nullif("") for c in ("regime", "importer_tin", "currency")},
        unit_kg=_.weight_unit.strip().lower().cases(*CLEANING["kg"].items(), else_=ibis.null("float64")),
        origin=_.origin.strip().cases(*countries.items(), ("", "XX"), else_=_.origin.strip()).fill_null("XX"),
        level=_level(origins),
    )
    placed = read.left_join(small_table(totals, COUNTED), [*GROUP]).drop(*[f"{c}_right" for c in GROUP])
    joined = placed.left_join(twice, PLACE).drop(*[f"{c}_right" for c in PLACE])
    placed = _with_rate(joined, latest, ds).mutate(
        plant_id=_.by_number.fill_null(_.by_name),
        plant_rule=ibis.literal(NATIONAL) if ds.plants.empty else ibis.ifelse(_.by_number.isnull(), "name", NOTHING),
    )
    coded = placed.left_join(small_table(codes, CODES), "hs_code").drop("hs_code_right")
    valued = coded.mutate(
        product_id=_.of_code.fill_null(_product(coded, codes)),
        value_rule=ibis.ifelse(_.value_usd.isnull(), "converted", NOTHING),
        invoice_usd=ibis.ifelse(_.value_usd.isnull(), ibis.null("float64"), _.invoice_value * _.rate_usd),
        value_usd=_.value_usd.fill_null(ibis.ifelse(_.fault.isnull(), _.invoice_value * _.rate_usd, None)),
        declared_kg=_.net_weight * _.unit_kg,
    )
    judged = valued.mutate(rule=_rule(valued, silent, ds))
    alone = (_.level > SINGLE) & _.counted.notnull() & _.rule.isnull()
    of_origin = [(alone, "total_alone"), (_.origin == "XX", "missing"), (_.origin.isin(unknown), "unknown")]
    return judged.mutate(origin_rule=ibis.cases(*of_origin, else_=NOTHING), origin=ibis.ifelse(alone, "XX", _.origin))


def spellings(lines: ibis.Table) -> pd.DataFrame:
    """The commodity codes and origins that stand together on lines, with the number of these and the latest date."""
    read = lines.mutate(origin=_.origin.strip())
    return read.group_by("hs_code", "origin").agg(lines=_.count(), date=_.date.max()).to_pandas()


def known_codes(declared: pd.DataFrame, ds: Dataset) -> pd.DataFrame:
    """The commodity codes as declared: code without blanks and look-alike letters, products whose prefixes fit.

    A lost leading zero is given back where only that makes the code one of a product's; a concordance renames the code.
    Columns: hs_code (as declared), code, code_rule (what was done to it), well_formed (of 6 digits and more, or of the
    level of the shortest prefix), short (only longer codes that begin with it tell the product), of_code (product_id,
    where the code alone decides), candidates (product_id by priority, blanks between, where the text does), lines.
    """
    counted = declared.groupby("hs_code", as_index=False)["lines"].sum()
    codes = counted["hs_code"].astype("str")
    look_alikes = str.maketrans(CLEANING["hs_code"]["look_alikes"], CLEANING["hs_code"]["digits"])
    bare = codes.str.replace(r"[\s.\-]", "", regex=True).str.translate(look_alikes)
    prefixes, with_pattern = hs_prefixes(ds.products), set(ds.products.dropna(subset="text_pattern")["product_id"])
    level = min([6, *(len(code) for own in prefixes.values() for code in own)])  # of the shortest prefix
    becomes = dict(ds.concordance[["hs_code", "becomes"]].itertuples(index=False))
    rows = []
    for written, plain, n in zip(codes, bare, counted["lines"], strict=True):
        code, rule = plain, None if plain == written else "cleaned"
        if len(plain) % 2 and any(("0" + plain).startswith(p) for p in prefixes.values()):
            code, rule = "0" + plain, "leading_zero"
        if old := max((o for o in becomes if code.startswith(o)), key=len, default=None):
            code, rule = becomes[old] + code[len(old) :], "concordance"
        fits = [product for product, own in prefixes.items() if code.startswith(own)]
        alone = fits[0] if fits and fits[0] not in with_pattern else None
        several = " ".join(fits) if fits and alone is None else None
        sound = len(code) >= level and bool(re.fullmatch(r"(\d\d){1,5}", code))
        short = not fits and len(code) > 1 and any(p.startswith(code) for own in prefixes.values() for p in own)
        rows.append((written, code, rule, sound, short, alone, several, n))
    return pd.DataFrame(rows, columns=[*CODES])


def _rule(lines: ibis.Table, silent: list[str], ds: Dataset) -> ibis.Value:
    regime, most = lines.regime.fill_null(""), CLEANING["limits"] | ds.limits
    checks = {
        "total_over_codes": lines.counted == SUM_OF_CODES,
        "total_over_partners": (lines.counted >= SINGLE) & (lines.level != lines.counted),
        "other_regime": ~regime.isin(list(ds.import_regimes)) & ~lines.source_file.isin([*silent, ""])
        if ds.import_regimes
        else None,
        "other_importer": lines.plant_id.isnull() if len(ds.plants) else None,
        **{rule: lines.repeat == rule for rule in ("duplicate_line", "superseded_by_correction", "item_repeated")},
        "negative_value": lines.value_usd < 0,
        "negative_weight": lines.net_weight < 0,
        "absurd_value": (lines.value_usd > most["line_usd"]) | (lines.declared_kg > most["line_kg"]),
        "hs_code_short": lines.short.fill_null(False),
        "hs_code_malformed": ~lines.well_formed.fill_null(False),
        "hs_code_unknown": lines.product_id.isnull(),
        "weight_unit_unknown": lines.net_weight.notnull() & lines.unit_kg.isnull(),
        "rate_missing": lines.value_usd.isnull() & lines.invoice_value.notnull() & lines.currency.notnull(),
        "value_missing": lines.value_usd.isnull(),
    }
    branches = [(checks[rule], rule) for rule in CLEANING["rules"] if checks.get(rule) is not None]
    return lines.fault.fill_null(ibis.cases(*branches, else_=NOTHING))


def repaired(lines: ibis.Table, medians: ibis.Table, sizes: ibis.Table, systematic: ibis.Table) -> ibis.Table:
    """Lines with `net_kg`: a weight a thousand times off is mended where every witness says that it alone is off.

    Witnesses: the invoice at the day's rate, and `usual_sizes`. What else is a thousand times off is `doubted`.
    """
    tolerance, far = REPAIR["tolerance"], REPAIR["factor"] ** 0.5
    joined = _with_repair(lines, medians).left_join(sizes, USE).drop(*[f"{c}_right" for c in USE])
    joined = joined.left_join(systematic, SENDER).drop(*[f"{c}_right" for c in SENDER])
    value, weight = _.value_usd / _.usual_usd, _.declared_kg * _.repair / _.usual_kg
    usual = value.between(1 / far, far) & weight.between(1 / far, far)
    invoiced = (_.invoice_usd / _.value_usd.nullif(0)).between(1 / tolerance, tolerance)
    sure = ibis.coalesce(usual, invoiced, False) & ibis.coalesce(invoiced, usual, False) & _.off.isnull()
    missing, off = _.declared_kg.isnull() | (_.declared_kg == 0), _.repair != 1
    rule = ibis.cases((missing, "missing"), (off & sure, "unit_repaired"), (off, "doubted"), else_=NOTHING)
    net_kg = _.declared_kg.nullif(0) * ibis.ifelse(off & sure, _.repair, 1.0)
    return joined.mutate(weight_rule=rule, net_kg=net_kg)


def _with_repair(lines: ibis.Table, medians: ibis.Table) -> ibis.Table:
    """Lines with `repair`: what would bring a unit value a thousand times off to the product's median; 1 for others."""
    factor, tolerance = float(REPAIR["factor"]), REPAIR["tolerance"]
    ratio = ibis.ifelse(_.declared_kg > 0, _.value_usd / _.declared_kg, ibis.null("float64")) / _.median
    repair = ibis.cases(
        (ratio.between(factor / tolerance, factor * tolerance), factor),
        (ratio.between(1 / factor / tolerance, 1 / factor * tolerance), 1 / factor),
        else_=1.0,
    )
    return lines.left_join(medians, "product_id").drop("product_id_right").mutate(repair=repair)


def thinned(lines: ibis.Table, codes: pd.DataFrame) -> ibis.Table:
    """Every n-th line, and all lines of what is seldom imported: enough to know medians by."""
    nth = int(codes["lines"].sum()) // SOME
    if nth < 2:
        return lines
    together = codes.groupby(["of_code", "candidates"], dropna=False)["lines"].transform("sum")
    seldom = codes.loc[together < nth * ENOUGH, "hs_code"].tolist()
    return lines.filter((_.line % nth == 0) | _.hs_code.isin(seldom)).drop("declaration_id")


def priced(lines: ibis.Table) -> ibis.Table:
    """The accepted lines with a weight, and what their size is told by."""
    return lines.filter(_.rule.isnull(), _.declared_kg > 0).select("source_file", *USE, "value_usd", "declared_kg")


def unit_value_medians(lines: ibis.Table) -> ibis.Table:
    """Median unit value of each product, USD per declared kg, of `priced` lines."""
    return lines.group_by("product_id").agg(median=(_.value_usd / _.declared_kg).median())


def usual_sizes(lines: ibis.Table) -> ibis.Table:
    """What each plant usually imports of a product at a time, of `priced` lines, where these are enough: USD, kg."""
    sizes = lines.group_by(USE).agg(usual_usd=_.value_usd.median(), usual_kg=_.declared_kg.median(), n=_.count())
    return sizes.filter(_.n >= REPAIR["neighbours"]).drop("n")


def systematic(lines: ibis.Table, medians: ibis.Table) -> ibis.Table:
    """The plants and files many of whose `priced` lines have a unit value a thousand times off; `off`: how many."""
    counted = _with_repair(lines, medians).group_by(SENDER).agg(off=(_.repair != 1).sum(), n=_.count())
    return counted.filter(_.off > REPAIR["few"], _.off > REPAIR["few_share"] * _.n).drop("n")


@ibis.udf.scalar.builtin(name="hash", signature=(("string", "string"), "int64"))
def digest(declaration: str, item: str) -> int:
    """A number for a declaration and an item, which others may share by chance; both engines know this function."""


def keyed(lines: ibis.Table) -> ibis.Table:
    """The lines that can be read, with `key`: a digest of declaration and item, of the whole line if one is lacking."""
    content = reduce(lambda a, b: a + "\x1f" + b, [_[c].cast("string").fill_null("") for c in CONTENT])
    key = ibis.ifelse(_numbered(), digest(_.declaration_id, _.item), digest(content, ""))
    return lines.filter(_.fault.isnull()).mutate(key=key)


def _numbered() -> ibis.Value:
    return _.declaration_id.notnull() & _.item.notnull()


def repeated_keys(sound: ibis.Table) -> ibis.Table:
    """Keys that several lines of `keyed` share."""
    return sound.group_by("key").having(_.count() > 1).agg()


def repeats(sound: ibis.Table, keys: ibis.Table) -> ibis.Table:
    """Lines that stand there twice: place, and as what. Of equal lines the first counts, of corrections the last.

    Only lines that share a key (`repeated_keys`) with another one are sorted; of millions these are few.
    """
    candidates = sound.mutate(version=_.correction.fill_null(0)).semi_join(keys, "key")
    counted = candidates.mutate(
        copy=ibis.row_number().over(group_by=CONTENT, order_by=PLACE),
        newest=_.version.max().over(group_by=DECLARED_ITEM),
        numbered=_numbered(),
    ).mutate(same=ibis.row_number().over(group_by=[*DECLARED_ITEM, "version", "copy"], order_by=PLACE))
    repeat = ibis.cases(
        (_.copy > 0, "duplicate_line"),
        (_.numbered & (_.version < _.newest), "superseded_by_correction"),
        (_.numbered & (_.same > 0), "item_repeated"),
        else_=NOTHING,
    )
    return counted.mutate(repeat=repeat).filter(_.repeat.notnull()).select(*PLACE, "repeat")


def _plants(ds: Dataset) -> dict[str, ibis.Value]:
    """The plant by the importer's tax number, and by its name or one of its aliases."""
    if ds.plants.empty:
        return {"by_number": ibis.literal(NATIONAL), "by_name": ibis.literal(NATIONAL)}
    name = _.importer_name.re_replace(QUOTES, "").re_replace(r"\s+", " ").strip().lower()
    plants = ds.plants.set_index("plant_id")
    written = plants.filter(regex="^(name_|aliases)").stack().droplevel(1).str.replace(QUOTES, "", regex=True)
    numbers, names = alternatives(plants["tax_numbers"]), alternatives(written)
    return {
        column: written.cases(*({key: plant for plant, key in keys.items()}.items() or {("", "")}), else_=NOTHING)
        for column, written, keys in (("by_number", _.importer_tin.strip(), numbers), ("by_name", name, names))
    }


def _with_rate(lines: ibis.Table, latest: pd.Timestamp, ds: Dataset) -> ibis.Table:
    """The rate of the last day on or before the declaration date for which the central bank quotes the currency."""
    if ds.exchange_rates.empty:
        return lines.mutate(rate_usd=ibis.ifelse(_.currency == "USD", 1.0, ibis.null("float64")))
    quoted = ds.exchange_rates.pivot(index="date", columns="currency", values="usd").assign(USD=1.0)
    last = pd.Series([latest, quoted.index.max()], dtype="datetime64[us]").max()
    daily = quoted.reindex(pd.date_range(quoted.index.min(), last)).ffill().stack().reset_index()
    daily = daily.set_axis(["rate_date", "rate_currency", "rate_usd"], axis=1)
    schema = {"rate_date": "date", "rate_currency": "string", "rate_usd": "float64"}
    rates = small_table(daily.assign(rate_date=daily["rate_date"].dt.date), schema)
    on = [lines.date == rates.rate_date, lines.currency == rates.rate_currency]
    return lines.left_join(rates, on).drop("rate_date", "rate_currency")


def _text_fits(lines: ibis.Table, ds: Dataset) -> dict[str, ibis.Value]:
    """Whether the description fits each product that has a pattern."""
    patterns = ds.products.set_index("product_id")["text_pattern"].dropna().items()
    matches = {p: _.description.re_extract(either_case(lines, pattern), 0) for p, pattern in patterns}
    return {f"text_fits_{product}": text.fill_null("") != "" for product, text in matches.items()}


def _product(lines: ibis.Table, codes: pd.DataFrame) -> ibis.Value:
    """The product whose code and description fit, of several the one with the highest priority."""
    branches = []
    for candidates in codes["candidates"].dropna().unique():
        for product in candidates.split():
            fits, column = lines.candidates == candidates, f"text_fits_{product}"
            branches.append((fits & lines[column] if column in lines.columns else fits, product))
    return ibis.cases(*branches, else_=NOTHING) if branches else NOTHING


def known_origins(declared: pd.DataFrame) -> pd.DataFrame:
    """The origins as written, without blanks around them: code of the country that they mean, and level.

    What means none stays as it is written: several countries, a name that nobody has entered in cleaning.toml.
    """
    written = declared["origin"].dropna().drop_duplicates()
    bare = written[written.ne("")].astype("str").map(bare_name)
    codes, levels = bare.map(country_codes()).astype("str"), bare.map(total_levels())
    known = pd.DataFrame({"code": codes, "level": levels.where(codes.isna()).fillna(SINGLE).astype("int64")})
    return known.set_axis(written[bare.index])


def strange_origins(cells: pd.DataFrame) -> pd.Series:
    """Import value by what is written for a country and means none, or several joined by +, the largest first."""
    known = {bare_name("XX"), *country_codes()}
    means = {name: known.issuperset(map(bare_name, name.split("+"))) for name in cells["origin"].unique()}
    strange = cells[~cells["origin"].map(means).astype("bool")]
    return strange.groupby("origin")["value_usd"].sum().sort_values(ascending=False)


def _level(origins: pd.DataFrame) -> ibis.Value:
    """The level of the partner that stands on a line as its origin."""
    totals = origins.loc[origins["level"] > SINGLE, "level"].items()
    return _.origin.strip().cases(*totals, ("", SINGLE), else_=SINGLE)


def totals_beside_parts(lines: ibis.Table, codes: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    """Files, codes and periods in which lines are the sum of others, and which of them are counted; no declarations.

    Columns: GROUP, counted (the level of partners that counts; SUM_OF_CODES: none, for longer codes do).
    """
    code = codes.set_index("hs_code")["code"]
    short = code[code.str.len().le(LONGEST_SUM)].unique()
    if origins["level"].eq(SINGLE).all() and not any(code.str.startswith(c).sum() > code.eq(c).sum() for c in short):
        return pd.DataFrame(columns=[*COUNTED])
    tables = lines.filter(_.fault.isnull(), _.declaration_id.isnull(), _.hs_code.notnull())
    levels = tables.mutate(level=_level(origins)).group_by(GROUP)
    spans = levels.agg(least=_.level.min(), most=_.level.max()).to_pandas()
    spans["code"] = spans["hs_code"].map(code)
    beginnings = [spans[spans["code"].str.len() > n].assign(code=lambda t, n=n: t["code"].str[:n]) for n in (2, 4)]
    parents = pd.MultiIndex.from_frame(pd.concat(beginnings)[["source_file", "date", "code"]])
    summed = pd.MultiIndex.from_frame(spans[["source_file", "date", "code"]]).isin(parents)
    counted = spans["most"].where(spans["least"] > SINGLE, SINGLE).mask(summed, SUM_OF_CODES)
    return spans.assign(counted=counted).loc[summed | (spans["most"] > SINGLE), [*COUNTED]]
