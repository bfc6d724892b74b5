"""The command line: `importcut report`, `importcut check`, `importcut fetch` … `importcut --help` lists them."""

from importcut.app.cli import commands, fetch, server
from importcut.app.cli.frame import app, main

__all__ = ["app", "commands", "fetch", "main", "server"]
