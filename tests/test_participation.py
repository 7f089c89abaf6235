"""Two years of answers compare where as many are asked and answer; else others may have answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.errors import KpiInvalid
from kpibar.measure.report import Barometer
from kpibar.render.terminal import Screen, render
from tests.support import EVERY, computed, fraction, row, settings

CONTACTS = "contact_id,created_at,channel\n"
SURVEYS = "survey_id,kind,scale_min,scale_max,score,contact_id,sent_at,answered_at\n"


@dataclass(frozen=True)
class Survey:
    """A year: contacts, those of them that are asked, those that answer, and those of these that are satisfied."""

    contacts: int
    asked: int
    answers: int
    satisfied: int

    def lines(self, year: int) -> Iterator[tuple[str, str]]:
        """The lines of the two exports, spread over the months; a contact that is not asked has none of the second."""
        for number in range(self.contacts):
            day = f"{year}-{1 + number % 12:02}-10"
            score = "" if number >= self.answers else "5" if number < self.satisfied else "1"
            answered = f"{day} 12:00" if score else ""
            contact = f"{year}{number},{day} 10:00,email\n"
            yield (
                contact,
                f"{year}{number},csat,1,5,{score},{year}{number},{day} 11:00,{answered}\n" * (number < self.asked),
            )


def exports(before: Survey, now: Survey) -> dict[str, str]:
    lines = [*before.lines(2024), *now.lines(2025)]
    return {
        "contacts.csv": CONTACTS + "".join(contact for contact, _ in lines),
        "surveys.csv": SURVEYS + "".join(survey for _, survey in lines),
    }


def codes(found: Barometer, kpi: str = "csat") -> list[str]:
    return [note.code for note in row(found, kpi).notes]


def verdict(found: Barometer) -> str | None:
    change = row(found, "csat").change
    return change.verdict if change else None


ALIKE = Survey(contacts=600, asked=500, answers=200, satisfied=180)


def test_contacts_asked_by_hand(folder: Path) -> None:
    """500 of 600 contacts are asked, 200 of 500 answer, 180 of 200 are satisfied."""
    found = computed(folder, exports(ALIKE, ALIKE), request=EVERY)
    parts = {name: fraction(found, name) for name in ("csat_contacts_asked", "csat_response_rate", "csat")}
    assert parts == {"csat_contacts_asked": (500, 600), "csat_response_rate": (200, 500), "csat": (180, 200)}
    assert fraction(found, "nps_contacts_asked") == (0, 600)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("now", "code", "judged"),
    [
        # As many asked and answering: 90 % and 80 % satisfied are a change.
        (Survey(600, 500, 200, 160), None, "worse"),
        # 60 % answer in place of 40 %: a third of the answers is of others, who may move it by 25 / 3 = 8.3 points. The
        # interval of -5 points (-10.6 to 1.1) holds 0; that of -20 points (-26.4 to -13.0) leaves out what they may do.
        (Survey(600, 500, 300, 255), "participation_moved", "cannot_tell"),
        (Survey(600, 500, 300, 210), "participation_moved", "worse"),
        # -10 points (-16.0 to -3.6) may be theirs.
        (Survey(600, 500, 300, 240), "participation_differs", None),
        # 250 of 600 asked in place of 500: half of the answers of 2024 is of others, 50 / 2 = 25 points. So -20 points
        # (-30.2 to -10.5) may be theirs.
        (Survey(600, 250, 100, 70), "participation_differs", None),
    ],
)  # fmt: skip
def test_a_change_that_those_who_answer_may_explain_is_none(
    folder: Path, now: Survey, code: str | None, judged: str | None
) -> None:
    found = computed(folder, exports(ALIKE, now))
    assert codes(found) == ([code] if code else [])
    assert verdict(found) == judged
    assert row(found, "csat").comparison.comparable == (judged is not None)


def test_the_page_says_what_moved(folder: Path) -> None:
    found = computed(folder, exports(ALIKE, Survey(600, 500, 300, 240)))
    pages = {lang: " ".join(render(found, lang, Screen(width=200)).split()) for lang in ("en", "fr")}
    assert "no comparison: surveys answered went from 40 % in 2024 to 60 % in 2025; that others answer" in pages["en"]
    assert "enquêtes avec réponse, 40 % en 2024 et 60 % en 2025" in pages["fr"]


@pytest.mark.long
def test_surveys_that_name_no_contact_are_compared_by_their_answers_alone(folder: Path) -> None:
    """500 and 250 are asked, nobody knows of how many; 40 % answer in both years."""
    files = exports(ALIKE, Survey(600, 250, 100, 70))
    head, *lines = files["surveys.csv"].splitlines(keepends=True)
    cells = [line.split(",") for line in lines]
    files["surveys.csv"] = head + "".join(",".join([*line[:5], "", *line[6:]]) for line in cells)
    found = computed(folder, files)
    assert (codes(found), verdict(found)) == ([], "worse")


@pytest.mark.long
def test_of_answers_alone_nothing_is_said(folder: Path) -> None:
    """200 and 100 answers: nobody knows of how many asked."""
    found = computed(folder, exports(Survey(600, 200, 200, 180), Survey(600, 100, 100, 70)))
    assert (codes(found), verdict(found)) == ([], "worse")


def draw_year(random: Random, year: int, asked_solved: float, asked_unsolved: float) -> Iterator[tuple[str, str]]:
    """A year of customers who behave alike: 70 % have their matter solved, and 90 % of these are satisfied, of the
    others half; 40 % of those asked answer. Who is asked is the choice of the tool."""
    for number in range(1_500):
        solved, answers = random.random() < 0.7, random.random() < 0.4
        satisfied, draw = random.random() < (0.9 if solved else 0.5), random.random()
        day = f"{year}-{1 + number % 12:02}-{1 + number % 28:02}"
        score, answered = ("5" if satisfied else "1", f"{day} 12:00") if answers else ("", "")
        survey = f"{year}{number},csat,1,5,{score},{year}{number},{day} 11:00,{answered}\n"
        is_asked = draw < (asked_solved if solved else asked_unsolved)
        yield f"{year}{number},{day} 10:00,email\n", survey if is_asked else ""


def draw_exports(seed: int, before: tuple[float, float], now: tuple[float, float]) -> dict[str, str]:
    random = Random(seed)
    lines = [*draw_year(random, 2024, *before), *draw_year(random, 2025, *now)]
    return {
        "contacts.csv": CONTACTS + "".join(contact for contact, _ in lines),
        "surveys.csv": SURVEYS + "".join(survey for _, survey in lines),
    }


@pytest.mark.sample(1)
@pytest.mark.parametrize("seed", range(5))
def test_a_tool_that_asks_more_of_the_same_makes_no_verdict(folder: Path, seed: int) -> None:
    """30 % are asked, then 90 %, by chance: those asked are as satisfied."""
    found = computed(folder, draw_exports(seed, (0.3, 0.3), (0.9, 0.9)))
    assert codes(found) == ["participation_moved"]
    assert verdict(found) == "cannot_tell"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_a_tool_that_also_asks_those_it_did_not_help_makes_no_verdict(folder: Path, seed: int) -> None:
    """First it asks after a solution alone, of whom 90 % are satisfied; then all, of whom 78 % are."""
    found = computed(folder, draw_exports(seed, (1, 0), (1, 1)))
    assert codes(found) == ["participation_differs"]
    assert verdict(found) is None


def test_participation_is_for_the_kpis_of_the_catalogue(folder: Path) -> None:
    own = '[kpis.own]\ntitle = { en = "Own" }\nkind = "count"\nfrom = "contacts"\ndate = "created_on"\nunit = "count"\n'
    with pytest.raises(KpiInvalid, match='"participation" is for the built-in KPIs'):
        catalogue(settings(folder, own + "participation = { csat_response_rate = 0.25 }\n").settings)
