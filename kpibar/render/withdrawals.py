"""Words for deletions from a database: what is deleted, what stays and why, what to do next."""

from collections.abc import Sequence

from kpibar.removal.erasure import Erasure, Removal
from kpibar.removal.files import FileRemoval, ReadFile
from kpibar.removal.people import PersonRecords
from kpibar.removal.rotation import Rotation
from kpibar.render.clean import clean
from kpibar.render.summary import number, reading_options


def count_text(records: int, singular: str = "record", plural: str = "records") -> str:
    """A number and its noun."""
    return f"{number(records)} {singular if records == 1 else plural}"


def forget_lines(erasure: Erasure) -> list[str]:
    """What is of a person, and what stays of it in records of others."""
    person = erasure.person
    assert person is not None
    lines = [f"{label}: {'on ' + count_text(n) if n else 'on no record'}" for label, n in person.by]
    if person.links:
        noun = "identifier" if person.links == 1 else "identifiers"
        lines.append(f"{number(person.links)} other {noun} of this person alone: records with them are deleted as well")
    return [*lines, *deletions(erasure.removals, "to delete:"), *_of_others(person)]


def _of_others(person: PersonRecords) -> list[str]:
    sentences = (
        (person.shares, "record of another customer has the identifier too: it is emptied there",
         "records of other customers have the identifier too: it is emptied there"),
        (person.agent_contacts, "contact of a customer was handled by this person: the agent is emptied there",
         "contacts of customers were handled by this person: the agent is emptied there"),
        (person.mentions,
         "record of another customer names an order of this person and stays: is it the same person? {}",
         "records of other customers name an order of this person and stay: is it the same person? {}"),
        (person.doubtful, "record names no customer and an order number that another order has too: it stays",
         "records name no customer and an order number that another order has too: they stay"),
    )  # fmt: skip
    name = "Then name the other identifier too"
    return [f"{number(n)} {(singular if n == 1 else plural).format(name)}" for n, singular, plural in sentences if n]


def deletions(removals: Sequence[Removal], heading: str) -> list[str]:
    """How many records are deleted, by table and source."""
    if not removals:
        return ["no record is deleted"]
    rows = [f"  {removal.entity} of {clean(removal.source)}: {count_text(removal.records)}" for removal in removals]
    return [heading, *rows]


def remove_lines(removal: FileRemoval) -> list[str]:
    """What is deleted with a file, and which files to ingest again."""
    lines = [f"to delete: file {clean(str(removal.file))}"]
    lines += [f"  {entity}: {count_text(count)}" for entity, count in removal.rows]
    if removal.losses:
        lines.append(
            f"{count_text(removal.losses)} of them came in other files of {clean(removal.file.source)} too, "
            "whose versions are no longer stored"
        )
    if removal.again:
        lines.append("ingest these files again, in this order, so that their records are complete:")
        lines += [f"  kpibar ingest {clean(ingest_arguments(file))}" for file in removal.again]
    return lines


def ingest_arguments(file: ReadFile) -> str:
    """The arguments by which a file is read as before."""
    return f'"{file.name}"{reading_options(file.statement, file.brand, file.as_of)}'


def rotate_lines(rotation: Rotation) -> list[str]:
    """What to do for another key."""
    key, database = clean(str(rotation.key)), clean(str(rotation.database))
    under = f'KPIBAR_KEY_FILE="{key}" kpibar'
    lines = [
        f"new key: {key} - keep a copy; the old key and the database stay in use",
        "ingest every export under the new key into a new database, in this order:",
        *(f'  {under} ingest {clean(ingest_arguments(file))} --db "{database}"' for file in rotation.readings),
    ]
    if rotation.persons:
        lines += [
            "persons were forgotten in the old database: forget each of them in the new one too",
            f'  {under} forget --email ... --db "{database}"',
        ]
    return [*lines, "then replace the old key and database by the new ones: kpibar rotate-key --finish"]


def purge_lines(erasure: Erasure) -> list[str]:
    """What began before the day of a purge."""
    return deletions(erasure.removals, f"to delete: records that began before {erasure.before}")
