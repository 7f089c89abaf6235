"""Nothing is damaged in silence: a spread of the polluted exports of tests/pollution.py, each kind judged apart.

All of them: python -m tests.pollution --full --jobs 4, and of the slips: python -m tests.slips
"""

from collections.abc import Iterator

import pytest

from tests.pollution import ALL_KINDS, bench, cases, judge
from tests.pollution_exports import EXPORTS
from tests.pollution_oracle import Bench
from tests.slips import SLIPS, slips

EVERY = 600
EVERY_SLIP = 61


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("pollution")) as one:
        yield one


@pytest.fixture
def used(opened: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The one database, under its own key whatever the test."""
    monkeypatch.setenv("KPIBAR_KEY_FILE", str(opened.folder / "test.key"))
    return opened


@pytest.mark.sample(2)
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_no_record_is_damaged_in_silence(used: Bench, kind: str) -> None:
    judged = judge(used, cases(EXPORTS, [kind], EVERY))
    assert judged
    silent = [(r.label, r.case.command, r.verdict.findings) for r in judged if r.verdict.outcome == "SILENT"]
    assert not silent


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", SLIPS)
def test_no_slip_of_the_hand_damages_a_record_in_silence(used: Bench, kind: str) -> None:
    judged = judge(used, [slip for slip in slips() if slip.kind == kind][::EVERY_SLIP])
    assert len(judged) > 1
    assert not [(r.label, r.case.command, r.verdict.findings) for r in judged if r.verdict.outcome == "SILENT"]


def test_there_are_more_than_eight_hundred_slips() -> None:
    assert len({(slip.export, slip.kind, slip.index) for slip in slips()}) >= 800


@pytest.mark.sample(1)
@pytest.mark.parametrize("export", EXPORTS)
def test_every_export_is_polluted_in_thousands_of_ways(export: str) -> None:
    assert len(cases([export], ALL_KINDS, 1)) >= 3_000
