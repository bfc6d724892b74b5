"""Builds the environment in .venv and never leaves less than stood there (make env, importcut.cmd).

An environment that already has what requirements.txt locks is taken as it is. Any other is put aside, built anew, and
comes back if that fails. A folder `wheels` beside this file is used in place of a package registry.
With --check nothing is built: the exit code says whether there is anything to build.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST = (3, 11)  # pyproject.toml, requires-python
FILES = ("pyproject.toml", "requirements.txt")
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check", "install")


def programs(home: Path) -> Path:
    """The folder of an environment's programs."""
    return home / ".venv" / ("Scripts" if sys.platform == "win32" else "bin")


def stamp(home: Path) -> str:
    """What an environment was built for: its folder, for its programs name it, and what was to be installed."""
    return str(home) + "".join(hashlib.sha256((home / name).read_bytes()).hexdigest() for name in FILES)


def current(home: Path) -> bool:
    """Whether the environment was built here from these files; one that satisfies them is written down as such."""
    note = home / ".venv" / ".built"
    if note.is_file() and programs(home).is_dir() and note.read_text(encoding="utf-8") == stamp(home):
        return True
    if not satisfied(programs(home) / "python", home):
        return False
    note.write_text(stamp(home), encoding="utf-8")
    return True


def satisfied(python: Path, home: Path) -> bool:
    """Whether this Python has every package in the locked version, and the project itself from this folder."""
    locked = [*PIP, "--dry-run", "--no-index", "--no-deps", "--require-hashes", "-r", str(home / "requirements.txt")]
    ours = "import importcut, os, sys; sys.exit(not os.path.samefile(importcut.__file__, sys.argv[1]))"
    ours = ["-c", ours, str(home / "lib" / "importcut" / "__init__.py")]
    return _quiet(python, *ours) and _quiet(programs(home) / "importcut", "--version") and _quiet(python, *locked)


def _quiet(program: Path, *words: str) -> bool:
    try:
        return subprocess.run([program, *words], capture_output=True, check=False, cwd=HERE.parent).returncode == 0
    except OSError:  # it is not there, or was moved and cannot start
        return False


def install(home: Path) -> None:
    """Install what is locked, and the project itself as it stands in this folder."""
    wheels = home / "wheels"
    place = ["--no-index", "--find-links", str(wheels)] if wheels.is_dir() else []
    python, locked = programs(home) / "python", ["--require-hashes", "--requirement", str(home / "requirements.txt")]
    # uv is the faster; pip stands in where only pip knows the way (its own index, proxy or certificates)
    uv = [python, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    faster = ([python, *PIP, *place, "uv"], [*uv, *place, *locked])
    if any(subprocess.run(words, check=False).returncode for words in faster):
        subprocess.run([python, *PIP, *place, *locked], check=True)
    subprocess.run([python, *PIP, *place, "--no-deps", "--editable", str(home)], check=True)
    # compiled once, or every command does it again where Python is told to keep no byte code
    subprocess.run([python, "-m", "compileall", "-q", str(home / "lib")], check=False)
    kept = "from importcut.telling import export; export.charting_script()"  # or the first report waits for it
    subprocess.run([python, "-c", kept], check=False, capture_output=True)


def build(home: Path, fill=install) -> None:
    """Build the environment anew; the former one stands aside meanwhile and comes back if that fails."""
    new, former = home / ".venv", home / ".venv.old"
    recover(home)
    if new.exists():
        new.rename(former)
    try:
        venv.create(
            new, with_pip=True, symlinks=sys.platform != "win32"
        )  # in its place: its programs name their folder
        fill(home)
        (new / ".built").write_text(stamp(home), encoding="utf-8")
    finally:
        recover(home)


def recover(home: Path) -> None:
    """Of an environment that was finished and one that stands aside leave one: the new one if it is whole."""
    new, former = home / ".venv", home / ".venv.old"
    if former.exists() and not (new / ".built").is_file():
        shutil.rmtree(new, ignore_errors=True)
        former.rename(new)
    shutil.rmtree(former, ignore_errors=True)


def main(words: list) -> int:
    """Build what is to be built; returns the exit code."""
    recover(HERE)
    if current(HERE):
        return 0
    if words == ["--check"]:
        return 1
    if sys.version_info < OLDEST:
        print("importcut needs Python 3.11 or newer: make PYTHON=python3.12 …", file=sys.stderr)
        return 1
    if find_spec("ensurepip") is None:
        print("This Python builds no environments: apt-get install python3-venv", file=sys.stderr)
        return 1
    print("Building the environment in .venv: a few minutes, once.", file=sys.stderr)
    try:
        build(HERE)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The environment could not be built; what stood in .venv is as it was: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
