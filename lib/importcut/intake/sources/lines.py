"""A damaged text file, line by line: the sound records keep their place, and the lines that are none are told."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BLOCK = 16_000_000  # bytes looked at in one go
CACHED = 1_000_000  # bytes that a core keeps at hand while it counts
LONGEST = 4  # lines that a record may span: a quoted field holds a few line ends, a broken quote many
LONGEST_LINE = 2_000_000  # bytes; readers of CSV stop there
GAP = "\x1f"  # stands in the first field of a line that is no record of its own


@dataclass(frozen=True)
class Mended:
    """A file in which every physical line below the header is one record, sound or a gap.

    malformed : the lines that are no records: line, reason, value, raw; gaps : lines that carry on the record before.
    """

    path: Path
    malformed: list[dict]
    gaps: int


def physical_lines(path: Path) -> int:
    """How many lines a file has, the last one with or without a line end."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(CACHED):
            count += int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")))
            last = block[-1:]
    return count + (last != b"\n")


def mended(path: Path, target: Path, *, width: int, top: int, separator: str, quoted: bool = False) -> Mended:
    """Write the file again without its header, each line a record of `width` fields or a gap.

    quoted : every line with a quote is read and written anew, not only those whose quotes stand out of place.
    """
    gap = (GAP + separator * (width - 1)).encode()
    malformed, gaps, line, pending = [], 0, 0, []
    with target.open("wb") as write:
        for lines, last in _blocks(path):
            pending += lines
            begin, keep = max(0, top - line), len(pending) if last else max(0, len(pending) - LONGEST)
            for at, length, fields, reason in _records(pending, begin, keep, width, separator, quoted):
                if reason is not None:
                    text = pending[at].decode("utf-8", "backslashreplace")
                    malformed.append({"line": line + at + 1, "reason": reason, "value": text[:80], "raw": text})
                pending[at : at + length] = [
                    gap if fields is None else _written(fields, separator),
                    *[gap] * (length - 1),
                ]
                gaps, keep = gaps + length - 1, max(keep, at + length)
            write.writelines(text + b"\n" for text in pending[begin:keep])
            pending, line = pending[keep:], line + keep
    return Mended(target, malformed, gaps)


def _blocks(path: Path) -> Iterator[tuple[list[bytes], bool]]:
    """The lines of a file, many at a time, and whether these are the last ones."""
    with path.open("rb") as file:
        ends = b"\n" if b"\n" in file.read(BLOCK) else b"\r"
        file.seek(0)
        file.seek(3 if file.read(3) == codecs.BOM_UTF8 else 0)
        carried = b""
        while block := file.read(BLOCK):
            *lines, carried = (carried + block).split(ends)
            yield [text.removesuffix(b"\r") for text in lines], False
        yield [carried.removesuffix(b"\r")] if carried else [], True


def _records(lines: list[bytes], begin: int, end: int, width: int, separator: str, quoted: bool) -> Iterator[tuple]:
    """The lines that are not plainly one record: place, lines spanned, fields if it is sound, reason if it is not."""
    for at in np.flatnonzero(~_plain(lines, width, separator, quoted)).tolist():
        if begin <= at < end:
            fields, length, reason = _record(lines, at, width, separator)
            begin = at + length
            yield at, length, fields, reason


def _plain(lines: list[bytes], width: int, separator: str, quoted: bool) -> np.ndarray:
    """Which lines are, by their signs alone, one record: quotes in pairs where they belong, separators outside them."""
    text = b"\n".join(lines) + b"\n"
    signs = np.frombuffer(text, dtype=np.uint8)
    ends, quotes, cuts = (np.flatnonzero(signs == sign) for sign in (10, 34, ord(separator)))
    ends = ends[: len(lines)]
    before = np.searchsorted(quotes, np.concatenate([[0], ends[:-1] + 1]))
    in_line = np.diff(before, append=len(quotes))
    owner = np.searchsorted(ends, cuts)
    outside = (np.searchsorted(quotes, cuts) - before[owner]) % 2 == 0
    fields = np.bincount(owner[outside], minlength=len(ends)) + 1
    neighbours, padded = [10, 34, ord(separator)], np.concatenate([[10], signs, [10]])
    stray = (
        quotes if quoted else quotes[~np.isin(padded[quotes], neighbours) & ~np.isin(padded[quotes + 2], neighbours)]
    )
    odd = np.concatenate([stray, np.flatnonzero(signs == 13)])
    marked = np.bincount(np.searchsorted(ends, odd), minlength=len(ends)) > 0
    short = np.diff(ends, prepend=-1) <= LONGEST_LINE
    return (in_line % 2 == 0) & (fields == width) & ~marked & short & _decodable(text, lines)


def _decodable(text: bytes, lines: list[bytes]) -> np.ndarray:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return np.array([line.isascii() or "\ufffd" not in line.decode("utf-8", "replace") for line in lines])
    return np.ones(len(lines), dtype=bool)


def _record(lines: list, at: int, width: int, separator: str) -> tuple[list[str] | None, int, str | None]:
    """The record that begins at a line: its fields, how many lines it spans, and what is wrong with it."""
    if len(lines[at]) >= LONGEST_LINE:
        return None, 1, "line_too_long"
    for length in range(1, LONGEST + 1):
        fields = _fields(b"\n".join(lines[at : at + length]), separator)
        if fields is not None:
            break
    swallowed = any(len(_fields(line, separator) or ()) == width for line in lines[at + 1 : at + length])
    if fields is not None and len(fields) == width and not swallowed:
        return fields, length, None
    if "\ufffd" in lines[at].decode("utf-8", "replace"):
        return None, 1, "not_utf8"
    return None, 1, "unterminated_quote" if lines[at].count(b'"') % 2 else "malformed_line"


def _fields(text: bytes, separator: str) -> list[str] | None:
    try:
        return next(csv.reader([text.decode("utf-8")], strict=True, delimiter=separator), [])
    except (UnicodeDecodeError, csv.Error):
        return None


def _written(fields: list[str], separator: str) -> bytes:
    """Fields as one record, all quoted, so that no reader can mistake them."""
    return separator.join('"' + field.replace('"', '""') + '"' for field in fields).encode()
