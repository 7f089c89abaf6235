"""Words for deletions from a database: what is deleted, what stays and why, what to do next."""

from collections.abc import Sequence

from kpibar.removal.erasure import Erasure, Removal
from kpibar.removal.files import FileRemoval, IngestedFile, ReadFile
from kpibar.removal.people import PersonRecords
from kpibar.removal.rotation import Rotation
from kpibar.render.clean import clean
from kpibar.render.messages import say, say_count, table_name
from kpibar.render.summary import reading_options

# What an identifier is called by `removal.people`, and the message that names it.
_IDENTIFIERS = {
    "e-mail address": "forget_email",
    "telephone number": "forget_phone",
    "customer id": "forget_customer",
}


def count_text(records: int, lang: str) -> str:
    """A number of records."""
    return say_count("removal_records", lang, records)


def forget_lines(erasure: Erasure, lang: str) -> list[str]:
    """What is of a person, and what stays of it in records of others."""
    person = erasure.person
    assert person is not None
    lines = [_identifier_line(label, n, lang) for label, n in person.by]
    if person.links:
        lines.append(say_count("forget_links", lang, person.links))
    heading = say("removal_heading", lang)
    return [*lines, *deletions(erasure.removals, heading, lang), *_of_others(person, lang)]


def _identifier_line(label: str, records: int, lang: str) -> str:
    """What one identifier is on; where several of a kind were given, its number stands behind its name."""
    kind = next(name for name in _IDENTIFIERS if label.startswith(name))
    words = say(_IDENTIFIERS[kind], lang) + label.removeprefix(kind)
    if not records:
        return say("forget_on_none", lang, label=words)
    return say("forget_on", lang, label=words, records=count_text(records, lang))


def _of_others(person: PersonRecords, lang: str) -> list[str]:
    counts = {
        "forget_shares": person.shares,
        "forget_agent": person.agent_contacts,
        "forget_mentions": person.mentions,
        "forget_doubtful": person.doubtful,
    }
    return [say_count(key, lang, count) for key, count in counts.items() if count]


def deletions(removals: Sequence[Removal], heading: str, lang: str) -> list[str]:
    """How many records are deleted, by table and source."""
    if not removals:
        return [say("removal_nothing", lang)]
    return [heading, *(f"  {_deletion(removal, lang)}" for removal in removals)]


def _deletion(removal: Removal, lang: str) -> str:
    table, records = table_name(removal.entity, lang), count_text(removal.records, lang)
    return say("removal_of", lang, table=table, source=clean(removal.source), records=records)


def remove_lines(removal: FileRemoval, lang: str) -> list[str]:
    """What is deleted with a file, and which files to ingest again."""
    lines = [say("remove_heading", lang, file=clean(_file_name(removal.file, lang)))]
    lines += [
        "  " + say("remove_table", lang, table=table_name(entity, lang), records=count_text(count, lang))
        for entity, count in removal.rows
    ]
    if removal.losses:
        source = clean(removal.file.source)
        lines.append(say("remove_losses", lang, records=count_text(removal.losses, lang), source=source))
    if removal.again:
        lines.append(say("remove_again", lang))
        lines += [f"  kpibar ingest {clean(ingest_arguments(file))}" for file in removal.again]
    return lines


def _file_name(file: IngestedFile, lang: str) -> str:
    """A file of the ledger by its last number, as `str` of it has it in English."""
    return say(
        "remove_file", lang, number=file.numbers[-1], name=file.name, source=file.source, records=file.records,
        day=f"{file.ingested_at:%Y-%m-%d}",
    )  # fmt: skip


def ingest_arguments(file: ReadFile) -> str:
    """The arguments by which a file is read as before."""
    return f'"{file.name}"{reading_options(file.statement, file.brand, file.as_of)}'


def rotate_lines(rotation: Rotation, lang: str) -> list[str]:
    """What to do for another key."""
    key, database = clean(str(rotation.key)), clean(str(rotation.database))
    under = f'KPIBAR_KEY_FILE="{key}" kpibar'
    lines = [
        say("rotate_key", lang, key=key),
        say("rotate_ingest", lang),
        *(f'  {under} ingest {clean(ingest_arguments(file))} --db "{database}"' for file in rotation.readings),
    ]
    if rotation.persons:
        lines += [say("rotate_forget", lang), f'  {under} forget --email ... --db "{database}"']
    return [*lines, say("rotate_finish", lang)]


def purge_lines(erasure: Erasure, lang: str) -> list[str]:
    """What began before the day of a purge."""
    return deletions(erasure.removals, say("purge_heading", lang, day=erasure.before), lang)
