"""What a passport tells a statistician: margin, headline, interval, test and verdict of each KPI."""

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.kinds import KINDS
from kpibar.render.methods import method_lines, methods
from kpibar.render.numbers import LANGUAGES

KNOWN = catalogue(Settings())


def told(name: str) -> dict[str, str]:
    return dict(method_lines(KNOWN.get(name), "en"))


def test_every_estimator_has_its_interval_and_test_and_no_other() -> None:
    assert set(methods()) == {spec.estimator for spec in KINDS.values()}
    for texts in methods().values():
        assert set(texts) == set(LANGUAGES)
        assert all(set(text) == {"interval", "change"} and all(text.values()) for text in texts.values())


@pytest.mark.parametrize(
    ("name", "margin"),
    [
        ("late_share", "1 point: a smaller change is small"),
        ("promise_unanswered", "0.5 points: a smaller change is small"),
        ("nps", "3 points: a smaller change is small"),
        ("contact_rate", "5 % of last year's figure: a smaller change is small"),
    ],
)
def test_the_margin_is_in_the_unit_of_the_kpi(name: str, margin: str) -> None:
    assert told(name)["margin"] == margin


def test_a_headline_says_so_and_has_more_weight() -> None:
    assert told("late_share")["headline"].startswith("yes") and "weight 4" in told("late_share")["verdict"]
    assert told("asa")["headline"] == "no" and "weight" not in told("asa")["verdict"]


def test_a_count_has_neither_margin_nor_verdict() -> None:
    assert set(told("contacts")) == {"interval", "change"}
    assert told("wismo_late")["verdict"] == "none, as neither direction is better"


def test_a_median_of_times_is_tested_as_a_whole_and_a_ninth_tenth_alone() -> None:
    assert "Peto" in told("frt_median")["change"] and "Peto" not in told("frt_p90")["change"]
    assert "towards 0" in told("frt_p90")["change"]
