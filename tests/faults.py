"""Break a run in every way a machine can, and see that the database is as it was before or after, never in between.

    python -m tests.faults [--kill N] [--signals N] [--full-disk N] [--memory N] [--races N] [--wal N]
                          [--bits N] [--seed S] [--jobs J]

Each run takes a copy of a database, ingests two exports into it (two transactions, then the fact tables) and is broken.
Afterwards the contents must be one of the three legal states, `kpibar check` must find nothing, and ingesting again
must give the very report an undisturbed run gives. Without numbers it is the full run; `tests/test_faults.py` does a
few of each. Nothing here reaches into the program: a process is killed, limited or raced from outside.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tests.support import child, heed_signals

DATABASE = "kpibar.duckdb"
FULL = {"kill": 500, "signals": 100, "full_disk": 100, "memory": 30, "races": 50, "wal": 150, "bits": 100}
# What an error of ours may end with. Anything else is a crash.
_CODES = (0, 1)
# The bytes before the blocks of a database.
_HEADERS = 3 * 4096
_PATIENCE = 120


@dataclass(frozen=True)
class World:
    """The database to copy, the exports to ingest, and what is right: the legal states and the report.

    `seconds` and `work` are how long an undisturbed run takes, by the clock and of the processor. `whole` is a folder
    with the database after it, `figures` what its report says.
    """

    folder: Path
    exports: tuple[Path, ...]
    states: tuple[str, ...]
    report: str
    seconds: float
    work: float
    whole: Path
    figures: str


@dataclass
class Tally:
    """What a fault did: how often the database was found before, between or after its two files, and what is wrong."""

    runs: int = 0
    found: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class End:
    """How one broken run ended: the state found, or what was said instead; what went against the promise.

    `crashed` tells that the engine itself died for want of memory, which no program survives: the database must.
    """

    found: str
    wrong: tuple[str, ...] = ()
    crashed: bool = False


Limit = Callable[[], None]
Fault = Callable[[World, Path, random.Random, int], End]


# --- the world -----------------------------------------------------------------------------------------


def contacts(first: int, last: int, queue: str) -> str:
    """Contacts with every column a fact table feeds on."""
    lines = ["contact_id,created_at,channel,direction,customer_key,order_ref,queue,first_human_reply_at,resolved_at"]
    for n in range(first, last):
        day = f"2025-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
        who = f"person{n % 7919}@example.org,{n % 5003}"
        times = f"{day} 1{n % 3 + 5}:30:00,{day} 20:00:00"
        lines.append(f"{n},{day} 1{n % 5}:{n % 60:02d}:00,email,inbound,{who},{queue},{times}")
    return "\n".join(lines) + "\n"


def orders(first: int, last: int) -> str:
    lines = ["order_ref,ordered_at,customer_key,value,currency"]
    for n in range(first, last):
        lines.append(f"{n},2025-{n % 12 + 1:02d}-{n % 28 + 1:02d} 09:00:00,person{n}@example.org,{n % 90}.50,EUR")
    return "\n".join(lines) + "\n"


def make_world(folder: Path, rows: int) -> World:
    """Build the database before, and measure the undisturbed run."""
    (folder / "first.csv").write_text(contacts(0, rows // 4, "a"), encoding="utf-8")
    (folder / "second.csv").write_text(contacts(rows // 8, rows, "b"), encoding="utf-8")
    (folder / "orders.csv").write_text(orders(0, rows // 4), encoding="utf-8")
    (folder / "kpibar.toml").write_text('timezone = "Europe/Paris"\n', encoding="utf-8")
    exports = (folder / "second.csv", folder / "orders.csv")
    _expect(run(folder, "ingest", str(folder / "first.csv")), 0)
    states = []
    with work(folder) as place:
        for export in (folder / "first.csv", *exports):
            after = sequel(place, [export])
            assert not (after.error or after.errors or after.check), after
            states.append(after.then)
    with work(folder) as place:
        began, used = time.monotonic(), _used_by_children()
        _expect(run(place, "ingest", *map(str, exports)), 0)
        seconds, used = time.monotonic() - began, _used_by_children() - used
        whole = folder / "whole"
        shutil.copytree(place, whole)
    return World(folder, exports, tuple(states), after.report, seconds, used, whole, figures(whole))


def figures(place: Path) -> str:
    """What the report of a database says, without when; "" where it is refused."""
    done = run(place, "report", "--json")
    return json.dumps(json.loads(done.stdout)["kpis"], sort_keys=True) if done.returncode == 0 else ""


def _used_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wait_for_work(process: subprocess.Popen[str], seconds: float) -> None:
    """Return when a process has used so much of the processor, however busy the machine is, or has ended."""
    path = Path(f"/proc/{process.pid}/stat")
    while process.poll() is None:
        fields = path.read_text().rpartition(")")[2].split()
        if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= seconds:
            return
        time.sleep(0.003)


def _expect(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert done.returncode == code, done.stderr


@contextmanager
def work(source: Path) -> Iterator[Path]:
    """A folder with a copy of a database, its key and its settings."""
    with tempfile.TemporaryDirectory(prefix="kpibar-fault-") as name:
        _fill(source, Path(name))
        yield Path(name)


def _fill(source: Path, place: Path) -> None:
    for name in (DATABASE, f"{DATABASE}.wal", f"{DATABASE}.last", "key", "kpibar.toml"):
        if (source / name).exists():
            shutil.copy(source / name, place / name)


def environment(place: Path) -> dict[str, str]:
    scratch = place / "scratch"
    scratch.mkdir(exist_ok=True)
    own = {"KPIBAR_KEY_FILE": str(place / "key"), "HOME": str(place), "XDG_CONFIG_HOME": str(place)}
    return {**os.environ, **own, "TMPDIR": str(scratch), "PYTHONIOENCODING": "utf-8"}


def start(place: Path, *arguments: str, limit: Limit | None = None) -> AbstractContextManager["subprocess.Popen[str]"]:
    return child(
        [sys.executable, "-m", "kpibar", *arguments],
        cwd=place,
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=limit,
    )


def run(place: Path, *arguments: str, limit: Limit | None = None) -> subprocess.CompletedProcess[str]:
    with start(place, *arguments, limit=limit) as process:
        out, err = process.communicate(timeout=_PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


# What follows a broken run, in one process: the state it left, what the check finds, the state after a second run
# and the report then. The order in which files came does not count.
_FOLLOW_UP = """
import json, sys
from pathlib import Path
from kpibar.measure.barometer import Request, compute
from kpibar.checks import check
from kpibar.config import load
from kpibar.database.engine import EngineError
from kpibar.errors import KpibarError
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.render.document import to_json
from kpibar.database.schema import ENTITIES
from kpibar.database.store import open_store

PATH, CONFIG, EXPORTS = Path("kpibar.duckdb"), load(), [Path(name) for name in sys.argv[1:]]

def state():
    with open_store(PATH, write=False) as store:
        for table in (*ENTITIES, "mentions", "rejects", "columns_held", "files"):
            left_out = {"files": "file_id, ingested_at, chain", "mentions": ""}.get(table, "file_id")
            shown = f"* EXCLUDE ({left_out})" if left_out else "*"
            sql = f"SELECT count(*), sum(hash(t)::HUGEINT) FROM (SELECT {shown} FROM {table}) t"
            yield f"{table}: {store.engine.rows(sql)}"

def follow():
    yield "left", "\\n".join(state())
    with open_store(PATH, write=False) as store:
        yield "check", [one.text for one in check(store, CONFIG.settings.thresholds) if not one.note]
    with open_store(PATH, write=True) as store:
        yield "errors", [str(one.error) for one in ingest(store, EXPORTS, CONFIG, Options()) if one.error]
    yield "then", "\\n".join(state())
    report = json.loads(to_json(compute(PATH, CONFIG, Request()), ""))
    yield "report", json.dumps(report, sort_keys=True).replace(str(Path.cwd()), "")

found = {}
try:
    for name, value in follow():
        found[name] = value
except (KpibarError, EngineError) as error:
    found["error"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Sequel:
    """What was found after a run: its state, the check's faults, the state and report after a second run."""

    left: str = ""
    check: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    then: str = ""
    report: str = ""
    error: str = ""


def sequel(place: Path, exports: Iterable[Path]) -> Sequel:
    """Look at a database and ingest into it again."""
    line = [sys.executable, "-c", _FOLLOW_UP, *map(str, exports)]
    done = subprocess.run(line, cwd=place, env=environment(place), capture_output=True, text=True, check=False)
    if done.returncode:
        return Sequel(error=f"crashed: {done.returncode} {done.stderr[-300:]}")
    return Sequel(**json.loads(done.stdout))


# --- what must hold ------------------------------------------------------------------------------------


def judged(world: World, place: Path, done: subprocess.CompletedProcess[str], *more: str) -> End:
    """The state the run left, and every promise it broke."""
    wrong = list(more)
    if "Traceback" in done.stderr:
        wrong.append(f"traceback: {done.stderr.strip().splitlines()[-1]}")
    if done.returncode == 1 and "kpibar: " not in done.stderr:
        wrong.append(f"failed without words: {done.stderr[-200:]!r}")
    after = sequel(place, world.exports)
    if after.left not in world.states:
        return End("broken", (*wrong, f"no legal state: {after.error} {after.left[-300:]}"))
    wrong += _diverging(world, after)
    if after.check:
        wrong.append(f"check: {after.check}")
    if list((place / "scratch").glob("kpibar-scratch-*")):
        wrong.append("temporary folders stay")
    return End(_named(world, after.left), tuple(wrong))


def _named(world: World, left: str) -> str:
    return ("before", "between", "after")[world.states.index(left)]


def _diverging(world: World, after: Sequel) -> list[str]:
    """Why a second run does not lead to where an undisturbed one does."""
    if after.error or after.errors or after.then != world.states[-1]:
        return [f"a second run does not converge: {after.error} {after.errors}"]
    return [] if after.report == world.report else ["the report differs"]


# --- the faults ----------------------------------------------------------------------------------------


def kill(world: World, place: Path, chance: random.Random, number: int) -> End:
    """kill -9 at any time of the run."""
    with start(place, "ingest", *map(str, world.exports)) as process:
        wait_for_work(process, chance.uniform(0, world.work * 1.05))
        process.kill()
        out, err = process.communicate(timeout=_PATIENCE)
    return judged(world, place, subprocess.CompletedProcess([], process.returncode, out, err))


def signals(world: World, place: Path, chance: random.Random, number: int) -> End:
    """SIGTERM or SIGINT, once the program runs: it stops within two seconds, says so, and has the right exit code."""
    wanted = (signal.SIGTERM, signal.SIGINT)[number % 2]
    with start(place, "ingest", *map(str, world.exports)) as process:
        wait_for_work(process, chance.uniform(0.35 * world.work, world.work))
        began = time.monotonic()
        process.send_signal(wanted)
        out, err = process.communicate(timeout=_PATIENCE)
        took = time.monotonic() - began
    wrong = []
    if process.returncode not in (0, 128 + wanted):
        wrong.append(f"exit code {process.returncode} for signal {wanted}: {err[-200:]}")
    if process.returncode and "interrupted" not in err:
        wrong.append(f"stopped without words: {err[-200:]!r}")
    if took > 2 + 0.5 * world.seconds:
        wrong.append(f"took {took:.1f} s to stop")
    return judged(world, place, subprocess.CompletedProcess([], process.returncode, out, err), *wrong)


def full_disk(world: World, place: Path, chance: random.Random, number: int) -> End:
    """Files may not grow past a size, or the disk is really full."""
    if number % 2 and _may_mount():
        return _on_a_small_disk(world, place, chance)
    size = (place / DATABASE).stat().st_size
    most = int(chance.uniform(0, 2.5 * size))
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (most, most))
    done = run(place, "ingest", *map(str, world.exports), limit=limit)
    return judged(world, place, done, *_unexpected(done))


def _on_a_small_disk(world: World, place: Path, chance: random.Random) -> End:
    disk = place / "disk"
    disk.mkdir()
    size = (place / DATABASE).stat().st_size + 200_000
    most = int(size * chance.uniform(1, 2.5))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={most}", "tmpfs", str(disk)], check=True)
    try:
        _fill(place, disk)
        done = run(disk, "ingest", *map(str, world.exports))
        shutil.rmtree(disk / "scratch")
        subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
        return judged(world, disk, done, *_unexpected(done))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _may_mount() -> bool:
    return sys.platform == "linux" and os.getuid() == 0 and shutil.which("mount") is not None


def _unexpected(done: subprocess.CompletedProcess[str]) -> tuple[str, ...]:
    return () if done.returncode in _CODES else (f"exit code {done.returncode}: {done.stderr[-200:]}",)


def memory(world: World, place: Path, chance: random.Random, number: int) -> End:
    """Less memory than the run needs. The engine may die of it; the database may not."""
    most = int(chance.uniform(200, 1_200)) * 1024 * 1024
    limit = partial(resource.setrlimit, resource.RLIMIT_AS, (most, most))
    done = run(place, "ingest", *map(str, world.exports), limit=limit)
    crashed = done.returncode in (-signal.SIGSEGV, -signal.SIGABRT)
    end = judged(world, place, done, *(() if crashed else _unexpected(done)))
    return replace(end, crashed=crashed)


def races(world: World, place: Path, chance: random.Random, number: int) -> End:
    """Two to four runs at once: one has the database, the others wait, or say who has it."""
    patient = chance.random() < 0.5
    wait = ("--wait", "100") if patient else ()
    command = ("ingest", *map(str, world.exports), *wait)
    wrong, codes = [], []
    with ExitStack() as stack:
        for process in [stack.enter_context(start(place, *command)) for _ in range(chance.randint(2, 4))]:
            out, err = process.communicate(timeout=_PATIENCE)
            codes.append(process.returncode)
            if process.returncode not in _CODES or (patient and process.returncode):
                wrong.append(f"exit code {process.returncode}: {err[-200:]}")
            elif process.returncode and "in use by process" not in err:
                wrong.append(f"does not say who has the database: {err[-200:]}")
    if 0 not in codes:
        wrong.append("nobody won")
    return judged(world, place, subprocess.CompletedProcess([], 0, out, err), *wrong)


_LEAVE_THE_LOG = """
import os, sys
from pathlib import Path
from kpibar.config import load
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.database.store import open_store
with open_store(Path("kpibar.duckdb"), write=True) as store:
    outcomes = ingest(store, [Path(name) for name in sys.argv[1:]], load(), Options())
    assert all(one.error is None for one in outcomes)
    os._exit(0)
"""


def wal(world: World, place: Path, chance: random.Random, number: int) -> End:
    """The log torn or a bit of it, or of the database, flipped: whole transactions, and the loss is told, or words."""
    line = [sys.executable, "-c", _LEAVE_THE_LOG, *map(str, world.exports)]
    subprocess.run(line, cwd=place, env=environment(place), check=True)
    shutil.rmtree(place / "scratch")
    log = place / f"{DATABASE}.wal"
    kind = ("torn log", "flipped log", "flipped database", "cut database")[number % 4]
    path = log if "log" in kind and log.exists() else place / DATABASE
    content = bytearray(path.read_bytes())
    spot = chance.randrange(len(content))
    if kind in ("torn log", "cut database"):
        content = content[:spot]
    else:
        content[spot] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return _told(world, place, kind)


def bits(world: World, place: Path, chance: random.Random, number: int) -> End:
    """A bit of the database flipped, one in five in its headers: the check tells it, or the report stays the same."""
    _fill(world.whole, place)
    path = place / DATABASE
    content = bytearray(path.read_bytes())
    spot = chance.randrange(len(content) if number % 5 else _HEADERS)
    content[spot] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    before = _bytes(place)
    done = run(place, "check")
    wrong = [] if before == _bytes(place) else ["what was damaged was changed"]
    if done.returncode == 1 and done.stderr.startswith("kpibar: ") and done.stderr.count("\n") == 1:
        return End("refused", tuple(wrong))
    if done.returncode == 3 and "fault: " in done.stdout and not done.stderr:
        return End("told", tuple(wrong))
    if done.returncode or done.stderr:
        return End("broken", (*wrong, f"bit at byte {spot}: exit code {done.returncode}: {done.stderr[-300:]}"))
    same = figures(place) == world.figures
    return End("after" if same else "broken", (*wrong, *([] if same else [f"byte {spot}: unnoticed by the check"])))


def _told(world: World, place: Path, kind: str) -> End:
    """Either words and an untouched file, or a legal state, whose loss the check tells."""
    before = _bytes(place)
    checked = run(place, "check")
    wrong = [] if "Traceback" not in checked.stderr else [checked.stderr[-300:]]
    if checked.returncode == 1:
        wrong += [] if "kpibar: " in checked.stderr else [f"failed without words: {checked.stderr[-200:]}"]
        return End("refused", (*wrong, *([] if before == _bytes(place) else ["what was damaged was changed"])))
    if checked.returncode not in (0, 3):
        return End("refused", (*wrong, f"exit code {checked.returncode}: {checked.stderr[-200:]}"))
    after = sequel(place, world.exports)
    if after.left not in world.states:
        told = checked.returncode == 3 or after.error
        return End("told" if told else "broken", (*wrong, *([] if told else [f"{kind}: unnoticed: {after.left}"])))
    if after.left != world.states[-1] and "entries that had been written are missing" not in checked.stdout:
        wrong.append(f"{kind}: the lost end is not told: {checked.stdout}")
    return End(_named(world, after.left), (*wrong, *_diverging(world, after)))


def _bytes(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.glob(f"{DATABASE}*")}


FAULTS: dict[str, Fault] = {
    "kill": kill,
    "signals": signals,
    "full_disk": full_disk,
    "memory": memory,
    "races": races,
    "wal": wal,
    "bits": bits,
}


# --- running them --------------------------------------------------------------------------------------


def suffer(world: World, name: str, runs: int, seed: int, jobs: int) -> Tally:
    """Break so many runs in one way."""

    def one(number: int) -> End:
        with work(world.folder) as place:
            return FAULTS[name](world, place, random.Random(f"{seed} {name} {number}"), number)

    tally = Tally(runs)
    with ThreadPoolExecutor(jobs) as pool:
        for number, end in enumerate(pool.map(one, range(runs))):
            tally.found[end.found] += 1
            tally.found["crashed"] += end.crashed
            tally.violations += [f"{name} {number}: {text}" for text in end.wrong]
    return tally


def table(tallies: dict[str, Tally]) -> str:
    """The tallies, one fault a line."""
    heads = ("before", "between", "after", "refused", "told", "broken", "crashed")
    lines = ["fault      runs " + " ".join(f"{head:>8}" for head in heads) + "  violations"]
    for name, tally in tallies.items():
        counts = " ".join(f"{tally.found[head]:>8}" for head in heads)
        lines.append(f"{name:<10} {tally.runs:>4} {counts}  {len(tally.violations):>10}")
    return "\n".join(lines)


def main() -> int:
    """Run the faults asked for and print what they did; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name in FULL:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rows", type=int, default=12_000, help="records of the larger export")
    asked = vars(parser.parse_args())
    heed_signals()
    chosen = {name: asked[name] for name in FULL if asked[name] is not None} or FULL
    with tempfile.TemporaryDirectory(prefix="kpibar-faults-") as folder:
        world = make_world(Path(folder), asked["rows"])
        print(
            f"undisturbed: {world.seconds:.1f} s, {world.work:.1f} s of the processor; seed {asked['seed']}", flush=True
        )
        tallies = {}
        for name, runs in chosen.items():
            tallies[name] = suffer(world, name, runs, asked["seed"], asked["jobs"])
            print(table({name: tallies[name]}).splitlines()[1], flush=True)
    print(table(tallies))
    violations = [text for tally in tallies.values() for text in tally.violations]
    print("\n".join(violations))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
