"""A tool that followed another one is the same helpdesk: years are compared across the change, with a note."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from kpibar.config import load
from kpibar.errors import ConfigInvalid
from kpibar.kpis.catalogue import catalogue
from kpibar.measure.report import Barometer, Request, Row
from kpibar.measure.succession import tool_bound
from kpibar.render.document import document
from kpibar.render.messages import note_text
from tests.support import AS_OF, SETTINGS, ingest_tables, kpibar, report, row, settings

ZENDESK = "Id,Status,Via,Created at,Solved at,Group stations,Requester email,Replies,First reply time in minutes,"
ZENDESK += "Full resolution time in minutes\n"
FRESHDESK = "Ticket ID,Status,Source,Created time,Resolved time,Initial response time,Email\n"


def days(year: int, months: Iterable[int]) -> list[str]:
    """Eight contacts a month, from the 3rd to the 24th."""
    return [f"{year}-{month:02d}-{day:02d}" for month in months for day in range(3, 25, 3)]


def zendesk(known: list[str], prefix: str = "") -> str:
    return ZENDESK + "".join(
        f"{prefix}{n},Closed,Mail,{day} 10:00:00,{day} 12:00:00,1,{prefix}z{n}@b.fr,1,30,120\n"
        for n, day in enumerate(known)
    )


def freshdesk(known: list[str], prefix: str = "") -> str:
    return FRESHDESK + "".join(
        f"{prefix}{n},Closed,Email,{day} 10:00:00,{day} 12:00:00,{day} 10:30:00,{prefix}f{n}@b.fr\n"
        for n, day in enumerate(known)
    )


def orders(known: list[str]) -> str:
    return "order_ref,ordered_at\n" + "".join(f"{n},{day} 09:00:00\n" for n, day in enumerate(known * 2))


BEFORE, AFTER = [*days(2024, range(1, 13)), *days(2025, range(1, 6))], days(2025, range(6, 13))


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Zendesk until May 2025, Freshdesk from June: 96 contacts in either year; and 192 orders in each."""
    folder = tmp_path_factory.mktemp("changed")
    every = [*days(2024, range(1, 13)), *days(2025, range(1, 13))]
    exports = {"z.csv": zendesk(BEFORE), "f.csv": freshdesk(AFTER), "o.csv": orders(every)}
    ingest_tables(folder, exports, settings(folder), AS_OF)
    return folder


def stated(*pairs: tuple[str, str], brand: str = "") -> str:
    own = f'brand = "{brand}"\n' if brand else ""
    return "".join(f'[[succession]]\nfrom = "{one}"\nto = "{other}"\n{own}' for one, other in pairs)


CHANGE = stated(("zendesk-tickets", "freshdesk-tickets"))


def codes(found: Row | Barometer) -> list[str]:
    return [note.code for note in found.notes]


def test_without_a_word_it_is_proposed_and_not_compared(changed: Path) -> None:
    found = report(changed, settings(changed))
    contacts = row(found, "contacts")
    assert (contacts.comparable, codes(contacts)) == (False, ["coverage_differs"])
    proposed = next(note for note in found.notes if note.code == "succession_proposed")
    assert proposed.values == {
        "source": "zendesk-tickets", "to": "freshdesk-tickets", "last": "2025-05-24", "first": "2025-06-03"
    }  # fmt: skip
    for lang in ("en", "fr"):
        assert '[[succession]] from = "zendesk-tickets"' in note_text(proposed.code, proposed.values, lang)


def test_the_status_shows_the_block_to_paste(changed: Path) -> None:
    settings(changed)
    said = kpibar("status", "--db", "test.duckdb", folder=changed).stdout
    block = said[said.index("  [[succession]]") :].splitlines()[:3]
    (changed / "kpibar.toml").write_text(SETTINGS + "\n".join(line.strip() for line in block) + "\n")
    assert row(report(changed, load(changed / "kpibar.toml")), "contacts").comparable
    listed = json.loads(kpibar("status", "--json", "--db", "test.duckdb", folder=changed).stdout)
    assert listed["successions_proposed"] == []


@pytest.mark.long
def test_years_are_compared_across_the_change(changed: Path) -> None:
    """96 contacts against 96, 50 to 100 orders in both years; what a tool measures itself is not compared."""
    found = report(changed, settings(changed, CHANGE))
    for name in ("contacts", "contact_rate", "repeat_rate", "fcr_window", "reason_coverage", "channel_mix"):
        one = row(found, name)
        assert (name, one.comparable, "succession" in codes(one)) == (name, True, True)
    change = row(found, "contacts").change
    assert change is not None and change.absolute == 0
    for name in ("frt_median", "reply_within", "unanswered", "resolution_median"):
        one = row(found, name)
        assert (name, one.change, codes(one)[-1:]) == (name, None, ["tool_changed"])
    assert row(found, "orders_placed").comparable and codes(row(found, "orders_placed")) == []
    assert "source_stops" not in codes(found) and "succession_proposed" not in codes(found)


@pytest.mark.long
def test_breakdowns_and_the_document_are_compared_too(changed: Path) -> None:
    found = report(changed, settings(changed, CHANGE), Request(by=("channel",)))
    segments = {segment.key: segment.change for segment in row(found, "contacts").segments}
    assert segments["email"] is not None and segments["email"].absolute == 0
    assert all(segment.change is None for segment in row(found, "resolution_median").segments)
    made: dict[str, Any] = {kpi["id"]: kpi for kpi in document(found, "2026-02-15T12:00:00Z")["kpis"]}
    assert "succession" in json.dumps(made["contacts"]) and "tool_changed" in json.dumps(made["frt_median"])
    shown = kpibar("report", "--db", "test.duckdb", folder=changed).stdout
    words = "zendesk-tickets was replaced by freshdesk-tickets, compared with 2024 as one tool"
    assert words in " ".join(shown.split())
    shown = kpibar("report", "--db", "test.duckdb", "--lang", "fr", folder=changed).stdout
    assert "a été remplacé par freshdesk-tickets" in " ".join(shown.split())


@pytest.mark.long
def test_a_name_of_which_nothing_is_held_is_said(changed: Path) -> None:
    found = report(changed, settings(changed, stated(("zendesk", "freshdesk-tickets"))))
    assert [note.values for note in found.notes if note.code == "succession_absent"] == [{"source": "zendesk"}]
    assert not row(found, "contacts").comparable


@pytest.mark.long
def test_tools_of_brands_follow_brand_by_brand(folder: Path) -> None:
    """Both brands change from Zendesk to Freshdesk, one of them over a tool that is held under its full name."""
    rules = "".join(f'[[files]]\nmatch = "*-{name}.csv"\nbrand = "{name}"\n' for name in ("A", "B"))
    exports = {
        "z-A.csv": zendesk(BEFORE), "z-B.csv": zendesk(BEFORE, "b"), "f-A.csv": freshdesk(AFTER),
        "f-B.csv": freshdesk(days(2025, range(9, 13)), "b"), "o.csv": orders(days(2025, range(1, 13))),
        "k-B.csv": "contact_id,created_at,channel\n"
        + "".join(f"{n},{day} 11:00:00,email\n" for n, day in enumerate(days(2025, range(6, 9)))),
    }  # fmt: skip
    ingest_tables(folder, exports, settings(folder, rules), AS_OF)
    one = rules + CHANGE
    assert row(report(folder, settings(folder, one), Request(brand="A")), "contacts").comparable
    assert not row(report(folder, settings(folder, one)), "contacts").comparable
    chain = stated(("zendesk-tickets", "kpibar-contacts"), ("kpibar-contacts", "freshdesk-tickets"), brand="B")
    both = report(folder, settings(folder, rules + stated(("zendesk-tickets", "freshdesk-tickets"), brand="A") + chain))
    assert row(both, "contacts").comparable
    assert "succession_proposed" not in codes(both)


@pytest.mark.long
def test_the_brand_of_a_change_may_be_spelled_otherwise(folder: Path) -> None:
    """A source of the brand alone, and a source that it shares with another brand: 96 contacts in either year."""
    rules = '[[files]]\nmatch = "z.csv"\nbrand = "L\'Œuf & Cie"\n'
    own = "contact_id,created_at,channel,brand\n" + "".join(
        f"{n},{day} 11:00:00,email,{brand}\n"
        for n, (day, brand) in enumerate((day, brand) for day in AFTER for brand in ("L'Œuf & Cie", "Rouge"))
    )
    ingest_tables(folder, {"z.csv": zendesk(BEFORE), "k.csv": own}, settings(folder, rules), AS_OF)
    for spelling in ("L'Œuf & Cie", "l’oeuf et cie", "L'OEUF & CIE."):
        change = stated(("zendesk-tickets", "kpibar-contacts"), brand=spelling)
        found = report(folder, settings(folder, rules + change), Request(brand="L'Œuf & Cie"))
        assert row(found, "contacts").comparable, spelling
        assert "succession_absent" not in codes(found), spelling


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('from = "a"\nto = "a"', 'from and to are both "a"'),
        ('from = "a"', '"succession.0.to": Field required'),
        ('from = "a"\ntoo = "b"', 'too" is not a setting; did you mean to'),
        ('from = "a"\nto = "b"\n[[succession]]\nfrom = "b"\nto = "a"', "follows itself"),
        ('from = 3\nto = "b"', "valid string"),
    ],
)
def test_settings_that_say_nothing_are_refused(folder: Path, lines: str, words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        settings(folder, f"[[succession]]\n{lines}\n")


def test_what_is_bound_to_a_tool(folder: Path) -> None:
    known = catalogue(settings(folder).settings)
    bound = {kpi.id for kpi in known.kpis if not kpi.hidden and kpi.kind != "ratio" and tool_bound([kpi])}
    assert bound == {
        "service_level", "answer_rate", "abandon_rate", "asa", "frt_median", "frt_p90", "reply_within", "unanswered",
        "resolution_median", "resolution_p90", "backlog", "reopen_rate", "transfer_rate", "csat", "response_rate",
    }  # fmt: skip
