"""What is handed out, made from one executed notebook."""

from importcut.export.content import AUTHOR, COVER, cover
from importcut.export.deck import to_pptx
from importcut.export.document import to_docx, to_pdf
from importcut.export.page import ADDRESSES, figures, to_html
from importcut.export.sheets import rounded, to_csv, to_xlsx
from importcut.export.slides import to_slides
