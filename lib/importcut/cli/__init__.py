"""The command line: `importcut report`, `importcut check`, `importcut sample` … `importcut --help` lists them."""

from importcut.cli import report, sample
from importcut.cli.frame import app, main

__all__ = ["app", "main", "report", "sample"]
