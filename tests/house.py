"""The house in figures: lines beside the budget, conditions outside Python, copies, names (make test prints them)."""

import ast
import io
import keyword
import re
import sys
import tokenize
from collections import defaultdict
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "lib" / "importcut"
BUDGET = {"ground": 550, "intake": 2150, "economics": 2550, "telling": 2350, "app": 1400}  # lines with docstrings
README = 9_000  # bytes
COPY = 9  # lines that two places may not share
VARIED = 4  # different lines of these at least: nine rows of one shape are a list, no copy
PARTICIPLES = {
    "asked", "described", "found", "given", "kept", "made", "received", "recorded", "seen", "shown", "told",
}  # fmt: skip
CONDITIONS = {  # by the ends of files: what a line that decides something holds
    "*.toml": r"^\s*(?:when|if|unless|only|where|else)\b[^=]*=|[{,]\s*(?:when|if|unless|only|where|else)\s*=",
    "*.j2": r"\{%-?\s*(?:if|elif|else|for)\b|\bif\s*\(|\s\?\s[^\"'<>]*\s:\s",
    "*.js": r"\bif\s*\(|\bfor\s*\(|\s\?\s.*\s:\s",
    "*.typ": r"#?\b(?:if|else if|for)\b",
    "*.xml": r"\{%-?\s*(?:if|elif|else|for)\b",
}
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def modules() -> dict[Path, str]:
    """The source of every module of the library."""
    return {file: file.read_text(encoding="utf-8") for file in sorted(LIBRARY.rglob("*.py"))}


def wing(file: Path) -> str:
    """The wing in which a file stands; what stands beside the wings is ground."""
    first = file.relative_to(LIBRARY).parts[0]
    return first if first in BUDGET else "ground"


def lines_by_wing() -> dict[str, int]:
    """Lines of Python by wing, docstrings and blank lines counted."""
    lines = dict.fromkeys(BUDGET, 0)
    for file, source in modules().items():
        lines[wing(file)] += source.count("\n")
    return lines


def conditions() -> dict[str, int]:
    """Lines outside Python that decide something, by kind of file."""
    found = {}
    for files, pattern in CONDITIONS.items():
        texts = [file.read_text(encoding="utf-8") for file in LIBRARY.rglob(files)]
        found[files] = sum(bool(re.search(pattern, line)) for text in texts for line in text.splitlines())
    return found


def shapes(source: str) -> list[tuple[int, str]]:
    """Number and shape of the lines of a source: names, texts and figures alike.

    What declares and does nothing is left out: imports, constants, fields, parameters, docstrings, comments, data.
    """
    tree, silent = ast.parse(source), set()
    for node in ast.walk(tree):
        silent |= _declared(node)
    for node in tree.body:
        if isinstance(node, ast.Assign):
            silent |= {*range(node.lineno, node.end_lineno + 1)}
    words = defaultdict(list)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT and token.start[0] not in silent:
            words[token.start[0]].append(_shape(token))
    return [(number, " ".join(line)) for number, line in sorted(words.items()) if any(w.isalpha() for w in line)]


def _declared(node: ast.AST) -> set[int]:
    """The lines of a node that declare and do nothing."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
            return {*range(node.lineno, node.end_lineno + 1)}
        case ast.FunctionDef(decorator_list=decorators, body=[first, *_]):
            begin = min([node.lineno, *(decorator.lineno for decorator in decorators)])
            return {*range(begin, max(first.lineno, begin + 1))}
    return set()


def _shape(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
        return "n"
    return {tokenize.STRING: '""', tokenize.NUMBER: "0"}.get(token.type, token.string)


def copies(sources: dict[Path, str], length: int = COPY) -> list[str]:
    """Pairs of places that share so many lines, to the letter or in shape; overlapping ones are told once."""
    places = defaultdict(list)
    for file, source in sources.items():
        lines = shapes(source)
        for at in range(len(lines) - length + 1):
            window = tuple(shape for _, shape in lines[at : at + length])
            if len({*window}) >= VARIED:
                places[window].append((file, at, lines[at][0]))
    pairs = {}
    for same in places.values():
        for (one, a, line), (other, b, second) in combinations(same, 2):
            if one != other or abs(a - b) >= length:
                pairs[one, other, a, b] = (line, second)
    return [
        f"{_name(one)} line {line} and {_name(other)} line {second}"
        for (one, other, a, b), (line, second) in pairs.items()
        if (one, other, a - 1, b - 1) not in pairs
    ]


def _name(file: Path) -> str:
    return file.relative_to(LIBRARY).as_posix() if file.is_relative_to(LIBRARY) else file.as_posix()


def constants(source: str) -> dict[str, ast.expr]:
    """The constants that a module defines at its top, with what they are set to."""
    return {
        target.id: node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.strip("_").isupper()
    }


def texts(node: ast.AST) -> tuple[str, ...]:
    """What a list or tuple of nothing but texts holds, two of them at least."""
    elements = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    held = tuple(e.value for e in elements if isinstance(e, ast.Constant) and isinstance(e.value, str))
    return held if len(held) == len(elements) > 1 else ()


def twice_defined(sources: dict[Path, str]) -> list[str]:
    """Constants of one name in two modules, and lists of texts that have a name elsewhere.

    A name with an underscore may come again if it stands for something else there.
    """
    homes, named, found = defaultdict(set), {}, []
    for file, source in sorted(sources.items(), key=lambda item: item[0].name != "schema.py"):  # the home of keys
        for name, value in constants(source).items():
            homes[name.strip("_"), "" if name.strip("_") == name else ast.dump(value)].add(_name(file))
            named.setdefault(texts(value), (file, name))
    for file, source in sources.items():
        nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.List | ast.Tuple)]
        lists = {texts(node): node.lineno for node in nodes if texts(node) in named}
        found += [
            f"{[*held]} in {_name(file)} line {line} is {named[held][1]} of {_name(named[held][0])}"
            for held, line in lists.items()
            if held and named[held][0] != file
        ]
    return [f"{name}: {', '.join(sorted(files))}" for (name, _), files in homes.items() if len(files) > 1] + found


def participles(sources: dict[Path, str]) -> list[str]:
    """Modules, functions, parameters and variables that a participle names."""
    found = []
    for file, source in sources.items():
        if file.stem in PARTICIPLES:
            found.append(f"{_name(file)} is a module's name")
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.FunctionDef(name=name) | ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                    if name.strip("_") in PARTICIPLES:
                        found.append(f"{_name(file)} line {node.lineno}: {name}")
    return found


def named_like_a_function(sources: dict[Path, str]) -> list[str]:
    """Modules and packages named like a function of their package."""
    found = []
    for file, source in sources.items():
        functions = {n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        rooms = {other.stem for other in file.parent.glob("*.py")} | {file.parent.name}
        found += [f"{name}() of {_name(file)}" for name in sorted(functions & rooms)]
    return found


def of_one_name(sources: dict[Path, str]) -> list[str]:
    """Names that two files of the library have."""
    files = defaultdict(list)
    for file in sources:
        files[file.stem].append(_name(file))
    return [", ".join(same) for name, same in files.items() if len(same) > 1 and name != "__init__"]


LOOKS = (copies, twice_defined, participles, named_like_a_function, of_one_name)


def main() -> None:
    """Print the lines of the wings beside their budget, what is decided outside Python, and what is to be mended."""
    lines, outside, sources = lines_by_wing(), conditions(), modules()
    for name, budget in BUDGET.items():
        print(f"{name:10}{lines[name]:6} lines of {budget}")
    print(f"{'in all':10}{sum(lines.values()):6} lines of {sum(BUDGET.values())}")
    kinds = ", ".join(f"{files} {n}" for files, n in outside.items())
    print(f"{'conditions':10}{sum(outside.values()):6} lines outside Python ({kinds})")
    print(f"{'README':10}{(ROOT / 'README.md').stat().st_size:6} bytes of {README}")
    faults = {look.__name__.replace("_", " "): look(sources) for look in LOOKS}
    for name, places in faults.items():
        print(f"{name}: {len(places)}", *(places if "--all" in sys.argv else ()), sep="\n  ")


if __name__ == "__main__":
    main()
