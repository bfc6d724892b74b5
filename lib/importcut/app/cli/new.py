"""`importcut new`."""

from pathlib import Path
from typing import Annotated

import typer

from importcut.app.cli.frame import DEBUG, app, shown, told


@app.command(epilog="Example: importcut new data/raw/mine")
def new(
    folder: Annotated[Path, typer.Argument(help="Folder of the new dataset; it must not hold anything yet.")],
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Write an empty dataset to fill in: settings, scenario, place for raw files, one workbook for the registers."""
    from importcut.intake.blank import new_dataset

    with told(debug):
        made = new_dataset(folder)
    print(f"Dataset: {shown(made)}")
    print("Put the declarations into declarations/, fill in products of registers.xlsx and the titles of dataset.toml,")
    print(f"then: importcut check {shown(made)}")
