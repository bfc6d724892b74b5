"""Write a dataset of any size whose true import cuts are known (make sample)."""

import argparse
from pathlib import Path

from economy import read_plan, write


def main(words: list[str] | None = None) -> None:
    """Write the dataset that the command line asks for; what cannot be planted ends it with one line."""
    parser = argparse.ArgumentParser(prog="make sample", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the new dataset")
    parser.add_argument("--rows", type=int, default=20_000, help="about how many declaration lines")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other data")
    parser.add_argument("--plant", type=Path, help="CSV of cuts in place of the projects' own")
    parser.add_argument("--truth", type=Path, help="CSV file for the true cuts")
    parser.add_argument("--faults", type=Path, help="CSV file for the faults that were planted")
    order = parser.parse_args(words)
    try:
        plan = order.plant and read_plan(order.plant)
        write(order.out, rows=order.rows, seed=order.seed, deliveries=plan, truth=order.truth, faults=order.faults)
    except (ValueError, OSError) as error:
        parser.exit(1, f"make sample: {error}\n")
    print(f"Dataset: {order.out}")


if __name__ == "__main__":
    main()
