"""The pages of the sample exports stay as they are: a change of behaviour is a difference of a file in tests/golden."""

from pathlib import Path

import pytest

from tests.golden import ASCII, FOLDER, PAGES, ingest_page, make_page


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder into which the sample exports were ingested, and what the ingest said."""
    folder = tmp_path_factory.mktemp("golden").resolve()
    return folder, ingest_page(folder)


@pytest.mark.sample(7)
@pytest.mark.parametrize("name", ["ingest.txt", *PAGES, ASCII])
def test_a_page_is_the_one_of_the_file(place: tuple[Path, str], name: str) -> None:
    folder, ingest = place
    page = ingest if name == "ingest.txt" else make_page(folder, name)
    assert page == (FOLDER / name).read_bytes().decode(), "read the difference; if it is meant: python -m tests.golden"


def test_every_file_is_of_a_page() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {"ingest.txt", *PAGES, ASCII}
