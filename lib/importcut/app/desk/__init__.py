"""The economist's desk: five views of a dataset, as functions for a notebook and under widgets on a page."""

from importcut.app.desk.board import desk
from importcut.app.desk.views import (
    View,
    actual_and_expected,
    import_profile,
    project_sheet,
    projects_ranked,
    to_target,
)
from importcut.app.desk.way import Way, walk
