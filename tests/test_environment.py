"""The three descriptions of the environment (pyproject, lock, conda) agree; what builds it never leaves less behind."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec, Version, VersionSpec

import importcut

# conda-forge's name where it is not PyPI's; an extra can be a package of its own there.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "ibis-framework[duckdb]": "ibis-duckdb",
    "matplotlib": "matplotlib-base",
    "pandera[pandas]": "pandera-pandas",
    "playwright": "playwright-python",
    "seaborn": "seaborn-base",
}


@pytest.fixture(scope="module")
def pyproject(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def requirements(pyproject):
    """Every dependency of pyproject (core, lab, dev) by its conda name."""
    extras = pyproject["optional-dependencies"]
    texts = [*pyproject["dependencies"], *extras["lab"], *extras["dev"]]
    return {conda_name(requirement): requirement for requirement in map(Requirement, texts)}


@pytest.fixture(scope="module")
def environment(repository):
    return yaml.safe_load((repository / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def specs(environment):
    """Every package of environment.yml as a MatchSpec, by name; a malformed one fails here."""
    texts = [item for item in environment["dependencies"] if isinstance(item, str)]
    by_pip = [text.replace(">=", " >=") for text in environment["dependencies"][-1]["pip"][:-1]]
    read = [MatchSpec(text, strict=True) for text in [*texts, *by_pip]]
    parsed = {spec.name.normalized: spec for spec in read}
    assert len(parsed) == len(read), "environment.yml names a package twice"
    return parsed


@pytest.fixture(scope="module")
def lock_entries(repository):
    """The entries of requirements.txt, each with its continuation lines joined."""
    text = (repository / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.fixture(scope="module")
def locked(lock_entries):
    """The locked versions by name: several where the lock differs between systems."""
    versions = {}
    for entry in lock_entries:
        requirement = Requirement(entry.split("--hash")[0])
        (pin,) = requirement.specifier
        versions.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    return versions


def conda_name(requirement):
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    name = canonicalize_name(requirement.name)
    return CONDA_NAMES.get(name + extras, name + extras)


def bounds(text):
    """The parts of a version range, in any order and spacing."""
    return set((text or "").replace(" ", "").split(",")) - {""}


def test_conda_has_every_dependency_of_pyproject_and_no_other_package(specs, requirements):
    assert set(specs) == {*requirements, "python", "pip"}


def test_conda_allows_the_same_versions_as_pyproject(specs, requirements, pyproject):
    conda = {name: bounds(spec.version) for name, spec in specs.items() if name != "pip"}
    pip = {name: bounds(str(requirement.specifier)) for name, requirement in requirements.items()}
    assert conda == {**pip, "python": bounds(pyproject["requires-python"])}


def test_the_locked_versions_satisfy_pyproject_and_conda(specs, requirements, locked):
    outside = [
        f"{requirement.name} {version}: lock it anew with `make lock`"
        for name, requirement in requirements.items()
        for version in locked.get(canonicalize_name(requirement.name), ["is not locked"])
        if not requirement.specifier.contains(version)
        or not VersionSpec(specs[name].version or "*").matches(Version(version))
    ]
    assert outside == []


def test_conda_takes_packages_from_conda_forge_alone_and_the_project_from_this_folder(environment, specs):
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert [spec for spec in specs.values() if spec.channel] == []
    assert [name for name, _ in environment["dependencies"][-1].items()] == ["pip"]
    by_pip = [re.split("[<>=]", text)[0] for text in environment["dependencies"][-1]["pip"]]
    lacking = ["pysyncon", "pypandoc-binary", "typst", "sphinx-revealjs", "axe-playwright-python", "diff-diff"]
    assert by_pip == [*lacking, "--editable ."], "the rest is on conda-forge"


def test_every_locked_package_has_a_hash(lock_entries):
    assert lock_entries
    pinned = re.compile(r"==\S+ .*--hash=sha256:[0-9a-f]{64}")
    assert [entry for entry in lock_entries if not pinned.search(entry)] == []


@pytest.mark.parametrize("file", ["requirements.txt", "environment.yml", "pyproject.toml"])
def test_no_file_of_the_environment_names_an_address(repository, file):
    text = (repository / file).read_text(encoding="utf-8")
    assert re.findall(r".*(?:://|index-url|find-links).*", text) == []


def test_licence_version_and_title_are_the_same_wherever_they_stand(repository, pyproject):
    cited = yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= cited.keys(), "what the format demands"
    assert (cited["cff-version"], cited["type"]) == ("1.2.0", "software")
    assert (str(cited["version"]), cited["license"]) == (pyproject["version"], pyproject["license"])
    licence = (repository / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith(f"{pyproject['license']} License\n")
    assert [author["name"] for author in cited["authors"]] == ["importcut contributors"]
    assert f"Copyright (c) 2026 {cited['authors'][0]['name']}\n" in licence


@pytest.fixture
def builder(repository):
    spec = spec_from_file_location("environment", repository / "environment.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def home(repository, tmp_path, builder, monkeypatch):
    """A checkout with an environment that works, built for other requirements; no environment is really filled."""
    home = tmp_path / "Отчёты за квартал (2026)"
    (home / ".venv").mkdir(parents=True)
    (home / ".venv" / "works").touch()
    for name in builder.FILES:
        shutil.copy(repository / name, home)
    monkeypatch.setattr(builder.venv, "create", lambda folder, **_: folder.mkdir())
    return home


def works(home):
    return (home / ".venv" / "works").exists() and [f.name for f in home.glob(".venv*")] == [".venv"]


def test_an_environment_that_cannot_be_rebuilt_stays(builder, home, monkeypatch):
    def fails(home):
        assert not (home / ".venv" / "works").exists(), "it is built in its own place"
        raise subprocess.CalledProcessError(1, "pip")

    with pytest.raises(subprocess.CalledProcessError):
        builder.build(home, fails)
    assert works(home) and not builder.current(home)
    monkeypatch.setattr(builder, "HERE", home)
    monkeypatch.setattr(builder, "install", fails)
    monkeypatch.setattr(builder.build, "__defaults__", (fails,))
    assert (builder.main(["--check"]), builder.main([])) == (1, 1) and works(home)


def test_a_build_that_was_cut_off_is_undone_by_the_next(builder, home):
    def killed(home):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        builder.build(home, killed)
    assert works(home)
    (home / ".venv").rename(home / ".venv.old")  # as a machine that was switched off leaves it
    (home / ".venv").mkdir()
    builder.recover(home)
    assert works(home)


def test_an_environment_is_built_again_when_it_is_stale_or_was_moved(builder, home):
    builder.build(home, lambda home: (home / ".venv" / "bin").mkdir())
    assert [f.name for f in home.glob(".venv*")] == [".venv"] and not works(home)
    assert builder.current(home) == (builder.programs(home).name == "bin")
    moved = home.rename(home.with_name("moved"))
    assert not builder.current(moved)
    (moved / ".venv" / ".built").write_text(builder.stamp(moved), encoding="utf-8")
    with (moved / "requirements.txt").open("a") as file:
        file.write("\n")
    assert not builder.current(moved)


def test_an_environment_that_satisfies_the_lock_is_taken_as_it_is(builder, repository, tmp_path, monkeypatch):
    (tmp_path / "requirements.txt").write_text((repository / "requirements.txt").read_text())
    package = Path(importcut.__file__).parent
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "importcut").symlink_to(package)
    monkeypatch.setattr(builder, "programs", lambda home: Path(sys.executable).parent)
    assert builder.satisfied(Path(sys.executable), tmp_path)
    (tmp_path / "requirements.txt").write_text(f"pandas==0.1 --hash=sha256:{'0' * 64}\n")
    assert not builder.satisfied(Path(sys.executable), tmp_path)
    assert not builder.satisfied(tmp_path / "no" / "python", tmp_path)


def test_wheels_beside_the_project_are_used_in_place_of_a_registry(builder, home, monkeypatch):
    calls = []
    monkeypatch.setattr(
        builder.subprocess,
        "run",
        lambda words, **_: calls.extend([words] * ("install" in words)) or SimpleNamespace(returncode=0),
    )
    builder.install(home)
    assert len(calls) == 3 and not any("--no-index" in words for words in calls)
    (home / "wheels").mkdir()
    builder.install(home)
    assert all({"--no-index", str(home / "wheels")} <= {*map(str, words)} for words in calls[3:])
    assert all("--require-hashes" in words for words in calls if "--requirement" in words)
