"""Tables of a report as they are read: headings and cells in the reader's language."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from importcut.dataset import name_column
from importcut.language import Voice, texts
from importcut.letters import NO_FORMULA, as_html
from importcut.schema import PAIR, RULES, TESTS, weakest
from importcut.telling.finding import TABLE, capital, extent
from importcut.telling.narrate.credibility import by_size, method_tested
from importcut.telling.narrate.imports import group_names, import_groups
from importcut.telling.narrate.priorities import urgent_first
from importcut.telling.narrate.revisions import UNITS

SIGNS = {"holds": "✓", "fails": "✗", "not_run": "–", "not_checked": "○"}
NUMERIC = r"[\d\s.,/−–]+"


@dataclass(frozen=True)
class Listing:
    """A table as it is read; every cell is text already. `page`: it is too long for prints."""

    frame: pd.DataFrame
    caption: str
    page: bool = False

    def _repr_mimebundle_(self, include=None, exclude=None):
        cells = self.frame.astype(object).where(self.frame.notna(), "").astype("str").to_numpy().tolist()
        numeric = [bool(self.frame[c].dropna().astype("str").str.fullmatch(NUMERIC).all()) for c in self.frame]
        about = {"caption": self.caption, "columns": list(self.frame), "rows": cells, "numeric": numeric}
        about |= {"page": True} if self.page else {}
        html = self._html(cells, numeric) if cells else ""  # a caption over nothing tells nobody anything
        return {"text/html": html, TABLE: about}

    def _html(self, cells: list[list[str]], numeric: list[bool]) -> str:
        kinds = [' class="number"' if number else "" for number in numeric]

        def row(tag: str, texts: list[str]) -> str:
            marked = (f"<{tag}{kind}>{as_html(text)}</{tag}>" for kind, text in zip(kinds, texts, strict=True))
            return f"<tr>{''.join(marked)}</tr>"

        head, body = row("th", [*self.frame]), "".join(row("td", texts) + "\n" for texts in cells)
        caption = f"<caption>{as_html(self.caption)}</caption>"
        return f'<table class="{NO_FORMULA}">{caption}<thead>{head}</thead>\n<tbody>{body}</tbody></table>'

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.frame.to_string(index=False, na_rep='')}"


def listing(
    name: str, rows: pd.DataFrame, say: Voice, *, caption: str = "", further: dict[str, str] | None = None
) -> Listing:
    """The table of that name in listings.toml, made of rows; caption and further headings come as they are read."""
    about = texts("listings")[name]
    heads = {say(head): column for head, column in about["columns"].items()} | (further or {})
    frame = pd.DataFrame({head: _cells(rows, column, say) for head, column in heads.items()})
    frame = frame if about.get("whole") else frame.loc[:, frame.notna().any()]
    caption = caption or say(about["caption"])
    return Listing(frame, say("thousands", what=caption) if about.get("thousands") else caption)


def ranking_table(ranking: pd.DataFrame, basis: str, say: Voice) -> Listing:
    """The ranked projects in their order on one basis; those of the target year alone stay out of prints."""
    rows = ranking[ranking["basis"].eq(basis) & ranking["rank"].notna()].sort_values("rank")
    rows = rows.join(extent(rows)).assign(net_evidence=rows["evidence"].where(rows["net_usd"].notna()))
    table = listing("ranking", rows, say, caption=say.words("bases")[basis])
    return replace(table, page=basis == "target_year")  # of a plan, prints hold the sum


def cuts_table(cuts: pd.DataFrame, say: Voice) -> Listing:
    """Realised cuts by project and product to date, with placebo test and limits; then what is not identified."""
    due = cuts[cuts["reason"].ne("not_started") | cuts["identified"]]
    total = {
        name: (name, lambda usd: usd.sum(min_count=1)) for name in ("gross_usd", "gross_low_usd", "gross_high_usd")
    }
    first = {name: (name, "first") for name in ("placebo_rank", "placebo_n", "reason")}
    any_of = {name: (name, "any") for name in ("limit_flag", "identified")}
    rows = due.groupby(PAIR, as_index=False).agg(**total, **first, **any_of, grade=("gross_evidence", weakest))
    rows = rows.sort_values("gross_usd", ascending=False, na_position="last")
    known, reason = rows["identified"], say.in_words(rows["reason"], "reasons")
    return listing(
        "cuts",
        rows.assign(
            donors=rows["placebo_n"] - 1,
            over=rows["limit_flag"].map({True: say("exceeded"), False: say("kept within")}).where(known),
            grade_or_reason=say.in_words(rows["grade"], "grades").where(known, reason),
        ),
        say,
    )


def limits_table(cuts: pd.DataFrame, say: Voice) -> Listing:
    """Estimated cuts beside capacity and recorded output, where one is exceeded or the output is known."""
    rows = cuts[
        cuts["gross_kg"].notna() & (cuts["limit_flag"] | cuts["output_kg"].notna() & cuts["method"].ne("deliveries"))
    ]
    over = (rows["gross_kg"] > rows["capacity_kg"], rows["gross_kg"] > rows["output_kg"])
    exceeded = np.select([over[0] & over[1], *over], [say("both"), say("capacity"), say("output")], say("neither"))
    return listing("limits", rows.assign(exceeded=exceeded), say)


def estimates_table(estimates: pd.DataFrame, say: Voice) -> Listing:
    """The gross cut to date of each project × product by every method; on the page, prints hold the chart."""
    rows = by_size(estimates)
    order = rows.drop_duplicates(PAIR).set_index(PAIR).index
    wide = rows.pivot(index=PAIR, columns="method", values="gross_usd").reindex(order).add_suffix("_usd").reset_index()
    methods = {capital(word): f"{m}_usd" for m, word in say.words("methods").items() if f"{m}_usd" in wide}
    return replace(listing("estimates", wide, say, further=methods), page=True)


def placebo_table(estimates: pd.DataFrame, say: Voice) -> Listing:
    """The placebo tests of the control basket, or of the dataset's own method: rank, p, fit, smallest fall told."""
    method = method_tested(estimates)
    rows = estimates[estimates["method"].eq(method) & estimates["placebo_rank"].notna()]
    rows = rows.assign(misfit=np.expm1(rows["fit"])).sort_values("gross_usd", ascending=False)
    caption = say("evidence.placebo_caption", method=say.words("methods")[method])
    return listing("placebo", rows, say, caption=caption)


def claims_table(tests: pd.DataFrame, say: Voice) -> Listing:
    """A row of marks for each fall that was tested: verdict, value, and the threshold in brackets."""
    figures = [f" {say.number(row.value, 2)} ({say.number(row.threshold, 2)})" for row in tests.itertuples()]
    marks = tests["verdict"].map(SIGNS) + pd.Series(figures, tests.index, dtype="str").where(tests["value"].notna(), "")
    wide = tests.assign(mark=marks).pivot(index=PAIR, columns="test", values="mark").reindex(columns=[*TESTS])
    return listing("tests", wide.reset_index(), say)


def ledger_table(ledger: pd.DataFrame, say: Voice) -> Listing:
    """Planned and realised gross cut of each project to date, and the parts of the difference."""
    sums = ledger.groupby("project_id").sum(numeric_only=True).sort_values("difference_usd").reset_index()
    return listing("ledger", sums, say, further={capital(w): column for column, w in say.words("parts").items()})


def credit_table(credit: pd.DataFrame, kind: str, say: Voice) -> Listing:
    """Credited cuts summed to the target year under the five rules; kind: gross or net."""
    summed = credit[credit["basis"].eq("cumulative")]
    wide = summed.pivot_table(index="project_id", columns="rule", values=f"{kind}_usd", observed=True)
    wide = wide.reindex(columns=list(RULES)).sort_values("shapley", ascending=False).add_suffix("_usd").reset_index()
    rules = {word: f"{rule}_usd" for rule, word in say.words("rules").items()}
    caption = say("Credited net cuts") if kind == "net" else say("Credited gross cuts")
    return listing("credit", wide, say, caption=caption, further=rules)


def measures_table(status: pd.DataFrame, say: Voice) -> Listing:
    """Every measure with its date, state and project, what is late first; if not all are late, too long for prints."""
    rows = urgent_first(status, say)
    late = rows["months_late"].where(rows["months_late"] > 0)
    owners = say.ds.measures.drop_duplicates("measure_id").set_index("measure_id")
    owners = owners.get(name_column(say.language, "owner"), owners["owner"]).fillna(owners["owner"])
    rows = rows.assign(late=late, owner=rows["measure_id"].map(owners))
    return replace(listing("measures", rows, say), page=not rows["state"].eq("late").all())


def next_table(products: pd.DataFrame, say: Voice) -> Listing:
    """The products without a project in their order, with the criteria and what the register says of each."""
    known = say.ds.products[["product_id", *say.ds.products.columns.difference(products.columns)]]
    return listing("next", products.sort_values("rank").merge(known, on="product_id", how="left", validate="1:1"), say)


def register_table(register: pd.DataFrame, say: Voice) -> Listing:
    """Every imported line: how much, from where, how concentrated, how it grew; on the page and not in prints."""
    rows = register.assign(group=group_names(register["group"], say), origin=register["origin"].map(say.country))
    return replace(listing("register", rows, say), page=True)


def groups_table(register: pd.DataFrame, say: Voice) -> Listing:
    """The register of imports by group."""
    rows = import_groups(register, say)
    return listing("groups", rows.assign(share=rows["value_usd"] / rows["value_usd"].sum()), say)


def feasibility_table(say: Voice) -> Listing:
    """The feasibility register: every product with what stands in products.csv, and its projects."""
    products, makes = say.ds.products, say.ds.project_products
    products = products[~products["product_id"].isin(say.ds.comparison)]
    by_product = makes["project_id"].map(say.names("projects")).groupby(makes["product_id"]).agg(", ".join)
    projects = [by_product.get(product, say("none")) for product in products["product_id"]]
    return listing("feasibility", products.assign(projects=projects), say)


def changes_table(changes: pd.DataFrame, say: Voice) -> Listing:
    """What changed, before and now, each figure in its unit; what shows no difference is left out."""
    kinds = say.words("changes")
    rows = changes[changes["kind"].isin(list(kinds))]
    least = rows["unit"].map({unit: smallest for unit, (smallest, _, _) in UNITS.items()}).astype("float64")
    moved = rows["before"].fillna(0).sub(rows["after"].fillna(0)).abs().ge(least)
    rows = rows[moved | (rows["kind"].eq("measure") & rows["state_before"].ne(rows["state_after"]))]
    rows = rows.sort_values("kind", key=lambda kind: kind.map(list(kinds).index), kind="stable")
    names = pd.concat([say.names("projects"), say.names("measures"), pd.Series(say.words("readings"))])
    sides = {side: _figures_or_states(rows, side, say) for side in ("before", "after")}
    return listing("changes", rows.assign(name=rows["id"].map(names).fillna(rows["id"]), **sides), say)


def quality_table(quality: pd.DataFrame, say: Voice) -> Listing:
    """What was found in the data, by rule, with the value that it touches and what was done."""
    rows = quality_bars(quality)
    return listing("quality", rows.assign(lines=rows["lines"].where(rows["lines"] > 0)), say)


def quality_bars(quality: pd.DataFrame) -> pd.DataFrame:
    """What was found, by rule and treatment, the largest value first: lines, products, affected_value_usd."""
    sums = {name: (name, "sum") for name in ("lines", "affected_value_usd")} | {"products": ("product_id", "nunique")}
    rows = quality.groupby(["check", "treatment"], as_index=False).agg(**sums)
    return rows.sort_values("affected_value_usd", ascending=False, ignore_index=True)


def glossary(say: Voice) -> Listing:
    """The terms that a report cannot do without, each in a sentence."""
    terms, meanings = (say.words(kind) for kind in ("terms", "meanings"))
    return listing("glossary", pd.DataFrame({"term": terms, "meaning": meanings}), say)


def annex(say: Voice) -> Listing:
    """Where the figures come from."""
    return listing("sources", pd.DataFrame({"source": [text[say.language] for text in say.ds.sources]}), say)


def _cells(rows: pd.DataFrame, column: str, say: Voice) -> pd.Series:
    """A column as it is read: by its form (.1, .0%, or a kind of words.toml), or else by its name."""
    column, _, form = column.partition(":")
    if column == "range":
        ends = ("low_usd", "high_usd") if "low_usd" in rows else ("gross_low_usd", "gross_high_usd")
        low, high = (_cells(rows, end, say).astype(object) for end in ends)
        return (low + "–" + high).where(rows[ends[0]].notna())
    if column == "placebo":  # rank among the donors and the product itself, as 2/9
        ranks = rows["placebo_rank"].astype("str") + "/" + rows["placebo_n"].astype("str")
        return ranks.where(rows["placebo_rank"].notna())
    values = rows[column]
    if column.endswith("_id"):
        return values.map(say.names(column.replace("_id", "s")))
    if values.dtype == bool:
        return values.map({True: say("yes")})
    if column.endswith(("_usd", "_kg")):
        values, form = values * 1e-3, ".1" if column.endswith("_usd") else ".0"
    elif form.endswith("%"):
        values, form = values * 100, form.rstrip("%")  # the heading says per cent
    read = form or isinstance(values.dtype, pd.PeriodDtype)
    return values.map(lambda value: say.written(value, form=form), na_action="ignore") if read else values


def _figures_or_states(rows: pd.DataFrame, side: str, say: Voice) -> pd.Series:
    """Figures of one side in the unit of their row, or the state."""
    scaled = [
        say.number(value * UNITS[unit][1], UNITS[unit][2]) if pd.notna(value) else None
        for value, unit in zip(rows[side], rows["unit"], strict=True)
    ]
    states = rows[f"state_{side}"].map(say.words("states"))
    return pd.Series(scaled, rows.index, dtype=object).where(rows["kind"].ne("measure"), states)
