"""What is handed out, made from one executed notebook."""

from importcut.telling.export.content import cover, sealed
from importcut.telling.export.document import to_docx, to_pdf
from importcut.telling.export.explore import charting_script, to_explore
from importcut.telling.export.html import figures, to_html
from importcut.telling.export.sheets import answer_sheet, rounded, to_csv, to_xlsx
from importcut.telling.export.slides import to_slides


def to_pptx(notebook: dict, *, language: str) -> bytes:
    """The deck as `powerpoint.to_pptx` makes it; only who asks for it loads its library."""
    from importcut.telling.export import powerpoint

    return powerpoint.to_pptx(notebook, language=language)
