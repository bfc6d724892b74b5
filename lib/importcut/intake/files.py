"""What a received file is, by its first bytes: text, workbook, JSON, page, Parquet, or an archive of these."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from importcut.schema import DataError

ROOMY = 100_000_000  # bytes that anything may unpack to
MOST_RATIO = 200  # times its size beyond that: CSV packs to a tenth or a thirtieth, a bomb to a thousandth
CHUNK = 1 << 20
MOST_MEMBERS = 1000  # files of an archive
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
    kind = kind_of(path)
    if kind == "gzip":
        with gzip.open(path) as packed:
            plain = _unpacked(packed, scratch / "0", path.stat().st_size, source_file)
        yield Part(source_file, _plain_kind(plain, source_file), plain)
    elif kind == "zip":
        yield from _members(path, source_file, scratch)
    elif kind == "empty":
        raise DataError(f"{source_file}: the file is empty — put the file received there, or take it away")
    else:
        yield Part(source_file, kind, path)


def kind_of(path: Path) -> str:
    """Kind of a file by its first bytes: text where nothing else is told, empty where there is nothing but blanks."""
    with path.open("rb") as file:
        begin = file.read(4096)
    for mark, kind in KINDS.items():
        if begin.startswith(mark):
            return "excel" if kind == "zip" and _is_workbook(path) else kind
    text = begin.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return "empty"
    if text.startswith((b"[", b"{")):
        return "json"
    return (
        "html"
        if text[:200].lower().startswith((b"<html", b"<!doctype html", b"<table", b"<meta", b"<head"))
        else "text"
    )


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _members(path: Path, source_file: str, scratch: Path) -> Iterator[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            files = [m for m in archive.infolist() if not m.is_dir() and not _hidden(m.filename)]
            if climbing := [m.filename for m in archive.infolist() if _climbs(m.filename)]:
                raise DataError(
                    f"{source_file}: holds {climbing[0]!r}, a path out of the archive — pack the files anew"
                )
            if len(files) > MOST_MEMBERS:
                raise DataError(f"{source_file}: holds {len(files)} files, more than {MOST_MEMBERS} — unpack it")
            if not files:
                raise DataError(f"{source_file}: the archive holds no file — put the file received there")
            size = path.stat().st_size
            for n, member in enumerate(files):
                name = f"{source_file}/{member.filename}"
                with archive.open(member) as packed:
                    plain = _unpacked(packed, scratch / str(n), size, name)
                yield Part(name, _plain_kind(plain, name), plain)
                size -= plain.stat().st_size // MOST_RATIO  # what one has used up is not there for the next
                plain.unlink(missing_ok=True)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{source_file}: the archive cannot be opened ({error}) — pack the files anew") from None


def _plain_kind(path: Path, name: str) -> str:
    kind = kind_of(path)
    if kind in ("gzip", "zip"):
        raise DataError(f"{name}: an archive within an archive is not opened — unpack it")
    if kind == "empty":
        raise DataError(f"{name}: the file is empty — put the file received there, or take it away")
    return kind


def _unpacked(packed, target: Path, size: int, name: str) -> Path:
    written = 0
    try:
        with target.open("wb") as plain:
            while chunk := packed.read(CHUNK):
                written += len(chunk)
                _not_too_large(written, size, name)
                plain.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DataError(f"{name}: cannot be unpacked ({error}) — ask its sender for a whole file") from None
    return target


def _not_too_large(unpacked: int, packed: int, name: str) -> None:
    if unpacked > ROOMY and unpacked > MOST_RATIO * packed:
        raise DataError(
            f"{name}: unpacks to more than {MOST_RATIO} times its size — put the unpacked file there if it is sound"
        )


def _climbs(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in path.parts[0]


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "~", "__MACOSX")) for part in PurePosixPath(name).parts)
