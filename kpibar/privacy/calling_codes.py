"""How telephone numbers are written within their country, by calling code."""

import re

# A number within its country, without the 0 that is dialled before it, by calling code: pattern and lengths.
NATIONAL = {
    "33": ("[1-9][0-9]{8}", (9,)),
    "31": ("[1-9][0-9]{8}", (9,)),
    "32": ("4[0-9]{8}|[1-9][0-9]{7}", (8, 9)),
    "34": ("[6-9][0-9]{8}", (9,)),
    "39": ("3[0-9]{8,9}", (9, 10)),
    "41": ("[1-9][0-9]{8}", (9,)),
    "43": ("6[5-9][0-9]{7,9}", (9, 10, 11)),
    "44": ("[1-9][0-9]{9}", (10,)),
    "46": ("7[0-9]{8}", (9,)),
    "48": ("[4-8][0-9]{8}", (9,)),
    "49": ("1[5-7][0-9]{8,9}", (10, 11)),
    "351": ("[29][0-9]{8}", (9,)),
    "352": ("6[0-9]{8}", (9,)),
}
# The same of North America, where nothing stands in front: area and exchange do not begin with 0 or 1.
_AMERICAN = "[2-9][0-9]{2}[2-9][0-9]{6}"
# Calling codes (ITU-T E.164).
_CODES = re.compile(
    "[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|2[1-689][0-9]|3[578][0-9]|42[0-9]|5[09][0-9]|6[789][0-9]"
    "|8[0578][0-9]|9[679][0-9]"
)
# Countries all of whose numbers have the form above; of the others that is the mobile ones' alone.
_OF_ONE_FORM = ("33", "31", "34", "44", "48", "351")
_FEWEST, _LONGEST = 10, 15
# The calling code that stands for any of these where none is stated.
ANY_CODE = ""
_TRUNK_NUMBER = re.compile("0[1-9][0-9]{8,9}")
# Digits that are a day, with a time of day or without.
_DAY = re.compile(
    "(?:(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{2})[0-9]{0,6}"
    "|(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(?:1[5-9]|2[0-9])(?:[01][0-9]|2[0-3])[0-5][0-9]"
)
_MONTH = re.compile("(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])")
# The first digits of mobile numbers: without the 0 in front any digit would make a telephone of a number.
_MOBILE = {"33": "67", "31": "6", "32": "4", "34": "67", "39": "3", "41": "7", "44": "7", "49": "1", "351": "9"}
# The first digits of services, free, shared or paid, which are never those of a person.
_SERVICES = {
    "1": "8(?:00|33|44|55|66|77|88)|900",
    "33": "8",
    "31": "800|90[069]",
    "32": "800|90[0-9]|78",
    "34": "[89]0[0-9]",
    "39": "80[0-9]|199|89[0-9]",
    "41": "800|84[0248]|90[016]",
    "43": "8[0-2]0|9[0-3][019]",
    "44": "3|8|9",
    "46": "20|900",
    "48": "80[01]|70[0-9]",
    "49": "800|180|900",
    "351": "800|808|707",
    "352": "800|90[0-9]",
}
# Countries in which no 0 is dialled in front of a number.
_WITHOUT_ZERO = ("34", "351", "352", "39", "48")


def is_national(digits: str, calling_code: str, *, alone: bool) -> bool:
    """Whether digits without any other sign are a telephone number of this country.

    With its first 0 or the calling code in front; `alone`, that is as the whole of a cell, without them too.
    """
    if calling_code == ANY_CODE:
        return _is_anywhere(digits)
    if calling_code == "1":
        return re.fullmatch(f"(?:00)?1{_AMERICAN}", digits) is not None
    if calling_code not in NATIONAL:
        return False
    pattern = NATIONAL[calling_code][0]
    if digits.startswith(calling_code) and re.fullmatch(pattern, digits[len(calling_code) :]):
        return True
    if digits.startswith("00"):
        return digits.startswith(f"00{calling_code}") and is_national(digits[2:], calling_code, alone=False)
    if digits.startswith("0"):
        return re.fullmatch(pattern, digits[1:]) is not None
    return alone and re.fullmatch(pattern, digits) is not None and digits[0] in _MOBILE.get(calling_code, "")


def _is_anywhere(digits: str) -> bool:
    """Whether digits are a telephone number with its first 0, or a mobile one with its calling code, and no day."""
    if _TRUNK_NUMBER.fullmatch(digits):
        return not _DAY.fullmatch(digits)
    number = digits.removeprefix("00")
    return not _MONTH.search(number) and any(
        number.startswith(code)
        and number[len(code) :][:1] in tuple(_MOBILE.get(code, ""))
        and re.fullmatch(NATIONAL[code][0], number[len(code) :])
        for code in NATIONAL
    )


def whole_numbers(calling_code: str) -> tuple[str, str]:
    """Patterns of a telephone number of this country without any sign: with its first 0 or calling code, and without.

    Where no 0 is dialled before it, the number alone is no telephone: the calling code must stand in front. Of a
    country whose numbers are not listed here none is told; the patterns are empty.
    """
    if calling_code == "1":
        return f"(?:(?:00)?1)?{_AMERICAN}", _AMERICAN
    if calling_code not in NATIONAL:
        return "", ""
    pattern = NATIONAL[calling_code][0]
    trunk_prefix = "" if calling_code in _WITHOUT_ZERO else f"0(?:{pattern})|"
    return f"{trunk_prefix}(?:00)?{calling_code}(?:{pattern})", f"(?:{pattern})"


def is_service(number: str) -> bool:
    """Whether a telephone number, its calling code in front, is one that only companies have: free or paid services.

    A number without a calling code is none, but for 800.
    """
    return number.startswith("800") or any(
        number.startswith(code) and re.match(prefix, number[len(code) :]) for code, prefix in _SERVICES.items()
    )


def is_abroad(code: str, digits: str) -> bool:
    """Whether digits behind a calling code are a telephone number of its country."""
    if not _CODES.fullmatch(code) or not _FEWEST <= len(code + digits) <= _LONGEST:
        return False
    if code == "1":
        return re.fullmatch(_AMERICAN, digits) is not None
    return code not in _OF_ONE_FORM or re.fullmatch(f"0?(?:{NATIONAL[code][0]})", digits) is not None
