"""What is asked of a report by name, looked up: dataset, scenario, period, and choices from a list."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from importcut.dataset import Dataset, as_period
from importcut.intake.opening import find_dataset, open_dataset
from importcut.intake.scenario import scenarios
from importcut.schema import DataError, UsageError


@contextmanager
def by_name() -> Iterator[None]:
    """What is not there under the name asked for is wrong use (UsageError), no fault of the data."""
    try:
        yield
    except DataError as error:
        raise UsageError(str(error)) from None


def chosen(what: str, asked: Iterable[str], known: list[str]) -> list[str]:
    """The names asked for.

    Raises UsageError if there are none, or one is not known.
    """
    asked = list(asked)
    unknown = [name for name in asked if name not in known]
    if unknown or not asked:
        raise UsageError(f"{what} {', '.join(unknown) or '(none)'} is not there — choose from {', '.join(known)}")
    return asked


def opened(dataset: str | Path, period: str | None, scenario: str = "base") -> Dataset:
    """The dataset, after all that was asked of it by name has been looked up.

    Raises UsageError if it has no such scenario, or the period is written wrongly; DataError if the dataset is wrong.
    """
    with by_name():
        folder = find_dataset(dataset)
    known = sorted(scenarios(folder))
    if scenario not in known:
        raise UsageError(f"scenario {scenario} is not in {folder.name}/scenarios — choose from {', '.join(known)}")
    ds = open_dataset(folder, scenario=scenario)
    with by_name():
        return ds if period is None else replace(ds, period=as_period(period, ds.frequency))
