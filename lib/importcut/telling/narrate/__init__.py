"""Finished tables → findings in the reader's language."""

from importcut.telling.finding import Cover, Finding, cover
from importcut.telling.narrate.answer import headline, on_track, ranked_projects
from importcut.telling.narrate.causes import (
    bridge_steps,
    causes,
    chain_steps,
    places,
    product_by_plant,
    product_steps,
    without_projects,
)
from importcut.telling.narrate.changed import changed, changes_table
from importcut.telling.narrate.evidence import estimate_rows, estimates_table, evidence, placebo_table, variant_rows
from importcut.telling.narrate.kept import kept_to_plan, ledger_table, plan_pairs
from importcut.telling.narrate.outlook import doubts, road
from importcut.telling.narrate.portfolio import (
    change,
    credit_table,
    how_sure,
    leaders_by_rule,
    overlap,
    question,
    what_matters,
)
from importcut.telling.narrate.programme import measures, measures_table
from importcut.telling.narrate.prospects import feasibility_table, next_steps, next_table
from importcut.telling.narrate.tables import (
    Listing,
    annex,
    cuts_table,
    limits_table,
    quality_bars,
    quality_table,
    ranking_table,
    target_table,
)
from importcut.telling.narrate.worth import appraisal_table, worth
