"""Drawings as pictures of dots, for programs that take no others."""

PAGE = """#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg")"""


def to_png(svg: str, *, ppi: int = 200) -> bytes:
    """The drawing (SVG, its text as outlines) as PNG on white, `ppi` dots an inch."""
    import typst

    return typst.compile(PAGE.encode(), format="png", ppi=ppi, sys_inputs={"svg": svg}, ignore_system_fonts=True)
