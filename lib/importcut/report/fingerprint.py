"""What a result was made from, as digests: it is up to date while they stay the same."""

import hashlib
import json
import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from threading import get_ident

from importcut.dataset import PUBLISHED, last_published

LIBRARY = Path(__file__).parents[1]
LIBRARIES = (
    "Babel", "duckdb", "ibis-framework", "ipykernel", "matplotlib", "nbconvert", "numpy", "pandas", "pandera",
    "papermill", "pyarrow", "pypandoc_binary", "pysyncon", "python-pptx", "scipy", "seaborn", "sphinx-revealjs",
    "typst", "XlsxWriter",
)  # fmt: skip
LARGE = 4_000_000  # bytes from which a file is not read again while its size and times stay the same


def digests(files: Iterable[Path], cache: Path) -> dict[Path, str]:
    """SHA-256 of each file; those of large files are remembered in `cache`."""
    known = json.loads(cache.read_text()) if cache.exists() else {}
    found, remembered = {}, dict(known)
    for file in files:
        about = file.stat()
        stamp = [about.st_size, about.st_mtime_ns, about.st_ctime_ns]
        if about.st_size < LARGE:
            found[file] = _digest(file)
            continue
        if known.get(str(file), [None])[0] != stamp:
            remembered[str(file)] = [stamp, _digest(file)]
        found[file] = remembered[str(file)][1]
    if remembered != known:
        write_whole(cache, json.dumps(remembered))
    return found


def fingerprint_of(**parts) -> str:
    """One digest of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def inputs(ds) -> list[Path]:
    """The files of a dataset that a report of its scenario is made from; of publications, the one it compares with."""
    files, former = (f for f in sorted(ds.path.rglob("*")) if f.is_file()), last_published(ds)
    return [
        f
        for f in files
        if not any(part.startswith((".", "~$")) for part in f.relative_to(ds.path).parts)
        and (f.parent.name != "scenarios" or f.stem == ds.scenario["name"])
        and (f.relative_to(ds.path).parts[0] != PUBLISHED or f.parent == former)
    ]


def library() -> list[Path]:
    """Every file of this library."""
    return [f for f in sorted(LIBRARY.rglob("*")) if f.is_file() and "__pycache__" not in f.parts]


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def write_whole(file: Path, content: str | bytes) -> None:
    """Write a file so that it is never seen half written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}-{get_ident()}.part")
    part.write_bytes(content if isinstance(content, bytes) else content.encode())
    part.replace(file)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
