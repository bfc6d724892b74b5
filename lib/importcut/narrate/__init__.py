"""Finished tables → findings in the reader's language."""

from importcut.narrate.answer import headline, on_track, ranked_projects
from importcut.narrate.causes import bridge_steps, causes, places, product_by_plant, without_projects
from importcut.narrate.finding import Cover, Finding, cover
from importcut.narrate.outlook import doubts, road
from importcut.narrate.portfolio import (
    ASSUMPTIONS,
    change,
    credit_table,
    how_sure,
    leaders_by_rule,
    overlap,
    question,
    what_matters,
)
from importcut.narrate.programme import measures, measures_table
from importcut.narrate.prospects import feasibility_table, next_steps, next_table
from importcut.narrate.tables import (
    CHECKS,
    READINGS,
    Listing,
    annex,
    cuts_table,
    quality_table,
    ranking_table,
    target_table,
)
from importcut.narrate.worth import appraisal_table, worth

__all__ = [
    "ASSUMPTIONS",
    "CHECKS",
    "READINGS",
    "Cover",
    "Finding",
    "Listing",
    "annex",
    "appraisal_table",
    "bridge_steps",
    "causes",
    "change",
    "cover",
    "credit_table",
    "cuts_table",
    "doubts",
    "feasibility_table",
    "headline",
    "how_sure",
    "leaders_by_rule",
    "measures",
    "measures_table",
    "next_steps",
    "next_table",
    "on_track",
    "overlap",
    "places",
    "product_by_plant",
    "quality_table",
    "question",
    "ranked_projects",
    "ranking_table",
    "road",
    "target_table",
    "what_matters",
    "without_projects",
    "worth",
]  # fmt: skip
