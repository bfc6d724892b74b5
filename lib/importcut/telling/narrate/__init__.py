"""Finished tables → findings in the reader's language, a room for each part of the report."""

from importcut.telling.finding import Cover, Finding, cover
from importcut.telling.narrate.answer import headline, on_track, ranked_projects
from importcut.telling.narrate.credibility import doubts, estimate_rows, evidence, variant_rows, with_questions
from importcut.telling.narrate.imports import (
    bridge_steps,
    causes,
    chain_steps,
    import_register,
    places,
    product_by_plant,
    product_steps,
    without_projects,
)
from importcut.telling.narrate.listings import (
    Listing,
    annex,
    changes_table,
    claims_table,
    credit_table,
    cuts_table,
    estimates_table,
    feasibility_table,
    glossary,
    groups_table,
    ledger_table,
    limits_table,
    listing,
    measures_table,
    next_table,
    placebo_table,
    quality_bars,
    quality_table,
    ranking_table,
    register_table,
)
from importcut.telling.narrate.portfolio import (
    base_pairs,
    difference,
    how_sure,
    imported_base,
    leaders_by_rule,
    overlap,
    plan_and_result,
    plan_pairs,
    question,
    road,
    what_matters,
)
from importcut.telling.narrate.priorities import hanging_cuts, measures, next_steps, worth
from importcut.telling.narrate.revisions import changes
