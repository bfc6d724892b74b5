"""Declaration lines of the synthetic sample: what was really imported, told as a customs dump tells it."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from economy.model import ASSUMPTIONS, CELL, DATASET, toml

HEADER = {
    "number": "Номер декларации",
    "item": "Номер товара",
    "correction": "Корректировка",
    "date": "Дата регистрации",
    "regime": "Режим",
    "tax_number": "ИНН получателя",
    "importer": "Наименование получателя",
    "hs_code": "Код товара по ТН ВЭД",
    "text": "Наименование товара",
    "origin": "Страна происхождения",
    "weight": "Вес нетто",
    "unit": "Единица веса",
    "invoice": "Фактурная стоимость",
    "currency": "Валюта",
    "value": "Статистическая стоимость, USD",
}
UNITS = {"кг": (1, 3), "т": (1000, 6), "г": (0.001, 0)}  # kg a unit, decimals declared


def declarations(registers, grades, rows, seed, sound=False) -> Iterator[tuple[str, pd.DataFrame, pd.Series]]:
    """Yield period, lines as text and planted faults, none if they are to be sound, in parts that fit into memory."""
    spec, periods = toml(ASSUMPTIONS / "generator.toml"), grades["period"].unique()
    spec = _without_faults(spec) if sound else spec
    spec["base_period"] = toml(DATASET / "dataset.toml")["base_period"]
    late = []
    for place, period in enumerate(periods):
        cells = grades[grades["period"] == period]
        wanted = rows * (place + 1) // len(periods) - rows * place // len(periods)
        parts = max(1, -(-wanted // spec["lines_a_part"]))
        arrived, late = late, []
        for part in range(parts):
            rng = np.random.default_rng([seed, 1, place, part])
            share = cells.assign(import_kg=cells["import_kg"] / parts)
            lines = _true_lines(share, wanted // parts, registers, spec, rng)
            lines["declaration"] += part * 2 * spec["lines_a_part"]
            lines["fault"] = _faults(lines, period, spec, rng)
            corrections = _corrections(lines, spec, rng)
            delayed = (rng.random(len(corrections)) < spec["extra"]["late_correction"]) & (period != periods[-1])
            received = [_declared(lines, spec, rng), _out_of_scope(lines, spec, rng), corrections[~delayed], *arrived]
            lines, arrived = pd.concat(received, ignore_index=True), []
            late.append(corrections[delayed])
            found = lines["fault"].value_counts().drop("")
            yield period, _as_text(lines[lines["fault"] != "coverage_break"]), found


def _without_faults(spec: dict) -> dict:
    """The same economy, told without a slip: every line as it is, every period with all its weights and partners."""
    none = {name: dict.fromkeys(spec[name], 0.0) for name in ("fault", "small_fault")}
    periods = {
        name: spec[name] | {key: "never"} for name, key in (("reporting_break", "period"), ("coverage_break", "since"))
    }
    return spec | none | periods | {"extra": spec["extra"] | {"duplicate_line": 0.0}}


def _pick(options: pd.DataFrame, key: str, wanted: pd.Series, rng) -> pd.DataFrame:
    """Return for each wanted key one of the options that bear it, drawn at random."""
    options = options.sort_values(key, kind="stable")
    first, end = (options[key].searchsorted(wanted, side) for side in ("left", "right"))
    return options.iloc[first + (rng.random(len(wanted)) * (end - first)).astype(int)].set_axis(wanted.index)


def _true_lines(cells, wanted, registers, spec, rng) -> pd.DataFrame:
    """Return faultless lines whose weights and values add up to each cell's tonnes times its grade price."""
    cells = cells[cells["import_kg"] > 0]
    usd = (cells["import_kg"] * cells["price_usd"]).to_numpy()
    own = wanted / (1 + spec["extra"]["other_importer"] + spec["extra"]["other_regime"])
    counts = 1 + (max(own - len(cells), 0) * np.sqrt(usd) / np.sqrt(usd).sum()).round().astype(int)
    cell = np.repeat(np.arange(len(cells)), counts)
    lines = cells.iloc[cell].reset_index(drop=True)
    split = np.exp(rng.normal(0, spec["line_weight_noise"], len(lines)))
    lines["kg"] = (lines["import_kg"] * split / np.bincount(cell, split)[cell]).round(3)
    worth = lines["kg"] * lines["price_usd"] * np.exp(rng.normal(0, spec["line_price_noise"], len(lines)))
    worth *= usd[cell] / np.bincount(cell, worth)[cell]
    lines["spare"] = lines.duplicated(CELL)
    joined = rng.random(len(lines)) < spec["same_declaration_share"]
    joined &= ~lines[["plant_id", "origin"]].ne(lines[["plant_id", "origin"]].shift()).any(axis=1)
    lines["declaration"] = (~joined).cumsum()
    lines["item"] = lines.groupby("declaration").cumcount() + 1
    quarter = pd.Period(cells["period"].iat[0])
    days = rng.integers(0, (quarter.end_time - quarter.start_time).days + 1, len(lines) + 1)[lines["declaration"]]
    lines["day"] = quarter.start_time + pd.to_timedelta(days, unit="D")
    rates = registers["exchange_rates.csv"].set_index(["date", "currency"])["usd"]
    month = pd.MultiIndex.from_arrays([lines["day"].dt.strftime("%Y-%m-01"), lines["currency"]])
    lines["rate"] = rates.reindex(month).to_numpy()
    lines["invoice"] = (worth / lines["rate"]).round(2)
    return _described(lines, registers["plants.csv"], spec, rng).assign(
        correction="", unit="кг", hidden=False, date=lines["day"].dt.strftime("%d.%m.%Y")
    )


def _described(lines, plants, spec, rng) -> pd.DataFrame:
    """Return the lines with code, description, importer, customs post and regime."""
    descriptions = pd.read_csv(ASSUMPTIONS / "descriptions.csv", dtype=str)
    lines[["hs_code", "text"]] = _pick(descriptions, "product_id", lines["product_id"], rng)[["hs_code", "text"]]
    for column, source in {"tax_number": "tax_numbers", "importer": "aliases"}.items():
        options = plants.assign(option=plants[source].str.split(";")).explode("option")
        lines[column] = _pick(options, "plant_id", lines["plant_id"], rng)["option"]
    lines["tax_number"] = lines["tax_number"].mask(rng.random(len(lines)) < spec["blank_tax_number_share"], "")
    posts = dict(zip(plants["plant_id"], spec["posts"], strict=True))
    return lines.assign(regime=spec["regimes"]["import"], post=lines["plant_id"].map(posts))


def _faults(lines, period, spec, rng) -> pd.Series:
    """Return the one fault planted on each line, mostly none; a cell's first line has no fault of its own."""
    fault = pd.Series("", lines.index)
    gap, breaking = spec["coverage_break"], spec["reporting_break"]
    fault[(lines["origin"] == gap["origin"]) & (period >= gap["since"])] = "coverage_break"
    order = pd.Index(rng.permutation(lines.index[lines["spare"] & (fault == "")]))
    usd = (lines["invoice"] * lines["rate"])[order]
    small = usd <= usd.quantile(spec["small_quantile"])
    shares = spec["fault"] | ({} if period.startswith(spec["base_period"]) else spec["small_fault"])
    for reason, share in shares.items():
        free = order[(fault[order] == "") & (small | (reason in spec["fault"]))]
        fault[free[: rng.binomial(len(lines), share)]] = reason
    if period == breaking["period"]:
        fault[~lines["product_id"].isin(breaking["sound"]) & (fault == "")] = "reporting_break"
    return fault


def _corrections(lines, spec, rng) -> pd.DataFrame:
    """Return the corrections of the superseded lines; some are corrected twice."""
    last = lines[lines["fault"] == "superseded_by_correction"].assign(correction="1", fault="")
    twice = rng.random(len(last)) < spec["extra"]["second_correction"]
    first = last[twice].assign(fault="superseded_by_correction", invoice=lambda f: (f["invoice"] * 0.9).round(2))
    return pd.concat([first, last.assign(correction=np.where(twice, "2", "1"))])


def _out_of_scope(lines, spec, rng) -> pd.DataFrame:
    """Return lines of other importers and of other regimes, modelled on the true lines."""
    extra, importers = spec["extra"], pd.read_csv(ASSUMPTIONS / "other_importers.csv", dtype=str)
    known = lines[lines["fault"] != "coverage_break"]
    strangers, passing = (round(len(lines) * extra[reason]) for reason in ("other_importer", "other_regime"))
    others = known.iloc[rng.integers(0, len(known), strangers + passing)].reset_index(drop=True)
    size = np.exp(rng.normal(0, 0.5, len(others)))
    others = others.assign(
        declaration=lines["declaration"].max() + 1 + others.index,
        item=1,
        fault=np.repeat(["other_importer", "other_regime"], [strangers, passing]),
        kg=(others["kg"] * size).round(3),
        invoice=(others["invoice"] * size).round(2),
    )
    stranger = others["fault"] == "other_importer"
    drawn = importers.iloc[rng.integers(0, len(importers), strangers)]
    others.loc[stranger, ["tax_number", "importer"]] = drawn[["tax_number", "name"]].to_numpy()
    others.loc[~stranger, "regime"] = rng.choice(spec["regimes"]["other"], passing)
    return others


def _declared(lines, spec, rng) -> pd.DataFrame:
    """Return the lines as declared: with what their faults do to them, and with copies of the duplicated ones."""
    fault, draw = lines["fault"], rng.random(len(lines))
    plain = fault == ""
    unit = np.select([draw < spec["tonne_share"], draw > 1 - spec["gram_share"]], ["т", "г"], "кг")
    hidden = plain & (rng.random(len(lines)) < spec["blank_value_share"])
    kg = lines["kg"].mask(fault == "missing_weight").mask(fault == "wrong_unit", lines["kg"] / 1000)
    kg = kg.mask(fault == "reporting_break", lines["kg"] * spec["reporting_break"]["factor"])
    factor = fault.map({"negative_value": -1.0, "superseded_by_correction": 1.2}).fillna(1.0)
    code = lines["hs_code"].mask(fault == "hs_code_unknown", rng.choice(spec["unknown"]["hs_codes"], len(lines)))
    look_alike = (fault == "hs_code_malformed") & (draw < 0.5)
    bad = np.where(look_alike, code.str.replace("0", "О", n=1), code.str[:7])  # the letter О, or too short
    impossible = "31." + lines["day"].dt.quarter.map(spec["short_month"].__getitem__) + lines["day"].dt.strftime(".%Y")
    lines = lines.assign(
        unit=np.where(plain, unit, "кг"),
        hidden=hidden,
        kg=kg,
        invoice=(lines["invoice"] * factor).round(2),
        hs_code=code.mask(fault == "hs_code_malformed", bad),
        fault=fault.mask(look_alike, "hs_code_look_alike"),
        date=lines["date"].mask(fault == "impossible_date", impossible),
    )
    copied = rng.binomial(len(lines), spec["extra"]["duplicate_line"])
    copies = lines[plain].iloc[rng.permutation(plain.sum())[:copied]]
    return pd.concat([lines, copies.assign(fault="duplicate_line")], ignore_index=True)


def _as_text(lines) -> pd.DataFrame:
    """Return the lines in the text columns of a customs dump, by date and number."""
    number = lines["post"] + lines["day"].dt.strftime("/%d%m%Y/") + lines["declaration"].astype(str).str.zfill(7)
    weight = pd.Series("", lines.index)
    for unit, (kg, decimals) in UNITS.items():
        told = (lines["unit"] == unit) & lines["kg"].notna()
        weight[told] = _fixed(lines.loc[told, "kg"] / kg, decimals)
    value = _fixed((lines["invoice"] * lines["rate"]).round(2), 2).mask(lines["hidden"], "")
    text = lines.assign(number=number, weight=weight, invoice=_fixed(lines["invoice"], 2), value=value)
    order = text.sort_values(["day", "number", "item", "correction"], kind="stable")
    return order[list(HEADER)].astype(str).rename(columns=HEADER).reset_index(drop=True)


def _fixed(figures: pd.Series, decimals: int) -> pd.Series:
    return figures.map(f"{{:.{decimals}f}}".format)
