"""The same records give the same KPIs, whatever they are saved as. All of it: python -m tests.wrappings."""

import pytest

from tests.wrappings import compared

NAMES = ("utf-16", "sep=;", "CR", "xlsx")
RECORDS = 40


@pytest.mark.long
def test_every_wrapping_gives_the_same_kpis() -> None:
    found = {name: different for name, _, different in compared(list(NAMES), RECORDS)}
    assert found == {name: [] for name in NAMES}
