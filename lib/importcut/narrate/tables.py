"""Tables of a report as they are read: headings and cells in the reader's language."""

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from importcut.narrate.answer import REASONS
from importcut.schema import weakest

CHECKS = {
    "duplicate_line": "line received twice",
    "superseded_by_correction": "replaced by a correction",
    "other_importer": "other importers",
    "other_regime": "other customs regimes",
    "item_repeated": "declaration item repeated",
    "negative_value": "negative value or weight",
    "hs_code_malformed": "malformed commodity code",
    "hs_code_unknown": "unknown commodity code",
    "impossible_date": "impossible date",
    "unreadable_value": "unreadable number",
    "malformed_line": "malformed line",
    "unterminated_quote": "unterminated quotation mark",
    "not_utf8": "unreadable characters",
    "weight_unit_unknown": "unknown unit of weight",
    "value_missing": "value missing",
    "missing_weight": "weight missing",
    "wrong_unit": "weight in a wrong unit",
    "reporting_break": "weights of the period broken",
    "coverage_break": "partner no longer reports",
    "period_missing": "no line received for the period",
    "unit_value_outlier": "unit value out of line",
    "hs_revision": "commodity code recut",
}
TREATMENTS = {
    "kept": "kept",
    "imputed": "imputed",
    "repaired": "repaired",
    "left_out": "left out of comparisons",
    "set_aside": "set aside",
}


BASES = {
    "realised_to_date": "Realised to date",
    "target_year": "Planned, target year alone",
    "cumulative": "Planned, sum up to the target year",
}
READINGS = {"annual": "flow in the target year", "cumulative": "sum up to the target year"}


NUMERIC = r"[\d\s.,/−–]+"


@dataclass(frozen=True)
class Listing:
    """A table as it is read; every cell is text already."""

    frame: pd.DataFrame
    caption: str

    def _repr_mimebundle_(self, include=None, exclude=None):
        cells = self.frame.astype(object).where(self.frame.notna(), "").astype("str").to_numpy().tolist()
        numeric = [bool(self.frame[c].dropna().astype("str").str.fullmatch(NUMERIC).all()) for c in self.frame]
        about = {"caption": self.caption, "columns": list(self.frame), "rows": cells, "numeric": numeric}
        return {"text/html": self._html(cells, numeric), "application/vnd.importcut.table+json": about}

    def _html(self, cells: list[list[str]], numeric: list[bool]) -> str:
        kind = [' class="number"' if number else "" for number in numeric]
        head = "".join(f"<th{k}>{escape(c)}</th>" for c, k in zip(self.frame, kind, strict=True))
        rows = "".join(
            "<tr>" + "".join(f"<td{k}>{escape(v)}</td>" for v, k in zip(row, kind, strict=True)) + "</tr>\n"
            for row in cells
        )
        caption = f"<caption>{escape(self.caption)}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table>"

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.frame.to_string(index=False, na_rep='')}"


def ranking_table(ranking: pd.DataFrame, basis: str, say) -> Listing:
    """The ranked projects in their order on one basis, amounts in thousand dollars."""
    rows = ranking[ranking["basis"].eq(basis) & ranking["rank"].notna()].sort_values("rank")
    grades = rows["evidence"].map(say, na_action="ignore").where(rows["net_usd"].notna())
    frame = pd.DataFrame(
        {
            say("Rank"): rows["rank"].map(say.number),
            say("Project"): rows["project_id"].map(say.names("projects")),
            say("Net cut"): thousands(rows["net_usd"], say),
            say("Range"): ranges(rows, say),
            say("Gross cut"): thousands(rows["gross_usd"], say),
            say("Cost"): thousands(rows["cost_usd"], say),
            say("Grade, net"): grades,
            say("Grade, gross"): rows["gross_evidence"].map(say, na_action="ignore"),
        }
    )
    return Listing(without_empty(frame), say("{what}, thousand US dollars", what=say(BASES[basis])))


def cuts_table(cuts: pd.DataFrame, say) -> Listing:
    """Realised cuts by project and product to date, with placebo test and limits; then what is not identified."""
    pair = ["project_id", "product_id"]
    due = cuts[cuts["reason"].ne("not_started") | cuts["identified"]]
    total = {name: (name, lambda usd: usd.sum(min_count=1)) for name in ("gross_usd", "low_usd", "high_usd")}
    first = {name: (name, "first") for name in ("placebo_rank", "placebo_n", "reason")}
    any_of = {name: (name, "any") for name in ("limit_flag", "identified")}
    rows = due.groupby(pair, as_index=False).agg(**total, **first, **any_of, grade=("gross_evidence", weakest))
    rows = rows.sort_values("gross_usd", ascending=False, na_position="last")
    rank = rows["placebo_rank"].astype("str") + "/" + rows["placebo_n"].astype("str")
    over = rows["limit_flag"].map({True: say("exceeded"), False: say("kept within")}).where(rows["identified"])
    reason = rows["reason"].map(REASONS).map(say, na_action="ignore")
    frame = pd.DataFrame(
        {
            say("Project"): rows["project_id"].map(say.names("projects")),
            say("Product"): rows["product_id"].map(say.names("products")),
            say("Gross cut"): thousands(rows["gross_usd"], say),
            say("Range"): ranges(rows, say),
            say("Placebo rank"): rank.where(rows["placebo_rank"].notna()),
            say("Donors"): (rows["placebo_n"] - 1).map(say.number, na_action="ignore"),
            say("Capacity and output"): over,
            say("Grade, or reason"): rows["grade"].map(say, na_action="ignore").where(rows["identified"], reason),
        }
    )
    what = say("Gross cuts by project and product, to date")
    return Listing(without_empty(frame), say("{what}, thousand US dollars", what=what))


def target_table(target: pd.DataFrame, say) -> Listing:
    """The target in both readings, in thousand dollars."""
    frame = pd.DataFrame(
        {
            say("Reading"): target["reading"].map(READINGS).map(say),
            say("Target"): thousands(target["target_usd"], say),
            say("Planned, gross"): thousands(target["planned_usd"], say),
            say("Net"): thousands(target["planned_net_usd"], say),
            say("Net foreign exchange"): thousands(target["planned_fx_usd"], say),
            say("Realised, gross"): thousands(target["realised_usd"], say),
            say("Can be displaced"): thousands(target["addressable_usd"], say),
        }
    )
    what = say("The target in both readings")
    return Listing(frame, say("{what}, thousand US dollars", what=what))


def quality_table(quality: pd.DataFrame, say) -> Listing:
    """What was found in the data, by rule, with the value that it touches and what was done."""
    rows = quality.groupby(["check", "treatment"], as_index=False)[["lines", "affected_value_usd"]].sum()
    rows = rows.sort_values("affected_value_usd", ascending=False)
    frame = pd.DataFrame(
        {
            say("Finding"): rows["check"].map(CHECKS).map(say),
            say("Lines"): rows["lines"].map(say.number).where(rows["lines"] > 0),
            say("Value"): thousands(rows["affected_value_usd"], say),
            say("Treatment"): rows["treatment"].map(TREATMENTS).map(say),
        }
    )
    what = say("What was found in the data")
    return Listing(frame, say("{what}, thousand US dollars", what=what))


def quality_bars(quality: pd.DataFrame, say) -> pd.DataFrame:
    """What was found, by rule and treatment, as `chart.plot_quality` draws it, the largest value first.

    Columns label, treatment (category), value_usd (USD), note: value, lines and products in words.
    """
    rows = (
        quality.groupby(["check", "treatment"], as_index=False)
        .agg(lines=("lines", "sum"), products=("product_id", "nunique"), value_usd=("affected_value_usd", "sum"))
        .sort_values("value_usd", ascending=False, ignore_index=True)
    )
    treatments = pd.CategoricalDtype([say(text) for text in TREATMENTS.values()])
    return pd.DataFrame(
        {
            "label": rows["check"].map(CHECKS).map(say),
            "treatment": rows["treatment"].map(TREATMENTS).map(say).astype(treatments),
            "value_usd": rows["value_usd"],
            "note": [_extent(row.value_usd, row.lines, row.products, say) for row in rows.itertuples()],
        }
    )


def _extent(usd: float, lines: int, products: int, say) -> str:
    """An amount and, where they are known, how many lines and products it stands for."""
    counted = [say.count("{n} line", "{n} lines", int(lines))] if lines else []
    named = [say.count("{n} product", "{n} products", int(products))] if products else []
    return ", ".join([say.money(usd), *counted, *named])


def limits_table(cuts: pd.DataFrame, say) -> Listing:
    """Estimated cuts beside capacity and recorded output, in tonnes, where one is exceeded or the output is known."""
    rows = cuts[cuts["identified"] & (cuts["limit_flag"] | cuts["output_kg"].notna() & cuts["method"].ne("deliveries"))]
    over = (rows["gross_kg"] > rows["capacity_kg"], rows["gross_kg"] > rows["output_kg"])
    exceeded = np.select([over[0] & over[1], *over], [say("both"), say("capacity"), say("output")], say("neither"))
    frame = pd.DataFrame(
        {
            say("Project"): rows["project_id"].map(say.names("projects")),
            say("Product"): rows["product_id"].map(say.names("products")),
            say("Period"): [say.period(period) for period in rows["period"]],
            say("Cut"): _tonnes(rows["gross_kg"], say),
            say("Capacity"): _tonnes(rows["capacity_kg"], say),
            say("Recorded output"): _tonnes(rows["output_kg"], say),
            say("Exceeded"): exceeded,
        }
    )
    return Listing(frame, say("Estimated cuts against capacity and recorded output, tonnes"))


def annex(say) -> Listing:
    """Where the figures come from."""
    sources = [text[say.language] for text in say.ds.sources]
    return Listing(pd.DataFrame({say("Source"): sources}), say("Sources"))


def thousands(usd: pd.Series, say) -> pd.Series:
    return (usd / 1e3).map(lambda value: say.number(value, 1), na_action="ignore")


def ranges(rows: pd.DataFrame, say) -> pd.Series:
    found = thousands(rows["low_usd"], say).astype(object) + "–" + thousands(rows["high_usd"], say).astype(object)
    return found.where(rows["low_usd"].notna())


def without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.loc[:, frame.notna().any()]


def _tonnes(kg: pd.Series, say) -> pd.Series:
    return (kg / 1e3).map(say.number, na_action="ignore")
