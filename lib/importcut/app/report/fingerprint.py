"""What a result was made from, as digests: it is up to date while they stay the same."""

import platform
from importlib.metadata import version
from pathlib import Path

from importcut.dataset import FETCHED, PUBLISHED
from importcut.intake.publication import last_published
from importcut.schema import LIBRARY

LIBRARIES = (
    "Babel", "duckdb", "ibis-framework", "ipykernel", "matplotlib", "nbconvert", "numpy", "pandas", "pandera",
    "papermill", "pyarrow", "pypandoc_binary", "pysyncon", "python-pptx", "scipy", "seaborn", "sphinx-revealjs",
    "typst", "XlsxWriter",
)  # fmt: skip


def inputs(ds) -> list[Path]:
    """The files of a dataset that a report of its scenario is made from; of publications, the one it compares with."""
    files, former = (f for f in sorted(ds.path.rglob("*")) if f.is_file()), last_published(ds)
    return [
        f
        for f in files
        if not any(part.startswith((".", "~$")) for part in f.relative_to(ds.path).parts)
        and f.relative_to(ds.path).parts[0] != FETCHED
        and (f.parent.name != "scenarios" or f.stem == ds.scenario["name"])
        and (f.relative_to(ds.path).parts[0] != PUBLISHED or f.parent == former)
    ]


def library() -> list[Path]:
    """Every file of this library."""
    return [f for f in sorted(LIBRARY.rglob("*")) if f.is_file() and "__pycache__" not in f.parts]


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
