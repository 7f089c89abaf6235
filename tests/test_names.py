"""Names are nouns and verbs: at most one in a hundred is a participle or a pronoun alone; none in the model's SQL."""

import re
from pathlib import Path

import pytest

from kpibar.model.build import Step, steps
from tests.names import Name, names


def test_names_are_nouns_and_verbs() -> None:
    every = list(names())
    riddles = [name for name in every if name.is_riddle]
    assert len(riddles) < 0.01 * len(every), [f"{name.path.name}:{name.line}: {name.text}" for name in riddles]


@pytest.mark.parametrize("step", steps(), ids=lambda step: step.name)
def test_parts_of_a_statement_are_named_by_what_they_hold(step: Step) -> None:
    """The queries of WITH, and what tables are called beside each other."""
    bare = re.sub(r"--[^\n]*", "", step.sql)
    parts = re.findall(r"\b(\w+) AS \(\n", bare) + re.findall(r"\b(?:FROM|JOIN) \w+ AS (\w+)", bare)
    assert [part for part in parts if Name(part, Path(step.name), 1).is_riddle] == []


@pytest.mark.parametrize("text", ["found", "_held", "one", "OTHERS", "waiting", "Known", "masked", "_taken"])
def test_a_participle_or_pronoun_alone_counts(text: str) -> None:
    assert Name(text, Path(), 1).is_riddle


@pytest.mark.parametrize("text", ["orders", "find_orders", "heading", "FileMissing", "feed", "rejected", "is_known"])
def test_nouns_verbs_and_words_of_the_ledger_do_not(text: str) -> None:
    assert not Name(text, Path(), 1).is_riddle
