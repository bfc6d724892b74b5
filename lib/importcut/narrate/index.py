"""The words of the page that lists all reports."""


def index_words(say) -> dict:
    """What the page says besides titles and headlines; `language` is the language's name for itself."""
    return {**say.words("index"), "files": say.words("files")}
