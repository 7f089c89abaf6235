"""Every test has its own key file and settings folder, so nothing of the machine's user leaks in or out."""

import os
import pickle
import shutil
from collections.abc import Iterator
from fcntl import LOCK_EX, flock
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

import kpibar
from kpibar.cli.demo import EXPORTED_ON, own_key, sample_files, sample_folder
from kpibar.load.outcome import Outcome
from tests.suite import (  # noqa: F401
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_sessionfinish,
    pytest_testnodedown,
)
from tests.support import heed_signals

# What an example may take depends on what else the machine does: a slow one is no failure.
settings.register_profile("quick", deadline=None)
settings.register_profile("full", max_examples=2_000, deadline=None)
settings.load_profile("quick")
heed_signals()


@pytest.fixture(scope="session", autouse=True)
def _shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What fixtures shared by a whole module ingest with, before a test's own home is set."""
    home = tmp_path_factory.mktemp("shared-home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("KPIBAR_KEY_FILE", home / "test.key"), ("XDG_CONFIG_HOME", home), ("HOME", home)):
            patch.setenv(name, str(value))
        yield


@pytest.fixture(scope="session")
def sample(_shared_home: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Outcome]]:
    """A folder whose test.duckdb, to which nobody writes, holds the sample exports; what the ingest of each came to.

    The worker that asks first ingests them, each has a copy: the ingest takes as long as fifty tests.
    """
    folder, base = tmp_path_factory.mktemp("sample"), tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "sample.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        made = shared / "made-sample"
        if not (made / "outcomes").exists():
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            (made / "outcomes").write_bytes(pickle.dumps(_ingest_sample(made)))
    for path in made.iterdir():
        shutil.copy(path, folder)
    outcomes: list[Outcome] = pickle.loads((folder / "outcomes").read_bytes())
    return folder, outcomes


def _ingest_sample(folder: Path) -> list[Outcome]:
    """The sample exports in folder/test.duckdb, whose key stands beside it."""
    config, database = sample_folder() / "kpibar.toml", folder / "test.duckdb"
    with own_key(database):
        outcomes = kpibar.ingest(*sample_files(), database=database, config=config, as_of=EXPORTED_ON)
    assert [outcome.error for outcome in outcomes] == [None] * len(sample_files())
    return outcomes


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder for each test: pytest's own numbered ones are counted anew for each, thousands of times."""
    place = tmp_path_factory.mktemp("homes")
    return (place / str(number) for number in count())


@pytest.fixture(autouse=True)
def _private_home(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    home = next(_homes)
    home.mkdir()
    monkeypatch.setenv("KPIBAR_KEY_FILE", str(home / "test.key"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("HOME", str(home))
    for name in ("KPIBAR_DB", "KPIBAR_TZ", "KPIBAR_BRAND", "KPIBAR_LANG", "KPIBAR_CONFIG", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
