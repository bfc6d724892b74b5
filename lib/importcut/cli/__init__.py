"""The command line: `importcut report`, `importcut check`, `importcut fetch` … `importcut --help` lists them."""

from importcut.cli import fetch, report, sample
from importcut.cli.frame import app, main

__all__ = ["app", "fetch", "main", "report", "sample"]
