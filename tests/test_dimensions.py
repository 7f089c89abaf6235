"""Breakdowns by team, queue, language and agent, and by several dimensions at once, through the command line."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.small_reports import database, kpi, report
from tests.support import SETTINGS, kpibar

# Six contacts of 2025 and one of 2024. Ana answers 1, 2 and 5, Ben 3; 4 and 6 name nobody. Tickets 1 and 2 are one
# issue of c1, whose first contact is one of the returns team; 3 of c2, 4 of c3, 5 of c4 are issues of their own.
CONTACTS = """
| contact_id | created_at          | channel | team   | queue | lang | agent    | customer | order_ref | first_reply_s |
| 1          | 2025-03-03 10:00:00 | email   | Return | q1    | fr   | ana@x.fr | c1@x.fr  | O1        | 60            |
| 2          | 2025-03-04 10:00:00 | email   | Parcel | q1    | fr   | ana@x.fr | c1@x.fr  | O1        | 120           |
| 3          | 2025-03-05 10:00:00 | chat    | Parcel | q2    | nl   | ben@x.fr | c2@x.fr  | O2        | 30            |
| 4          | 2025-04-03 10:00:00 | chat    | Parcel | q2    |      |          | c3@x.fr  |           | 90            |
| 5          | 2025-04-04 10:00:00 | email   |        |       | fr   | ana@x.fr | c4@x.fr  |           | 60            |
| 6          | 2025-04-05 10:00:00 | phone   | Return |       |      |          |          |           |               |
| 7          | 2024-03-05 10:00:00 | email   | Return | q1    | fr   | ben@x.fr | c5@x.fr  |           | 60            |
"""
ORDERS = """
| order_ref | ordered_at          | customer |
| O1        | 2025-03-01 10:00:00 | c1@x.fr  |
| O2        | 2025-03-01 11:00:00 | c2@x.fr  |
| O3        | 2025-03-01 11:00:00 | c9@x.fr  |
| O4        | 2025-03-01 11:00:00 | c9@x.fr  |
"""
SURVEYS = """
| survey_id | kind | scale_min | scale_max | score | sent_at             | answered_at         | contact_id |
| s1        | csat | 1         | 5         | 5     | 2025-03-04 10:00:00 | 2025-03-04 11:00:00 | 1          |
| s2        | csat | 1         | 5         | 2     | 2025-03-06 10:00:00 | 2025-03-06 11:00:00 | 3          |
| s3        | csat | 1         | 5         | 4     | 2025-03-06 10:00:00 | 2025-03-06 11:00:00 |            |
"""
EXPORTS = {"contacts.csv": CONTACTS, "orders.csv": ORDERS, "surveys.csv": SURVEYS}
AGENTS = SETTINGS + "agents = true\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the exports above; its settings allow figures of agents."""
    return database(tmp_path_factory.mktemp("dimensions"), EXPORTS, AGENTS)


def parts(document: Mapping[str, Any], name: str, dimension: str) -> dict[str, tuple[float, float]]:
    """The numerator and the denominator of each segment of a KPI."""
    (breakdown,) = (entry for entry in kpi(document, name)["breakdowns"] if entry["dimension"] == dimension)
    return {part["key"]: (part["numerator"], part["denominator"]) for part in breakdown["segments"]}


def numerators(document: Mapping[str, Any], name: str, dimension: str) -> dict[str, float]:
    return {key: numerator for key, (numerator, _) in parts(document, name, dimension).items()}


@pytest.mark.parametrize(
    ("by", "contacts", "issues"),
    [
        # Five issues: contacts 1 and 2 are one, which is of the team of contact 1; 6 has no customer, and no issue.
        ("team", {"Parcel": 3, "Return": 2, "?": 1}, {"Parcel": 2, "Return": 1, "?": 1}),
        ("queue", {"q1": 2, "q2": 2, "?": 2}, {"q1": 1, "q2": 2, "?": 1}),
        ("lang", {"fr": 3, "nl": 1, "?": 2}, {"fr": 2, "nl": 1, "?": 1}),
    ],
)
def test_contacts_and_issues_by_a_word(folder: Path, by: str, contacts: object, issues: dict[str, int]) -> None:
    document = report(folder, "--by", by, "--kpi", "contacts", "--kpi", "fcr_window", "--kpi", "contact_rate")
    assert numerators(document, "contacts", by) == contacts
    assert {key: base for key, (_, base) in parts(document, "fcr_window", by).items()} == issues
    # Four orders, which have no such word: each segment is divided by all of them.
    assert {base for _, base in parts(document, "contact_rate", by).values()} == {4}
    assert "base_whole" in [note["code"] for note in kpi(document, "contact_rate")["notes"]]
    assert document["scope"]["breakdown"] == by


def test_agents_have_short_names(folder: Path) -> None:
    """Ana has 3 contacts and Ben 1; nobody stands at 2. Of the two issues of Ana one is of contacts 1 and 2."""
    document = report(folder, "--by", "agent", "--kpi", "contacts", "--kpi", "fcr_window", "--kpi", "frt_median")
    names = numerators(document, "contacts", "agent")
    ana, ben = (next(name for name, count in names.items() if count == number and name != "?") for number in (3, 1))
    assert names == {ana: 3, ben: 1, "?": 2}
    assert all(re.fullmatch("agent [0-9a-f]{4}", name) for name in (ana, ben))
    assert parts(document, "fcr_window", "agent") == {ana: (1, 2), ben: (1, 1), "?": (1, 1)}
    medians = {part["key"]: part["value"] for part in kpi(document, "frt_median")["breakdowns"][0]["segments"]}
    assert (medians[ana], medians[ben]) == (60, 30)
    again = report(folder, "--by", "agent", "--kpi", "contacts")
    assert numerators(again, "contacts", "agent") == names


def test_surveys_are_of_the_team_of_their_contact(folder: Path) -> None:
    document = report(folder, "--by", "team", "--kpi", "csat")
    assert parts(document, "csat", "team") == {"Return": (1, 1), "Parcel": (0, 1), "?": (1, 1)}


def test_a_small_group_is_masked_as_by_any_dimension(folder: Path, tmp_path: Path) -> None:
    strict = tmp_path / "strict.toml"
    strict.write_text("[reporting]\nmin_base = 3\nagents = true\n", encoding="utf-8")
    document = report(folder, "--by", "agent", "--kpi", "frt_median", "--config", str(strict))
    parts = kpi(document, "frt_median")["breakdowns"][0]["segments"]
    assert {part["status_reason"] for part in parts} <= {None, "small_base", "remainder"}
    assert all(part["value"] is None for part in parts if part["denominator"] < 3)


def test_agents_are_shown_where_the_settings_say_so_alone(folder: Path, tmp_path: Path) -> None:
    settings = tmp_path / "plain.toml"
    own = '[kpis.{}]\ntitle = {{ en = "x" }}\nkind = "count"\nfrom = "contacts"\ndate = "created_on"\nunit = "count"\n'
    settings.write_text(SETTINGS, encoding="utf-8")
    run = kpibar("report", "--by", "agent", "--config", str(settings), folder=folder)
    assert run.returncode == 2 and "`agents = true` under [reporting]" in run.stderr
    settings.write_text(SETTINGS + own.format("mine") + "where = \"agent = 'agent 3fa2'\"\n", encoding="utf-8")
    run = kpibar("report", "--config", str(settings), folder=folder)
    assert run.returncode == 2 and "`agents = true` under [reporting]" in run.stderr
    settings.write_text(AGENTS + own.format("mine") + "where = \"agent LIKE 'agent %'\"\n", encoding="utf-8")
    assert kpi(report(folder, "--kpi", "mine", "--config", str(settings)), "mine")["value"] == 4


def test_several_dimensions_at_once(folder: Path) -> None:
    """Each as if it were asked for alone, one after the other, and one that is named twice once."""
    asked = ("--by", "team", "--by", "channel", "--by", "team", "--kpi", "contacts", "--kpi", "contact_rate")
    document = report(folder, *asked)
    assert document["scope"]["dimensions_asked"] == ["team", "channel"] and document["scope"]["breakdown"] is None
    assert [one["dimension"] for one in kpi(document, "contacts")["breakdowns"]] == ["team", "channel"]
    assert numerators(document, "contacts", "team") == {"Parcel": 3, "Return": 2, "?": 1}
    assert numerators(document, "contacts", "channel") == {"email": 3, "chat": 2, "phone": 1}
    whole = [note["values"] for note in kpi(document, "contact_rate")["notes"] if note["code"] == "base_whole_by"]
    assert whole == [{"dimension": "team"}, {"dimension": "channel"}]
    lines = kpibar("report", *asked, "--year", "2025", "--format", "csv", folder=folder).stdout.splitlines()
    assert [line for line in lines if ",contacts,demand,count,team,Parcel,2025,3,3," in line]
    assert [line for line in lines if ",contacts,demand,count,channel,email,2025,3,3," in line]
    page = kpibar("report", *asked, "--year", "2025", folder=folder).stdout
    places = [page.index(f"Contacts received — {name}") for name in ("Team", "Channel")]
    assert places == sorted(places) and page.count("Contacts received — Team") == 1
    assert "By team, each row is divided by the whole base" in page


def test_months_and_a_dimension(folder: Path) -> None:
    asked = ("--by", "month", "--by", "team", "--kpi", "contacts", "--year", "2025")
    page = kpibar("report", *asked, folder=folder).stdout
    months, teams = page.split("Contacts received — Team")
    assert "Contacts received — Month" in months and re.search(r"^March +3 ", months, re.MULTILINE)
    assert "Change" not in months.split("Contacts received — Month")[0] and "Change" in months
    assert re.search(r"^Parcel +3 ", teams, re.MULTILINE)


def test_one_dimension_is_named_as_before(folder: Path) -> None:
    scope = report(folder, "--by", "month")["scope"]
    assert (scope["breakdown"], scope["dimensions_asked"]) == ("month", ["month"])
    scope = report(folder)["scope"]
    assert (scope["breakdown"], scope["dimensions_asked"]) == (None, [])
