"""E-mail addresses, telephone numbers, bank accounts and card numbers inside a text that is meant for something else.

In a column of words any of them counts. In a column of numbers (`numbers`), an order's or a parcel's, digits alone say
nothing: one number in ten passes the check of a card, and any nine digits are a telephone somewhere. There only an
address, a bank account and a telephone of a certain form count: with +, with 00 and a calling code set apart, in five
pairs of which the first begins with 0, or behind a word for telephone.

This is the only finder of personal data: stored cells, names of files, sheets and members, and messages are judged by
it. `disclosure.show_value` shows less still of values that nobody stores. `values/kept_text.py` takes more out of free
texts, in the engine, as each record has another one.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kpibar.privacy.calling_codes import ANY_CODE, is_abroad, is_national, is_service

EMAIL, PHONE, IBAN, CARD = "e-mail address", "telephone number", "bank account", "card number"

# One or two signs between groups of digits.
_GAP = r"[ ./()_-]{0,3}"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
# The sign of an address, as mails, links and pages write it, or as people hide it.
_AT = r"(?: ?@ ?|[%=]40|&#(?:64|x40);| ?[(\[{] ?at ?[)\]}] ?|[(\[{]A[Tt][)\]}])"
_EMAIL = re.compile(
    rf"(?:\"[^\"\n]{{1,64}}\"|[^\s<>()\[\]\",;:@|\\/=]{{1,64}}){_AT}"
    rf"(?:(?:{_LABEL}\.){{1,9}}(?:xn--[\w-]{{1,59}}|[^\W\d_]{{2,62}})|(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}|\[[0-9a-fA-F:.]{{7,45}}\])"
)
_ANY_AT = re.compile(_AT)
# A name in front of its address: the whole is one person.
_NAME_AND_ADDRESS = re.compile(r"[^<>()\[\]@]*[<(\[]\s*(?:mailto:)?(?P<address>[^<>()\[\]\s]+)\s*[>)\]]\s*")
_LONGEST_NAME = 320
# The length of a bank account by its country (ISO 13616).
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD FK", 19: "MK SI", 20: "AT BA EE KZ LT LU XK MN",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG DZ", 25: "AO CV GW LY MZ PT ST", 26: "IS TR IR CG",
        27: "BF CF CM DJ FR GA GF GP GQ KM MC MG MQ MR NC PF PM RE SM TD TF WF YT BI IT",
        28: "AL AZ BJ BY CI CY DO GT HN HU LB ML NE NI PL SN SV TG MA",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_IBAN = re.compile(r"[A-Za-z]{2}[ ._-]?[0-9]{2}(?=[ ._-]?[0-9A-Za-z])")
_IBAN_WORD = ("IBAN", "iban", "Iban")
_CARD = re.compile(r"(?<![0-9])[2-6](?:[ ._*/-]?[0-9]){12,18}(?![0-9A-Za-z])")
# The first digits of the issuers of cards (ISO/IEC 7812), and how long their numbers are.
_ISSUERS = (
    (re.compile("4"), (13, 16, 19)),
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]"), (16,)),
    (re.compile("3[47]"), (15,)),
    (re.compile("30[0-5]|3[689]"), (14, 16, 19)),
    (re.compile("6011|64[4-9]|65|62|35(?:2[89]|[3-8])"), (16, 17, 18, 19)),
    (re.compile("50|5[6-8]|63(?:04|9)|67"), (13, 14, 15, 16, 17, 18, 19)),
)
# A telephone with its country; within its country, in pairs or other groups; as in North America.
_INTERNATIONAL = re.compile(rf"(?<![0-9A-Za-z+])(?:\+|%2[Bb]){_GAP}[1-9](?:{_GAP}[0-9]){{6,14}}(?![0-9])")
_INTERNATIONAL_ZEROS = re.compile(rf"(?<![0-9A-Za-z+])00{_GAP}[1-9](?:{_GAP}[0-9]){{6,14}}(?![0-9])")
_FEWEST_INTERNATIONAL = 8
# The sign + as links write it.
_PLUS = re.compile("%2[Bb]")
# How many digits are dialled, from the first 0 on.
_NATIONAL_LENGTHS = (10, 11, 12)
# The same with signs that also end a number: only between groups that are all set apart by them.
_INTERNATIONAL_GROUPS = re.compile(r"(?<![0-9A-Za-z+])\+[1-9][0-9]{0,2}([:,*])[0-9]{1,4}(?:\1[0-9]{2,4}){2,5}(?![0-9])")
# 00 and a calling code that is set apart, then two groups of digits or more, or one behind a blank.
_CODE_AND_GROUPS = re.compile(
    r"(?<![0-9A-Za-z])00[ ./()_-]{0,2}(?P<code>[1-9][0-9]{0,2})"
    r"(?P<rest>[ ./()_-]{1,3}[0-9]{1,4}(?:[ ./()_-]{1,3}[0-9]{1,8}){1,6}| [0-9]{8,11})(?![0-9A-Za-z])"
)
# Five pairs; the sign between them is the same.
_PAIRS = re.compile(
    r"(?<![0-9A-Za-z])(?:\(0\) ?[1-9]|\(?0[1-9]\)?)(?:(?: [0-9]{2}){4}|(?:[ ]?[./_-][ ]?[0-9]{2}){4})(?![0-9])"
)
_PAIRS_IN_WORDS = re.compile(r"(?<![0-9A-Za-z])0[1-9]([:,*])[0-9]{2}(?:\1[0-9]{2}){3}(?![0-9])")
# Five pairs that are a day and a time of day: day, month, year, hour, minute.
_DAY_AND_TIME = re.compile(
    r"(?:0[1-9]|[12][0-9]|3[01])\D(?:0[1-9]|1[0-2])\D(?:1[5-9]|2[0-9])\D(?:[01][0-9]|2[0-3])\D[0-5][0-9]"
)
_AMERICAN = re.compile(r"(?<![0-9A-Za-z])\([2-9][0-9]{2}\) ?[0-9]{3}[ .-][0-9]{4}(?![0-9A-Za-z])")
_NATIONAL = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9][./-])\(?0{_GAP}[1-9](?:{_GAP}[0-9]){{7,9}}(?![0-9A-Za-z]|[./:-][0-9])"
)
_WITH_LABEL = re.compile(
    rf"(?i)\b(?:t[ée]l[ée]phone|t[ée]l|phone|mobile|portable|gsm|handy|whatsapp|sms|fax)[ .:°n=]{{0,4}}"
    rf"(?P<number>[+(]?[0-9](?:{_GAP}[0-9]){{7,14}})(?![0-9A-Za-z])"
)
_BEFORE = r"(?<![0-9A-Za-z])(?<![0-9][./-])"
_AFTER = r"(?![0-9A-Za-z])(?![./-][0-9])"
_GROUPS = re.compile(
    rf"{_BEFORE}[6-9][0-9]{{2}}(?:([ .-])[0-9]{{3}}\1[0-9]{{3}}|([ .-])[0-9]{{2}}\2[0-9]{{2}}\2[0-9]{{2}}){_AFTER}"
)
_AMERICAN_GROUPS = re.compile(rf"{_BEFORE}[2-9][0-9]{{2}}([.-])[2-9][0-9]{{2}}\1[0-9]{{4}}{_AFTER}")
_BARE_DIGITS = re.compile(r"(?<![0-9A-Za-z])(?<![0-9][.,+-])[0-9]{8,15}(?![0-9A-Za-z]|[.,-][0-9]|/[0-9]{1,4}(?![0-9]))")
_DATE = re.compile(r"^\(?(?:[0-3]?[0-9][./-][01]?[0-9][./-](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[./-][01][0-9])")
_DIGITS = re.compile(r"[^0-9]")
# The mark behind the shape of a file's name.
_MARK_DIGITS = 6
_NAME_MARK = re.compile(r"#[0-9a-f]{6}(?=\.[^.#]*$|$)")
_RUN = re.compile(r"(?<![0-9])[0-9]{9,19}(?![0-9])")
# Dashes, blanks and look-alikes that NFKC leaves as they are.
_ASCII = {ord(sign): "-" for sign in "‐‑‒–—―−﹣"} | {ord(sign): " " for sign in "\t\u2028\u2029"} | {ord("·"): "."}


@dataclass(frozen=True)
class Part:
    """What of a text is a person's: from where to where, what it is, and its one form for all notations."""

    start: int
    end: int
    kind: str
    identity: str


def ascii_form(text: str) -> str:
    """A text in the letters, digits, blanks and dashes of ASCII where it has others that look like them."""
    if text.isascii():
        return text.replace("\t", " ")
    normal_text = unicodedata.normalize("NFKC", text).translate(_ASCII)
    return "".join(
        str(unicodedata.decimal(sign)) if not sign.isascii() and sign.isdecimal() else sign
        for sign in normal_text
        if unicodedata.category(sign) != "Cf"
    )


def personal_parts(text: str, calling_code: str = "33", *, numbers: bool = False) -> list[Part]:
    """The identifiers of people in a text as `ascii_form` gives it, in order, none within another."""
    parts: list[Part] = []
    for part in (
        *_addresses(text),
        *_accounts(text),
        *_cards(text, numbers),
        *_telephones(text, calling_code, numbers),
    ):
        if all(part.end <= neighbour.start or part.start >= neighbour.end for neighbour in parts):
            parts.append(part)
    return sorted(parts, key=lambda part: part.start)


def _addresses(text: str) -> Iterator[Part]:
    if not _ANY_AT.search(text):
        return
    whole = _NAME_AND_ADDRESS.fullmatch(text) if len(text) <= _LONGEST_NAME else None
    for match in _EMAIL.finditer(text):
        start, end = match.span()
        if whole and whole["address"] == match.group():
            start, end = 0, len(text)
        yield Part(start, end, EMAIL, "email:" + _ANY_AT.sub("@", match.group()).lower())


def _accounts(text: str) -> Iterator[Part]:
    for match in _IBAN.finditer(text):
        place, signs = match.start(), ""
        length = _IBAN_LENGTHS.get(text[place : place + 2].upper(), 0)
        groups = 0
        while len(signs) < length and place < len(text):
            sign = text[place]
            if sign.isascii() and sign.isalnum():
                signs += sign.upper()
                groups += 1
            elif sign not in " ._-" or not groups or (sign != " " and groups != 4):
                break
            else:
                groups = 0
            place += 1
        around = text[match.start() - 1 : match.start()] + text[place : place + 1]
        # Within a longer word only digits are taken for an account: one text of letters and digits in 97 has its check.
        apart = not any(sign.isascii() and sign.isalnum() for sign in around) or text[: match.start()].endswith(
            _IBAN_WORD
        )
        whole = apart or (signs[4:].isdigit() and not text[place : place + 1].isdigit())
        if length and len(signs) == length and whole and is_account(signs):
            yield Part(match.start(), place, IBAN, "iban:" + signs)


def is_account(signs: str) -> bool:
    """Whether the check digits of a bank account, in capitals without blanks, are right (ISO 7064, modulus 97)."""
    rotation = signs[4:] + signs[:4]
    return int("".join(str(int(sign, 36)) for sign in rotation)) % 97 == 1


def _cards(text: str, numbers: bool) -> Iterator[Part]:
    if numbers:
        return
    for match in _CARD.finditer(text):
        digits = _DIGITS.sub("", match.group())
        if is_card(digits):
            yield Part(*match.span(), CARD, "card:" + digits)


def is_card(digits: str) -> bool:
    """Whether digits are the number of a card: of an issuer's first digits and length, and with its check digit."""
    if not any(first.match(digits) and len(digits) in lengths for first, lengths in _ISSUERS):
        return False
    doubles = [2 * int(digit) for digit in digits[-2::-2]]
    single = [int(digit) for digit in digits[::-2]]
    return (sum(single) + sum(n - 9 if n > 9 else n for n in doubles)) % 10 == 0 and len(set(digits)) > 1


def _telephones(text: str, calling_code: str, numbers: bool) -> Iterator[Part]:
    spans = [*_certain_telephones(text)]
    if not numbers:
        spans += _telephones_in_words(text, calling_code)
    services: list[tuple[int, int]] = []
    for start, end in spans:
        identity = telephone_identity(text[start:end], calling_code)
        # 0800 is the number of a service: the name of a team or a queue, never a person's.
        if is_service(identity.removeprefix("phone:")):
            services.append((start, end))
        elif not any(first <= start and end <= last for first, last in services):
            yield Part(start, end, PHONE, identity)


def _certain_telephones(text: str) -> Iterator[tuple[int, int]]:
    """Where telephones stand whose form no number of an order or a parcel has."""
    for match in _WITH_LABEL.finditer(text):
        number = match["number"]
        # sms:48217555 is the name that a tool gives to a record.
        if not number.isdigit() or (number[0] == "0" and len(number) in _NATIONAL_LENGTHS):
            yield match.span("number")
    for match in _INTERNATIONAL.finditer(text):
        if len(_DIGITS.sub("", _PLUS.sub("+", match.group()))) >= _FEWEST_INTERNATIONAL:
            yield match.span()
    for match in _INTERNATIONAL_GROUPS.finditer(text):
        yield match.span()
    for match in _CODE_AND_GROUPS.finditer(text):
        if is_abroad(match["code"], _DIGITS.sub("", match["rest"].replace("(0)", ""))):
            yield match.span()
    for match in _PAIRS.finditer(text):
        if not _DAY_AND_TIME.fullmatch(match.group()) and not _continues(text, match):
            yield match.span()
    for match in _AMERICAN.finditer(text):
        yield match.span()


def _continues(text: str, match: re.Match[str]) -> bool:
    """Whether pairs are part of a longer row of pairs: the sign between them and a digit stand around them too."""
    sign = match.group()[:-2].rstrip(" ")[-1:]
    before, after = text[max(match.start() - 2, 0) : match.start()], text[match.end() : match.end() + 2]
    return any(part.strip("0123456789") == sign and len(part) > 1 for part in (before, after))


def _telephones_in_words(text: str, calling_code: str) -> Iterator[tuple[int, int]]:
    """Where telephones stand that are written as other numbers may be too."""
    for match in _WITH_LABEL.finditer(text):
        yield match.span("number")
    for pattern in (_INTERNATIONAL_ZEROS, _PAIRS_IN_WORDS):
        for match in pattern.finditer(text):
            yield match.span()
    for pattern in (_NATIONAL, _GROUPS, _AMERICAN_GROUPS):
        for match in pattern.finditer(text):
            if not _DATE.match(match.group()) and not _DAY_AND_TIME.fullmatch(match.group()):
                yield match.span()
    for match in _BARE_DIGITS.finditer(text):
        if is_national(match.group(), calling_code, alone=match.group() == text.strip()):
            yield match.span()


def telephone_identity(text: str, calling_code: str) -> str:
    """The one form of a telephone number: "phone:" and its digits with the calling code, without + and zeros."""
    text = _PLUS.sub("+", text)
    digits = _DIGITS.sub("", re.sub(r"\(0\)", "", text) if text[:1] in "+0" and "(0)" in text[1:] else text)
    if digits.startswith("00"):
        return "phone:" + digits[2:]
    if digits.startswith("0"):
        return f"phone:{calling_code}{digits[1:]}"
    return "phone:" + digits


def text_shape(text: str, calling_code: str = ANY_CODE, *, bare: bool = True) -> str:
    """A text with the letters and digits of people's identifiers blanked; one without any is given back as it is.

    `bare` tells that digits without + and separators count too.
    """
    normal = ascii_form(text)
    return _with_shapes(text, normal, personal_parts(normal, calling_code, numbers=not bare))


def _with_shapes(text: str, normal: str, parts: Sequence[Part]) -> str:
    return replace_parts(normal, parts, [shape(normal[part.start : part.end]) for part in parts]) if parts else text


def replace_parts(text: str, parts: Sequence[Part], replacements: Sequence[str]) -> str:
    """A text as `ascii_form` gives it with another text in the place of each part."""
    pieces, end = [], 0
    for part, replacement in zip(parts, replacements, strict=True):
        pieces += [text[end : part.start], replacement]
        end = part.end
    return "".join((*pieces, text[end:]))


def shape(text: str) -> str:
    """A text with each letter as a and each digit as 9."""
    return "".join("9" if sign.isnumeric() else "a" if sign.isalpha() else sign for sign in text)


def name_shape(name: str) -> str:
    """The name of a file with the identifiers of people in it blanked; its ending stays where it is none of one.

    Only certain forms count: names of files hold dates, and numbers of shops and reports.
    """
    stem, point, ending = name.rpartition(".")
    for text, ending_text in ((stem, point + ending), (name, "")):
        shape = _CARD.sub(_digits_shape, text_shape(text, bare=False).replace("_", "\x1f"))
        shape = _RUN.sub(_digits_shape, text_shape(shape, bare=False)).replace("\x1f", "_")
        if shape != text:
            return shape + ending_text
    return name


def marked_name(name: str, sha256: str) -> str:
    """The shape of a file's name with a mark of its content, so that two files of one shape differ.

    `sha256` is that of the content: a hash of the name could be tried with every telephone number.
    """
    shape = name_shape(name)
    if shape == name:
        return name
    stem, point, ending = shape.rpartition(".")
    mark = f"#{sha256[:_MARK_DIGITS]}"
    return f"{stem}{mark}.{ending}" if point and stem else shape + mark


def unmarked_name(name: str) -> str:
    """The name of a file as it was before `marked_name` added a mark."""
    return _NAME_MARK.sub("", name)


def _digits_shape(run: re.Match[str]) -> str:
    digits = _DIGITS.sub("", run.group())
    telephone = is_national(digits, ANY_CODE, alone=False) and not is_service(
        telephone_identity(digits, ANY_CODE)[len("phone:") :]
    )
    return shape(run.group()) if is_card(digits) or telephone else run.group()


def message_shape(text: str) -> str:
    """A message with the identifiers of people in it blanked, those in the names of folders excepted."""
    normal = ascii_form(text)
    parts = [part for part in personal_parts(normal, ANY_CODE) if not _is_folder(normal, part)]
    return _with_shapes(text, normal, parts)


def _is_folder(text: str, part: Part) -> bool:
    """Whether a part is within the name of a folder: a path that begins at a root, here or at home goes on behind."""
    word = text[: part.start].rpartition(" ")[2].lstrip("\"'(")
    return text[part.end : part.end + 1] in ("/", "\\") and re.match(r"[/~\\.]|[A-Za-z]:[/\\]", word) is not None
