"""Nobody's name, e-mail address, telephone number or bank account stays anywhere but in the export itself."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import child, kpibar

PLANTED = 200
HEADER = "contact_id,created_at,channel,customer,customer_alias,agent,status,agent_replies,subject\n"


def planted() -> list[str]:
    """200 identifiers of invented customers: e-mails, telephones in several notations, bank accounts, names."""
    chance = random.Random(6)

    def digits(count: int) -> str:
        return "".join(str(chance.randrange(10)) for _ in range(count))

    forms = (
        lambda: f"planted{digits(9)}@mail{digits(3)}.example",
        lambda: f"+33 6 {digits(2)} {digits(2)} {digits(2)} {digits(2)}",
        lambda: f"06{digits(8)}",
        lambda: f"FR76{digits(23)}",
        lambda: " ".join("".join(chance.choices("bcdfglmnprstvz", k=7)).title() for _ in range(2)),
    )
    return [forms[number % len(forms)]() for number in range(PLANTED)]


def export(values: list[str], rows: int) -> str:
    """An export in whose personal columns every value stands, with damaged lines that hold some of them too."""
    lines, names = [], [value for value in values if value.replace(" ", "").isalpha()]
    for number in range(rows):
        one, other = values[number % PLANTED], values[(number * 7 + 3) % PLANTED]
        line = f"{number},2025-03-0{number % 9 + 1} 10:00:00,email,{one},{other},{values[-1]},solved,2,hello\n"
        if number % 97 == 5:
            line = line.replace(",solved,", ",,")  # a cell too many or too few, a stray quote, a wrong value
        elif number % 97 == 15:
            line = line.replace(",email,", ',"email,')
        elif number % 97 == 25:
            line = line.replace(",2,", f",{one},")
        elif number % 97 == 35:
            line = line.replace("2025-03", other)
        elif number % 97 == 45 and number < 97 * len(names):  # a person where a listed value stands, each once
            line = line.replace(",email,", f",{names[number // 97]},")
        lines.append(line)
    return HEADER + "".join(lines)


def forms(values: list[str]) -> Iterator[bytes]:
    """Each value as it was written, in small letters, without blanks, in UTF-16."""
    for value in values:
        for text in {value, value.lower(), value.replace(" ", ""), value.replace(" ", "").lstrip("+")}:
            yield text.encode()
        yield value.encode("utf-16-le")


def found(folder: Path, values: list[str], but: set[Path]) -> list[tuple[str, bytes]]:
    """Which file holds which value."""
    needles = list(forms(values))
    hits = []
    for path in folder.rglob("*"):
        if path.is_file() and path not in but:
            content = path.read_bytes()
            hits += [(path.name, needle) for needle in needles if needle in content]
    return hits


@pytest.fixture
def values() -> list[str]:
    return planted()


@pytest.mark.long
def test_no_planted_value_is_found_anywhere(folder: Path, values: list[str]) -> None:
    original = folder / "contacts.csv"
    original.write_text(export(values, 4_000), encoding="utf-8")
    temporary = folder / "temporary"
    temporary.mkdir()
    around = {"KPIBAR_KEY_FILE": str(folder / "k.key"), "TMPDIR": str(temporary), "KPIBAR_TZ": "Europe/Paris"}
    runs = [
        kpibar("ingest", "contacts.csv", "--max-rejects", "100%", folder=folder, **around),
        kpibar("ingest", "contacts.csv", "--dry-run", folder=folder, **around),
        kpibar("report", "--json", folder=folder, **around),
        kpibar("rejects", folder=folder, **around),
        kpibar("rejects", "--json", folder=folder, **around),
        kpibar("status", "--json", folder=folder, **around),
        kpibar("check", folder=folder, **around),
    ]
    for number, run in enumerate(runs):
        (folder / f"said-{number}.txt").write_text(run.stdout + run.stderr, encoding="utf-8")
    assert runs[0].returncode == 0, runs[0].stderr
    assert runs[3].stdout.count("contacts.csv:") > 40, "the damaged records are listed"
    assert len(found(folder, values, set())) >= PLANTED, "what is searched for is found where it stands"
    assert found(folder, values, {original}) == []


def test_nothing_is_left_by_a_killed_ingest(folder: Path, values: list[str]) -> None:
    original = folder / "contacts.csv"
    original.write_text(export(values, 200_000), encoding="utf-8")
    temporary = folder / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "KPIBAR_KEY_FILE": str(folder / "k.key"), "TMPDIR": str(temporary)}
    command = [
        sys.executable,
        "-m",
        "kpibar",
        "ingest",
        "contacts.csv",
        "--tz",
        "Europe/Paris",
        "--max-rejects",
        "100%",
    ]
    deadline = time.monotonic() + 30
    piped = False
    with child(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL) as process:
        while not piped and process.poll() is None and time.monotonic() < deadline:
            piped = any(path.is_fifo() for path in temporary.rglob("*"))
            time.sleep(0.001)
        time.sleep(0.2)
        process.kill()
        assert (piped, process.wait()) == (True, -signal.SIGKILL), "killed while records were on their way"
    assert found(folder, values, {original}) == []
