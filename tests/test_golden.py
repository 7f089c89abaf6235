"""The pages of the sample exports stay as they are: a change of behaviour is a difference of a file in tests/golden."""

import pytest

from tests.golden import ASCII, FOLDER, PAGES, make_pages


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return make_pages(tmp_path_factory.mktemp("golden").resolve())


@pytest.mark.parametrize("name", ["ingest.txt", *PAGES, ASCII])
def test_a_page_is_the_one_of_the_file(pages: dict[str, str], name: str) -> None:
    assert pages[name] == (FOLDER / name).read_bytes().decode(), (
        "read the difference; if it is meant: python -m tests.golden"
    )


def test_every_file_is_of_a_page() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {"ingest.txt", *PAGES, ASCII}
