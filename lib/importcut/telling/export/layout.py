"""What stands where on each slide of the deck, for every program that shows it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product

from importcut.telling.drawing import Picture
from importcut.telling.export.content import FONTS, Slide, Table, cover, deck_slides, pictures
from importcut.telling.finding import Cover

LONGEST_DECK, LONGEST_TABLE = 8, 8  # slides after the cover; rows on one of them, the rest stands in the notes
WIDE, HIGH, MARGIN, TOP, BOTTOM = 13.333, 7.5, 0.55, 0.6, 6.85  # inches, as all places and widths
GAP, PADDING, CELL, SMALLEST_CHART = 0.3, 0.2, 0.1, 5
LEADING, UNIT_SIZE, READABLE, SMALLEST = 1.22, 14, 18, 11  # times; points; readable: from the last row
EM = 1000  # pixels, at which the widths of words are measured
ALLOWANCE = 1.02  # times as wide as the font says may a program set a line
SENTENCE = re.compile(r"(?:(?<=[^\W\d_]{5}[.!?])|(?<=\)[.!?])) (?=[A-ZА-ЯЁЎҚҒҲ])|\n+")


@dataclass(frozen=True)
class Box:
    """A place on the slide, in inches from its upper left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass(frozen=True)
class Words:
    """Paragraphs, the size of their letters in points, and their place."""

    paragraphs: list[str]
    size: float
    box: Box


@dataclass(frozen=True)
class Grid:
    """The rows of a table that a slide shows, the size of their letters, widths of columns and heights of rows."""

    table: Table
    size: float
    widths: list[float]
    heights: list[float]


@dataclass(frozen=True)
class Page:
    """A slide with everything in its place; `notes` and `tables` are the speaker's; the cover has no figure."""

    title: Words
    unit: Words
    reading: Words
    figure: Picture | Grid | None = None
    place: Box | None = None
    source: str = ""
    notes: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def pages(notebook: dict) -> tuple[Cover, list[Page]]:
    """What the deck is about, and its slides with everything in its place; the first is the cover.

    Raises ValueError if the notebook marks more slides than a deck holds, or a reading is too long for one.
    """
    about, marked = cover(notebook) or Cover("importcut"), deck_slides(notebook)
    if len(marked) > LONGEST_DECK:
        raise ValueError(
            f"the notebook marks {len(marked)} slides, a deck holds {LONGEST_DECK}: "
            "give some of their cells the slide type fragment or skip"
        )
    origin = next((picture.note for picture in pictures(notebook) if picture.note), "")
    deck, titles = [_cover(about)], [about.title]
    for slide in marked:
        titles.append(slide.finding.title)
        again = titles.count(slide.finding.title)
        name = slide.finding.title + (f" ({again})" if again > 1 else "")
        deck.append(_page(slide, name, about.mark, origin, largest=32 if len(deck) > 1 else 40))
    return about, deck


def sentences(text: str) -> list[str]:
    """The text as a paragraph a sentence; where a full stop may belong to an abbreviation, it goes on."""
    return [part.strip() for part in SENTENCE.split(text) if part.strip()]


def lines(text: str, size: float, width: float, *, bold: bool = False) -> int:
    """How many lines of `width` inches the text takes at most; a word longer than a line counts for many."""
    count, used, room = 1, 0.0, width * 72 / size
    for word in text.split(" "):
        long, space = _width(word, bold), _width(" ", bold) if used else 0
        count += 99 * (long > room)
        if used and used + space + long > room:
            count, used = count + 1, long
        else:
            used += space + long
    return count


@cache
def _width(text: str, bold: bool) -> float:
    """Of the text on one line, in ems of DejaVu Sans: a font that stands in for it is narrower."""
    return ALLOWANCE * _font(bold).getlength(text) / EM


@cache
def _font(bold: bool):
    from PIL import ImageFont

    return ImageFont.truetype(FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), EM)


def _height(paragraphs: list[str], size: float, width: float, padding: float = 0) -> float:
    count = sum(lines(text, size, width - 2 * padding) for text in paragraphs)
    return (count * LEADING + 0.4 * (len(paragraphs) - 1)) * size / 72 + 2 * padding


def _words(paragraphs: list[str], box: Box, sizes: Sequence[float], padding: float = 0) -> Words:
    """The paragraphs in the first of the sizes that fits; the box is as high as they are."""
    for size in sizes:
        height = _height(paragraphs, size, box.width, padding)
        if height <= box.height:
            break
    return Words(paragraphs, size, replace(box, height=min(height, box.height)))


def _title(text: str, box: Box, sizes: Sequence[float]) -> Words:
    """The title in the first of the sizes that needs no more than two lines, all about as long."""
    size = next((size for size in sizes if lines(text, size, box.width, bold=True) <= 2), sizes[-1])
    width, count = box.width, lines(text, size, box.width, bold=True)
    while count > 1 and lines(text, size, width - 0.1, bold=True) == count:
        width -= 0.1
    return Words([text], size, replace(box, width=min(width * 1.03, box.width), height=count * LEADING * size / 72))


def _cover(about: Cover) -> Page:
    room = Box(MARGIN + 0.2, TOP if len(about.headline) > 250 else 1.6, WIDE - 2 * MARGIN - 0.2, 0)
    title = _title(about.title, room, range(48, 31, -1))
    unit = _title(about.subtitle, replace(room, top=title.box.bottom + 0.15), range(22, 17, -1))
    zone = Box(MARGIN, unit.box.bottom + 0.5, WIDE - 2 * MARGIN, BOTTOM - unit.box.bottom - 0.5)
    reading = _words(sentences(about.headline), zone, range(30, SMALLEST, -1), PADDING)
    return Page(title, unit, reading, notes=[about.headline])


def _page(slide: Slide, name: str, mark: str, origin: str, *, largest: int) -> Page:
    head = Box(MARGIN + 0.2, TOP, WIDE - 2 * MARGIN - 0.2, 1.35)
    title = _title(name, head, range(largest, 25, -1))
    top = title.box.bottom + 0.2
    zone = Box(MARGIN, top, WIDE - 2 * MARGIN, BOTTOM - top)
    reading, notes = sentences(slide.finding.reading), [t.strip() for t in slide.finding.text.split("\n") if t.strip()]
    if slide.pictures:
        figure, *others = slide.pictures
        origin, notes = figure.note or origin, notes + [f"{p.title} ({p.unit}): {p.alt}" for p in others]
        unit = figure.unit if figure.title in ("", name, slide.finding.title) else f"{figure.title} · {figure.unit}"
        unit, place, reading = _pictured(zone, figure, unit, reading)
    else:
        unit, figure, place, reading = _tabled(zone, slide.tables[0], reading)
    return Page(title, unit, reading, figure, place, origin.removesuffix(f" {mark}."), notes, slide.tables)


def _pictured(zone: Box, picture: Picture, about: str, reading: list[str]) -> tuple[Words, Box, Words]:
    """Unit, chart and reading, so that the chart is as large as can be while the reading is readable."""
    _, _, wide, high = map(float, re.search(r'viewBox="([^"]+)"', picture.plot)[1].split())
    for sizes in (range(24, READABLE - 1, -1), *([size] for size in range(READABLE - 1, SMALLEST - 1, -1))):
        tried = [way(zone, high / wide, about, reading, size) for size in sizes for way in (_beside, _below)]
        if any(tried):
            return max(filter(None, tried), key=lambda put: put[1].width + 0.08 * put[2].size)
    raise ValueError(f"too long for a slide, shorten it: {' '.join(reading)}")


def _beside(zone: Box, aspect: float, about: str, reading: list[str], size: int) -> tuple[Words, Box, Words] | None:
    for width in (tenths / 10 for tenths in range(86, SMALLEST_CHART * 10 - 1, -1)):
        left = zone.left + width + GAP
        unit = _words([about], replace(zone, width=width), [UNIT_SIZE])
        room = zone.left + zone.width - left
        used = unit.box.height + 0.08 + width * aspect
        tall = max(used, _height(reading, size, room, PADDING))
        if tall <= zone.height:
            unit = replace(unit, box=replace(unit.box, top=zone.top + (tall - used) / 2))
            chart = Box(zone.left, unit.box.bottom + 0.08, width, width * aspect)
            return unit, chart, Words(reading, size, Box(left, zone.top, room, tall))
    return None


def _below(zone: Box, aspect: float, about: str, reading: list[str], size: int) -> tuple[Words, Box, Words] | None:
    unit = _words([about], zone, [UNIT_SIZE])
    needed, top = _height(reading, size, zone.width, PADDING), unit.box.bottom + 0.08
    width = min(zone.width, (zone.bottom - needed - GAP - top) / aspect)
    chart = Box(zone.left + (zone.width - width) / 2, top, width, width * aspect)
    room = zone.left + zone.width - chart.left
    if lines(about, UNIT_SIZE, room) == lines(about, UNIT_SIZE, zone.width):  # above the chart, if it fits there
        unit = replace(unit, box=replace(unit.box, left=chart.left, width=room))
    text = Words(reading, size, Box(zone.left, chart.bottom + GAP, zone.width, needed))
    return (unit, chart, text) if width >= SMALLEST_CHART else None


def _tabled(zone: Box, table: Table, reading: list[str]) -> tuple[Words, Grid, Box, Words]:
    """Caption, table and under it the reading, in letters as large as fit."""
    for count in range(min(len(table.rows), LONGEST_TABLE), 0, -1):  # fewer rows, where even small letters do not fit
        rows, cut = table.rows[:count], f" · 1–{count} / {len(table.rows)}"
        unit = _words([table.caption + (cut if len(table.rows) > count else "")], zone, [UNIT_SIZE])
        sizes = product(range(16, SMALLEST - 1, -1), range(24, READABLE - 1, -1))
        for small, size in (*sizes, *product([SMALLEST], range(READABLE - 1, SMALLEST - 1, -1))):
            widths, heights = _measured([table.columns, *rows], small, zone.width)
            place = Box(zone.left, unit.box.bottom + 0.08, zone.width, sum(heights))
            text = Box(zone.left, place.bottom + GAP, zone.width, _height(reading, size, zone.width, PADDING))
            if text.bottom <= zone.bottom:
                return unit, Grid(replace(table, rows=rows), small, widths, heights), place, Words(reading, size, text)
    raise ValueError(f"too long for a slide, shorten it: {' '.join(reading)}")


def _measured(rows: list[list[str]], size: int, room: float) -> tuple[list[float], list[float]]:
    """The widths of the columns over the room, the widest broken into lines if need be; and the heights of the rows."""
    natural = [
        max(_width(cell, bold=True) for cell in column) * size / 72 + 2 * CELL + 0.02
        for column in zip(*rows, strict=True)
    ]
    cap = max(natural)
    while sum(min(width, cap) for width in natural) > room:
        cap -= 0.05
    scale = room / sum(min(width, cap) for width in natural)
    widths = [min(width, cap) * scale for width in natural]
    deep = [max(lines(c, size, w - 2 * CELL, bold=True) for c, w in zip(row, widths, strict=True)) for row in rows]
    return widths, [count * LEADING * size / 72 + CELL / 2 for count in deep]
