"""The same records give the same KPIs, whatever they are saved as. All records: python -m tests.wrappings."""

from tests.wrappings import WRAPPINGS, compared

RECORDS = 150


def test_every_wrapping_gives_the_same_kpis() -> None:
    found = {name: different for name, _, different in compared(list(WRAPPINGS), RECORDS)}
    assert found == {name: [] for name in WRAPPINGS}
