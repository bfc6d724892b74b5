"""Imports → panel by product × plant × origin × period, and the findings on its quality."""

from importcut.economics.panel.cells import import_panel
from importcut.economics.panel.quality import quality, unrepaired

__all__ = ["import_panel", "quality", "unrepaired"]
