"""The fact tables: contacts put together from their profiles, issues and journeys told from contacts."""

from pathlib import Path

import pytest

from kpibar.database.store import open_store
from kpibar.model.build import build
from tests.support import computed, facts, settings

# Two of one customer and reason at the same second, one a day later, one after a month, one nobody can follow.
CONTACTS = """
| contact_id | created_at          | channel | customer | reason_raw |
| b          | 2025-03-05 10:00:00 | email   | a@x.fr   | Retour     |
| a          | 2025-03-05 10:00:00 | email   | a@x.fr   | Retour     |
| c          | 2025-03-06 10:00:00 | chat    | a@x.fr   | Retour     |
| d          | 2025-04-20 10:00:00 | email   | a@x.fr   | Retour     |
| e          | 2025-03-05 10:00:00 | email   | a@x.fr   | Facture    |
| bare       | 2025-03-05 10:00:00 |         |          |            |
"""
DAY = 86400.0


@pytest.mark.long
def test_contacts_of_one_second_follow_each_other_in_the_order_of_their_names(folder: Path) -> None:
    computed(folder, {"contacts.csv": CONTACTS})
    found = facts(folder, "SELECT contact_id, gap_previous_s, journey_gap_previous_s FROM fact_contacts ORDER BY 1")
    assert found == [
        ("a", None, None),
        ("b", 0.0, 0.0),
        ("bare", None, None),
        ("c", DAY, DAY),
        ("d", 45 * DAY - 3600, 45 * DAY - 3600),
        ("e", None, 0.0),
    ]


@pytest.mark.long
def test_the_neighbours_looked_up_are_those_the_gaps_were_taken_from(folder: Path) -> None:
    computed(folder, {"contacts.csv": CONTACTS})
    apart = facts(
        folder,
        "SELECT contact_id FROM fact_contacts WHERE epoch(created_at - previous_at) IS DISTINCT FROM gap_previous_s"
        " OR epoch(next_at - created_at) IS DISTINCT FROM gap_next_s",
    )
    assert apart == []


def test_issues_and_journeys_are_numbered_and_counted(folder: Path) -> None:
    computed(folder, {"contacts.csv": CONTACTS})
    told = "replace(first_contact_uid, 'kpibar-contacts/', ''), right({}, 2), contacts FROM fact_{} ORDER BY 1"
    issues = facts(folder, "SELECT " + told.format("issue_id", "issues"))
    assert issues == [("a", "/1", 3), ("d", "/2", 1), ("e", "/1", 1)]
    journeys = facts(folder, "SELECT " + told.format("journey_id", "journeys"))
    assert journeys == [("a", "/1", 4), ("d", "/2", 1)]


@pytest.mark.long
def test_every_contact_finds_its_profile_whatever_it_lacks(folder: Path) -> None:
    computed(folder, {"contacts.csv": CONTACTS})
    assert facts(folder, "SELECT count(*), count(DISTINCT contact_uid) FROM fact_contacts") == [(6, 6)]
    assert facts(
        folder, "SELECT channel, reason, counted, identified FROM fact_contacts WHERE contact_id = 'bare'"
    ) == [(None, None, True, False)]


@pytest.mark.long
def test_a_rebuild_replaces_whatever_an_earlier_version_left(folder: Path) -> None:
    """What is a view now may have been a table, and the other way round."""
    computed(folder, {"contacts.csv": CONTACTS})
    with open_store(folder / "test.duckdb", write=True) as store:
        store.engine.run("DROP VIEW fact_issues")
        store.engine.run("CREATE TABLE fact_issues AS SELECT 1 AS outdated")
        store.engine.run("DROP TABLE fact_people")
        store.engine.run("CREATE VIEW fact_people AS SELECT 1 AS outdated")
        store.engine.run("CREATE TABLE fact_gone AS SELECT 1 AS outdated")
        build(store, settings(folder).settings.thresholds)
    assert facts(folder, "SELECT count(issue_id) FROM fact_issues") == [(3,)]
    assert facts(folder, "SELECT count(person_key) FROM fact_people") == [(0,)]
    assert facts(folder, "SELECT table_name FROM information_schema.tables WHERE table_name = 'fact_gone'") == []
