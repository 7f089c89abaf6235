"""Exports come in any order, overlap, are split, permuted and sent twice: the table is what a plain dict says it is.

    python -m tests.test_sequences --full [SEQUENCES]

runs 500 long sequences; the suite runs a few short ones. The rule (DECISIONS.md, "Which version of a record stays"):
of two versions that say when they were updated, the later update stays; otherwise the one from the export that speaks
up to the later instant; if that is equal or unknown, the one ingested last. Columns an export lacks keep what is known.
Of the promises of a parcel the one of the oldest version stays, and the newest version's own is the last one.
"""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kpibar.checks import check
from kpibar.config import Config, Thresholds, load
from kpibar.database.store import Store, open_store
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.values.instants import date_in_name
from tests.intake import write

QUICK = settings(max_examples=8, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck))
FULL = settings(QUICK, max_examples=500, stateful_step_count=50)
# Every contact is created on one day long before any export, so that an export's newest event does not date it.
CREATED = datetime(2024, 1, 1)
FIRST_DAY = date(2025, 1, 1)
VALUES = st.sampled_from(("a", "b", "c"))
UPDATED = st.none() | st.integers(0, 6).map(lambda hours: CREATED + timedelta(days=1, hours=hours))
FIRST_DAY_AT_TEN = datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(hours=10)
DAY = st.integers(0, 9).map(lambda days: FIRST_DAY + timedelta(days=days))


@dataclass(frozen=True)
class Version:
    """What one line of an export says of a record; None: the export has no such column."""

    queue: str | None
    team: str | None
    updated: datetime | None


@dataclass(frozen=True)
class Held:
    """What is known of a record, and up to when the export speaks that it was last confirmed by."""

    queue: str | None
    team: str | None
    updated: datetime | None
    as_of: datetime


@dataclass(frozen=True)
class Parcel:
    """What is known of a parcel: `first` and `last` promise, and of the version in which the first was seen its age."""

    carrier: str
    first: datetime | None
    last: datetime | None
    updated: datetime | None
    as_of: datetime
    seen_updated: datetime | None
    seen: datetime | None


Lines = list[tuple[str, Version]]
RECORDS = st.dictionaries(
    st.sampled_from([f"r{n}" for n in range(8)]), st.tuples(VALUES, VALUES, UPDATED), min_size=1, max_size=6
)


PROMISED = st.integers(0, 4).map(lambda days: FIRST_DAY_AT_TEN + timedelta(days=days))
PARCELS = st.dictionaries(
    st.sampled_from([f"p{n}" for n in range(4)]), st.tuples(VALUES, PROMISED, UPDATED), min_size=1, max_size=4
)


def text(lines: Lines, columns: tuple[str, ...]) -> str:
    """The export."""
    shown = [",".join(("contact_id", "created_at", "channel", *columns))]
    for name, version in lines:
        cells = {"queue": version.queue, "team": version.team, "updated_at": version.updated}
        shown.append(",".join((name, str(CREATED), "email", *(str(cells[column] or "") for column in columns))))
    return "\n".join(shown) + "\n"


class Exports(RuleBasedStateMachine):
    """Ingests exports and does the same in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="kpibar-sequence-"))
        self.known: dict[str, Held] = {}
        self.parcels: dict[str, Parcel] = {}
        self.sent: list[tuple[str, str, datetime]] = []
        self.number = 0

    @initialize()
    def start(self) -> None:
        os.environ["KPIBAR_KEY_FILE"] = str(self.folder / "key")
        self.config: Config = load(write(self.folder, "kpibar.toml", 'timezone = "UTC"\n'))
        self.opened = open_store(self.folder / "test.duckdb", write=True)
        self.store: Store = self.opened.__enter__()

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    @rule(records=RECORDS, day=DAY, named=st.booleans(), dated=st.booleans(), narrow=st.booleans(), order=st.randoms())
    def export(
        self,
        records: dict[str, tuple[str, str, datetime | None]],
        day: date,
        named: bool,
        dated: bool,
        narrow: bool,
        order: object,
    ) -> None:
        """A new export of some day: told by --as-of or by its name, with or without updates, without the team."""
        columns = ("queue", *(() if narrow else ("team",)), *(("updated_at",) if dated else ()))
        lines = [
            (name, Version(queue, None if narrow else team, updated if dated else None))
            for name, (queue, team, updated) in records.items()
        ]
        order.shuffle(lines)  # type: ignore[attr-defined]
        as_of = datetime.combine(day, datetime.min.time())
        self.send(text(lines, columns), as_of, named)
        self.remember(lines, columns, as_of)

    @rule(records=RECORDS, day=DAY)
    def split_in_two(self, records: dict[str, tuple[str, str, datetime | None]], day: date) -> None:
        """One export in two files."""
        lines = [(name, Version(*values)) for name, values in records.items()]
        columns, as_of = ("queue", "team", "updated_at"), datetime.combine(day, datetime.min.time())
        for part in (lines[::2], lines[1::2]):
            if part:
                self.send(text(part, columns), as_of, named=False)
                self.remember(part, columns, as_of)

    @rule(parcels=PARCELS, day=DAY, named=st.booleans(), dated=st.booleans(), promised=st.booleans())
    def promises(
        self,
        parcels: dict[str, tuple[str, datetime, datetime | None]],
        day: date,
        named: bool,
        dated: bool,
        promised: bool,
    ) -> None:
        """An export of parcels, with or without their promises."""
        columns = (*(("promised_to",) if promised else ()), *(("updated_at",) if dated else ()))
        as_of = datetime.combine(day, datetime.min.time())
        shown = [",".join(("parcel_id", "delivered_at", "carrier", *columns))]
        for name, (carrier, promise, updated) in parcels.items():
            cells = {"promised_to": promise, "updated_at": updated}
            shown.append(",".join((name, str(CREATED), carrier, *(str(cells[column] or "") for column in columns))))
        self.send("\n".join(shown) + "\n", as_of, named)
        for name, (carrier, promise, updated) in parcels.items():
            self.remember_parcel(name, carrier, promise if promised else None, updated if dated else None, dated, as_of)

    @rule(number=st.integers(0, 50))
    def again(self, number: int) -> None:
        """Bytes that were ingested before, under another name."""
        if self.sent:
            content, _, as_of = self.sent[number % len(self.sent)]
            before = self.rows()
            self.send(content, as_of, named=False, again=True)
            assert self.rows() == before

    def send(self, content: str, as_of: datetime, named: bool, *, again: bool = False) -> None:
        """Ingest it; what no other export holds makes its bytes its own."""
        self.number += 1
        name = f"e{self.number}_{as_of:%Y-%m-%d}.csv" if named else f"e{self.number}.csv"
        if not again:
            content += f"own{self.number},{CREATED},email" + "," * (content.partition("\n")[0].count(",") - 2) + "\n"
            self.sent.append((content, name, as_of))
        layout = "kpibar-parcels" if content.startswith("parcel_id") else "kpibar-contacts"
        options = Options(layout) if named else Options(layout, as_of=as_of)
        (outcome,) = ingest(self.store, [write(self.folder, name, content)], self.config, options)
        assert outcome.error is None, outcome.error
        assert (outcome.same_as_before is not None) == again

    def remember(self, lines: Lines, columns: tuple[str, ...], as_of: datetime) -> None:
        """The rule, on a dict."""
        for name, new in lines:
            held = self.known.get(name)
            if held is None:
                self.known[name] = Held(new.queue, new.team, new.updated, as_of)
                continue
            said = {
                "queue": new.queue,
                "team": new.team if "team" in columns else held.team,
                "updated": new.updated if "updated_at" in columns else held.updated,
            }
            same = said == {"queue": held.queue, "team": held.team, "updated": held.updated}
            if same:
                self.known[name] = Held(held.queue, held.team, held.updated, max(held.as_of, as_of))
            elif not self.older(new.updated, as_of, held):
                self.known[name] = Held(said["queue"], said["team"], said["updated"], as_of)  # type: ignore[arg-type]

    def remember_parcel(
        self,
        name: str,
        carrier: str,
        promise: datetime | None,
        updated: datetime | None,
        dated: bool,
        as_of: datetime,
    ) -> None:
        """The rule, on a dict; `promise` is None where the export has no such column."""
        held = self.parcels.get(name)
        if held is None:
            seen = (updated, as_of) if promise else (None, None)
            self.parcels[name] = Parcel(carrier, promise, None, updated, as_of, *seen)
            return
        first = held
        if promise and (held.seen is None or self.older_promise(updated, as_of, held)):
            first = replace(held, first=promise, seen=as_of, seen_updated=updated)
        last = held.last if promise is None else promise if promise != first.first else None
        said = replace(first, carrier=carrier, last=last, updated=updated if dated else held.updated)
        if said == replace(first, first=held.first):
            self.parcels[name] = replace(first, as_of=max(as_of, held.as_of))
        elif not self.older(updated, as_of, held):
            self.parcels[name] = replace(said, as_of=as_of)
        elif first is not held:
            announced = held.last or held.first
            self.parcels[name] = replace(first, last=announced if announced != promise else None)

    @staticmethod
    def older_promise(updated: datetime | None, as_of: datetime, held: Parcel) -> bool:
        if updated is not None and held.seen_updated is not None and updated != held.seen_updated:
            return updated < held.seen_updated
        return held.seen is not None and as_of < held.seen

    @staticmethod
    def older(updated: datetime | None, as_of: datetime, held: Held | Parcel) -> bool:
        if updated is not None and held.updated is not None and updated != held.updated:
            return updated < held.updated
        return as_of < held.as_of

    def rows(self) -> dict[str, tuple[object, ...]]:
        found = self.store.engine.rows("SELECT contact_id, queue, team, updated_at FROM contacts")
        return {row[0]: row[1:] for row in found if not row[0].startswith("own")}

    @invariant()
    def the_table_is_the_dict(self) -> None:
        if self.number:
            expected = {name: (held.queue, held.team, held.updated) for name, held in self.known.items()}
            assert self.rows() == expected

    @invariant()
    def promises_are_those_of_the_dict(self) -> None:
        if self.number:
            found = self.store.engine.rows(
                "SELECT parcel_id, carrier, promised_to, last_promised_to, updated_at FROM parcels "
                "WHERE parcel_id NOT LIKE 'own%' ORDER BY 1"
            )
            expected = sorted((name, p.carrier, p.first, p.last, p.updated) for name, p in self.parcels.items())
            assert found == expected

    @invariant()
    def the_ledger_agrees(self) -> None:
        if self.number:
            assert [one for one in check(self.store, Thresholds()) if not one.note] == []


@pytest.mark.long
def test_any_sequence_of_exports_is_what_a_dict_says() -> None:
    run_state_machine_as_test(Exports, settings=QUICK)


def test_the_date_in_a_name() -> None:
    day = date(2026, 1, 15)
    for name in ("tickets_2026-01-15.csv", "export-20260115.csv", "2026_01_15.csv", "a 2026.01.15 (1).csv"):
        assert date_in_name(name) == day, name
    for name in ("tickets.csv", "2026-13-01.csv", "2026-02-30.csv", "120260115.csv", "2025-01-01_2025-12-31.csv"):
        assert date_in_name(name) is None, name


if __name__ == "__main__":
    sequences = int(sys.argv[2]) if len(sys.argv) > 2 else FULL.max_examples
    run_state_machine_as_test(Exports, settings=settings(FULL, max_examples=sequences))
    print(f"{sequences} sequences of up to {FULL.stateful_step_count} steps: the table is what the dict says")
