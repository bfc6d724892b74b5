"""What people get wrong in a dataset is found and named, or changes nothing that matters (tests/mutations.py).

What is not held yet stands in TODAY, what no data can show in NATURE; `make mutations` lists what is no longer true.
"""

import pytest

from mutations import FEW, MUTATIONS, NATURE, TODAY
from outcomes import HELD, outcome, sound

BY_KEY = {mutation.key: mutation for mutation in MUTATIONS}


def cases(keys):
    """Mutations as cases of a test: what is not held yet is expected to fail."""
    why = {key: TODAY.get(key) or NATURE.get(key) for key in keys}
    marks = {key: [pytest.mark.xfail(strict=True, reason=why[key])] if why[key] else [] for key in keys}
    return [pytest.param(BY_KEY[key], id=key, marks=marks[key]) for key in keys]


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    room = tmp_path_factory.mktemp("mutations")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(room / "processed"))
        yield {name: sound(name, room) for name in ("sample", "annual")}


@pytest.mark.parametrize("mutation", cases(FEW))
def test_a_few_mutations_are_named_or_change_nothing(mutation, bases):
    became = outcome(mutation, bases[mutation.dataset])
    assert became.kind in HELD, str(became)


@pytest.mark.ci
@pytest.mark.parametrize("mutation", cases([key for key in BY_KEY if key not in FEW]))
def test_a_mutation_is_named_or_changes_nothing(mutation, bases):
    became = outcome(mutation, bases[mutation.dataset])
    assert became.kind in HELD, str(became)


def test_the_list_is_long_and_of_every_kind():
    assert len(MUTATIONS) >= 120 and len(BY_KEY) == len(MUTATIONS) and len(FEW) == 30
    assert set(TODAY) | set(NATURE) <= set(BY_KEY) and set(TODAY).isdisjoint(NATURE)


def test_what_is_silent_by_nature_is_named_where_people_read_how_data_are_read(repository):
    """Each entry of NATURE is a word or two that the file has."""
    told = (repository / "data" / "raw" / "README.md").read_text(encoding="utf-8")
    assert [why for why in NATURE.values() if why not in told] == []
