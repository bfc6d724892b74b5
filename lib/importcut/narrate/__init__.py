"""Finished tables → findings in the reader's language."""

from importcut.narrate.answer import headline, on_track, ranked_projects
from importcut.narrate.causes import (
    bridge_steps,
    causes,
    chain_steps,
    places,
    product_by_plant,
    product_steps,
    without_projects,
)
from importcut.narrate.changed import changed, changes_table
from importcut.narrate.evidence import estimate_rows, estimates_table, evidence, placebo_table, variant_rows
from importcut.narrate.finding import Cover, Finding, cover
from importcut.narrate.kept import kept_to_plan, ledger_table, plan_pairs
from importcut.narrate.outlook import doubts, road
from importcut.narrate.portfolio import change, credit_table, how_sure, leaders_by_rule, overlap, question, what_matters
from importcut.narrate.programme import measures, measures_table
from importcut.narrate.prospects import feasibility_table, next_steps, next_table
from importcut.narrate.tables import (
    Listing,
    annex,
    cuts_table,
    limits_table,
    quality_bars,
    quality_table,
    ranking_table,
    target_table,
)
from importcut.narrate.worth import appraisal_table, worth
