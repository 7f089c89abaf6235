"""Words for deletions from a database: what is deleted, what stays and why, what to do next."""

from collections.abc import Sequence

from kpibar.removal.erasure import Erasure, Removal
from kpibar.removal.files import FileRemoval, ReadFile
from kpibar.removal.people import PersonRecords
from kpibar.removal.rotation import Rotation
from kpibar.render.clean import clean
from kpibar.render.summary import number


def counted(records: int, one: str = "record", many: str = "records") -> str:
    """A number and its noun."""
    return f"{number(records)} {one if records == 1 else many}"


def forgetting(erasure: Erasure) -> list[str]:
    """What is of a person, and what stays of it in records of others."""
    found = erasure.person
    assert found is not None
    lines = [f"{label}: {'on ' + counted(n) if n else 'on no record'}" for label, n in found.by]
    if found.links:
        what = "identifier" if found.links == 1 else "identifiers"
        lines.append(f"{number(found.links)} other {what} of this person alone: records with them are deleted as well")
    return [*lines, *deletions(erasure.removals, "to delete:"), *_of_others(found)]


def _of_others(found: PersonRecords) -> list[str]:
    sentences = (
        (found.shares, "record of another customer has the identifier too: it is emptied there",
         "records of other customers have the identifier too: it is emptied there"),
        (found.agent_contacts, "contact of a customer was handled by this person: the agent is emptied there",
         "contacts of customers were handled by this person: the agent is emptied there"),
        (found.mentions,
         "record of another customer names an order of this person and stays: is it the same person? {}",
         "records of other customers name an order of this person and stay: is it the same person? {}"),
        (found.doubtful, "record names no customer and an order number that another order has too: it stays",
         "records name no customer and an order number that another order has too: they stay"),
    )  # fmt: skip
    name = "Then name the other identifier too"
    return [f"{number(n)} {(one if n == 1 else many).format(name)}" for n, one, many in sentences if n]


def deletions(removals: Sequence[Removal], heading: str) -> list[str]:
    """How many records are deleted, by table and source."""
    if not removals:
        return ["no record is deleted"]
    rows = [f"  {one.entity} of {clean(one.source)}: {counted(one.records)}" for one in removals]
    return [heading, *rows]


def removing(planned: FileRemoval) -> list[str]:
    """What is deleted with a file, and which files to ingest again."""
    lines = [f"to delete: file {clean(str(planned.file))}"]
    lines += [f"  {entity}: {counted(count)}" for entity, count in planned.rows]
    if planned.losses:
        lines.append(
            f"{counted(planned.losses)} of them came in other files of {clean(planned.file.source)} too, "
            "whose versions are no longer stored"
        )
    if planned.again:
        lines.append("ingest these files again, in this order, so that their records are complete:")
        lines += [f"  kpibar ingest {clean(again(one))}" for one in planned.again]
    return lines


def again(one: ReadFile) -> str:
    """The arguments by which a file is read as before."""
    said = one.statement
    as_of = f"{one.as_of.isoformat()}Z" if one.as_of else None
    options = {"tz": said.timezone, "date-order": said.date_order, "encoding": said.encoding, "as-of": as_of}
    words = f' --brand "{one.brand}"' if one.brand else ""
    words += "".join(f" --{name} {value}" for name, value in options.items() if value)
    return f'"{one.name}"{words}' + (" --keep-text" if said.keep_text else "")


def rotating(planned: Rotation) -> list[str]:
    """What to do for another key."""
    key, database = clean(str(planned.key)), clean(str(planned.database))
    under = f'KPIBAR_KEY_FILE="{key}" kpibar'
    lines = [
        f"new key: {key} - keep a copy; the old key and the database stay in use",
        "ingest every export under the new key into a new database, in this order:",
        *(f'  {under} ingest {clean(again(one))} --db "{database}"' for one in planned.readings),
    ]
    if planned.persons:
        lines += [
            "persons were forgotten in the old database: forget each of them in the new one too",
            f'  {under} forget --email ... --db "{database}"',
        ]
    return [*lines, "then replace the old key and database by the new ones: kpibar rotate-key --finish"]


def purging(erasure: Erasure) -> list[str]:
    """What began before the day of a purge."""
    return deletions(erasure.removals, f"to delete: records that began before {erasure.before}")
