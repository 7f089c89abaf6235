"""Zeros that nobody answered, scores on a shorter scale, surveys without dates: not counted, and said."""

from pathlib import Path

import pytest

from kpibar.database.errors import DatabaseEmpty
from tests.intake import held
from tests.support import computed, fraction, row

HEAD = "survey_id,kind,score,scale_min,scale_max,sent_at,answered_at\n"
REMARKS = "SELECT code, about, records FROM remarks ORDER BY code"


def surveys(*rows: str) -> dict[str, str]:
    return {"surveys.csv": HEAD + "".join(f"{number},{cells}\n" for number, cells in enumerate(rows))}


def sent(kind: str, score: str, scale: str = ",", answered: str = "2025-03-02 10:00") -> str:
    return f"{kind},{score},{scale},2025-03-01 10:00,{answered}"


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("kind", "scale", "scores", "hits"),
    [("nps", ",", ("9", "0", "10"), 1), ("csat", "1,5", ("5", "1", "4"), 2), ("csat", "0,1", ("1", "0", "1"), 2)],
)
def test_a_zero_that_nobody_answered_is_no_answer(
    folder: Path, kind: str, scale: str, scores: tuple[str, ...], hits: int
) -> None:
    """Three answers, of which the second is bad, and five invitations with a 0 and no date of an answer.

    NPS (2 - 1) / 3; satisfied 2 of 3; answered 3 of 8.
    """
    answers = [sent(kind, score, scale) for score in scores]
    found = computed(folder, surveys(*answers, *[sent(kind, "0", scale, "")] * 5))
    assert fraction(found, kind) == (hits, 3)
    assert fraction(found, "response_rate") == (3, 8)
    assert ("zero_unanswered", "answered_at", 5) in held(folder, REMARKS)


@pytest.mark.long
def test_a_zero_is_an_answer_where_the_source_dates_none(folder: Path) -> None:
    """(1 - 1) / 2: no answer of the file has a date of its own."""
    found = computed(folder, surveys(sent("nps", "9", answered=""), sent("nps", "0", answered="")))
    assert fraction(found, "nps") == (0, 2)
    assert held(folder, REMARKS) == []


@pytest.mark.long
def test_a_zero_below_a_scale_is_no_answer_and_said(folder: Path) -> None:
    """Satisfied 1 of 2; answered 2 of 4: no answer has a date of its own, and 0 is not on the scale."""
    answers = [sent("csat", score, "1,5", "") for score in ("5", "2", "0", "0")]
    found = computed(folder, surveys(*answers))
    assert fraction(found, "csat") == (1, 2)
    assert fraction(found, "response_rate") == (2, 4)
    assert held(folder, REMARKS) == [("zero_unanswered", "answered_at", 2)]


@pytest.mark.long
def test_low_scores_beside_zeros_that_nobody_answered_are_too_few_to_tell_their_scale(folder: Path) -> None:
    """15 scores of 5 at most are counted, all detractors: with 10 zeros that nobody answered they are no 20."""
    scores = [sent("nps", str(1 + n % 5)) for n in range(15)]
    assert fraction(computed(folder, surveys(*scores, *[sent("nps", "0", answered="")] * 10)), "nps") == (-15, 15)
    assert held(folder, REMARKS) == [("zero_unanswered", "answered_at", 10)]


@pytest.mark.long
def test_a_file_of_zeros_is_judged_by_the_other_files_of_its_source(folder: Path) -> None:
    zeros = surveys(*[sent("nps", "0", answered="")] * 4)["surveys.csv"]
    good = HEAD + "".join(f"g{n},{sent('nps', '9')}\n" for n in range(5))
    found = computed(folder, {"a.csv": good, "b.csv": zeros})
    assert (fraction(found, "nps"), fraction(found, "response_rate")) == ((5, 5), (5, 9))
    assert held(folder, REMARKS) == [("zero_unanswered", "answered_at", 4)]


@pytest.mark.long
def test_a_file_of_bad_scores_is_an_nps_where_the_source_has_good_ones(folder: Path) -> None:
    """(5 - 20) / 25: five promoters came in another file."""
    bad = surveys(*[sent("nps", str(n % 6)) for n in range(20)])["surveys.csv"]
    good = HEAD + "".join(f"g{n},{sent('nps', '9')}\n" for n in range(5))
    assert fraction(computed(folder, {"a.csv": good, "b.csv": bad}), "nps") == (-15, 25)
    assert held(folder, REMARKS) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", ["ces", "fcr"])
def test_low_scores_of_other_surveys_are_no_slip(folder: Path, kind: str) -> None:
    scale = "1,7" if kind == "ces" else "0,1"
    computed(folder, surveys(*[sent(kind, "1" if kind == "ces" else "0", scale)] * 30))
    assert held(folder, REMARKS) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize(("highest", "records"), [(5, 20), (5, 40), (4, 20), (7, 50)])
def test_an_nps_on_a_shorter_scale_is_in_no_nps(folder: Path, highest: int, records: int) -> None:
    scores = [str(1 + number % highest) for number in range(records)]
    found = computed(folder, surveys(*(sent("nps", score) for score in scores)))
    assert row(found, "nps").status == "not_available"
    assert {note.code: note.values.get("rows") for note in row(found, "nps").notes}["scale_unknown"] == records
    assert held(folder, REMARKS) == [("nps_short_scale", str(highest), records)]


@pytest.mark.long
def test_stars_of_delighted_without_the_type_of_survey_are_no_nps(folder: Path) -> None:
    head = "Response ID,Person ID,Email,Score,Comment,Sent At,Responded At\n"
    rows = [f"{n},p{n},c{n}@m.fr,{1 + n % 5},,2025-03-01 10:00:00,2025-03-02 10:00:00\n" for n in range(30)]
    found = computed(folder, {"delighted.csv": head + "".join(rows)})
    assert row(found, "nps").status == "not_available"
    assert held(folder, REMARKS) == [("nps_short_scale", "5", 30)]


def scores_to(highest: int, records: int) -> list[str]:
    return [str(1 + number % highest) for number in range(records)]


# One score fewer than the test above has, on either scale, and scores that show the whole scale.
@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "scores",
    [
        scores_to(5, 19),
        scores_to(7, 49),
        ["2", "6"] * 20,
        ["1", "3", "5"] * 6,
        ["0"] * 10 + ["10"] * 10,
        ["5"] * 39 + ["8"],
    ],
)
def test_a_bad_nps_is_an_nps(folder: Path, scores: list[str]) -> None:
    found = computed(folder, surveys(*(sent("nps", score) for score in scores)))
    assert row(found, "nps").now.base == len(scores)
    assert held(folder, REMARKS) == []


@pytest.mark.long
@pytest.mark.parametrize(("scale", "most"), [("1,10", 5), ("0,10", 5), ("0,100", 10), ("1,5", 3)])
def test_a_scale_of_which_the_upper_half_is_empty_is_said(folder: Path, scale: str, most: int) -> None:
    scores = [sent("csat", str(1 + number % most), scale) for number in range(30)]
    found = computed(folder, surveys(*scores))
    assert fraction(found, "csat") == (0, 30)
    assert held(folder, REMARKS) == [("scale_unused", f"{most} on a scale to {scale.split(',')[1]}", 30)]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["nps", "csat"])
def test_surveys_without_dates_are_said(folder: Path, kind: str) -> None:
    undated = [f"{kind},4,0,10,,"] * 3
    found = computed(folder, surveys(sent(kind, "9", "0,10"), *undated))
    assert row(found, kind).now.base == 1
    assert ("survey_undated", "", 3) in held(folder, REMARKS)
    assert [note.values for note in found.notes if note.code == "surveys_undated"] == [{"rows": 3}]


@pytest.mark.long
def test_a_database_without_a_date_says_so(folder: Path) -> None:
    with pytest.raises(DatabaseEmpty, match="none of its 2 records has a date"):
        computed(folder, surveys("nps,9,,,,", "csat,4,1,5,,"))


@pytest.mark.long
def test_a_score_without_a_scale_is_not_a_dissatisfied_customer(folder: Path) -> None:
    """Three answers: 5 of 5, 2 of 5, and 5 of nobody knows what. 1 of 2 satisfied."""
    surveys = """
    | survey_id | kind | score | scale_min | scale_max | answered_at         |
    | 1         | csat | 5     | 1         | 5         | 2025-03-01 10:00:00 |
    | 2         | csat | 2     | 1         | 5         | 2025-03-01 10:00:00 |
    | 3         | csat | 5     |           |           | 2025-03-01 10:00:00 |
    """
    assert fraction(computed(folder, {"s.csv": surveys}), "csat") == (1, 2)
