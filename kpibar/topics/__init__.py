"""Contact reasons: the words that stand for them, by language."""
