"""What `--keep-text` keeps of subjects, tags and messages: who wrote and how to reach them is left out.

Addresses, bank accounts, every number of five or more digits - telephones, cards, orders - and the names that follow a
greeting, a title or the close of a letter are replaced by a word in brackets. Other names cannot be told from words.
"""

from kpibar.values.notation import quote

_SALUTATION = (
    "bonjour|bonsoir|salut|coucou|chers?|ch[èe]res?|hello|hi|hey|dear|good (?:morning|afternoon|evening)|hallo|"
    "guten tag|liebe[rs]?|sehr geehrte[rs]?|hola|buenos d[ií]as|buenas tardes|estimad[oa]|querid[oa]|buongiorno|ciao|"
    "gentile|car[oa]|ol[áa]|bom dia|prezad[oa]|geachte|beste|goedemorgen"
)
_CLOSE = (
    "(?:bien )?cordialement|salutations|sinc[èe]rement|bien [àa] vous|(?:kind |best |warm )?regards|sincerely|cheers|"
    "mit freundlichen gr[üu](?:ß|ss)en|mfg|viele gr[üu](?:ß|ss)e|saludos|atentamente|cordiali saluti|distinti saluti|"
    "met vriendelijke groet(?:en)?|atenciosamente|cumprimentos"
)
_TITLE = (
    r"(?:M|Mr|Mrs|Ms|Mme|Mlle|Monsieur|Madame|Mademoiselle|Herrn?|Frau|Sr|Sra|Se[ñn]or[a]?|Sig|Sig\.ra|Dhr|Mevr"
    r"|Mevrouw)\.?"
)
_WORD = r"\p{Lu}[\p{L}'’-]*\.?"
_NAME = rf"{_WORD}(?:[ -]{_WORD}){{0,3}}"
_BLANK = r"[ \x{a0}\x{202f}]"
_STEPS = (
    (r'(?:"[^"\n]{1,64}"|[^\s<>()\[\]",;:@|]{1,64})(?:@|%40|\x{ff20})[^\s<>()\[\]",;:@|]{2,}', "[e-mail]"),
    (rf"(?i)\b[a-z]{{2}}[0-9]{{2}}(?:{_BLANK}?[0-9a-z]{{4}}){{2,7}}(?:{_BLANK}?[0-9a-z]{{1,3}})?\b", "[account]"),
    (rf"[+]?(?:[(]?[0-9][)]?(?:{_BLANK}|[./()-]){{0,3}}){{8,}}[0-9]", "[number]"),
    (r"(?:[A-Z]{1,6}-?)?[0-9]{5,}|#[A-Z]{0,6}-?[0-9]{3,}", "[number]"),
    (rf"\b((?i:{_SALUTATION}){_BLANK}+(?:{_TITLE}{_BLANK}+)?){_NAME}", r"\1[name]"),
    (rf"\b({_TITLE}{_BLANK}+){_NAME}", r"\1[name]"),
    (rf"((?i:{_CLOSE})[ ,.!]*\s+(?:{_TITLE}{_BLANK}+)?){_NAME}", r"\1[name]"),
)


def reduce_text(text: str) -> str:
    """SQL of a text without what tells who wrote it; `text` is SQL of what was written."""
    for pattern, word in _STEPS:
        text = f"regexp_replace({text}, {quote(pattern)}, {quote(word)}, 'g')"
    return text
