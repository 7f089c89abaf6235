"""Every text in both languages: the same ids and placeholders, French typography, titles that fit."""

import re
import string
from datetime import date

import pytest
from rich.cells import cell_len

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.render.messages import day_name, messages, say, segment_name
from kpibar.render.numbers import LANGUAGES

KNOWN = catalogue(Settings())
TITLES = {f"{kpi.id} title": kpi.title for kpi in KNOWN.kpis} | {f"{f.id} family": f.title for f in KNOWN.families}


def test_every_catalogue_title_fits_its_column() -> None:
    too_long = {text: cell_len(text) for kpi in KNOWN.kpis for text in kpi.title.values() if cell_len(text) > 28}
    assert not too_long


def test_every_kpi_and_family_has_a_title_in_both_languages() -> None:
    for name, titles in TITLES.items():
        assert set(LANGUAGES) <= set(titles), name


def placeholders(text: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(text)} - {None}


@pytest.mark.parametrize("key", messages())
def test_a_message_says_the_same_in_both_languages(key: str) -> None:
    texts = messages()[key]
    assert set(texts) == set(LANGUAGES)
    assert placeholders(texts["en"]) == placeholders(texts["fr"])
    assert all(text and text == text.strip() for text in texts.values())


FRENCH = {key: texts["fr"] for key, texts in messages().items()} | {key: text["fr"] for key, text in TITLES.items()}


@pytest.mark.parametrize("text", FRENCH.values(), ids=FRENCH.keys())
def test_french_typography(text: str) -> None:
    assert "'" not in text
    assert not re.search(r"(?<!\u00a0)[:;?!%]", text), text


def test_names_of_segments_and_days() -> None:
    assert segment_name("channel", "self_service", "fr") == "Libre-service"
    assert segment_name("reason", "wismo", "en") == "Where is my order"
    assert segment_name("carrier", "?", "fr") == "inconnu"
    assert segment_name("brand", "phone", "en") == "phone" and segment_name("channel", "fax", "en") == "fax"
    assert [day_name(date(2025, 10, day), "fr") for day in (1, 17)] == ["1er octobre", "17 octobre"]


def test_every_channel_and_reason_has_a_name() -> None:
    channels = ("phone", "email", "chat", "messaging", "social", "web", "sms", "self_service", "post", "store", "other")
    reasons = ("wismo", "complaint", "return", "refund", "damaged", "cancel", "modify", "invoice", "payment")
    for key in (*channels, *reasons, "account", "product", "promotion", "other"):
        dimension = "channel" if key in channels else "reason"
        assert say(f"{dimension}_{key}", "fr") == segment_name(dimension, key, "fr")
