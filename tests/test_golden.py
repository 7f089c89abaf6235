"""The pages of the sample exports stay as they are: a change of behaviour is a difference of a file in tests/golden."""

import shutil
from pathlib import Path

import pytest

from kpibar.cli.demo import sample_folder
from kpibar.load.outcome import Outcome
from tests.golden import ASCII, FOLDER, PAGES, make_page, make_pages

MEANT = "read the difference; if it is meant: python -m tests.golden"


def golden_page(name: str) -> str:
    return (FOLDER / name).read_bytes().decode()


@pytest.fixture(scope="module")
def place(sample: tuple[Path, list[Outcome]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the sample exports, its settings and its key."""
    folder = tmp_path_factory.mktemp("golden").resolve()
    for before, after in (
        ("test.duckdb", "kpibar.duckdb"),
        ("test.duckdb.last", "kpibar.duckdb.last"),
        ("test.key", "key"),
    ):
        shutil.copy(sample[0] / before, folder / after)
    shutil.copy(sample_folder() / "kpibar.toml", folder)
    return folder


@pytest.mark.sample(6)
@pytest.mark.parametrize("name", [*PAGES, ASCII])
def test_a_page_is_the_one_of_the_file(place: Path, name: str) -> None:
    assert make_page(place, name) == golden_page(name), MEANT


@pytest.mark.long
def test_the_ingest_and_its_pages_are_those_of_the_files(tmp_path: Path) -> None:
    """As a user makes them, who ingests the exports by the command line."""
    for name, page in make_pages(tmp_path.resolve()).items():
        assert page == golden_page(name), MEANT


def test_every_file_is_of_a_page() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {"ingest.txt", *PAGES, ASCII}
