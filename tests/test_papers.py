"""What the papers at the top say: no longer than they may be, and as the library has it."""

import re

import pytest

from papers import codebook

PAPERS = [
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CODEBOOK.md", "lib/README.md", "notebooks/README.md",
    "data/raw/README.md", "data/processed/README.md", "reports/README.md",
]  # fmt: skip


def test_the_readme_is_one_page(repository):
    assert (repository / "README.md").stat().st_size <= 9_000
    assert sum(f.stat().st_size for f in (repository / "notebooks" / "pictures").glob("*.png")) <= 400_000


def test_the_codebook_is_that_of_the_schemas(repository):
    assert (repository / "CODEBOOK.md").read_text(encoding="utf-8") == codebook(), "make golden writes it anew"


@pytest.mark.parametrize("paper", PAPERS)
def test_what_a_paper_points_to_is_there(paper, repository):
    text = (repository / paper).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    paths = [p for p in re.findall(r"`((?:lib|tests|notebooks|data/raw)/[\w./-]+)`", text) if "<" not in p]
    missing = [link for link in links if not ((repository / paper).parent / link).exists()]
    missing += [path for path in paths if not (repository / path).exists()]
    assert missing == []


def test_a_make_target_that_a_paper_names_is_there(repository):
    targets = set(re.findall(r"^([a-z]+):", (repository / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for paper in PAPERS:
        named = re.findall(r"`make ([a-z]+)", (repository / paper).read_text(encoding="utf-8"))
        assert set(named) <= targets, paper
