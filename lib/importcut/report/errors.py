"""What can go wrong with a report, besides the data (schema.DataError)."""


class RunError(Exception):
    """A report could not be made; the message names the notebook, the cell and the cause."""


class UsageError(Exception):
    """What was asked for does not exist or is written wrongly; the message names what would be right."""
