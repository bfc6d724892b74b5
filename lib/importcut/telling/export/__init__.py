"""What is handed out, made from one executed notebook."""

from importcut.telling.export.content import AUTHOR, cover
from importcut.telling.export.deck import to_pptx
from importcut.telling.export.document import to_docx, to_pdf
from importcut.telling.export.page import ADDRESSES, figures, to_html
from importcut.telling.export.sheets import rounded, to_csv, to_xlsx
from importcut.telling.export.slides import to_slides
from importcut.telling.finding import COVER
