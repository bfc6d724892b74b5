"""Parameters are strict: a notebook refuses what its cell of parameters does not know, whoever runs it."""

import ast
import json
from collections.abc import Iterable
from itertools import pairwise

from importcut.schema import RunError

TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict, "None": type(None)}
INJECTED = "# Parameters\n"  # how papermill begins the cell that it puts below the one tagged `parameters`


def declared_parameters(cells: Iterable[dict], place: str) -> dict[str, str]:
    """Type of each parameter in the cell tagged `parameters` of the notebook `place`, by name.

    Raises RunError if the cell holds anything but assignments of literals.
    """
    # read from the syntax tree: papermill's own inspection leaves out lines with two equals signs
    tagged = (cell for cell in cells if "parameters" in cell["metadata"].get("tags", ()))
    return {name: kind for cell in tagged for name, (kind, _) in _assignments("".join(cell["source"]), place).items()}


def checked_parameters(parameters: dict, declared: dict[str, str], place: str) -> dict:
    """The parameters, if each is declared by that name and type in the notebook `place`.

    Raises RunError that names the notebook, the parameter and what would be right.
    """
    for name, value in parameters.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise RunError(f"{place}: no parameter {name} — it has {known}")
        if not _fits(value, declared[name]):
            # papermill's -p reads 2024 as a number
            raw = f" (papermill: -r {name} {value})" if declared[name] == "str" else ""
            raise RunError(f"{place}: {name} = {value!r} is a {type(value).__name__} — give a {declared[name]}{raw}")
    return parameters


def check_parameters() -> None:
    """In a notebook: refuse what papermill has put below its cell of parameters, if that cell does not know it.

    Raises RunError that names the parameter and what would be right.
    """
    from IPython import get_ipython

    shell = get_ipython()
    check_injected(shell.user_ns["In"] if shell else [], "this notebook")


def check_injected(sources: list[str], place: str) -> None:
    """The same for the code cells of the notebook `place`, in the order in which they are run."""
    for declaring, injected in pairwise(["", *sources]):
        if injected.startswith(INJECTED):
            declared = {name: kind for name, (kind, _) in _assignments(declaring, place).items()}
            values = {name: value for name, (_, value) in _assignments(injected, place).items()}
            checked_parameters(values, declared, place)


def _assignments(source: str, place: str) -> dict[str, tuple[str, object]]:
    """Type, as it is written or else the value's own, and value of each name that a cell assigns."""
    assigned = {}
    for line in ast.parse(source).body:
        try:
            name = line.target.id if isinstance(line, ast.AnnAssign) else line.targets[0].id
            value = ast.literal_eval(line.value)
        except (AttributeError, ValueError):
            wrong = f"{place}: `{ast.unparse(line)}` is not a parameter — write `name: type = literal`"
            raise RunError(wrong) from None
        kind = ast.unparse(line.annotation) if isinstance(line, ast.AnnAssign) else type(value).__name__
        assigned[name] = (kind, value)
    return assigned


def _fits(value: object, annotation: str) -> bool:
    """Whether a value has the type, exactly: no True for an int, no tuple for a list, nothing that JSON cannot hold."""
    outer = [kind.split("[")[0].strip() for kind in annotation.split("|")]
    allowed = [TYPES[kind] for kind in outer if kind in TYPES]
    if type(value) not in allowed and not (type(value) is int and float in allowed):
        return False
    try:
        return json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        return False
