"""Text files as they are saved: encoding, separator, header, decimal sign; a damaged one line by line."""

import codecs
import csv
import io
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from importcut.intake.values import ONE_DOT, mark_of
from importcut.schema import DataError

SAMPLE = 1_000_000  # bytes that are looked at
DOUBTFUL = 10  # numbers of a sample from which one sign in two readings is asked about
ROWS = 20  # rows among which the header is looked for
SEPARATORS = ",;\t|"
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
CODE_PAGES = ("cp1251", "cp866", "cp1252")  # Windows and DOS in Cyrillic; Windows in the West, Latin-1 and more
FITTING, SPELLED = 0.8, 0.7  # share of the signs beyond ASCII that the right code page knows; of the letters, in words
ALIKE = 0.1  # code pages that make sense to such a degree alike cannot be told apart
WORD = re.compile(r"[^\W\d_]+")
CYRILLIC = {*map(chr, range(ord("А"), ord("я") + 1)), *"ЁёЎўІіЇїЄє"}
WESTERN = {*map(chr, range(ord("À"), ord("ÿ") + 1))}
FREQUENT = set("оеаинтсрвл")  # two thirds of a Russian or Uzbek text
USUAL = set("№«»–—“”„’‘…°§±·€\xa0")
BLOCK = 16_000_000  # bytes looked at in one go
CACHED = 1_000_000  # bytes that a core keeps at hand while it counts
LONGEST = 4  # lines that a record may span: a quoted field holds a few line ends, a broken quote many
LONGEST_LINE = 2_000_000  # bytes; readers of CSV stop there
GAP = "\x1f"  # stands in the first field of a line that is no record of its own


@dataclass(frozen=True)
class Header:
    """The header of a text file: its fields, the lines down to its end, the separator, and some rows below."""

    fields: list[str]
    top: int
    separator: str
    rows: list[list[str]]


def encoding_of(path: Path, place: str) -> str:
    """How a text file is encoded: UTF-8, UTF-16, UTF-32 or a code page; a few damaged lines do not change it.

    Raises DataError if no code page makes sense of it, or two do.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    for mark, name in MARKS.items():
        if sample.startswith(mark):
            return name
    if sample.count(0) > len(sample) / 10:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    lines = [line for line in sample.splitlines()[: -1 if len(sample) == SAMPLE else None] if not line.isascii()]
    if 2 * sum("\ufffd" not in line.decode("utf-8", "replace") for line in lines) >= len(lines):
        return "utf-8"
    foreign = b"\n".join(lines)[: SAMPLE // 10]
    texts = {page: foreign.decode(page, "replace") for page in CODE_PAGES}
    sense = {page: _sense(text, page) for page, text in texts.items()}
    first, *others = sorted(CODE_PAGES, key=sense.get, reverse=True)
    rivals = [page for page in others if sense[first] - sense[page] < ALIKE and texts[page] != texts[first]]
    if sense[first] and not rivals:
        return first
    guess = f"can be {' or '.join([first, *rivals])}" if sense[first] else f"is neither UTF-8, UTF-16 nor {CODE_PAGES}"
    remedy = "save it as CSV UTF-8, or say the encoding of a raw file in [[files]] of dataset.toml"
    raise DataError(f"{place}: {guess} (begins {sample[:40]!r}) — {remedy}")


def _sense(text: str, page: str) -> float:
    """How far a code page makes sense of the signs beyond ASCII, from 0 to 3: by its alphabet, words and letters.

    Cyrillic letters fill their words, in one case or with a capital in front; those of the West stand among plain ones.
    """
    signs = [sign for sign in text if sign > "\x7f"]
    alphabet = WESTERN if page == "cp1252" else CYRILLIC
    known, usual = (sum(sign in those for sign in signs) for those in (alphabet, USUAL))
    spelled = frequent = 0
    for word in WORD.findall(text):
        letters = sum(letter > "\x7f" for letter in word)
        western = 2 * letters <= len(word)
        if western if page == "cp1252" else not western and word in (word.upper(), word.lower(), word.capitalize()):
            spelled += letters
            frequent += sum(letter in FREQUENT for letter in word.lower())
    if known + usual < FITTING * len(signs) or spelled < SPELLED * known:
        return 0.0
    return (known + usual + spelled + frequent) / max(len(signs), 1)


def decoded(path: Path, place: str) -> tuple[str, str]:
    """The text of a small file and its encoding; DataError if it cannot be told or does not hold throughout."""
    encoding = encoding_of(path, place)
    try:
        return path.read_bytes().decode(encoding).removeprefix("\ufeff"), encoding
    except UnicodeDecodeError as error:
        raise DataError(f"{place}: cannot be read ({error}) — save it as CSV UTF-8") from None


def rows_of(text: str, separator: str, place: str) -> list[list[str]]:
    """The rows of a text that is sound throughout; DataError if its quotes do not close."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    try:
        return [*reader]
    except csv.Error as error:
        raise DataError(f"{place}: cannot be read ({error}) — save it as CSV UTF-8") from None


def utf8(path: Path, encoding: str, target: Path, source_file: str) -> Path:
    """The file as UTF-8, itself if it is that; what cannot be decoded is written out as \\x.. ."""
    if encoding.lower() in ("utf-8", "utf8", "utf-8-sig"):
        return path
    try:
        with (
            path.open(encoding=encoding, errors="backslashreplace", newline="") as read,
            target.open("w", encoding="utf-8", newline="") as write,
        ):
            shutil.copyfileobj(read, write, 4_000_000)
    except (LookupError, UnicodeError) as error:
        remedy = "correct [[files]] of dataset.toml"
        raise DataError(f"{source_file}: cannot be read as {encoding} ({error}) — {remedy}") from None
    return target


def header_of(text: str, known: Callable[[list[str]], int], separators: str = SEPARATORS, rows: int = ROWS) -> Header:
    """The header of a text: of its first rows, by any separator, the one in which most columns are `known`."""
    return max((_best(text, separator, known, rows) for separator in separators), key=lambda pair: pair[0])[1]


def signs_of(columns: dict[str, list[str]], separator: str, place: str, decimal: str = "") -> dict[str, str]:
    """The decimal sign of each column of numbers, and after it the one between thousands where it is used.

    It is `decimal`, or else told by the numbers of the column that have one reading, or by those of the others.
    Raises DataError if a column has both signs, or nothing tells whether its points stand before decimals or thousands.
    """
    counts, signs = {column: Counter(map(mark_of, values)) for column, values in columns.items()}, {}
    every, remedy = sum(counts.values(), Counter()), 'say decimal = "." or "," of the file in [[files]] of dataset.toml'
    for column, values in columns.items():
        own = counts[column] if counts[column][","] or counts[column]["."] else every
        rare, usual = sorted((own[sign], sign) for sign in ",.")
        doubtful = [value for value in values if ONE_DOT.fullmatch(value)]
        if not decimal and separator != "," and rare[0] >= DOUBTFUL and 4 * rare[0] > usual[0]:
            raise DataError(f"{place}: {column} has decimal points and decimal commas — ask its sender, or {remedy}")
        if not decimal and not usual[0] and len(doubtful) >= DOUBTFUL:
            number = doubtful[0].replace(".", "")
            raise DataError(f"{place}: {column} {doubtful[0]} can be {number} or a number with decimals — {remedy}")
        comma = usual[1] == "," if usual[0] else any("," in value for value in values)
        sign = decimal or ("," if comma and separator != "," else ".")
        group = ",.".replace(sign, "")
        among = decimal or (sign == "," and len(doubtful) >= DOUBTFUL)
        grouped = among or any(mark_of(value) == sign and group in value for value in values)
        signs[column] = sign + group if grouped else sign
    return signs


def _best(text: str, separator: str, known: Callable, most: int) -> tuple[tuple[int, int, int], Header]:
    """The header by one separator, and how good it is: columns known, fields, earliness."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows, ends = [], []
    try:
        for row in islice(reader, 10 * ROWS):
            rows.append([" ".join(field.split()) for field in row])
            ends.append(reader.line_num)
    except csv.Error:
        pass  # what lies below is not read as a header
    fields, last, count = heading(rows[:most], known)
    return (count, len(fields), -last), Header(fields, ends[last] if rows else 0, separator, rows[last + 1 :])


def heading(rows: list[list[str]], known: Callable[[list[str]], int]) -> tuple[list[str], int, int]:
    """The header among rows, the row that ends it, and how many of its columns are `known`; two rows may make one."""
    single = [(row, n, known(row)) for n, row in enumerate(rows)]
    double = [(row, n, known(row)) for n, row in enumerate(map(_joined, rows, rows[1:]), start=1)]
    return max([*single, *double], key=lambda header: header[2], default=([], 0, 0))  # the first of those alike


def _joined(upper: list[str], lower: list[str]) -> list[str]:
    """Two rows as one header: what spans several columns stands above the first of them."""
    names, spanning = [], ""
    for above, below in zip_longest(upper, lower, fillvalue=""):
        spanning = above or (spanning if below else "")
        names.append(f"{spanning} {below}".strip())
    return names


def physical_lines(path: Path) -> int:
    """How many lines a file has, the last one with or without a line end."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(CACHED):
            count, last = count + block.count(b"\n"), block[-1:]
    return count + (last != b"\n")


def mended(path: Path, target: Path, *, width: int, top: int, separator: str) -> tuple[list[dict], int]:
    """Write a file again without its header, each physical line a record of `width` fields or a gap.

    Returns the lines that are no records (line, reason, value, raw) and how many others carry on the record before.
    """
    gap = (GAP + separator * (width - 1)).encode()
    malformed, gaps, line, pending = [], 0, 0, []
    with target.open("wb") as write:
        for lines, last in _blocks(path):
            pending += lines
            begin, end = max(0, top - line), len(pending) if last else max(0, len(pending) - LONGEST)
            after, keep = begin, end
            for at in _odd(pending, width, separator):
                if not after <= at < end:
                    continue
                fields, length, reason = _record(pending, at, width, separator)
                if reason is not None:
                    text = pending[at].decode("utf-8", "backslashreplace")
                    malformed.append({"line": line + at + 1, "reason": reason, "value": text[:80], "raw": text})
                record = gap if fields is None else _written(fields, separator)
                after = at + length
                pending[at:after] = [record, *[gap] * (length - 1)]
                gaps, keep = gaps + length - 1, max(keep, after)
            write.writelines(text + b"\n" for text in pending[begin:keep])
            pending, line = pending[keep:], line + keep
    return malformed, gaps


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


def _odd(lines: list[bytes], width: int, separator: str) -> list[int]:
    """Which lines are not, by their signs alone, one record: without quotes, and of so many fields."""
    cuts, plain = separator.encode(), _plain(b"\n".join(lines))  # nearly every block is, and its lines with it
    sound = [line.count(cuts) == width - 1 and len(line) <= LONGEST_LINE and (plain or _plain(line)) for line in lines]
    return [n for n, flag in enumerate(sound) if not flag]


def _plain(text: bytes) -> bool:
    return b'"' not in text and b"\r" not in text and _decodable(text)


def _decodable(line: bytes) -> bool:
    return line.isascii() or "\ufffd" not in line.decode("utf-8", "replace")


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
    if not _decodable(lines[at]):
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
