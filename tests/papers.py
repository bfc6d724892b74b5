"""Makes what the papers at the top show: CODEBOOK.md from the schemas, and small pictures of page, deck and desk.

python tests/papers.py codebook
python tests/papers.py pictures REPORT    (the folder of a report, with English in it; needs Chromium)
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from importcut.schema import tables

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "notebooks" / "pictures"
INTRODUCTION = """# Codebook

Every table and column, made from `lib/importcut/tables.toml`, `registers.toml` and `input_output.toml` by `make
golden`. A type with a question mark may be empty, and in a register its column may be left out: what is not known is
empty, never zero. Periods are written 2026Q3 or 2024.
"""


def codebook() -> str:
    """The tables of a report, then the registers that people fill in: row, key, and each column."""
    parts = [INTRODUCTION]
    files = {"Tables of a report": "tables.toml", "Registers": "registers.toml"}
    files |= {"Input–output table, in input_output/": "input_output.toml"}
    for title, file in files.items():
        parts += [f"## {title}", ""]
        for table in tables(file).values():
            parts += [f"### {table.name}", "", f"One row: {table.row}. Key: {', '.join(table.key)}.", ""]
            parts += ["| column | type | unit | meaning |", "|---|---|---|---|"]
            parts += [f"| {c.name} | {c.type}{'?' * c.optional} | {c.unit} | {c.meaning} |" for c in table.columns]
            parts += [""]
    return "\n".join(parts)


def pictures(report: Path) -> None:
    """Page and deck of a report, and the desk as Voilà serves it, as small PNG files."""
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1100, "height": 760})
        tab.goto((report / "en" / "report.html").resolve().as_uri())
        tab.wait_for_timeout(1000)
        tab.screenshot(path=PICTURES / "page.png")
        tab.goto((report / "en" / "slides.html").resolve().as_uri() + "#/1")
        tab.wait_for_timeout(2000)
        tab.screenshot(path=PICTURES / "deck.png")
        with _dashboard() as address:
            tab.goto(address)
            tab.wait_for_selector("img[alt]", timeout=120_000)
            tab.wait_for_timeout(1500)
            tab.screenshot(path=PICTURES / "desk.png")
        browser.close()
    for picture in PICTURES.glob("*.png"):
        _small(picture)


class _dashboard:
    """The desk on this machine, for as long as the block lasts."""

    def __enter__(self) -> str:
        words = [Path(sys.executable).with_name("importcut"), "dashboard", "--no-browser"]
        self.server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.server.stdout:
            if found := re.search(r"http://\S+", line):
                return found[0]
        raise RuntimeError("the dashboard did not say where it is")

    def __exit__(self, *_) -> None:
        self.server.terminate()
        self.server.wait()


def _small(picture: Path) -> None:
    """Half the size, 128 colours: small enough for a README."""
    from PIL import Image

    image = Image.open(picture).convert("RGB")
    image = image.resize((image.width * 2 // 3, image.height * 2 // 3), Image.Resampling.LANCZOS)
    image.quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["codebook"]:
            (ROOT / "CODEBOOK.md").write_text(codebook(), encoding="utf-8")
        case ["pictures", report]:
            pictures(Path(report))
        case _:
            sys.exit(__doc__)
