"""The economist's desk: five views of a dataset, as functions for a notebook and under widgets on a page."""

from importcut.app.desk.basis import Standpoint, standpoint
from importcut.app.desk.board import open_desk
from importcut.app.desk.page import readable
from importcut.app.desk.views import (
    View,
    actual_and_expected,
    import_profile,
    project_sheet,
    projects_ranked,
    to_target,
)
