"""Directions of contacts in words of other languages, and in words nobody knows: these are inbound and said."""

from pathlib import Path

import pytest

from kpibar.kpis.catalogue import catalogue
from kpibar.render.summary import outcome_lines
from tests.intake import held, take_text
from tests.support import computed, fraction, kpibar, settings

CONTACTS = """
| contact_id | created_at       | channel | direction |
| 1          | 2025-03-01 10:00 | email   | {first}   |
| 2          | 2025-03-02 10:00 | email   | {first}   |
| 3          | 2025-03-03 10:00 | email   | {second}  |
"""
REMARKS = "SELECT code, about, records FROM remarks WHERE code LIKE '%_unlisted'"


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("inbound", "outbound"),
    [
        ("inbound", "outbound"),
        ("Entrant", "Sortant"),
        ("ENTRANTE", "Saliente"),
        ("eingehend", "Ausgehend"),
        ("Incoming", "outgoing"),
        ("Reçu", "Émis"),
    ],
)
def test_a_direction_in_another_language_is_read(folder: Path, inbound: str, outbound: str) -> None:
    """Of three contacts one is outbound: 2."""
    found = computed(folder, {"contacts.csv": CONTACTS.format(first=inbound, second=outbound)})
    assert fraction(found, "contacts")[0] == 2
    assert held(folder, REMARKS) == []


@pytest.mark.long
@pytest.mark.parametrize("word", ["Von aussen", "arrivée", "I", "client"])
def test_a_direction_nobody_knows_counts_as_inbound_and_is_said(folder: Path, word: str) -> None:
    """Two of an unknown direction and one inbound: 3."""
    found = computed(folder, {"contacts.csv": CONTACTS.format(first=word, second="inbound")})
    assert fraction(found, "contacts")[0] == 3
    assert held(folder, REMARKS) == [("direction_unlisted", "direction", 2)]


@pytest.mark.long
@pytest.mark.parametrize("word", ["satisfaction", "Sterne", "stars"])
def test_a_kind_of_survey_nobody_knows_is_unknown_and_said(folder: Path, word: str) -> None:
    take_text(folder, f"survey_id,kind,score,answered_at\na,{word},4,2025-03-01\nb,nps,9,2025-03-01\n")
    assert held(folder, "SELECT kind FROM surveys ORDER BY survey_id") == [(None,), ("nps",)]
    assert held(folder, REMARKS) == [("kind_unlisted", "kind", 1)]


def test_channels_and_states_in_french_are_read(folder: Path) -> None:
    """Telephone, e-mail, letter and shop, solved, closed, pending and open; a word that nobody knows is other."""
    words = (
        "Téléphone,Résolu",
        "Courriel,Clôturé",
        "E-mail,En attente",
        "Courrier,Ouvert",
        "Magasin,Nouveau",
        "Pigeon,Zen",
    )
    rows = "".join(f"{n},2025-03-01 10:00,{word}\n" for n, word in enumerate(words))
    outcome = take_text(folder, "contact_id,created_at,channel,status\n" + rows)
    read = held(folder, "SELECT channel || ' ' || status FROM contacts ORDER BY contact_id")
    assert [row[0] for row in read] == [
        "phone solved",
        "email closed",
        "email pending",
        "post open",
        "store new",
        "other other",
    ]
    assert len(outcome.unknown) == 2
    said = [
        line
        for line in outcome_lines(outcome, catalogue(settings(folder).settings), dry_run=False)
        if "does not list" in line
    ]
    assert said[0].endswith("aaaaaa (1); `kpibar layouts kpibar-contacts` shows its words")
    shown = kpibar("layouts", "kpibar-contacts", folder=folder).stdout
    assert "solved: solved, resolved, résolu" in shown and "phone: phone, téléphone" in shown
