"""Contact reasons, through a real ingest: examples in French and English, and who is asked first."""

import csv
import io
import tomllib
from pathlib import Path
from typing import Any

import pytest

from kpibar.topics.rules import reasons, topics
from tests.intake import config, held, take, take_text, write

EXAMPLES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "fixtures" / "topic_examples.toml").read_text(encoding="utf-8")
)["example"]
DAY = "2025-03-01 10:00:00"


def export(*contacts: dict[str, str]) -> str:
    names = ["contact_id", "created_at", "channel", "reason_raw", "subject", "tags", "body"]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    for number, contact in enumerate(contacts):
        writer.writerow({"contact_id": str(number), "created_at": DAY, "channel": "email", **contact})
    return out.getvalue()


def reasons_of(folder: Path) -> list[tuple[str | None, str]]:
    """Reason and who decided it, in file order."""
    return [
        (reason, by)
        for reason, by in held(folder, "SELECT reason, reason_by FROM contacts ORDER BY contact_id::INTEGER")
    ]


@pytest.fixture(scope="module")
def classified(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str | None, str]]:
    """The reasons of all examples, ingested as one export."""
    folder = tmp_path_factory.mktemp("topics")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KPIBAR_KEY_FILE", str(folder / "topics.key"))
        cells = [{("reason_raw" if one.get("vendor") else "subject"): one["text"]} for one in EXAMPLES]
        take_text(folder, export(*cells))
        return reasons_of(folder)


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=lambda n: f"{n}: {EXAMPLES[n]['text'][:50]}")
def test_examples(classified: list[tuple[str | None, str]], number: int) -> None:
    """An example without a reason says nothing of the topics: unknown, also where it stands as a recorded reason."""
    example, (reason, by) = EXAMPLES[number], classified[number]
    assert reason == (example["reason"] or None)
    assert by == ("none" if reason is None else "vendor" if example.get("vendor") else "rule")


def test_every_topic_has_an_example_in_each_language() -> None:
    for lang in ("en", "fr"):
        shown = {example["reason"] for example in EXAMPLES if example["lang"] == lang}
        assert {topic.reason for topic in topics()} <= shown, lang


def test_what_was_recorded_is_asked_before_the_text(folder: Path) -> None:
    text = export(
        {"reason_raw": "Facture", "subject": "Où est mon colis ?"},
        {"reason_raw": "Divers", "subject": "Où est mon colis ?"},
        {"reason_raw": "Divers", "subject": "Bonjour"},
        {"reason_raw": "C01", "subject": "Où est mon colis ?"},
        {"reason_raw": "C01", "subject": "Bonjour"},
        {"reason_raw": "N/A", "subject": "Où est mon colis ?"},
        {"reason_raw": "?", "subject": "Bonjour"},
        {"reason_raw": "Aucun"},
    )
    take_text(folder, text)
    assert reasons_of(folder) == [
        ("invoice", "vendor"),
        ("other", "vendor"),
        ("other", "vendor"),
        ("wismo", "rule"),
        (None, "none"),
        ("wismo", "rule"),
        (None, "none"),
        (None, "none"),
    ]


@pytest.mark.long
def test_the_users_own_names_win_over_the_rules(folder: Path) -> None:
    used = config(folder, 'timezone = "UTC"\n[reasons]\n"Facture" = "wismo"\n"code 17" = "damaged"\n')
    text = export({"reason_raw": "FACTURE"}, {"reason_raw": "Code 17", "subject": "Où est mon colis ?"})
    assert take(folder, write(folder, "x.csv", text), settings=used)[0].error is None
    assert reasons_of(folder) == [("wismo", "vendor"), ("damaged", "vendor")]


def test_subject_tags_and_body_are_all_read(folder: Path) -> None:
    text = export(
        {"subject": "Bonjour", "body": "where is my order?"}, {"tags": "wismo"}, {"subject": "Re:", "tags": "vip"}
    )
    take_text(folder, text)
    assert [reason for reason, _ in reasons_of(folder)] == ["wismo", "wismo", None]


@pytest.mark.long
def test_what_went_wrong_comes_before_what_is_asked_for(folder: Path) -> None:
    """A broken item to be sent back is damaged; a parcel that never came and should be refunded is wismo."""
    text = export(
        {"subject": "Mon vase est arrivé cassé, je veux le retourner"},
        {"subject": "I never received my parcel, please refund me"},
        {"subject": "Réclamation : mon colis n'est pas arrivé"},
    )
    take_text(folder, text)
    assert [reason for reason, _ in reasons_of(folder)] == ["damaged", "wismo", "wismo"]


def test_the_reasons_are_a_closed_list() -> None:
    assert set(reasons()) == {example["reason"] for example in EXAMPLES if example["reason"]} | {"other"}
    assert len(reasons()) == len(set(reasons()))
