"""The deck as one page of reveal.js."""

import re
from importlib.resources import files

from importcut.telling.export.content import language_words, render
from importcut.telling.export.layout import pages

REVEAL = ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js")


def to_slides(notebook: dict, *, language: str) -> str:
    """The deck as one page that needs nothing outside itself: arrow keys turn it, S opens the speaker's notes."""
    reveal = files("sphinx_revealjs") / "_static" / "revealjs"
    code = {path: _inline((reveal / path).read_text(encoding="utf-8")) for path in REVEAL}
    for text, word in language_words(language).get("presenter", {}).items():
        code[REVEAL[-1]] = re.sub(rf"""(?<=[>"']){re.escape(text)}(?=[<"'\\])""", word, code[REVEAL[-1]])
    return render("slides/index.html.j2", deck=pages(notebook), language=language, code=code)


def _inline(code: str) -> str:
    """Somebody else's style or script, fit to stand inside a page; addresses in it become plain names."""
    code = re.sub(r"https?://(?!www\.w3\.org/)(?=\w)", "", code)
    return code.replace("</script", r"<\/script").replace("<!--", r"<\!--")
