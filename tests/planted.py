"""Identifiers of invented people planted in every column of every export, and where they are found afterwards.

python -m tests.planted            1,000 and more, in all sample exports and kpibar's own tables

What stays by design is documented (README, Privacy): digits alone in a column of numbers, of which nobody can tell
whether they are a telephone, a card or an order.
"""

import csv
import io
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb

from kpibar.layouts.layout import shelf
from kpibar.privacy.personal import is_account, is_card
from kpibar.read.columns import normal
from tests.support import REPOSITORY, kpibar

# More than four for each column, so that no record has two identifiers: one in a date or number rejects its record.
ROWS = 360
OWN = ("contacts", "orders", "parcels", "surveys", "notices", "gestures", "costs")
# Columns of numbers, in which digits alone are not judged.
NUMBERS = frozenset(
    normal(name)
    for name in (
        *("Id", "Name", "Ticket id", "Conversation ID", "Response ID", "Order number", "order_ref", "contact_id"),
        *("case_id", "parcel_id", "survey_id", "notice_id", "gesture_id", "merged_into", "call id", "reference"),
        *("ticket_id", "Order ID", "Order reference", "Numéro de commande", "N° de commande", "n° ticket"),
    )
)


@dataclass(frozen=True)
class Planted:
    """An identifier, the file and column it was planted in, and whether it is digits alone in a column of numbers."""

    text: str
    file: str
    column: str
    documented: bool


class Identifiers:
    """Identifiers of invented people in many notations, none twice."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._made = 0

    def _digits(self, count: int) -> str:
        return "".join(self._chance.choice("0123456789") for _ in range(count))

    def _account(self, separator: str) -> str:
        country, length = self._chance.choice((("FR", 27), ("DE", 22), ("GB", 22), ("BE", 16), ("ES", 24)))
        inner = ("ABCD" if country == "GB" else "") + self._digits(length - (8 if country == "GB" else 4))
        for check in range(2, 99):
            if is_account(f"{country}{check:02}{inner}"):
                whole = f"{country}{check:02}{inner}"
                return separator.join(whole[at : at + 4] for at in range(0, length, 4))
        raise AssertionError(inner)

    def _card(self, separator: str) -> str:
        start = self._chance.choice(("4539", "5212", "2221", "6011")) + self._digits(11)
        whole = next(f"{start}{check}" for check in range(10) if is_card(f"{start}{check}"))
        return separator.join(whole[at : at + 4] for at in range(0, 16, 4))

    def next(self) -> str:
        """Another identifier, in another notation than the one before."""
        number, self._made = self._made, self._made + 1
        d, pairs = self._digits, [self._digits(2) for _ in range(4)]
        forms = (
            lambda: f"plant{d(6)}@mail{d(3)}.example",
            lambda: f"Plant+{d(5)}@SHOP{d(3)}.EXAMPLE",
            lambda: f"plant{d(6)}@exämple{d(3)}.de",
            lambda: f'"plant {d(6)}"@mail.example',
            lambda: f"Ada Plant <plant{d(7)}@mail.example>",
            lambda: f"+33 6 {' '.join(pairs)}",
            lambda: f"+336{''.join(pairs)}",
            lambda: f"06 {' '.join(pairs)}",
            lambda: f"07.{'.'.join(pairs)}",
            lambda: f"01-{'-'.join(pairs)}",
            lambda: f"+33 (0)6 {' '.join(pairs)}",
            lambda: f"+44 20 7{d(3)} {d(4)}",
            lambda: f"0033 6{''.join(pairs)}",
            lambda: f"06{''.join(pairs)}",
            lambda: self._account(""),
            lambda: self._account(" "),
            lambda: self._account(" ").lower(),
            lambda: self._card(""),
            lambda: self._card(" "),
            lambda: self._card("-"),
        )
        return forms[number % len(forms)]()


def exports() -> dict[str, list[list[str]]]:
    """The first rows of every sample export, and a table of kpibar's own for each layout: header and records."""
    found = {}
    for path in sorted((REPOSITORY / "sample_data").glob("*.csv")):
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252")
        head = text.partition("\n")[0]
        reader = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
        found[path.name] = list(islice(reader, ROWS + 1))
    layouts = shelf(REPOSITORY, {}).layouts
    for entity in OWN:
        layout = layouts[f"kpibar-{entity}"]
        header = [name.replace(" ", "_") for name in sorted(layout.vocabulary())]
        rows = [[_ordinary(name, entity, number) for name in header] for number in range(ROWS)]
        found[f"own-{entity}.csv"] = [header, *rows]
    return found


def _ordinary(name: str, entity: str, number: int) -> str:
    """What an ordinary record has in a column of kpibar's own tables; nothing where that is optional."""
    if name.endswith(("_at", "_to", "_from")):
        return f"2025-03-{number % 28 + 1:02} 1{number % 10}:00:00" if name in _DATED.get(entity, ()) else ""
    words = {
        "channel": "email", "direction": "inbound", "kind": "csat" if entity == "surveys" else "shipped",
        "scale_min": "1", "scale_max": "5", "score": "4", "amount": "5", "value": "20", "currency": "EUR",
        "country": "FR", "lang": "fr", "queue": "SAV", "team": "Lyon", "brand": "Maison", "carrier": "Colis",
        "reason_raw": "Livraison", "status": "solved" if entity == "contacts" else "delivered",
    }  # fmt: skip
    if name.endswith("_id") or name == "order_ref":
        return str(40_000 + number)
    if name == "month":
        return f"{1990 + number // 12}-{number % 12 + 1:02}"
    return words.get(name, "")


_DATED = {
    "contacts": ("created_at",),
    "orders": ("ordered_at",),
    "parcels": ("shipped_at", "promised_to"),
    "surveys": ("sent_at", "answered_at"),
    "notices": ("sent_at",),
    "gestures": ("given_at",),
    "costs": (),
}


def plant(tables: Mapping[str, list[list[str]]], made: Identifiers, each: int) -> tuple[dict[str, str], list[Planted]]:
    """The exports as texts with `each` identifiers in every column, one a row, and what was planted."""
    texts, planted = {}, []
    for name, (header, *records) in tables.items():
        rows, place = [list(row) for row in records], 0
        for column, title in enumerate(header):
            for _ in range(each):
                text = made.next()
                rows[place % len(rows)][column] = text
                place += 1
                bare = text.replace(" ", "").replace("-", "").isdigit()
                # Of cards in a column of numbers nothing is said, however they are written.
                card = bare and len(text.replace(" ", "").replace("-", "")) == 16
                documented = normal(title) in NUMBERS and (text.isdigit() or card)
                planted.append(Planted(text, name, title, documented))
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([header, *rows])
        texts[name] = buffer.getvalue()
    return texts, planted


def run(folder: Path, texts: Mapping[str, str], commands: Sequence[Sequence[str]] = ()) -> str:
    """Run commands, by default all that show something, on exports in a folder, and return everything that was said.

    The database is folder/kpibar.duckdb.
    """
    temporary = folder / "temporary"
    temporary.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    around = {"KPIBAR_KEY_FILE": str(folder / "k.key"), "TMPDIR": str(temporary), "KPIBAR_TZ": "Europe/Paris"}
    commands = commands or (
        ("ingest", *texts, "--max-rejects", "100%"),
        ("report", "--json"),
        ("report", "--csv"),
        ("report", "--by", "brand"),
        ("report", "--by", "country"),
        ("report", "--by", "carrier"),
        ("rejects", "--json"),
        ("status", "--json"),
        ("status",),
    )
    said = [kpibar(*command, folder=folder, **around) for command in commands]
    return "\n".join(one.stdout + one.stderr for one in said)


def stored(path: Path) -> Iterator[str]:
    """Every text of every table of a database, and its bytes as text: columns may be stored compressed."""
    with duckdb.connect(str(path), read_only=True) as database:
        listed = database.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'VARCHAR'"
        ).fetchall()
        for table, column in listed:
            yield from (
                row[0] for row in database.execute(f'SELECT DISTINCT "{column}" FROM "{table}"').fetchall() if row[0]
            )


def leaks(planted: list[Planted], folder: Path, said: str, names: set[str]) -> tuple[list[Planted], list[Planted]]:
    """The planted identifiers in the database or any other file that was written, and those that were printed."""
    texts = "\n".join(stored(folder / "kpibar.duckdb"))
    written = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name not in names)
    texts += "\n" + written.decode("utf-8", "replace")
    return ([one for one in planted if _in(one.text, texts)], [one for one in planted if _in(one.text, said)])


def _in(text: str, found: str) -> bool:
    bare = text.replace(" ", "").replace("-", "").replace(".", "")
    forms = {text, text.lower(), *([bare, bare.lower()] if len(bare) >= 9 and "@" not in text else ())}
    return any(form in found for form in forms)


def main() -> int:
    """The full run; 1 where an identifier is found that is not documented."""
    made = Identifiers(11)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        texts, planted = plant(exports(), made, 4)
        stored_ones, printed = leaks(planted, folder, run(folder, texts), set(texts))
    undocumented = [one for one in (*stored_ones, *printed) if not one.documented]
    sys.stdout.write(
        f"{len(planted)} planted in {len(texts)} exports: {len(stored_ones)} stored, {len(printed)} printed, "
        f"{len(undocumented)} of these not documented\n"
    )
    for one in undocumented:
        sys.stdout.write(f"  {one.file}, {one.column}: {one.text}\n")
    return 1 if undocumented else 0


if __name__ == "__main__":
    sys.exit(main())
