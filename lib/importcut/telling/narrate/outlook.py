"""The road to the target year, and what the figures cannot tell."""

import pandas as pd

from importcut.telling.finding import Finding, paragraphs

BREAKS = {  # check and certainty, and by what their sentences are told
    ("reporting_break", "found"): "period", ("reporting_break", "suspected"): "period",
    ("period_missing", "found"): "period", ("coverage_break", "found"): "origin",
}  # fmt: skip


def road(planned: pd.DataFrame, ranking: pd.DataFrame, target: pd.DataFrame, ds, say) -> Finding:
    """What the portfolio will cut to the target year, and who carries it."""
    if planned.empty:
        return Finding(say("road.title_none"), say("no_plan"), planned, None)
    year, total = planned["year"].max(), planned[["gross_usd", "net_usd", "supply_kg", "displaced_kg"]].sum()
    lead = ranking[ranking["basis"].eq("cumulative")].sort_values("rank").head(3)
    annual = planned.loc[planned["year"].eq(year), "gross_usd"].sum()
    text = [
        say("road.lead", total=total["gross_usd"], net=total["net_usd"], year=str(year), annual=annual),
        say("road.largest", projects=[*say.names("projects")[lead["project_id"]]]),
    ]
    overlap = (total["supply_kg"] - total["displaced_kg"]) / total["supply_kg"]
    text += [say("road.overlap", share=say.percent(overlap))] if overlap > 0.005 else []
    summed = target[target["reading"].eq("cumulative")].iloc[0]
    difference = summed["planned_usd"] - summed["baseline_usd"]
    if abs(difference) >= 5e3:
        scenario = ds.scenario["title"][say.language]
        text.append(say("road.less" if difference < 0 else "road.more", scenario=scenario, amount=abs(difference)))
    text.append(say("grade_planned"))
    title = say("road.title", year=str(year), total=total["gross_usd"])
    return Finding(title, paragraphs(text), planned, "planned", text[0])


def doubts(quality: pd.DataFrame, say) -> Finding:
    """What was set aside or imputed, which periods and partners are broken, and what the figures cannot tell."""
    aside = quality[quality["treatment"].eq("set_aside")].groupby("kind")[["lines", "affected_value_usd"]].sum()
    kinds, words = [], say.words("aside")
    for kind, row in aside.iterrows():
        lines = say("lines", n=int(row["lines"]))
        kinds.append(say("doubts.kind", kind=words[kind], value=row["affected_value_usd"], lines=lines))
    text = [say("doubts.aside", kinds="; ".join(kinds))] if kinds else []
    mended = quality.loc[quality["check"].isin(["missing_weight", "wrong_unit"]), "affected_value_usd"].sum()
    text += [say("doubts.mended", value=mended)] if mended else []
    breaks = []
    for (check, certainty), by in BREAKS.items():
        found = quality[quality["check"].eq(check) & quality["certainty"].eq(certainty)]
        for key, rows in found.groupby(by):
            about = {"period": pd.Period(rows["period"].iloc[0]), "origin": say.country(key)}
            about |= {"value": rows["affected_value_usd"].sum(), "n": rows["product_id"].nunique()}
            breaks.append(say(f"doubts.{check}_{certainty}", **about))
    text += breaks + _outlier_text(quality, say) + _recut_text(quality, say)
    return Finding(say("doubts.title"), paragraphs(text), quality, None, " ".join((breaks or text)[:1]))


def _outlier_text(quality: pd.DataFrame, say) -> list[str]:
    found = quality[quality["check"].eq("unit_value_outlier")]
    value = found["affected_value_usd"].sum()
    return [say("doubts.outliers", n=len(found), value=value)] if len(found) else []


def _recut_text(quality: pd.DataFrame, say) -> list[str]:
    """Which products' codes a revision of the Harmonized System recut, one sentence a period."""
    text = []
    for period, rows in quality[quality["check"].eq("hs_revision")].groupby("period"):
        products, value = [*say.names("products")[rows["product_id"]]], rows["affected_value_usd"].sum()
        text.append(say("doubts.recut", period=pd.Period(period), products=products, value=value))
    return text
