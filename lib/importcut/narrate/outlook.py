"""The road to the target year, and what the figures cannot tell."""

import pandas as pd

from importcut.narrate.finding import Finding, paragraphs

KINDS = {
    "fault": "faults",
    "duplicate": "duplicates",
    "superseded": "replaced by corrections",
    "out_of_scope": "other importers and regimes",
}
BREAKS = {
    (
        "reporting_break",
        "found",
    ): "In {period} the weights of {n} products, with imports of {value}, break with the periods "
    "around it while the values do not; these weights were imputed, and what rests on them is graded inferred.",
    (
        "reporting_break",
        "suspected",
    ): "In {period}, the last period, the weights of {n} products, with imports of {value}, "
    "stray from the period before; a break is suspected, and nothing was changed.",
    (
        "period_missing",
        "found",
    ): "No import line was received for {period}; imports of that period are not known, and no cut from them.",
    (
        "coverage_break",
        "found",
    ): "{origin} has not reported since {period} ({value} in the year before); it is left out of all "
    "comparisons, for a partner that stops reporting is not a cut.",
}


def road(planned: pd.DataFrame, ranking: pd.DataFrame, target: pd.DataFrame, ds, say) -> Finding:
    """What the portfolio will cut to the target year, and who carries it."""
    if planned.empty:
        return Finding(say("To the target year"), say("This dataset has no plan and no target."), planned, None)
    year = planned["year"].max()
    names = say.names("projects")
    lead = ranking[ranking["basis"].eq("cumulative")].sort_values("rank").head(3)
    overlap = planned["supply_kg"].sum() - planned["displaced_kg"].sum()
    text = [
        say(
            "By the plan the projects cut {total} gross and {net} net by the end of {year}, {annual} gross of it "
            "in {year} alone.",
            total=say.money(planned["gross_usd"].sum()),
            net=say.money(planned["net_usd"].sum()),
            year=str(year),
            annual=say.money(planned.loc[planned["year"].eq(year), "gross_usd"].sum()),
        ),
        say(
            "After deduction of imported inputs, the largest contributions come from {projects}.",
            projects=say.listed([names[p] for p in lead["project_id"]]),
        ),
    ]
    if overlap / planned["supply_kg"].sum() > 0.005:
        text.append(
            say(
                "{share} of what they could supply meets no requirement, for several projects make the same product.",
                share=say.percent(overlap / planned["supply_kg"].sum()),
            )
        )
    summed = target[target["reading"].eq("cumulative")].iloc[0]
    difference = summed["planned_usd"] - summed["baseline_usd"]
    if abs(difference) >= 5e3:
        text.append(
            say(
                "This is the scenario “{scenario}”: {amount} less gross than the base scenario."
                if difference < 0
                else "This is the scenario “{scenario}”: {amount} more gross than the base scenario.",
                scenario=ds.scenario["title"][say.language],
                amount=say.money(abs(difference)),
            )
        )
    text.append(say("Grade: planned."))
    title = say(
        "By the end of {year} the plan cuts {total} gross", year=str(year), total=say.money(planned["gross_usd"].sum())
    )
    return Finding(title, paragraphs(text), planned, "planned", text[0])


def doubts(quality: pd.DataFrame, say) -> Finding:
    """What was set aside or imputed, which periods and partners are broken, and what the figures cannot tell."""
    text = []
    aside = quality[quality["treatment"].eq("set_aside")].groupby("kind")[["lines", "affected_value_usd"]].sum()
    if len(aside):
        kinds = [
            say(
                "{kind}: {lines}, {value}",
                kind=say(KINDS[kind]),
                value=say.money(row["affected_value_usd"]),
                lines=say.count("{n} line", "{n} lines", int(row["lines"])),
            )
            for kind, row in aside.iterrows()
        ]
        text.append(say("Set aside: {kinds}.", kinds="; ".join(kinds)))
    mended = quality[quality["check"].isin(["missing_weight", "wrong_unit"])]["affected_value_usd"].sum()
    if mended:
        text.append(
            say(
                "Weights were missing or in a wrong unit on lines worth {value}; they were imputed or repaired.",
                value=say.money(mended),
            )
        )
    breaks = []
    for (check, certainty), sentence in BREAKS.items():
        found = quality[quality["check"].eq(check) & quality["certainty"].eq(certainty)]
        for key, rows in found.groupby("origin" if check == "coverage_break" else "period"):
            period = say.period(pd.Period(rows["period"].iloc[0]))
            n = rows["product_id"].nunique()
            breaks.append(
                say(
                    sentence,
                    period=period,
                    origin=say.country(key),
                    value=say.money(rows["affected_value_usd"].sum()),
                    n=say.number(n),
                )
            )
    text += breaks + _outlier_text(quality, say) + _recut_text(quality, say)
    return Finding(say("What we cannot tell"), paragraphs(text), quality, None, " ".join((breaks or text)[:1]))


def _outlier_text(quality: pd.DataFrame, say) -> list[str]:
    found = quality[quality["check"].eq("unit_value_outlier")]
    sentence = say.count(
        "{n} unit value strays from the period before as no others do, on imports of {value}; it was kept as declared.",
        "{n} unit values stray from the period before as no others do, on imports of {value}; they were kept as "
        "declared.",
        len(found),
        value=say.money(found["affected_value_usd"].sum()),
    )
    return [sentence] if len(found) else []


def _recut_text(quality: pd.DataFrame, say) -> list[str]:
    """Which products' codes a revision of the Harmonized System recut, one sentence a period."""
    names = say.names("products")
    return [
        say(
            "In {period} a revision of the Harmonized System came into use that recut commodity codes or headings "
            "of {products} (imports of {value} in that period): a fall there is not a cut, and these products are not "
            "used as donors.",
            period=say.period(pd.Period(period)),
            products=say.listed([names[product] for product in rows["product_id"]]),
            value=say.money(rows["affected_value_usd"].sum()),
        )
        for period, rows in quality[quality["check"].eq("hs_revision")].groupby("period")
    ]
