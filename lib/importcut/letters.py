"""Other people's text as the letters that it is: the one place that escapes names where no library does it."""

import json
import re
import unicodedata
from html import escape

_FORMULA = re.compile(r"[=+@\t\r]|-(?!$|[\d.,]+$)")
NO_FORMULA = "mathjax_ignore"  # class of what JupyterLab is not to look through for formulas between dollar signs
as_html = escape  # for what stands between elements, and for an attribute between quotes
LOOK_ALIKES = str.maketrans("авекмнорстух", "abekmhopctyx")  # Cyrillic letters that stand for Latin ones, and back
ON_LINES = "\t\n\r"  # control characters that texts of several lines hold by right


def unseen(text: str, allowed: str = "") -> list[str]:
    """The characters of a text that cannot be seen, as U+202E: control, direction, without width, unknown."""
    if text.isprintable():  # as nearly every cell is
        return []
    return [f"U+{ord(sign):04X}" for sign in text if _unseen(sign) and sign not in allowed]


def as_seen(text: str) -> str:
    """The text for a terminal or a page: what cannot be seen, and moves what can, stands as [U+202E]."""
    odd = {sign: f"[U+{ord(sign):04X}]" for sign in set(text) if _unseen(sign) and sign not in "\t\n"}
    return text.translate(str.maketrans(odd)) if odd else text


def as_cell(value: object) -> object:
    """The value for a CSV file, with an apostrophe in front of text that a spreadsheet would run as a formula."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def as_json(value: object) -> str:
    """The value as JSON between the tags of a script: what could end it, or begin a comment, is written as a number."""
    return as_seen(json.dumps(value, ensure_ascii=False)).replace("<", "\\u003c")


def _unseen(sign: str) -> bool:
    return not sign.isprintable() and unicodedata.category(sign) != "Zs"  # a blank of any width can be seen
