"""Nothing is damaged in silence: a spread of the polluted exports of tests/pollution.py, each kind judged apart.

All of them: python -m tests.pollution --full --jobs 4
"""

from collections.abc import Iterator

import pytest

from tests.pollution import ALL_KINDS, bench, cases, judge
from tests.pollution_exports import EXPORTS
from tests.pollution_oracle import Bench

EVERY = 600


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("pollution")) as one:
        yield one


@pytest.fixture
def used(opened: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The one database, under its own key whatever the test."""
    monkeypatch.setenv("KPIBAR_KEY_FILE", str(opened.folder / "test.key"))
    return opened


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_no_record_is_damaged_in_silence(used: Bench, kind: str) -> None:
    judged = judge(used, cases(EXPORTS, [kind], EVERY))
    assert judged
    silent = [(r.label, r.case.command, r.verdict.findings) for r in judged if r.verdict.outcome == "SILENT"]
    assert not silent


@pytest.mark.parametrize("export", EXPORTS)
def test_every_export_is_polluted_in_thousands_of_ways(export: str) -> None:
    assert len(cases([export], ALL_KINDS, 1)) >= 3_000
