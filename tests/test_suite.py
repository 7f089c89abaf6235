"""The quick suite and the long cases are all cases, none of them twice; what is left out is said."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.suite import COLLECTION, places, quick
from tests.support import REPOSITORY

# A suite of its own: two sampled tests, a long one, a class and a case marked long.
CONFTEST = """
from tests.suite import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_sessionfinish,
    pytest_testnodedown,
)
"""
TESTS = """
import pytest

@pytest.mark.sample(3)
@pytest.mark.parametrize("number", range(9))
def test_sampled(number): pass

@pytest.mark.sample(4)
@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
@pytest.mark.parametrize("number", range(5))
def test_kinds(number, kind): pass

@pytest.mark.long
def test_long(): pass

@pytest.mark.long
class TestClass:
    def test_of_a_class(self): pass

@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.long)])
def test_cases(number): pass
"""
QUICK = {
    *(f"test_sampled[{number}]" for number in (0, 4, 8)),
    *(f"test_kinds[{case}]" for case in ("0-csv", "1-json", "3-csv", "4-xlsx")),
    "test_cases[1]",
}


def run(folder: Path, *arguments: str) -> tuple[list[str], str]:
    """The tests that passed, and the last line."""
    program = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *arguments],
        cwd=folder, env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert program.returncode == 0, program.stdout + program.stderr
    cases = re.findall(r"^PASSED tests/test_small\.py::(\S+)", program.stdout, re.MULTILINE)
    return cases, program.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small suite."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "conftest.py").write_text(f"import sys\nsys.path.insert(0, {str(REPOSITORY)!r})\n{CONFTEST}")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    (folder / "tests").mkdir()
    (folder / "tests/test_small.py").write_text(TESTS)
    return folder


def test_the_quick_and_the_long_cases_are_all_cases(small: Path) -> None:
    every, last = run(small, "--all")
    assert len(every) == 9 + 15 + 1 + 1 + 2 and "DID NOT RUN" not in last
    quick_cases, last = run(small)
    assert set(quick_cases) == QUICK
    assert last == (
        f"{len(every) - len(QUICK)} LONG CASES DID NOT RUN: `pytest --long` runs them, `pytest --all` runs every case."
    )
    long_cases, last = run(small, "--long")
    assert sorted(quick_cases + long_cases) == sorted(every) and "DID NOT RUN" not in last


def test_workers_leave_out_the_same_cases(small: Path) -> None:
    """With the plugins of this suite, which look at what was left out."""
    cases, last = run(small, "-p", "xdist", "-p", "_hypothesis_pytestplugin", "-n", "2")
    assert sorted(cases) == sorted(QUICK)
    assert last.startswith("20 LONG CASES DID NOT RUN")


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (("tests/test_small.py",), 28),
        (("tests/test_small.py::test_sampled",), 9),
        (("-k", "sampled or long"), 12),
        (("tests/test_small.py", "--long"), 20),
    ],
)
def test_who_names_a_file_or_a_test_gets_every_case(small: Path, arguments: tuple[str, ...], number: int) -> None:
    cases, last = run(small, *arguments)
    assert len(cases) == number and "DID NOT RUN" not in last


@pytest.mark.parametrize(("length", "number"), [(2, 2), (3, 2), (9, 4), (22, 8), (400, 7), (5, 9), (4, 1)])
def test_the_places_of_a_sample_go_from_the_first_to_the_last(length: int, number: int) -> None:
    chosen = places(length, number)
    assert len(set(chosen)) == len(chosen) == min(length, number)
    steps = {after - before for before, after in pairwise(chosen)}
    assert not steps or max(steps) - min(steps) <= 1
    assert chosen[0] == 0 and (number == 1 or chosen[-1] == length - 1)


def test_of_every_test_the_first_case_is_quick_unless_the_test_is_long(request: pytest.FixtureRequest) -> None:
    """Of the cases of this run: all of the suite when all of it was asked for."""
    items = request.config.stash[COLLECTION]
    run_first = set(quick(items))
    firsts: dict[tuple[object, str], pytest.Item] = {}
    for item in items:
        if item.get_closest_marker("long") is None:
            firsts.setdefault((item.parent, getattr(item, "originalname", item.name)), item)
    assert [item.nodeid for item in firsts.values() if item not in run_first] == []


def test_the_checks_of_a_change_run_the_long_cases_after_the_quick_suite() -> None:
    script = (REPOSITORY / ".ci/run").read_text(encoding="utf-8")
    assert script.index('bash -c "${commands[1]}"') < script.index("\n.venv/bin/pytest --long\n")
