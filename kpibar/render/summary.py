"""What an ingest says of each file and of all of them, and what to do with rejected records."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from kpibar.database.ledger import Counts, Statement
from kpibar.kpis.catalogue import Catalogue
from kpibar.load.corrections import Corrections
from kpibar.load.outcome import LoadedTable, Outcome, Reject, Remark
from kpibar.load.plan import REASONS
from kpibar.measure.coverage import disabled_kpis
from kpibar.privacy.disclosure import NAMED_FROM, blank
from kpibar.privacy.personal import name_shape
from kpibar.render.clean import clean
from kpibar.render.messages import is_single, number, say, say_count, table_name
from kpibar.topics.reasons import UNKNOWN
from kpibar.topics.rules import reasons

_NAMED_LINES = 12
_NAMED_WORDS = 10
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def outcome_lines(
    outcome: Outcome, definitions: Catalogue, dry_run: bool, brief: bool = False, lang: str = "en"
) -> list[str]:
    """What became of a file, one fact a line; in brief, the counts only."""
    if outcome.error is not None:
        return []
    heading = _heading(outcome, lang)
    if outcome.same_as_before is not None:
        return [heading, f"  {_same(outcome.same_as_before, outcome.new_as_of, lang)}"]
    lines = [say("ingest_trial", lang, file=heading) if dry_run else heading]
    lines += [f"  {_count_line(table, lang)}" for table in outcome.tables]
    if brief:
        return lines
    facts = [say("ingest_reject", lang, reject=reject_text(reject, lang)) for reject in outcome.rejects]
    excess = sum(table.counts.rejected for table in outcome.tables) - len(outcome.rejects)
    if excess > 0:
        facts.append(say_count("ingest_more_rejects", lang, excess))
    facts += _repair_lines(outcome, lang)
    if outcome.uncertain:
        facts.append(say_count("ingest_uncertain", lang, outcome.uncertain))
    if outcome.lines.footer:
        facts.append(say_count("ingest_footer", lang, outcome.lines.footer))
    facts += _unlisted_values(outcome, lang)
    facts += [remark_text(remark, lang) for remark in outcome.remarks]
    words = [(value, n) for column, value, n in outcome.unknown if column == REASONS]
    facts += reason_lines(words, outcome.own_reasons, lang)
    facts += [say("ingest_absent", lang, column=column, name=clean(name)) for column, name in outcome.absent]
    facts += _other_sources(outcome, lang)
    facts += _without_input(outcome, definitions, lang)
    return lines + [f"  {fact}" for fact in facts]


def _heading(outcome: Outcome, lang: str) -> str:
    """The file, the layout it is read by, its encoding and its delimiter."""
    name = clean(str(outcome.path.with_name(name_shape(outcome.path.name))))
    word = _DELIMITERS.get(outcome.delimiter)
    delimiter = say(f"delimiter_{word}", lang) if word else outcome.delimiter
    how = ", ".join(filter(None, (outcome.layout, outcome.encoding, delimiter)))
    return say("ingest_file", lang, file=name, how=how)


def _same(before: datetime, later: datetime | None, lang: str) -> str:
    when = f"{before:%Y-%m-%d %H:%M}"
    if later is None:
        return say("ingest_same", lang, when=when)
    return say("ingest_same_later", lang, when=when, later=f"{later:%Y-%m-%d %H:%M}")


def _without_input(outcome: Outcome, definitions: Catalogue, lang: str) -> list[str]:
    """The KPIs that the file could feed and does not, and the columns it lacks."""
    without_input = disabled_kpis(definitions, outcome.tables[0].entity, outcome.tables[0].columns)
    if not without_input:
        return []
    columns = sorted({need.partition(".")[2] for needs in without_input.values() for need in _options(needs)})
    return [say("ingest_no_figures", lang, kpis=", ".join(without_input), columns=", ".join(columns))]


@lru_cache(maxsize=1)
def _sentences() -> Mapping[str, Any]:
    """The remarks by code, then by language: `one`, `many`, and `about`, words of what a remark is about."""
    return tomllib.loads(files("kpibar").joinpath("render", "remarks.toml").read_text(encoding="utf-8"))


def remark_text(remark: Remark, lang: str = "en") -> str:
    """A remark as a sentence."""
    forms = _sentences()[remark.code][lang]
    form = forms["one"] if is_single(remark.records, lang) else forms["many"]
    about = _translate(remark.about, forms.get("about", {}))
    return clean(form.format(records=number(remark.records, lang), about=about))


def _translate(about: str, words: Mapping[str, str]) -> str:
    """What a remark is about in another language: the database has it in English.

    A word that begins with a blank or another sign stands among names, once; any other is all there is, or begins it.
    """
    for word, translation in words.items():
        if not word[0].isalpha() or about.startswith(word):
            about = about.replace(word, translation, 1)
    return about


@lru_cache(maxsize=1)
def _reasons_of_rejects() -> Sequence[tuple[re.Pattern[str], Mapping[str, str]]]:
    """The reasons of rejects: what matches one in English, as the database has it, and its text by language."""
    text = files("kpibar").joinpath("render", "rejects.toml").read_text(encoding="utf-8")
    entries: list[dict[str, str]] = tomllib.loads(text)["reason"]
    return [(re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(entry["en"]))), entry) for entry in entries]


def reject_reason(reason: str, lang: str) -> str:
    """Why something was not loaded; in English where there is no other text for it."""
    if lang == "en":
        return reason
    for pattern, texts in _reasons_of_rejects():
        if match := pattern.fullmatch(reason):
            values = {name: reject_reason(value, lang) for name, value in match.groupdict().items()}
            return texts[lang].format(**values)
    return reason


def reject_text(reject: Reject, lang: str) -> str:
    """A reject in words: file, line, column, what was found and what is wrong with it."""
    reason = reject_reason(reject.reason, lang)
    if reject.column is None:
        return clean(say("reject_line", lang, file=reject.file, line=reject.line, reason=reason))
    return clean(
        say(
            "reject_cell", lang, file=reject.file, line=reject.line, column=reject.column, shape=reject.shape,
            reason=reason,
        )
    )  # fmt: skip


def _repair_lines(outcome: Outcome, lang: str) -> list[str]:
    """Where broken lines were put right, so that they can be looked up in the export."""
    if not outcome.repaired_lines:
        return []
    lines = ", ".join(number(line, lang) for line in outcome.repaired_lines[:_NAMED_LINES])
    if outcome.counts.repaired == 1:
        return [say("ingest_repaired_line", lang, lines=lines)]
    excess = outcome.counts.repaired - _NAMED_LINES
    if excess > 0:
        lines = say("ingest_and_more", lang, names=lines, count=number(excess, lang))
    return [say("ingest_repaired_lines", lang, lines=lines)]


def _options(needs: Iterable[str]) -> list[str]:
    return [option for need in needs for option in need.split("|")]


def _count_line(table: LoadedTable, lang: str) -> str:
    return say("ingest_table", lang, table=table_name(table.entity, lang), equation=equation(table.counts, lang))


def equation(counts: Counts, lang: str = "en") -> str:
    """The counts as an equation that adds up; fates nothing met are left out, added and rejected never."""
    fates = (
        ("added", counts.added, True),
        ("updated", counts.updated, True),
        ("unchanged", counts.unchanged, True),
        ("superseded", counts.superseded, False),
        ("folded", counts.folded, False),
        ("rejected", counts.rejected, True),
        ("dropped", counts.dropped, False),
    )
    parts = " + ".join(say_count(f"ingest_{fate}", lang, count) for fate, count, always in fates if count or always)
    records = say_count("ingest_read", lang, counts.records)
    if not counts.repaired:
        return say("ingest_equation", lang, records=records, fates=parts)
    repaired = say_count("ingest_repaired", lang, counts.repaired)
    return say("ingest_equation_repaired", lang, records=records, repaired=repaired, fates=parts)


def _unlisted_values(outcome: Outcome, lang: str) -> list[str]:
    by_column: dict[str, list[str]] = {}
    for column, value, n in outcome.unknown:
        by_column.setdefault(column, []).append(f"{clean(value)} ({number(n, lang)})")
    layout = clean(outcome.layout)
    return [
        say("ingest_unlisted", lang, column=clean(column), values=", ".join(values[:6]), layout=layout)
        for column, values in by_column.items()
        if column != REASONS
    ]


def reason_lines(words: Sequence[tuple[str, int]], has_reasons: bool, lang: str = "en") -> list[str]:
    """The words of recorded reasons that nobody knows, and what to add to kpibar.toml for those that may be shown.

    `has_reasons` tells that kpibar.toml names reasons already. A rare word is shown by its shape.
    """
    if not words:
        return []
    lines = [say("reasons_unlisted", lang, words=counted_words(words[:_NAMED_WORDS], lang))]
    common = [(word, n) for word, n in words if n >= NAMED_FROM and blank(word) != word]
    if common:
        names = ", ".join(reason for reason in reasons() if reason != "other")
        lines.append(say("reasons_add_below" if has_reasons else "reasons_add", lang, names=names, unknown=UNKNOWN))
        lines += [] if has_reasons else ["  [reasons]"]
        lines += [
            f'  {_toml_text(word)} = "{UNKNOWN}"  # {say("reasons_contacts", lang, count=number(n, lang))}'
            for word, n in common
        ]
    return lines


def counted_words(words: Iterable[tuple[str, int]], lang: str) -> str:
    """Words in quotes, each with how often it occurs."""
    return ", ".join(say("quoted_count", lang, text=clean(word), count=number(n, lang)) for word, n in words)


def _toml_text(text: str) -> str:
    """A text as a key of TOML."""
    return json.dumps(clean(text), ensure_ascii=False)


def _other_sources(outcome: Outcome, lang: str) -> list[str]:
    """What the file has in common with sources of another brand, or of none."""
    if outcome.same_elsewhere:
        names = [
            say("ingest_under", lang, count=number(count, lang), source=clean(name))
            for name, count in outcome.same_elsewhere
        ]
        return [say("ingest_same_elsewhere", lang, sources=f" {say('ingest_and', lang)} ".join(names))]
    if outcome.other_sources:
        sources = ", ".join(say("quoted", lang, text=clean(source)) for source in outcome.other_sources)
        return [say("ingest_other_sources", lang, source=clean(outcome.source), sources=sources)]
    return []


def totals(outcomes: Sequence[Outcome], lang: str) -> str:
    """One line over all files."""
    loads = [outcome for outcome in outcomes if outcome.error is None]
    fresh = [table.counts for outcome in loads if outcome.same_as_before is None for table in outcome.tables]
    counts = {
        fate: say_count(f"ingest_{fate}", lang, sum(getattr(table, fate) for table in fresh))
        for fate in ("added", "updated", "rejected")
    }
    counts["files"] = say_count("ingest_files", lang, len(loads))
    if failures := len(outcomes) - len(loads):
        failed = say_count("ingest_failures", lang, failures)
        return say("ingest_totals_failed", lang, failures=failed, **counts)
    return say("ingest_totals", lang, **counts)


def space_warning(path: Path, free: int, need: int, lang: str) -> str:
    """A warning before an ingest that the disk might not hold."""
    megabytes = {"free": number(free / 1e6, lang), "need": number(need / 1e6, lang)}
    return say("ingest_space", lang, path=clean(str(path)), **megabytes)


def loss_warning(path: Path, entries: int, lang: str) -> str:
    """A warning that the disk lost what had been written."""
    return say_count("ingest_loss", lang, entries, path=clean(str(path)))


def reading_options(statement: Statement, brand: str | None, as_of: datetime | None) -> str:
    """The options of `ingest` by which records are read as those of an earlier file were; "" where none is needed.

    They are complete up to the same instant as that file, whatever the newest of them shows.
    """
    options = {
        "tz": statement.timezone,
        "date-order": statement.date_order,
        "encoding": statement.encoding,
        "as-of": f"{as_of.isoformat()}Z" if as_of else None,
    }
    words = f' --brand "{brand}"' if brand else ""
    words += "".join(f" --{name} {value}" for name, value in options.items() if value)
    return words + (" --keep-text" if statement.keep_text else "")


def to_correct(corrections: Corrections, output: Path, lang: str) -> str:
    """What to do with the rejected records that were written to a file."""
    words = reading_options(corrections.statement, corrections.brand, corrections.as_of)
    command = f"kpibar ingest {output} --layout {corrections.layout}{words}"
    return clean(say_count("rejects_to_correct", lang, corrections.records, command=command))
