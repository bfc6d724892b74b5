"""Text files as they are saved: encoding, separator, header, decimal sign."""

import codecs
import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from importcut.intake.sources.formats import Format, matched
from importcut.schema import DataError

SAMPLE = 1_000_000  # bytes that are looked at
ROWS = 20  # rows among which the header is looked for
SEPARATORS = ",;\t|"
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
CYRILLIC = 0.8  # share of the letters beyond ASCII that are Cyrillic where CP1251 is the right guess
USUAL = set("№«»–—“”„’‘…°§±·€\xa0ЁёЎўҚқҒғҲҳІіЇї")


@dataclass(frozen=True)
class Header:
    """The header of a text file: its fields, the lines down to its end, the separator, and some rows below."""

    fields: list[str]
    top: int
    separator: str
    rows: list[list[str]]


def encoding_of(path: Path, source_file: str) -> str:
    """How a text file is encoded: UTF-8, UTF-16, UTF-32 or CP1251; a few damaged lines do not change it.

    Raises DataError if it is none of these.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    for mark, name in MARKS.items():
        if sample.startswith(mark):
            return name
    if sample.count(0) > len(sample) / 10:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    lines = [line for line in sample.splitlines()[: -1 if len(sample) == SAMPLE else None] if not line.isascii()]
    if 2 * sum(_is_utf8(line) for line in lines) >= len(lines):
        return "utf-8"
    foreign = [letter for line in lines for letter in line.decode("cp1251", "replace") if letter > "\x7f"]
    if sum("А" <= letter <= "я" or letter in USUAL for letter in foreign) < CYRILLIC * len(foreign):
        raise DataError(
            f"{source_file}: is neither UTF-8, UTF-16 nor CP1251 (begins {sample[:40]!r}) — "
            f"say its encoding in [[files]] of dataset.toml, or save it as CSV, UTF-8"
        )
    return "cp1251"


def utf8(path: Path, encoding: str, target: Path, source_file: str) -> Path:
    """The file as UTF-8, itself if it is that; what cannot be decoded is written out as \\x.. .

    Raises DataError if the encoding is not known.
    """
    if encoding.lower() in ("utf-8", "utf8", "utf-8-sig"):
        return path
    try:
        with (
            path.open(encoding=encoding, errors="backslashreplace", newline="") as read,
            target.open("w", encoding="utf-8", newline="") as write,
        ):
            while text := read.read(4_000_000):
                write.write(text)
    except (LookupError, UnicodeError) as error:
        raise DataError(
            f"{source_file}: cannot be read as {encoding} ({error}) — correct [[files]] of dataset.toml"
        ) from None
    return target


def header_of(path: Path, formats: list[Format], separator: str | None) -> Header:
    """The header of a UTF-8 file: the row that most columns of a format are found in, by any separator."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE // 4)
    text = sample.decode("utf-8-sig", "replace")
    found = [_best(text, one, formats) for one in (separator or SEPARATORS)]
    return max(found, key=lambda pair: pair[0])[1]


def decimal_of(numbers: Iterable[str], separator: str) -> str:
    """The decimal sign of the numbers of a file: a comma only where none has a point and commas cannot be fields."""
    values = [v.strip() for v in numbers if v]
    comma = any("," in v for v in values)
    return "," if separator != "," and comma and not any("." in v and "," not in v for v in values) else "."


def _best(text: str, separator: str, formats: list[Format]) -> tuple[tuple[int, int, int], Header]:
    """The header by one separator, and how good it is: columns found, fields, earliness."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows, ends = [], []
    try:
        for row in reader:
            rows.append([" ".join(field.split()) for field in row])
            ends.append(reader.line_num)
            if len(rows) > 10 * ROWS:
                break
    except csv.Error:
        pass  # what lies below is not read as a header
    if not rows:
        return (0, 0, 0), Header([], 0, separator, [])
    scores = [(matched(row, formats), len(row), -n) for n, row in enumerate(rows[:ROWS])]
    best = max(range(len(scores)), key=lambda n: (scores[n][0], -n))
    return scores[best], Header(rows[best], ends[best], separator, rows[best + 1 :])


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
