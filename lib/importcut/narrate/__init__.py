"""Finished tables → findings in the reader's language."""

from importcut.narrate.answer import headline, on_track, ranked_projects
from importcut.narrate.causes import bridge_steps, causes, places, product_by_plant, without_projects
from importcut.narrate.finding import Cover, Finding, cover
from importcut.narrate.outlook import doubts, road
from importcut.narrate.tables import CHECKS, Listing, annex, cuts_table, quality_table, ranking_table, target_table

__all__ = [
    "CHECKS", "Cover", "Finding", "Listing", "annex", "bridge_steps", "causes", "cover", "cuts_table", "doubts",
    "headline", "on_track", "places", "product_by_plant", "quality_table", "ranked_projects", "ranking_table", "road",
    "target_table", "without_projects",
]  # fmt: skip
