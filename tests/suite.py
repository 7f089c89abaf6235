"""Which cases pytest runs: the quick suite, the long cases, or all.

`pytest` runs the quick suite. It leaves out the cases of tests marked `long`, and of a parametrised test marked
`sample(n)` all but n. `pytest --long` runs the cases that the quick suite leaves out, `pytest --all` runs every case.
A developer who names a file or a test, selects with -k or -m or repeats failures (--lf) gets every case.

- `@pytest.mark.sample(n)`: of the cases of the test, in their order, the quick suite runs n at equal distances, the
  first among them, and the last where n is two or more.
- `@pytest.mark.long`: the quick suite does not run the test (or the class, the module, the case of a parameter). It is
  for a dear test whose subject another quick test covers in part. Cheap tests have no mark.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import Any

import pytest

MARKERS = (
    "sample(n): of the cases of this test the quick suite runs n",
    "long: the quick suite does not run this test",
)


class Omission:
    """Stands for a case that the workers left out, where the terminal counts them and plugins look at each."""


# How many cases a run of the quick suite has left out.
_OMISSIONS = pytest.StashKey[int]()
# The cases of this run before any was left out: the test of this module reads them.
COLLECTION = pytest.StashKey[tuple[pytest.Item, ...]]()


def quick(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The cases that the quick suite runs, in their order."""
    tests: dict[tuple[object, str], list[pytest.Item]] = {}
    for item in items:
        tests.setdefault((item.parent, getattr(item, "originalname", item.name)), []).append(item)
    chosen = {item for cases in tests.values() for item in _sample(cases)}
    return [item for item in items if item in chosen and item.get_closest_marker("long") is None]


def _sample(cases: Sequence[pytest.Item]) -> Iterable[pytest.Item]:
    """The cases of a test that its mark chooses; all where it has none."""
    mark = cases[0].get_closest_marker("sample")
    return cases if mark is None else (cases[place] for place in places(len(cases), mark.args[0]))


def places(length: int, number: int) -> list[int]:
    """So many places at equal distances in a sequence, from the first to the last; a single one is the first."""
    if number >= length:
        return list(range(length))
    return [0] if number == 1 else [place * (length - 1) // (number - 1) for place in range(number)]


def choice(config: pytest.Config) -> str:
    """What a run is asked for: "quick", "long" or "all"."""
    if config.getoption("--long"):
        return "long"
    selections = ("--all", "keyword", "markexpr", "lf")
    if any(config.getoption(name, False) for name in selections) or any(map(_is_narrow, config.args)):
        return "all"
    return "quick"


def _is_narrow(argument: str) -> bool:
    """Whether an argument names a file or a test, not a folder."""
    return "::" in argument or argument.endswith(".py")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kpibar")
    group.addoption("--all", action="store_true", help="run every case, also those that the quick suite leaves out")
    group.addoption("--long", action="store_true", help="run only the cases that the quick suite leaves out")


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[COLLECTION] = tuple(items)
    part = choice(config)
    if part == "all":
        return
    run = set(quick(items))
    if part == "long":
        run = set(items) - run
    omissions = [item for item in items if item not in run]
    config.hook.pytest_deselected(items=omissions)
    config.stash[_OMISSIONS] = len(omissions) if part == "quick" else 0
    items[:] = [item for item in items if item in run]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker left out; each of them leaves out the same cases."""
    config, number = node.config, getattr(node, "workeroutput", {}).get("omissions", 0)
    if _OMISSIONS not in config.stash:
        config.stash[_OMISSIONS] = number
        config.hook.pytest_deselected(items=[Omission()] * number)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Say after the last line of pytest how many cases did not run."""
    config = session.config
    number = config.stash.get(_OMISSIONS, 0)
    if hasattr(config, "workeroutput"):
        config.workeroutput["omissions"] = number
    yield
    number = config.stash.get(_OMISSIONS, 0)
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if number and terminal is not None and not hasattr(config, "workeroutput"):
        words = f"{number:,} LONG CASES DID NOT RUN: `pytest --long` runs them, `pytest --all` runs every case."
        terminal.write_line(words, yellow=True, bold=True)
