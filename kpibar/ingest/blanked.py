"""What may be shown of a value that belongs to nobody knows whom: its shape, not what it says."""

LONGEST = 40


def blanked(value: str) -> str:
    """A value with its letters and digits blanked, cut to 40 characters: enough to recognise the problem."""
    return "".join("9" if sign.isnumeric() else "a" if sign.isalpha() else sign for sign in value[:LONGEST])
