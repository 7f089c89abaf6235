"""A few of each fault; `python -m tests.faults` is the full run."""

import pytest

from tests.faults import FAULTS, World, make_world, suffer

RUNS = {"kill": 2, "signals": 2, "full_disk": 1, "memory": 1, "races": 1, "wal": 2, "bits": 3}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), rows=2_000)


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
def test_the_database_is_as_before_or_after(world: World, name: str) -> None:
    tally = suffer(world, name, RUNS[name], seed=1, jobs=2)
    assert tally.violations == []
    assert tally.found["broken"] == 0
