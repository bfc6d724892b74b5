"""`importcut sample`."""

from pathlib import Path
from typing import Annotated

import typer

from importcut.app.cli.frame import DEBUG, app, shown, told


@app.command(epilog="Example: importcut sample --rows 1000000 --seed 7 --out data/raw/large --truth truth.csv")
def sample(
    out: Annotated[Path, typer.Option(help="Folder of the new dataset.")],
    rows: Annotated[int, typer.Option(min=1, help="About how many declaration lines.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed, other data.")] = 1,
    plant: Annotated[
        Path | None,
        typer.Option(help="CSV of cuts in place of the projects' own: project_id,product_id,start,tonnes_a_quarter."),
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="CSV file for the true cuts.")] = None,
    faults: Annotated[Path | None, typer.Option(help="CSV file for the faults that were planted.")] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Write an illustrative dataset of any size, whose true import cuts are known."""
    from importcut.sample import read_plan, write

    with told(debug, ValueError):
        planted = None if plant is None else read_plan(plant)
        write(out, rows=rows, seed=seed, deliveries=planted, truth=truth, faults=faults)
    print(f"Dataset: {shown(out)}")
