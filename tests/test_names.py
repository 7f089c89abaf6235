"""Names are nouns and verbs: at most one in a hundred is a participle or a pronoun alone."""

from pathlib import Path

import pytest

from tests.names import Name, names


def test_names_are_nouns_and_verbs() -> None:
    every = list(names())
    riddles = [name for name in every if name.is_riddle]
    assert len(riddles) < 0.01 * len(every), [f"{name.path.name}:{name.line}: {name.text}" for name in riddles]


@pytest.mark.parametrize("text", ["found", "_held", "one", "OTHERS", "waiting", "Known", "masked", "_taken"])
def test_a_participle_or_pronoun_alone_counts(text: str) -> None:
    assert Name(text, Path(), 1).is_riddle


@pytest.mark.parametrize("text", ["orders", "find_orders", "heading", "FileMissing", "feed", "rejected", "is_known"])
def test_nouns_verbs_and_words_of_the_ledger_do_not(text: str) -> None:
    assert not Name(text, Path(), 1).is_riddle
