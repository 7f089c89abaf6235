"""Scores that no person gives: fractions are each in one box and counted, what is beyond a scale is rejected."""

from pathlib import Path

import pytest

from tests.intake import held, take_text
from tests.support import computed, fraction, row

REMARKS = "SELECT code, about, records FROM remarks ORDER BY code"
NPS = """
| survey_id | kind | score | answered_at      |
| a         | nps  | 6.5   | 2025-03-01 10:00 |
| b         | nps  | 6.999 | 2025-03-01 10:00 |
| c         | nps  | 7     | 2025-03-01 10:00 |
| d         | nps  | 8.5   | 2025-03-01 10:00 |
| e         | nps  | 8.999 | 2025-03-01 10:00 |
| f         | nps  | 9     | 2025-03-01 10:00 |
| g         | nps  | 9.5   | 2025-03-01 10:00 |
| h         | nps  | 10    | 2025-03-01 10:00 |
| i         | nps  | 0     | 2025-03-01 10:00 |
| j         | nps  | 9.0   | 2025-03-01 10:00 |
"""


@pytest.mark.long
def test_every_nps_answer_is_in_one_box(folder: Path) -> None:
    """Promoters f g h j, passives c d e, detractors a b i: (4 - 3) / 10 = 10 points. Five have a fraction."""
    now = row(computed(folder, {"surveys.csv": NPS}), "nps").now
    assert now.value is not None
    assert (round(now.value, 9), now.base) == (10.0, 10)
    assert held(folder, REMARKS) == [("nps_fraction", "score", 5)]


CSAT = """
| survey_id | kind | score | scale_min | scale_max | answered_at      |
| a         | csat | 4.5   | 1         | 5         | 2025-03-01 10:00 |
| b         | csat | 3.9   | 1         | 5         | 2025-03-01 10:00 |
| c         | csat | 4     | 1         | 5         | 2025-03-01 10:00 |
| d         | csat | 7.5   | 1         | 10        | 2025-03-01 10:00 |
| e         | csat | 87.5  | 0         | 100       | 2025-03-01 10:00 |
| f         | csat | 5     |           |           | 2025-03-01 10:00 |
"""


def test_every_satisfaction_score_with_a_scale_is_rated(folder: Path) -> None:
    """Satisfied a c e (from 4 of 5, 8 of 10, 75 of 100) of a b c d e: 3/5. f has no scale."""
    assert fraction(computed(folder, {"surveys.csv": CSAT}), "csat") == (3, 5)
    assert held(folder, REMARKS) == [("csat_fraction", "score", 3), ("no_scale", "score", 1)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("nps,65,,", "its score is not on its scale"),
        ("nps,-1,,", "its score is not on its scale"),
        ("nps,65,0,100", "its score is not one of an NPS, 0 to 10"),
        ("nps,4,1,5", "its scale is not the one of an NPS, 0 to 10"),
        ("enps,11,0,100", "its score is not one of an NPS, 0 to 10"),
        ("csat,6,1,5", "its score is not on its scale"),
        ("nps,9,5,", "its scale is not the one of an NPS, 0 to 10"),
    ],
)
def test_a_score_of_another_scale_is_rejected(folder: Path, cells: str, reason: str) -> None:
    rows = "".join(f"s{number},nps,{number % 11},,,2025-03-01\n" for number in range(20))
    take_text(folder, f"survey_id,kind,score,scale_min,scale_max,answered_at\n{rows}odd,{cells},2025-03-01\n")
    assert held(folder, "SELECT line, reason FROM rejects") == [(22, reason)]


@pytest.mark.long
def test_an_nps_from_1_to_10_and_ordinary_answers_are_not_mentioned(folder: Path) -> None:
    rows = "s1,nps,10,1,10,2025-03-01\ns2,nps,0,0,10,2025-03-01\ns3,csat,5,1,5,2025-03-01\ns4,nps,,1,5,2025-03-01\n"
    outcome = take_text(folder, f"survey_id,kind,score,scale_min,scale_max,answered_at\n{rows}")
    assert (outcome.counts.added, held(folder, REMARKS)) == (4, [])
