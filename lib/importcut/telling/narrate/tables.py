"""Tables of a report as they are read: headings and cells in the reader's language."""

import tomllib
from dataclasses import dataclass
from functools import cache
from html import escape

import numpy as np
import pandas as pd

from importcut.schema import LIBRARY, weakest
from importcut.telling.finding import TABLE

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
        shown = self._html(cells, numeric) if cells else ""  # a caption over nothing tells nobody anything
        return {"text/html": shown, TABLE: about}

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


def listing(name: str, rows: pd.DataFrame, say, *, caption: str = "", further: dict[str, str] | None = None) -> Listing:
    """The table of that name in listings.toml, made of rows.

    Parameters
    ----------
    caption : as it is read, where listings.toml has none
    further : headings as they are read, with their columns, after those of listings.toml
    """
    told = _listings()[name]
    heads = {say(head): column for head, column in told["columns"].items()} | (further or {})
    frame = pd.DataFrame({head: _cells(rows, column, say) for head, column in heads.items()})
    caption = caption or say(told["caption"])
    return Listing(
        frame if told.get("whole") else frame.loc[:, frame.notna().any()],
        say("thousands", what=caption) if told.get("thousands") else caption,
    )


def ranking_table(ranking: pd.DataFrame, basis: str, say) -> Listing:
    """The ranked projects in their order on one basis, amounts in thousand dollars."""
    rows = ranking[ranking["basis"].eq(basis) & ranking["rank"].notna()].sort_values("rank")
    rows = rows.assign(
        range=ranges(rows, say),
        grade_net=rows["evidence"].map(say, na_action="ignore").where(rows["net_usd"].notna()),
        grade_gross=rows["gross_evidence"].map(say, na_action="ignore"),
    )
    return listing("ranking", rows, say, caption=say.words("bases")[basis])


def cuts_table(cuts: pd.DataFrame, say) -> Listing:
    """Realised cuts by project and product to date, with placebo test and limits; then what is not identified."""
    due = cuts[cuts["reason"].ne("not_started") | cuts["identified"]]
    total = {name: (name, lambda usd: usd.sum(min_count=1)) for name in ("gross_usd", "low_usd", "high_usd")}
    first = {name: (name, "first") for name in ("placebo_rank", "placebo_n", "reason")}
    any_of = {name: (name, "any") for name in ("limit_flag", "identified")}
    pairs = due.groupby(["project_id", "product_id"], as_index=False)
    rows = pairs.agg(**total, **first, **any_of, grade=("gross_evidence", weakest))
    rows = rows.sort_values("gross_usd", ascending=False, na_position="last")
    known, reason = rows["identified"], say.in_words(rows["reason"], "reasons")
    rows = rows.assign(
        range=ranges(rows, say),
        placebo=placebo_ranks(rows).where(rows["placebo_rank"].notna()),
        donors=rows["placebo_n"] - 1,
        over=rows["limit_flag"].map({True: say("exceeded"), False: say("kept within")}).where(known),
        grade_or_reason=rows["grade"].map(say, na_action="ignore").where(known, reason),
    )
    return listing("cuts", rows, say)


def target_table(target: pd.DataFrame, say) -> Listing:
    """The target in both readings, in thousand dollars."""
    return listing("target", target.assign(reading=say.in_words(target["reading"], "readings")), say)


def quality_table(quality: pd.DataFrame, say) -> Listing:
    """What was found in the data, by rule, with the value that it touches and what was done."""
    rows = quality.groupby(["check", "treatment"], as_index=False)[["lines", "affected_value_usd"]].sum()
    rows = rows.sort_values("affected_value_usd", ascending=False)
    words = {column: say.in_words(rows[column], f"{column}s") for column in ("check", "treatment")}
    lines = rows["lines"].map(say.number).where(rows["lines"] > 0)
    return listing("quality", rows.assign(lines=lines, **words), say)


def quality_bars(quality: pd.DataFrame, say) -> pd.DataFrame:
    """What was found, by rule and treatment, as `chart.plot_quality` draws it, the largest value first.

    Columns label, treatment (category), value_usd (USD), note: value, lines and products in words.
    """
    rows = (
        quality.groupby(["check", "treatment"], as_index=False)
        .agg(lines=("lines", "sum"), products=("product_id", "nunique"), value_usd=("affected_value_usd", "sum"))
        .sort_values("value_usd", ascending=False, ignore_index=True)
    )
    treatments = pd.CategoricalDtype(list(say.words("treatments").values()))
    return pd.DataFrame(
        {
            "label": say.in_words(rows["check"], "checks"),
            "treatment": say.in_words(rows["treatment"], "treatments").astype(treatments),
            "value_usd": rows["value_usd"],
            "note": [_extent(row, say) for row in rows.itertuples()],
        }
    )


def limits_table(cuts: pd.DataFrame, say) -> Listing:
    """Estimated cuts beside capacity and recorded output, in tonnes, where one is exceeded or the output is known."""
    rows = cuts[cuts["identified"] & (cuts["limit_flag"] | cuts["output_kg"].notna() & cuts["method"].ne("deliveries"))]
    over = (rows["gross_kg"] > rows["capacity_kg"], rows["gross_kg"] > rows["output_kg"])
    exceeded = np.select([over[0] & over[1], *over], [say("both"), say("capacity"), say("output")], say("neither"))
    return listing("limits", rows.assign(period=[say.period(p) for p in rows["period"]], exceeded=exceeded), say)


def annex(say) -> Listing:
    """Where the figures come from."""
    return listing("sources", pd.DataFrame({"source": [text[say.language] for text in say.ds.sources]}), say)


def ranges(rows: pd.DataFrame, say) -> pd.Series:
    """The ranges of the rows, in thousand dollars."""
    low, high = (_cells(rows, column, say).astype(object) for column in ("low_usd", "high_usd"))
    return (low + "–" + high).where(rows["low_usd"].notna())


def placebo_ranks(rows: pd.DataFrame) -> pd.Series:
    """Rank among the donors and the product itself, as 2/9."""
    return rows["placebo_rank"].astype("str") + "/" + rows["placebo_n"].astype("str")


@cache
def _listings() -> dict:
    file = LIBRARY / "listings.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _cells(rows: pd.DataFrame, column: str, say) -> pd.Series:
    """A column as it is read: by its format, as .1 or .0%, or else by its unit."""
    column, _, form = column.partition(":")
    if column in ("project_id", "product_id"):
        return rows[column].map(say.names(column.replace("_id", "s")))
    if column.endswith(("_usd", "_kg")):
        scale, digits = 1e-3, column.endswith("_usd")
    elif form:
        scale, digits = 100 if "%" in form else 1, form.strip(".%")
    else:
        return rows[column]
    return (rows[column] * scale).map(lambda value: say.number(value, int(digits)), na_action="ignore")


def _extent(row, say) -> str:
    """An amount and, where they are known, how many lines and products it stands for."""
    counted = [say(of, n=int(n)) for of, n in (("lines", row.lines), ("products", row.products)) if n]
    return ", ".join([say.money(row.value_usd), *counted])
