"""Signals end a run where it can be ended: a long statement at once, a commit when it is whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kpibar.database.signals import StopSignal, install, stop_on_signal
from tests.support import child

LONG = "SELECT count(*) FROM range(100000000000) t(i) WHERE i % 7 = 3"


_STATEMENT = f"""
from pathlib import Path
from kpibar.database import signals
from kpibar.database.engine import DuckDB
signals.install()
engine = DuckDB(Path("x.duckdb"), read_only=False)
print("running", flush=True)
try:
    engine.rows("{LONG}")
except signals.StopSignal as stop:
    raise SystemExit(stop.exit_code)
"""


@pytest.mark.sample(2)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_a_long_statement(folder: Path, number: signal.Signals) -> None:
    with child([sys.executable, "-c", _STATEMENT], cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"running\n"
        time.sleep(0.3)
        process.send_signal(number)
        assert process.wait(timeout=10) == 128 + number


_LOADING = """
import os, signal, sys
from pathlib import Path
from kpibar.database import signals
from kpibar.database.store import open_store

def stop_within(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "_create_" and "enum" in frame.f_code.co_filename:
        sys.setprofile(None)
        print("stopped while the library is loaded", flush=True)
        os.kill(os.getpid(), signal.SIGTERM)

signals.install()
sys.setprofile(stop_within)
try:
    with open_store(Path("x.duckdb"), write=True):
        print("never")
except signals.StopSignal as stop:
    raise SystemExit(stop.exit_code)
"""


def test_a_signal_waits_for_the_engine_to_be_loaded(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _LOADING], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (143, "stopped while the library is loaded\n"), done.stderr


def test_a_signal_waits_for_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    install()
    done = []
    try:
        with stop_on_signal(None):
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("the commit is whole")
        done.append("and what follows it is said")
        with pytest.raises(StopSignal) as stopped, stop_on_signal(lambda: None):
            done.append("never")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert done == ["the commit is whole", "and what follows it is said"]
    assert stopped.value.exit_code == 143
