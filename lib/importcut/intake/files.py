"""What a received file is, by its first bytes: text, workbook, JSON, page, Parquet, or an archive of these."""

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from importcut.schema import DataError

RAW = ("declarations", "imports")  # folders of a dataset
FORMER = "repairs.csv"  # corrections of lines, as datasets kept them before corrections.csv had room for them
ROOMY = 100_000_000  # bytes that anything may unpack to
MOST_RATIO = 200  # times its size beyond that: CSV packs to a tenth or a thirtieth, a bomb to a thousandth
CHUNK = 1 << 20
MOST_MEMBERS = 1000  # files of an archive
HIDDEN = (".", "~", "__MACOSX")
KINDS = {
    b"PAR1": "parquet",
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\xd0\xcf\x11\xe0": "excel",
}


@dataclass(frozen=True)
class Part:
    """A file as it is read: its name in the dataset, its kind, and where its plain bytes lie."""

    source_file: str
    kind: str
    path: Path


def parts(path: Path, source_file: str, scratch: Path) -> Iterator[Part]:
    """The files within a received one: itself, or what an archive holds, unpacked below `scratch` under names of ours.

    Raises DataError if it is empty, unpacks to far more than it is, holds a name that climbs out, or an archive.
    """
    kind = _kind_of(path, source_file)
    if kind == "gzip":
        with gzip.open(path) as packed:
            yield _unpacked(packed, scratch / "0", path.stat().st_size, source_file)
    elif kind == "zip":
        yield from _members(path, source_file, scratch)
    else:
        yield Part(source_file, kind, path)


def _kind_of(path: Path, name: str) -> str:
    """Kind of a file by its first bytes: text where nothing else is told."""
    with path.open("rb") as file:
        begin = file.read(4096)
    for mark, kind in KINDS.items():
        if begin.startswith(mark):
            return "excel" if kind == "zip" and _is_workbook(path) else kind
    text = begin.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        raise DataError(f"{name}: the file is empty — put the file received there, or take it away")
    if text.startswith((b"[", b"{")):
        return "json"
    return "html" if text.startswith(b"<") else "text"  # a page may begin with a script or a comment


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _members(path: Path, source_file: str, scratch: Path) -> Iterator[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            listed = [(member, PurePosixPath(member.filename.replace("\\", "/"))) for member in archive.infolist()]
            for name in (n for _, n in listed if n.is_absolute() or ".." in n.parts or ":" in "".join(n.parts[:1])):
                raise DataError(f"{source_file}: holds {str(name)!r}, a path out of the archive — pack the files anew")
            files = [m for m, name in listed if not m.is_dir() and not any(n.startswith(HIDDEN) for n in name.parts)]
            if len(files) > MOST_MEMBERS:
                raise DataError(f"{source_file}: holds {len(files)} files, more than {MOST_MEMBERS} — unpack it")
            if not files:
                raise DataError(f"{source_file}: the archive holds no file — put the file received there")
            size = path.stat().st_size
            for n, member in enumerate(files):
                with archive.open(member) as packed:
                    part = _unpacked(packed, scratch / str(n), size, f"{source_file}/{member.filename}")
                yield part
                size -= part.path.stat().st_size // MOST_RATIO  # what one has used up is not there for the next
                part.path.unlink(missing_ok=True)
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise DataError(f"{source_file}: the archive cannot be opened ({error}) — pack the files anew") from None


def _unpacked(packed, target: Path, size: int, name: str) -> Part:
    """What is packed, written out as long as it is not far more than `size` bytes and no archive itself."""
    most, written = max(ROOMY, MOST_RATIO * size), 0
    remedy = "put the unpacked file there if it is sound"
    try:
        with target.open("wb") as plain:
            while chunk := packed.read(CHUNK):
                written += plain.write(chunk)
                if written > most:
                    raise DataError(f"{name}: unpacks to more than {MOST_RATIO} times its size — {remedy}")
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DataError(f"{name}: cannot be unpacked ({error}) — ask its sender for a whole file") from None
    kind = _kind_of(target, name)
    if kind in ("gzip", "zip"):
        raise DataError(f"{name}: an archive within an archive is not opened — unpack it")
    return Part(name, kind, target)
