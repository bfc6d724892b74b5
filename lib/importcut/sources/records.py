"""A damaged file line by line: the records that are sound, and the lines that are none."""

import csv
import io


def header_of(raw: bytes) -> tuple[list[str], int]:
    """The headers, line ends inside them as blanks, and how many lines they take."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(raw[:100_000]), "utf-8-sig", "replace", newline=""))
    return [" ".join(h.split()) for h in next(reader, [])], reader.line_num


def records_of(raw: bytes, width: int, top: int) -> tuple[list[tuple], list[dict]]:
    """The records below `top` lines of header, each led by its physical line, and the lines that are none."""
    lines, records, malformed = raw.splitlines(), [], []
    at = top
    while at < len(lines):
        fields, length, reason = _record(lines, at, width)
        if reason is None:
            records.append((at + 1, *fields))
        else:
            text = lines[at].decode("utf-8", "backslashreplace")
            malformed.append({"line": at + 1, "reason": reason, "value": text[:80], "raw": text})
        at += length
    return records, malformed


def _record(lines: list[bytes], at: int, width: int) -> tuple[list[str], int, str | None]:
    """The record that begins at a line: its fields, how many lines it spans, and what is wrong with it."""
    for length in (1, 2, 3, 4):  # a quoted field may hold a few line ends
        fields = _fields(b"\n".join(lines[at : at + length]))
        if fields is not None:
            break
    swallowed = any(len(_fields(line) or ()) == width for line in lines[at + 1 : at + length])
    if fields is not None and len(fields) == width and not swallowed:
        return fields, length, None
    if "\ufffd" in lines[at].decode("utf-8", "replace"):
        return [], 1, "not_utf8"
    return [], 1, "unterminated_quote" if lines[at].count(b'"') % 2 else "malformed_line"


def _fields(text: bytes) -> list[str] | None:
    try:
        return next(csv.reader([text.decode("utf-8")], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return None
