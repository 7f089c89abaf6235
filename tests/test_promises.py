"""What is no promise to a customer: a return, a day that no one will see, a promise from before the order."""

from pathlib import Path

import pytest

from tests.intake import held, take_text
from tests.support import computed, fraction

RETURNS = """
| parcel_id | order_number | shipped_at          | expected_delivery_date | delivered_at        | is_return |
| 1         | #1           | 2025-03-01 10:00:00 | 2025-03-03             | 2025-03-03 10:00:00 | {no}      |
| 2         | #1           | 2025-03-11 10:00:00 | 2025-03-13             | 2025-03-19 10:00:00 | {yes}     |
| 3         | #2           | 2025-03-01 10:00:00 | 2025-03-03             | 2025-03-05 10:00:00 |           |
"""


@pytest.mark.sample(1)
@pytest.mark.parametrize(("no", "yes"), [("false", "true"), ("FALSE", "TRUE"), ("0", "1"), ("non", "oui")])
def test_a_return_has_no_promise(folder: Path, no: str, yes: str) -> None:
    """Late: order 2, of two; the return of order 1 came six days after its day."""
    found = computed(folder, {"p.csv": RETURNS.format(no=no, yes=yes)})
    assert fraction(found, "late_share") == (1, 2)


def test_a_return_of_the_own_file_has_no_promise(folder: Path) -> None:
    rows = "P1,#1,2025-03-03,2025-03-03,no\nP2,#1,2025-03-13,2025-03-19,yes\n"
    outcome = take_text(folder, "parcel_id,order_ref,promised_to,delivered_at,is_return\n" + rows)
    assert (outcome.counts.added, outcome.counts.dropped) == (1, 1)


@pytest.mark.long
@pytest.mark.parametrize("never", ["2099-12-31", "2099-01-01 00:00:00", "2050-12-31", "9999-12-31", "2999-12-31"])
def test_a_day_that_no_one_will_see_is_no_promise(folder: Path, never: str) -> None:
    """Of three orders one has a promise."""
    parcels = "parcel_id,order_ref,promised_to,delivered_at\n"
    parcels += f"P1,#1,2025-03-04,2025-03-03\nP2,#2,{never},2025-03-03\nP3,#3,{never},\n"
    orders = "order_ref,ordered_at\n#1,2025-03-01\n#2,2025-03-01\n#3,2025-03-01\n"
    found = computed(folder, {"o.csv": orders, "p.csv": parcels})
    assert fraction(found, "promise_coverage") == (1, 3)
    assert fraction(found, "late_share") == (0, 1)
    far = [(2,)] if never < "2900" else []
    assert held(folder, "SELECT records FROM remarks WHERE code = 'promise_far'") == far


def test_a_promise_of_some_months_is_one(folder: Path) -> None:
    outcome = take_text(folder, "parcel_id,promised_to\nP1,2027-06-30\n")
    assert "promise_far" not in [one.code for one in outcome.remarks]
    assert held(folder, "SELECT count(promised_to) FROM parcels") == [(1,)]
