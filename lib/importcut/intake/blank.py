"""A dataset folder to be filled in: settings, scenario, a place for the raw files, one workbook for the registers."""

import shutil
from pathlib import Path

from importcut.schema import LIBRARY, DataError

TEMPLATE = LIBRARY / "templates" / "dataset"  # its registers.xlsx is written by `make registers`


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
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder
