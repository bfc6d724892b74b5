"""The portfolio: what it should have cut, what it will cut to the target year, whose it is, and how sure that is."""

import pandas as pd

from importcut.language import Voice
from importcut.schema import CLOSE, RULES
from importcut.telling.finding import PRECISION, Finding, capital, factors, nothing, paragraphs, section, sentences
from importcut.telling.narrate.certainty import CERTAIN, NONE, tied_neighbours

SMALL = 0.05  # share of the variance; an assumption below it makes hardly any difference
OVERLAP = 0.005  # share of supply; what per cent would round to nothing


def plan_and_result(ledger: pd.DataFrame, say: Voice) -> Finding:
    """Planned and realised gross cut to date, what the difference consists of, who is behind, and who is late."""
    if ledger.empty:
        why = "kept.none" if say.ds.target and len(say.ds.activity) else "no_plan"
        return nothing(say, "kept.title_none", why, ledger)
    parts, total = say.words("parts"), ledger.sum(numeric_only=True)
    by_project = ledger.groupby("project_id")[["planned_usd", "realised_usd", "difference_usd", *parts]].sum()
    gap = by_project["difference_usd"]
    off = by_project[gap.abs().ge(PRECISION) & gap.abs().ge(CLOSE * by_project["planned_usd"])]
    off = off.assign(part=off[list(parts)].abs().idxmax(axis=1)).sort_values("difference_usd").reset_index()
    late = by_project[by_project["late_usd"] <= -PRECISION].sort_values("late_usd").reset_index()
    waiting = late["realised_usd"].eq(0)
    lists = {
        "kept.behind": say.each("kept.off", off[off["difference_usd"] < 0].head(3)),
        "kept.ahead": say.each("kept.off", off[off["difference_usd"] > 0][::-1].head(3)),
        "kept.waiting": say.each("kept.late", late[waiting]),
        "kept.began": say.each("kept.late", late[~waiting]),
    }
    differences = factors(total[list(parts)].sort_values(key=abs, ascending=False), parts, say)
    facts = {"planned": total["planned_usd"], "realised": total["realised_usd"], "factors": differences}
    facts |= {"span": say.span(ledger["period"].min(), ledger["period"].max()), "difference": total["difference_usd"]}
    rows = [
        (True, "kept.lead"),
        (differences, "kept.parts"),
        *((projects, name, {"projects": projects}) for name, projects in lists.items()),
        (abs(total["output_usd"]) < PRECISION, "kept.output"),
        (True, "grade_planned"),
    ]
    return section(say, "kept.title", facts, rows, ledger, "planned", lead=1)


def plan_pairs(ledger: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """Planned and realised gross cut to date of each project, the largest plan first, named as they are read; USD."""
    sums = ledger.groupby("project_id")[["planned_usd", "realised_usd"]].sum().sort_values("planned_usd")[::-1]
    return sums.rename(index=say.names("projects")).set_axis([say("planned"), say("realised")], axis=1)


def road(
    planned: pd.DataFrame, ranking: pd.DataFrame, target: pd.DataFrame, say: Voice, *, rule: str = "shapley"
) -> Finding:
    """What the portfolio will cut to the target year, and who carries it; the ranking is credited by that rule."""
    if planned.empty:
        return nothing(say, "road.title_none", "no_plan", planned)
    year, total = planned["year"].max(), planned[["gross_usd", "net_usd", "supply_kg", "displaced_kg"]].sum()
    lead = ranking[ranking["basis"].eq("cumulative")].sort_values("rank").head(3)
    idle = (total["supply_kg"] - total["displaced_kg"]) / total["supply_kg"]
    summed = target[target["reading"].eq("cumulative")].iloc[0]
    more = summed["planned_usd"] - summed["baseline_usd"]
    credited = ranking[ranking["basis"].eq("cumulative")].set_index("project_id")["net_usd"]
    dispatched = planned.groupby("project_id")["net_usd"].sum()
    apart = (dispatched - credited).abs().dropna()
    widest = apart.idxmax() if len(apart) else None
    both = {"project_id": widest, "credited": credited.get(widest), "dispatched": dispatched.get(widest)}
    facts = {
        "total": total["gross_usd"], "net": total["net_usd"], "year": str(year),
        "annual": planned.loc[planned["year"].eq(year), "gross_usd"].sum(),
        "project_id": [*lead["project_id"]], "share": idle,
        "scenario": say.ds.scenario["title"][say.language], "amount": abs(more),
        "high": summed["on_course_high_usd"],
    }  # fmt: skip
    rows = [
        (True, "road.lead_high" if summed["planned_usd"] > summed["on_course_high_usd"] else "road.lead"),
        (True, "road.largest"),
        (idle > OVERLAP, "road.overlap"),
        (rule == "shapley" and apart.max() >= PRECISION, "road.credit", both),
        (more <= -PRECISION, "road.less"),
        (more >= PRECISION, "road.more"),
        (True, "grade_planned"),
    ]
    title = "title_less" if more <= -PRECISION else "title_more" if more >= PRECISION else "title"
    return section(say, f"road.{title}", facts, rows, planned, "planned", lead=1)


def overlap(ceiling: pd.DataFrame, say: Voice) -> Finding:
    """Whether a project, or the projects of a product, claim more a year than can be displaced."""
    names = {kind: say.names(f"{kind}s", inside=True) for kind in ("project", "product")}
    over = ceiling[ceiling["ceiling_flag"] & ceiling["level"].isin([*names]) & ceiling["reading"].eq("annual")]
    over = over.assign(name=[names[row.level][row.id] for row in over.itertuples()])
    text = [*map(capital, say.each("overlap.claim", over))]
    title = say("overlap.title", n=len(text)) if text else say("overlap.title_none")
    return Finding(title, " ".join(text), ceiling, "planned" if len(ceiling) else None)


def imported_base(ceiling: pd.DataFrame, say: Voice) -> Finding:
    """Whether the target is possible: both readings of it against all imports of its industry, graded as assumed."""
    rows, about = ceiling[ceiling["source"].ne("plan")], say.ds.input_output
    if rows.empty:
        return Finding("", "", rows)
    annual, summed = (rows[rows["reading"].eq(reading)].set_index("source") for reading in ("annual", "cumulative"))
    times, ahead = annual["ratio"], annual.loc[["low", "base", "high"], "ratio"]
    facts = {"claim": annual["claim_usd"].iloc[0], "base": about["name"][say.language]}
    facts |= {"line": annual.at["table_year", "line_usd"], "customs": annual.at["customs", "line_usd"]}
    facts |= {"times": times["table_year"], "last_times": times["last_year"], "low": ahead.min(), "high": ahead.max()}
    facts |= {"share": summed.at["base", "ratio"], "total": summed.at["base", "line_usd"]}
    years = {"table_year": about["base_year"], "last": say.ds.period.year, "start": say.ds.programme_start.year}
    facts |= {name: str(year) for name, year in (years | {"year": say.ds.target["year"]}).items()}
    over, both = annual.at["base", "ceiling_flag"], summed.at["base", "ceiling_flag"]
    title = "imported_base.title_both" if both else "imported_base.title_annual" if over else "imported_base.title"
    sums = "imported_base.beyond" if both else "imported_base.within"
    names = ("imported_base.annual", sums, "imported_base.customs", "imported_base.grades")
    return section(say, title, facts, [(True, name) for name in names], rows, "assumed", lead=2)


def base_pairs(ceiling: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """The target beside the imported base by the input–output table, by reading and source, named as they are read."""
    rows = ceiling[~ceiling["source"].isin(["plan", "customs"])]
    names = [say.in_words(rows[column], kind) for column, kind in (("reading", "readings"), ("source", "ceilings"))]
    table = rows[["claim_usd", "line_usd"]].set_axis(names[0] + ": " + names[1])
    return table.set_axis([say("Target"), say("Imported base")], axis=1)


def leaders_by_rule(credit: pd.DataFrame, say: Voice) -> Finding:
    """Whether the leaders stay leaders under every credit rule."""
    if credit.empty:
        return nothing(say, "credit.title_none", "no_plan", credit)
    wide = credit[credit["basis"].eq("cumulative")].pivot_table(index="project_id", columns="rule", values="net_usd")
    first, three = wide[list(RULES)].idxmax(), {rule: set(wide[rule].nlargest(3).index) for rule in RULES}
    others = [rule for rule in RULES if first[rule] != first["shapley"]]
    moved = [rule for rule in RULES if three[rule] != three["shapley"]]
    rows = [
        (True, "credit.shapley" if others else "credit.all_rules", {"rules": others}),
        (True, "credit.moved" if moved else "credit.same", {"rules": moved}),
    ]
    text = sentences(say, {"leader": say.names("projects", inside=True)[first["shapley"]]}, rows)
    return Finding(text[0].rstrip("."), paragraphs(text), wide, "planned")


def how_sure(certainty: pd.DataFrame, target: pd.DataFrame, say: Voice) -> Finding:
    """Who comes first in how many draws, who cannot be told apart, and how likely the target is."""
    names, table = say.names("projects", inside=True), certainty[certainty["basis"].eq("cumulative")]
    if table.empty:
        return nothing(say, "sure.title_none", "no_plan", table)
    order = table.drop_duplicates("project_id").sort_values("mean_usd", ascending=False)
    leader, first = order.iloc[0], table[table["rank"].eq(1)].set_index("project_id")["probability"]
    chance = first[leader["project_id"]]
    facts = {"leader": names[leader["project_id"]], "n": 100 * chance}
    facts |= {"range": (leader["net_low_usd"], leader["net_high_usd"])}
    pairs = [say("sure.pair", first=names[a], second=names[b]) for a, b in tied_neighbours(order)]
    targets = target[target["p_reached"].notna()].sort_values("leading", ascending=False)
    ranges = [*zip(targets["on_course_low_usd"], targets["on_course_high_usd"], strict=True)]
    targets = targets.assign(n=100 * targets["p_reached"], range=ranges)
    rows = [
        (True, "sure.always" if chance >= 1 - NONE else "sure.lead"),
        (pairs, "sure.tied", {"pairs": "; ".join(pairs)}),
        (targets[targets["p_reached"] >= 1 - NONE], "sure.always_reached"),
        (targets[targets["p_reached"].between(NONE, 1 - NONE, inclusive="left")], "sure.target"),
        (targets[targets["p_reached"] < NONE], "sure.never"),
        (True, "sure.grade"),
    ]
    title = "title_always" if chance >= 1 - NONE else "title" if chance >= CERTAIN else "title_unsure"
    return section(say, f"sure.{title}", facts, rows, table, "assumed", lead=2)


def what_matters(sensitivity: pd.DataFrame, say: Voice) -> Finding:
    """Which assumption moves the net cut of the portfolio most."""
    if sensitivity.empty:
        return nothing(say, "matters.title_none", "no_plan", sensitivity)
    small = sensitivity.loc[sensitivity["total"] < SMALL, "assumption"]
    facts = sensitivity.iloc[0].to_dict() | {"assumptions": [*small]}
    ends = sensitivity.dropna(subset="low_usd").iloc[0].to_dict()  # success has no low and no high value
    rows = [(True, "matters.lead"), (True, "matters.ends", ends), (len(small), "matters.small", {"n": len(small)})]
    return section(say, "matters.title", facts, rows, sensitivity, "assumed")


def difference(before: pd.DataFrame, after: pd.DataFrame, question: str, say: Voice) -> Finding:
    """What another scenario or a what-if changes in the plan: gross and net, to the target year."""
    gross, net = (after[f"{kind}_usd"].sum() - before[f"{kind}_usd"].sum() for kind in ("gross", "net"))
    name = "what_if.nothing" if max(abs(gross), abs(net)) < PRECISION else "what_if.change"
    facts = {"question": question, "gross": gross, "net": net}
    return section(say, "what_if.title", facts, [(True, name)], after, "assumed")


def question(late: str, failed: str, say: Voice) -> tuple[dict[str, dict[str, float]], str]:
    """A what-if about single projects: the values to put in for `dataset.what_if`, and the question in words."""
    values = {late: {"delay_years": 1.0}, failed: {"success": 0.0}}
    rows = [(late, "what_if.late", {"project_id": late}), (failed, "what_if.fails", {"project_id": failed})]
    words = "; ".join(sentences(say, {}, rows)) or say("what_if.none")
    return {project: value for project, value in values.items() if project}, words
