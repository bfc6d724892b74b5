"""The words of the page that lists all reports."""

FILES = {
    "report.html": "Report to read",
    "report.pdf": "Report, PDF",
    "report.docx": "Report, Word",
    "slides.html": "Slides to show",
    "slides.pptx": "Slides, PowerPoint",
    "tables.xlsx": "Tables, Excel",
}


def index_words(say) -> dict:
    """What the page says besides titles and headlines; `language` is the language's name for itself."""
    return {
        "title": say("Reports on import cuts"),
        "language": say("English"),
        "languages": say("Languages"),
        "downloads": say("Downloads"),
        "figure": say("First figure of the report"),
        "none": say("No report has been published yet."),
        "files": {name: say(label) for name, label in FILES.items()},
    }
