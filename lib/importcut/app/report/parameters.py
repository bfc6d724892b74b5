"""Strict parameters: papermill takes any name and any type, and a report must not."""

import ast
import json
from pathlib import Path

from importcut.schema import RunError

KINDS = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict, "None": type(None)}


def declared_parameters(notebook: Path) -> dict[str, str]:
    """Type of each parameter in the cell tagged `parameters`, by name.

    Read from the syntax tree: papermill's own inspection leaves out lines with two equals signs.

    Raises RunError if the cell holds anything but assignments of literals.
    """
    declared = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if "parameters" not in cell["metadata"].get("tags", ()):
            continue
        for line in ast.parse("".join(cell["source"])).body:
            try:
                name = line.target.id if isinstance(line, ast.AnnAssign) else line.targets[0].id
                default = ast.literal_eval(line.value)
            except (AttributeError, ValueError):
                raise RunError(
                    f"{notebook.name}: `{ast.unparse(line)}` is not a parameter — write `name: type = literal`"
                ) from None
            declared[name] = ast.unparse(line.annotation) if isinstance(line, ast.AnnAssign) else type(default).__name__
    return declared


def checked_parameters(notebook: Path, given: dict) -> dict:
    """The parameters given, if the notebook knows each of them by that name and type.

    Raises RunError that names the notebook, the parameter and what would be right.
    """
    declared = declared_parameters(notebook)
    for name, value in given.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise RunError(f"{notebook.name}: no parameter {name} — it has {known}")
        if not _fits(value, declared[name]):
            raise RunError(f"{notebook.name}: {name} = {value!r} is a {type(value).__name__} — give a {declared[name]}")
    return given


def _fits(value, annotation: str) -> bool:
    """Whether a value has the type, exactly: no True for an int, no tuple for a list, nothing that JSON cannot hold."""
    outer = [kind.split("[")[0].strip() for kind in annotation.split("|")]
    allowed = [KINDS[kind] for kind in outer if kind in KINDS]
    if type(value) not in allowed and not (type(value) is int and float in allowed):
        return False
    try:
        return json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        return False
