"""The command line: `importcut report`, `importcut check`, `importcut fetch` … `importcut --help` lists them."""

from importcut.app.cli import check, desk, fetch, new, report
from importcut.app.cli.frame import app, main

__all__ = ["app", "check", "desk", "fetch", "main", "new", "report"]
