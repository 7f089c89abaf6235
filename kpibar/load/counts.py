"""What the batches of a file add up to: records by fate, listed values nobody knows, assertions that hold."""

import re
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kpibar.database.schema import INSTANTS, KEYS
from kpibar.database.store import Store
from kpibar.layouts.layout import Layout, duration_sql
from kpibar.load.errors import LayoutContradicted
from kpibar.load.outcome import Remark
from kpibar.load.plan import Plan
from kpibar.load.typed import PLACE
from kpibar.privacy.disclosure import NAMED_FROM, blank, show_value
from kpibar.read.columns import normal
from kpibar.read.records import names_columns

# The remark on records of which the whole line stood in quotes.
LINE_IN_QUOTES = "line_in_quotes"
# The remark on records with signs in their free text that an earlier program could not read.
DAMAGED_TEXT = "damaged_text"
# The remark on blank lines between records.
LINE_BLANK = "line_blank"
# The remark on a last record behind which the line end is missing.
LINE_END_MISSING = "line_end_missing"
_AGREEMENT = 0.95
_ENOUGH_TO_ASSERT = 20
# Of the records of a paired assertion, so many may lack one of the two durations.
_GAP_SHARE = 0.25
_MOST_UNKNOWN = 20
# A remark that concerns fewer of a file's records is chance: some contacts do come at midnight.
_BY_CHANCE = {"created_day_only": 0.01}
# So many rejected records are looked at for a second header: where there are more, the file is refused anyway.
_LOOKED_AT = 10_000


@dataclass
class Tally:
    """What the batches of a file brought so far.

    `records` were typed, `bad` of them rejected, `folded` lines went into another record, `dropped` were left aside by
    the layout, `uncertain` ones have a time that is skipped or repeated when clocks change; `faults` never became a
    record. `additions`, `refusals` (rejected by a further table alone) and `newest` (the latest instant told of) are
    per table, as are `contests` (of which more than one version is known); `pairs_known`, `agreements` and `gaps` (only
    one of the two durations) per assertion of the layout; `unknown` counts listed values by column and value, `remarks`
    the records a remark concerns, by its code and what it is about.
    """

    records: int = 0
    faults: int = 0
    bad: int = 0
    folded: int = 0
    dropped: int = 0
    uncertain: int = 0
    additions: Counter[str] = field(default_factory=Counter)
    contests: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    newest: dict[str, datetime | None] = field(default_factory=dict)
    agreements: Counter[str] = field(default_factory=Counter)
    pairs_known: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    remarks: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class Judgement:
    """How many records of `typed` are rejected, may be a header (`words`), are near a change of clocks.

    `unknown` are the listed columns that hold values which the layout does not know.
    """

    rejected: int
    words: int
    near: int
    unknown: tuple[str, ...]


def count_typed(store: Store, plan: Plan, tally: Tally) -> Judgement:
    """What `typed` holds, in one query; adds the lines that were folded and the records that are left aside."""
    folded = "coalesce(sum(lines_folded - 1), 0)::BIGINT" if plan.has_groups else "0"
    faulty = "NOT dropped AND (bad IS NOT NULL OR key_fault IS NOT NULL)"
    unknown = "".join(f", count({name})" for name in plan.unknown)
    lines, dropped, rejected, words, near, *counts = store.engine.rows(
        f"SELECT {folded}, count(*) FILTER (WHERE dropped), count(*) FILTER (WHERE {faulty}), count(words), "
        f"count(*) FILTER (WHERE {plan.clock_changes[0]}){unknown} FROM typed"
    )[0]
    tally.folded, tally.dropped = tally.folded + lines, tally.dropped + dropped
    return Judgement(rejected, words, near, tuple(name for name, n in zip(plan.unknown, counts, strict=True) if n))


def count_uncertain(store: Store, plan: Plan, tally: Tally) -> None:
    """Count the records of `typed` with a time that is skipped or repeated when clocks change."""
    tally.uncertain += store.engine.rows(plan.clock_changes[1])[0][0]


def count_unknown(store: Store, plan: Plan, names: Iterable[str], tally: Tally) -> None:
    """Count the values of listed columns of `typed` that the layout does not know."""
    for name in names:
        rows = store.engine.rows(f"SELECT {name}, count(*) FROM typed WHERE {name} IS NOT NULL GROUP BY 1")
        for value, n in rows:
            count_value(tally, plan.unknown[name], value, n)


def count_value(tally: Tally, column: str, value: str, n: int) -> None:
    """Count an unknown value of a column on `n` records; of what may be personal the shape."""
    tally.unknown[column, show_value(value)] += n


def count_shape(tally: Tally, column: str, value: str, n: int) -> None:
    """Count an unknown value of a column that people fill by hand on `n` records: its shape alone."""
    tally.unknown[column, blank(value)] += n


@dataclass(frozen=True)
class Records:
    """The valid records of `typed` for a table: how many, whether a number comes `twice`, the `newest` instant told of.

    `faults` are how many are meant for it that it cannot take.
    """

    valid: int
    twice: bool
    faults: int
    newest: datetime | None


def count_records(store: Store, plan: Plan, entity: str, tally: Tally) -> Records:
    """What `typed` has for a table, in one query; counts the records in which something is odd: most often none.

    What is to come has not happened.
    """
    table, number = plan.tables[entity], KEYS[entity].id[0]
    instants = [name for name in INSTANTS[entity] if "t." in table.fields.get(name, "")]
    fits = "" if table.fault is None else "t.fault IS NULL AND "
    now = f"TIMESTAMP '{datetime.now(UTC):%Y-%m-%d %H:%M:%S}'"
    latest = "".join(f"max(t.{name}) FILTER (WHERE {fits}t.{name} <= {now}), " for name in instants)
    odd = "".join(f", count(*) FILTER (WHERE {fits}({group.odd}))" for group in table.remarks)
    fields = plan.meaning_sql(entity, *dict.fromkeys((number, *instants)))
    valid, distinct, faults, newest, *suspects = store.engine.rows(
        f"SELECT count(*) FILTER (WHERE {fits}TRUE), count(DISTINCT t.{number}) FILTER (WHERE {fits}TRUE), "
        f"count(t.fault), greatest({latest}CAST(NULL AS TIMESTAMP)){odd} FROM {fields} AS t"
    )[0]
    for group, is_suspect in zip(table.remarks, suspects, strict=True):
        if is_suspect:
            counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in group.conditions.values())
            records = store.engine.rows(f"SELECT {counts} FROM {plan.valid(entity)} AS t WHERE {group.odd}")[0]
            tally.remarks.update({remark: n for remark, n in zip(group.conditions, records, strict=True) if n})
    return Records(valid, valid > distinct, faults, newest)


def note_newest(tally: Tally, entity: str, newest: datetime | None) -> None:
    """Note up to which instant the records of a table tell of what happened, if that is later than known so far."""
    tally.newest[entity] = max(filter(None, (newest, tally.newest.get(entity))), default=None)


def newest_left_aside(store: Store, plan: Plan) -> datetime | None:
    """The newest instant of the records of `typed` that the layout leaves aside: the export speaks up to then too."""
    table = plan.tables[plan.main]
    instants = [name for name in INSTANTS[plan.main] if re.search(r"\bt\.h[0-9]+\b", table.fields.get(name, ""))]
    if not instants:
        return None
    now = f"TIMESTAMP '{datetime.now(UTC):%Y-%m-%d %H:%M:%S}'"
    newest = ", ".join(f"max({name}) FILTER (WHERE {name} <= {now})" for name in instants)
    fields = ", ".join(f"CAST({table.fields[name]} AS TIMESTAMP) AS {name}" for name in instants)
    rows = store.engine.rows(
        f"SELECT greatest({newest}, CAST(NULL AS TIMESTAMP)) FROM (SELECT {fields} FROM typed AS t WHERE t.dropped)"
    )
    instant: datetime | None = rows[0][0]
    return instant


def count_later(store: Store, entity: str, file_id: int, as_of: datetime | None, tally: Tally) -> None:
    """Count the records a file brought of which something happened after the instant it is stated to speak up to."""
    newest = tally.newest[entity]
    if as_of is None or newest is None or newest <= as_of:
        return
    instants = [name for name in INSTANTS[entity] if name != "updated_at"]
    later = " OR ".join(f"coalesce({name} > ?, FALSE)" for name in instants) or "FALSE"
    sql = f"SELECT count(*) FROM {entity} WHERE file_id = ? AND ({later})"
    tally.remarks["after_export", ""] += store.engine.rows(sql, [file_id, *([as_of] * len(instants))])[0][0]


def write_unknown(store: Store, file_id: int, tally: Tally) -> tuple[tuple[str, str, int], ...]:
    """Keep the most frequent unknown values of each column, and return them: column, value, records.

    Of a value that few records have only the shape is told: letters and digits blanked.
    """
    rows, words = [], Counter[tuple[str, str]]()
    for (column, value), n in tally.unknown.items():
        words[column, value if n >= NAMED_FROM else blank(value)] += n
    for column in dict.fromkeys(column for column, _ in words):
        values = [(value, n) for (word_column, value), n in words.items() if word_column == column]
        rows += [
            (column, value, n) for value, n in sorted(values, key=lambda pair: (-pair[1], pair[0]))[:_MOST_UNKNOWN]
        ]
    for column, value, n in rows:
        store.engine.run("INSERT INTO unknown_values VALUES (?, ?, ?, ?)", [file_id, column, value, n])
    return tuple(rows)


def write_remarks(store: Store, file_id: int, tally: Tally) -> tuple[Remark, ...]:
    """Keep what was remarked of a file, and return it: what concerns most records first."""
    ordered_remarks = sorted(tally.remarks.items(), key=lambda pair: (-pair[1], pair[0]))
    remarks = tuple(
        Remark(code, about, records)
        for (code, about), records in ordered_remarks
        if records and records >= tally.records * _BY_CHANCE.get(code, 0)
    )
    for remark in remarks:
        store.engine.run(
            "INSERT INTO remarks VALUES (?, ?, ?, ?)", [file_id, remark.code, remark.about, remark.records]
        )
    return remarks


def count_agreeing(store: Store, plan: Plan, layout: Layout, tally: Tally) -> None:
    """Count on how many records of `typed` each of the layout's assertions can be judged, and on how many it holds."""
    table, names, columns, counts = plan.tables[layout.fills], set[str](), list[str](), list[str]()
    for number, assertion in enumerate(layout.assertions):
        sides = [duration_sql(layout, side) for side in (assertion.left, assertion.right)]
        names |= {name for name in table.fields if re.search(rf"\b{name}\b", " ".join(sides))}
        a, b = f"a{number}", f"b{number}"
        columns += [f"({sides[0]}) AS {a}", f"({sides[1]}) AS {b}"]
        counts.append(
            f"count({a} - {b}), count(*) FILTER (WHERE abs({a} - {b}) <= {assertion.tolerance_s}), "
            f"count(*) FILTER (WHERE ({a} IS NULL) <> ({b} IS NULL))"
        )
    if not counts:
        return
    fields = plan.field(layout.fills, *sorted(names))
    totals = store.engine.rows(f"SELECT {', '.join(counts)} FROM (SELECT {', '.join(columns)} FROM ({fields}))")[0]
    for number, assertion in enumerate(layout.assertions):
        pairs_known, agreements, gaps = totals[3 * number : 3 * number + 3]
        tally.gaps[assertion.name] += gaps
        tally.pairs_known[assertion.name] += pairs_known
        tally.agreements[assertion.name] += agreements


def check_assertions(path: Path, layout: Layout, tally: Tally) -> None:
    """Refuse the file when one of its layout's assertions fails on more than 5 % of its records.

    So is one of which more than a quarter has one of two durations that always come together.

    Raises LayoutContradicted.
    """
    for assertion in layout.assertions:
        pairs_known, agreements = tally.pairs_known[assertion.name], tally.agreements[assertion.name]
        if pairs_known >= _ENOUGH_TO_ASSERT and agreements < _AGREEMENT * pairs_known:
            raise LayoutContradicted(path, layout.name, assertion.name, agreements, pairs_known)
        gaps = tally.gaps[assertion.name] if assertion.needs_both else 0
        if pairs_known >= _ENOUGH_TO_ASSERT and gaps > _GAP_SHARE * (pairs_known + gaps):
            raise LayoutContradicted(path, layout.name, assertion.name, agreements, pairs_known + gaps, gaps)


def second_header(store: Store, plan: Plan, names: Set[str]) -> int | None:
    """The place in the batch of the first record of `typed` that is a header of other columns, None without one.

    It has a value that is none of its column's, and no digit in it. `names` are normalised. A header that repeats the
    file's own is none.
    """
    place = "line" if plan.has_groups else PLACE
    rows = store.engine.rows(f"SELECT {place}, words FROM typed WHERE words IS NOT NULL ORDER BY 1 LIMIT {_LOOKED_AT}")
    for at, texts in rows:
        cells = [text or "" for text in texts]
        if names_columns(cells, names) and tuple(map(normal, cells)) != plan.source_columns:
            return int(at)
    return None
