"""Contact reasons: the words that stand for them, by language.

Its own order, each line standing on those above it:

    rules
    reasons
"""
