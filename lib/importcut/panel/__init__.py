"""Imports → panel by product × plant × origin × period, and the findings on its quality."""

from importcut.panel.cells import import_panel
from importcut.panel.quality import quality, unrepaired

__all__ = ["import_panel", "quality", "unrepaired"]
