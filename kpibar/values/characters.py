r"""Classes of characters for the regular expressions of statements.

They are written as ranges. The engine compiles an expression in each statement that names it, and the tables behind
`\p{L}` take it some 6 ms every time, more than a file of a hundred records does otherwise; these take 0.1 ms. Letters
are those of the alphabets from Latin to Georgian and Greek, kana, ideographs and Hangul; no signs, emoji or figures.
"""

LETTERS = "A-Za-zªµºÀ-ÖØ-öø-\u02af\u0370-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufaff"
CAPITALS = "A-ZÀ-ÖØ-ÞĀ-ɏΆ-ΫЀ-Я"
