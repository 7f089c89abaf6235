"""Nothing is damaged in silence: a spread of the polluted exports of tests/pollution.py, each kind judged apart.

All of them: python -m tests.pollution --full --jobs 4
"""

import pytest

from tests.pollution import ALL_KINDS, Result, cases, run
from tests.pollution_exports import EXPORTS

EVERY = 400


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    chosen = sorted(cases(EXPORTS, ALL_KINDS, EVERY), key=lambda case: case.export)
    return run(chosen, tmp_path_factory.mktemp("pollution"))


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_no_record_is_damaged_in_silence(results: list[Result], kind: str) -> None:
    judged = [result for result in results if result.case.kind == kind]
    assert judged
    silent = [(r.label, r.case.command, r.verdict.findings) for r in judged if r.verdict.outcome == "SILENT"]
    assert not silent


def test_no_polluted_file_ends_the_reading_of_files(results: list[Result]) -> None:
    crashes = [r.case.command for r in results if any("crash" in finding for finding in r.verdict.findings)]
    assert not crashes


@pytest.mark.parametrize("export", EXPORTS)
def test_every_export_is_polluted_in_thousands_of_ways(export: str) -> None:
    assert len(cases([export], ALL_KINDS, 1)) >= 3_000
