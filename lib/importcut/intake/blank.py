"""A dataset folder to be filled in: settings, scenario, a place for the raw files, one workbook for the registers."""

import re
import shutil
from pathlib import Path

from importcut.intake.blank_workbook import write_workbook
from importcut.intake.spreadsheet import WORKBOOK
from importcut.schema import LIBRARY, DataError

TEMPLATE = LIBRARY / "templates" / "dataset"
SCENARIO = LIBRARY / "catalogue" / "dataset" / "scenarios" / "base.toml"


def new_dataset(folder: str | Path) -> Path:
    """Write a commented dataset into a new or empty folder, whole or not at all; returns the folder.

    Raises DataError if something lies there already.
    """
    folder = Path(folder).expanduser().resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder.name} is there already and not empty — choose another folder, or empty it")
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        shutil.copytree(TEMPLATE, part)
        (part / "scenarios").mkdir()
        (part / "scenarios" / "base.toml").write_text(_scenario(), encoding="utf-8")
        write_workbook(part / WORKBOOK)
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _scenario() -> str:
    """The sample's base scenario with the values that change nothing, ranges to be judged by who fills it in."""
    text = re.sub(
        r'^source = ".*"$', 'source = "assumed; to be filled in"', SCENARIO.read_text(encoding="utf-8"), flags=re.M
    )
    return "# As the sample assumes; put your own judgement, its reason and its source in their place.\n" + text
