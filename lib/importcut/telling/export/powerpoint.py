"""The deck as a file of PowerPoint, whose titles, texts and tables can be edited."""

import datetime
import io
from copy import deepcopy
from dataclasses import replace

from lxml import etree
from pptx import Presentation
from pptx.chart.data import ChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.shapes.base import BaseShape
from pptx.slide import Slide
from pptx.util import Inches, Pt

from importcut.telling.drawing import Picture, to_png
from importcut.telling.export.content import TEMPLATES, Table, language_words, repacked
from importcut.telling.export.layout import CELL, MARGIN, PADDING, WIDE, Box, Grid, Page, Words, pages

INK, MUTED, LINE, SOFT, ACCENT, WARN, WARM = "1F2328", "5B6470", "D5DAE0", "F5F7F9", "0B5C8A", "9C3D00", "FFF4E5"
COVER, TABLE, PICTURE = "Title Slide", "Title and Content", "Picture with Caption"  # layouts of template.pptx
PLAIN = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # table without style, without grid
DECORATIVE = (
    '<a:extLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    '<a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}"><adec:decorative val="1" '
    'xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative"/></a:ext></a:extLst>'
)
SOURCE_BOX = Box(MARGIN, 6.98, 11, 0.34)
PPI = 250
AMOUNT = "[<0.99995]{0}#,##0.00;{0}#,##0.0"  # of million dollars; a section for negative ones would lose their sign
BEYOND = 0.15  # of the span of bars on both sides, beyond them for their figures
CHART_LETTERS = 12  # points, of a chart's letters
CLEAR = '"      "'  # before a figure, to stand clear of the line of a range
DAY = datetime.datetime(2000, 1, 1)


def to_pptx(notebook: dict, *, language: str) -> bytes:
    """The deck: a claim, a chart or a table, a reading and a source on each slide, the rest in the notes."""
    about, deck = pages(notebook)
    file = Presentation(TEMPLATES / "slides" / "template.pptx")
    code = language_words(language)["word"]
    layouts = {layout.name: layout for layout in file.slide_layouts}
    for number, page in enumerate(deck, start=1):
        kind = {Picture: PICTURE, Grid: TABLE}.get(type(page.figure), COVER)
        kind = TABLE if getattr(page.figure, "bars", None) else kind
        slide = file.slides.add_slide(layouts[kind])
        _draw(slide, page)
        if about.mark:
            _mark(slide, about.mark)
        _footer(slide, {"ftr": page.source, "sldNum": str(number)})
        slide.notes_slide.notes_text_frame.text = "\n".join([*page.notes, *map(_tabbed, _behind(page))])
        for part in (slide, slide.notes_slide):
            for text in part._element.xpath(".//a:r | .//a:fld"):
                text.get_or_add_rPr().set("lang", code)
    card, office = file.core_properties, io.BytesIO()
    card.title, card.comments, card.language = about.title, about.mark, code
    card.subject = about.subtitle[:255]  # characters, of which a file may have no more
    card.author = card.last_modified_by = "importcut"
    card.created = card.modified = DAY
    file.save(office)
    return repacked(office.getvalue())


def _draw(slide: Slide, page: Page) -> None:
    """Title, unit, figure and reading in their places; title and reading as the layout's own."""
    _bar(slide, Box(MARGIN, page.title.box.top, 0.08, page.title.box.height))
    _write(slide.shapes.title, page.title, INK, bold=True)
    unit = slide.shapes.add_textbox(0, 0, 0, 0)
    picture = isinstance(page.figure, Picture) and not page.figure.bars
    reading = slide.placeholders[2 if picture else 1]
    if page.figure is None:
        unit, reading = reading, unit
    _write(unit, page.unit, MUTED)
    if isinstance(page.figure, Picture) and page.figure.bars:
        below = page.reading.box.top >= page.place.bottom
        _chart(slide, page.figure, replace(page.place, left=MARGIN, width=WIDE - 2 * MARGIN) if below else page.place)
    elif picture:
        frame = slide.placeholders[1].insert_picture(io.BytesIO(to_png(page.figure.plot, ppi=PPI)))
        frame.crop_left = frame.crop_right = frame.crop_top = frame.crop_bottom = 0
        _put(frame, page.place)
        frame._element.nvPicPr.cNvPr.set("descr", page.figure.alt)
    elif page.figure:
        _table(slide, page.figure, page.place)
    _fill(reading, SOFT)
    _write(reading, page.reading, INK, padding=PADDING, anchor=MSO_ANCHOR.MIDDLE)
    _bar(slide, Box(page.reading.box.left, page.reading.box.top, 0.05, page.reading.box.height))


def _put(shape: BaseShape, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = map(Inches, (box.left, box.top, box.width, box.height))


def _fill(shape: BaseShape, colour: str) -> None:
    shape.fill.solid()
    shape.fill.fore_color.rgb = RGBColor.from_string(colour)


def _write(shape, words: Words, colour: str, *, bold: bool = False, padding: float = 0, anchor=None) -> None:
    """The words into a shape, in their place and size; a paragraph of the shape for each."""
    _put(shape, words.box)
    frame = shape.text_frame
    frame.word_wrap, frame.auto_size, frame.vertical_anchor = True, MSO_AUTO_SIZE.NONE, anchor or MSO_ANCHOR.TOP
    frame.margin_left = frame.margin_right = Inches(padding)
    frame.margin_top = frame.margin_bottom = 0
    for n, text in enumerate(words.paragraphs):
        paragraph = frame.add_paragraph() if n else frame.paragraphs[0]
        paragraph.space_before = Pt(0.4 * words.size if n else 0)
        _run(paragraph, text, words.size, colour, bold=bold)


def _run(paragraph, text: str, size: float, colour: str, *, bold: bool = False) -> None:
    run = paragraph.add_run()
    run.text = text
    run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, RGBColor.from_string(colour)


def _bar(slide: Slide, box: Box) -> None:
    """A stroke in the accent colour, which a reader of the screen passes over."""
    shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, 0, 0, 0, 0)
    _put(shape, box)
    _fill(shape, ACCENT)
    shape.line.fill.background()
    shape._element.remove(shape._element.find("{*}style"))
    shape._element.nvSpPr.cNvPr.append(etree.fromstring(DECORATIVE))


def _mark(slide: Slide, mark: str) -> None:
    shape = slide.shapes.add_textbox(0, 0, 0, 0)
    shape.name = "Mark"
    _fill(shape, WARM)
    _write(shape, Words([mark], 14, Box(0, 0, WIDE, 0.385)), WARN, bold=True, anchor=MSO_ANCHOR.MIDDLE)
    shape.text_frame.paragraphs[0].alignment = PP_ALIGN.CENTER


def _footer(slide: Slide, texts: dict[str, str]) -> None:
    """The layout's own placeholders of source and page number, filled."""
    for kind, text in texts.items():
        for shape in slide.slide_layout._element.xpath(f".//p:sp[.//p:ph[@type='{kind}']]") if text else ():
            own = deepcopy(shape)
            own.xpath(".//p:cNvPr")[0].set("id", str(slide.shapes._next_shape_id))
            slide.shapes._spTree.append(own)
            for field in own.xpath(".//a:fld/a:t"):
                field.text = text
            if kind == "ftr":
                _write(slide.shapes[-1], Words([text], 12, SOURCE_BOX), MUTED)


def _table(slide: Slide, grid: Grid, place: Box) -> None:
    rows = [grid.table.columns, *grid.table.rows]
    frame = slide.shapes.add_table(len(rows), len(grid.widths), 0, 0, 0, 0)
    _put(frame, place)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", grid.table.caption)
    table = frame.table
    table._tbl.tblPr.find("{*}tableStyleId").text = PLAIN
    for column, width in zip(table.columns, grid.widths, strict=True):
        column.width = Inches(width)
    for n, (row, texts) in enumerate(zip(table.rows, rows, strict=True)):
        row.height = Inches(grid.heights[n])
        for cell, text, numeric in zip(row.cells, texts, grid.table.numeric, strict=True):
            cell.margin_left = cell.margin_right = Inches(CELL)
            cell.margin_top = cell.margin_bottom = Inches(CELL / 4)
            _run(cell.text_frame.paragraphs[0], text, grid.size, INK, bold=n == 0)
            if numeric:
                cell.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT
            _fill(cell, SOFT if n % 2 == 0 and n else "FFFFFF")
            _underline(cell, INK if n == 0 else LINE)


def _chart(slide: Slide, picture: Picture, place: Box) -> None:
    """The picture's bars as a chart that can be edited, in million US dollars; a range as a line over its bar."""
    about = ChartData(number_format="#,##0.00")
    about.categories = picture.bars["rows"]
    for own in picture.bars["series"]:
        about.add_series(own["name"], [None if usd is None else round(usd / 1e6, 8) for usd in own["usd"]])
    frame = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, 0, 0, 0, 0, about)
    _put(frame, place)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", picture.alt)
    chart, several = frame.chart, len(picture.bars["series"]) > 1
    chart.has_title, chart.has_legend = False, several
    chart.font.size, chart.font.color.rgb = Pt(CHART_LETTERS), RGBColor.from_string(INK)
    if several:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    plot, names, amounts = chart.plots[0], chart.category_axis, chart.value_axis
    plot.gap_width = 45
    names.reverse_order, names.tick_label_position = True, XL_TICK_LABEL_POSITION.LOW
    names.major_tick_mark, names.format.line.color.rgb = XL_TICK_MARK.NONE, RGBColor.from_string(LINE)
    skip = parse_xml(f'<c:tickLblSkip {nsdecls("c")} val="1"/>')  # every bar has its name
    names._element.xpath("c:noMultiLvlLbl")[0].addprevious(skip)
    amounts.visible = amounts.has_major_gridlines = False
    drawn = [usd / 1e6 for own in picture.bars["series"] for usd in own["usd"] if usd is not None]
    if (lowest := min(drawn, default=0)) < 0:  # figures stand left of bars too
        room = BEYOND * (max(*drawn, 0) - lowest)
        amounts.minimum_scale, amounts.maximum_scale = lowest - room, max(*drawn, 0) + room
    for series, own in zip(plot.series, picture.bars["series"], strict=True):
        colours = own["colour"] if isinstance(own["colour"], list) else [own["colour"]]
        series.invert_if_negative = False
        _fill(series.format, colours[-1].removeprefix("#"))
        for n, colour in enumerate(colours[:-1]):
            _fill(series.points[n].format, colour.removeprefix("#"))
        labels, ranged = series.data_labels, "low_usd" in own
        labels.show_value, labels.number_format_is_linked = True, False
        labels.number_format = AMOUNT.format(CLEAR * ranged)
        if ranged:
            ends = ((own["high_usd"], own["usd"]), (own["usd"], own["low_usd"]))
            spread = [[(a or 0) - (b or 0) for a, b in zip(*pair, strict=True)] for pair in ends]
            series._element.xpath("c:cat")[0].addprevious(_range(*spread))


def _range(up: list[float], down: list[float]):
    """Lines over bars as far up and down from their ends, USD."""
    sides = "".join(
        f'<c:{side}><c:numLit><c:formatCode>General</c:formatCode><c:ptCount val="{len(ends)}"/>'
        + "".join(f'<c:pt idx="{n}"><c:v>{round(usd / 1e6, 8)}</c:v></c:pt>' for n, usd in enumerate(ends))
        + f"</c:numLit></c:{side}>"
        for side, ends in (("plus", up), ("minus", down))
    )
    return parse_xml(
        f'<c:errBars {nsdecls("c", "a")}><c:errBarType val="both"/><c:errValType val="cust"/>'
        f'<c:noEndCap val="1"/>{sides}'
        f'<c:spPr><a:ln w="19050"><a:solidFill><a:srgbClr val="{INK}"/></a:solidFill></a:ln></c:spPr></c:errBars>'
    )


def _behind(page: Page) -> list[Table]:
    """The tables of a slide's notes: what its chart shows, then those of its cells."""
    bars = getattr(page.figure, "bars", None)
    if not bars:
        return page.tables
    rows = [[*row] for row in zip(bars["rows"], *(own["texts"] for own in bars["series"]), strict=True)]
    columns = ["", *(own["name"] for own in bars["series"])]
    return [Table(page.figure.unit, columns, rows, [False, *[True] * len(bars["series"])]), *page.tables]


def _underline(cell, colour: str) -> None:
    line = (
        '<a:lnB xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" w="9525">'
        f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></a:lnB>'
    )
    cell._tc.get_or_add_tcPr().insert(0, etree.fromstring(line))


def _tabbed(table: Table) -> str:
    return "\n".join(["", table.caption, *("\t".join(row) for row in (table.columns, *table.rows))])
