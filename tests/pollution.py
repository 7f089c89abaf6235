"""Damage our own exports in thousands of ways and show what becomes of every record.

    python -m tests.pollution                          one file in forty of every kind and export
    python -m tests.pollution --full --jobs 4          all of them
    python -m tests.pollution --export shopify --kind footer --index 7 --write polluted.csv
                                                       one file again, written out to be looked at

Prints, per kind, how many files were tried and what became of them (see tests/pollution_oracle.py for the words),
then every silent case with the command that repeats it. Exit code 1 when there is one.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kpibar.database.store import open_store
from tests.pollution_exports import EXPORTS
from tests.pollution_files import FILE_KINDS
from tests.pollution_kinds import KINDS
from tests.pollution_oracle import OUTCOMES, Bench, Pollution, Verdict

ALL_KINDS = {kind.name: kind for kind in (*KINDS, *FILE_KINDS)}
SEED = 1
SHOWN = 3


@dataclass(frozen=True)
class Case:
    """One polluted file, made again at will from these four."""

    export: str
    kind: str
    index: int
    seed: int = SEED

    def pollution(self) -> Pollution:
        """The file and what is true of it."""
        random = Random(f"{self.seed}/{self.export}/{self.kind}/{self.index}")
        return ALL_KINDS[self.kind].make(EXPORTS[self.export], self.index, random)

    @property
    def command(self) -> str:
        """What repeats it."""
        asked = f"--export {self.export} --kind {self.kind} --index {self.index} --seed {self.seed}"
        return f"python -m tests.pollution {asked}"


@dataclass(frozen=True)
class Result:
    """A case, what it was and what became of it."""

    case: Case
    label: str
    verdict: Verdict


def cases(exports: Iterable[str], kinds: Iterable[str], every: int, seed: int = SEED) -> list[Case]:
    """One file in `every` of each kind, counted through all exports so that small kinds take turns; at least one."""
    chosen, names = [], list(exports)
    for kind in kinds:
        known = [Case(name, kind, i, seed) for name in names for i in range(ALL_KINDS[kind].count(EXPORTS[name]))]
        start = Random(f"{seed}/{kind}").randrange(min(every, len(known))) if known else 0
        chosen += known[start::every]
    return chosen


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """An empty database in a folder."""
    with open_store(folder / "pollution.duckdb", write=True) as store:
        yield Bench(store, folder)


def judge(used: Bench, chosen: Sequence[Case]) -> list[Result]:
    """Judge each case, one after the other, in one database."""
    results = []
    for case in chosen:
        made = case.pollution()
        results.append(Result(case, made.label, used.judge(EXPORTS[case.export], made)))
    return results


def _run_apart(chosen: Sequence[Case]) -> list[Result]:
    """The same in a process of its own, with a key and settings of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"KPIBAR_KEY_FILE": f"{folder}/test.key", "XDG_CONFIG_HOME": folder, "HOME": folder}
        with bench(Path(folder)) as used:
            return judge(used, chosen)


def run_all(chosen: Sequence[Case], jobs: int) -> list[Result]:
    """Judge all cases in `jobs` processes, each with runs of the same export."""
    size = max(1, min(200, len(chosen) // jobs))
    ordered = sorted(chosen, key=lambda case: case.export)
    chunks = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    with ProcessPoolExecutor(jobs) as pool:
        return [result for some in pool.map(_run_apart, chunks) for result in some]


def tally(results: Iterable[Result]) -> dict[str, Counter[str]]:
    """Per kind, how many files had each outcome."""
    counted: dict[str, Counter[str]] = {}
    for result in results:
        counted.setdefault(result.case.kind, Counter())[result.verdict.outcome] += 1
    return {kind: counted[kind] for kind in dict.fromkeys((*ALL_KINDS, *counted)) if kind in counted}


def table(results: Sequence[Result]) -> Iterator[str]:
    yield f"{'kind':<18}{'files':>8}" + "".join(f"{name:>10}" for name in OUTCOMES)
    counted = tally(results)
    for kind, counts in {**counted, "all": sum(counted.values(), Counter())}.items():
        yield f"{kind:<18}{counts.total():>8,}" + "".join(f"{counts[name]:>10,}" for name in OUTCOMES)


def silent(results: Iterable[Result]) -> Iterator[str]:
    """The silent cases, the kind and export with the most of them first."""
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result.verdict.outcome == "SILENT":
            found.setdefault((result.case.kind, result.case.export), []).append(result)
    for (kind, export), some in sorted(found.items(), key=lambda item: -len(item[1])):
        yield f"\n{kind}, {export}: {len(some)} silent"
        for result in some:
            yield f"  {result.label}\n    {result.case.command}"
            yield from (f"    {finding}" for finding in result.verdict.findings[:SHOWN])
            more = len(result.verdict.findings) - SHOWN
            yield from [f"    and {more} more"] if more > 0 else []


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.pollution", description="Pollute exports; count the damage.")
    parser.add_argument("--full", action="store_true", help="every file, not one in --every")
    parser.add_argument("--every", type=int, default=40, help="one file in so many (default: 40)")
    parser.add_argument("--export", choices=EXPORTS, action="append", help="only this export")
    parser.add_argument("--kind", choices=ALL_KINDS, action="append", help="only this kind")
    parser.add_argument("--index", type=int, help="only the file of this number, of one export and kind")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the generator (default: 1)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--write", type=Path, help="also write the file of --index here")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 when a file was damaged silently."""
    asked = _arguments(arguments)
    chosen = cases(asked.export or EXPORTS, asked.kind or ALL_KINDS, 1 if asked.full else asked.every, asked.seed)
    if asked.index is not None:
        chosen = [Case(name, kind, asked.index, asked.seed) for name in asked.export for kind in asked.kind]
        if asked.write:
            asked.write.write_bytes(chosen[0].pollution().content)
    results = run_all(chosen, asked.jobs)
    print("\n".join((*table(results), *silent(results))))
    return int(any(result.verdict.outcome == "SILENT" for result in results))


if __name__ == "__main__":
    sys.exit(main())
