"""Words and numbers that stand where a customer or agent is not known: many records of nobody are not one person's."""

import re
from functools import lru_cache

from kpibar.values.notation import quote

# The remark on identifiers that stand for nobody.
STANDS_FOR_NOBODY = "identifier_nobody"
_WORDS = (
    "anonymous", "anonyme", "anonym", "anonimo", "anónimo", "anônimo", "anoniem", "anonymous caller", "anonymous user",
    "unknown", "unknown caller", "unknown customer", "inconnu", "inconnue", "client inconnu", "unbekannt",
    "desconocido", "desconocida", "sconosciuto", "sconosciuta", "onbekend", "desconhecido", "desconhecida",
    "n/a", "n.a.", "n/c", "n.c.", "n/d", "none", "null", "nil", "nobody", "personne", "niemand", "nadie", "nessuno",
    "no name", "no customer", "no email", "no-email", "noemail", "sans", "sans nom", "sans email", "sans e-mail",
    "aucun", "aucune", "vide", "empty", "blank", "guest", "guest user", "guest customer", "invité", "visiteur",
    "visitor", "gast", "invitado", "ospite", "customer", "client", "cliente", "kunde", "test", "test test", "tests",
    "dummy", "default", "undefined", "private", "private number", "privé", "numéro privé", "masqué", "numéro masqué",
    "appel masqué", "withheld", "restricted", "unavailable", "not available", "not provided", "not set",
    "non renseigné", "non communiqué", "non connu", "unassigned", "not assigned", "non assigné", "non attribué",
    "sin asignar", "nicht zugewiesen", "noreply", "no-reply", "no_reply", "no reply", "donotreply", "ne pas répondre",
    "client divers", "clients divers", "client web", "client comptoir", "client de passage", "client passage", "divers",
    "client anonyme", "client internet", "pas d'email", "pas d’email", "pas d'e-mail", "pas de mail", "pas d'adresse",
    "pas d’adresse", "pas de client", "sans adresse", "sans mail", "sans client", "aucun email", "aucun client",
    "aucune adresse", "walk-in", "walk-in customer", "walk in", "web customer", "web client", "laufkunde",
    "cash customer", "laufkundschaft", "barverkauf", "cliente generico", "cliente genérico", "consumidor final",
    "cliente occasionale",
    "nan", "na", "void", "to be defined", "tbd", "keine", "kein", "ninguno", "nenhum", "geen",
)  # fmt: skip
# Local parts of addresses that nobody reads, and addresses that people type where they have none.
_ADDRESSES = (
    r"(?:no|do[-_.]?not|dont|ne[-_.]?pas|pas[-_.]?de)[-_.]?(?:reply|replies|repondre|reponse|response|responder)[^@]*@.*",
    r"(?:nicht[-_.]?antworten|keine?[-_.]?antwort|nao[-_.]?respond[a-z]*|mailer-daemon|postmaster|bounces?)@.*",
    r"(?:anonymous|anonyme|anonym|unknown|inconnue?|unbekannt|guest|nobody|personne|none|null|n/a|undefined)@.*",
    r"(?:no|sans|pas[-_.]?de?|aucun|not|kein|keine|sin|senza)[-_.]?(?:e-?)?(?:mail|adresse|correo)@.*",
    r"test(?:s|ing|[0-9]*)@(?:tests?|example|exemple|domain|mail|email)(?:\..*)?",
    r"(?:(?:e-?)?mail|user|client|customer)@(?:(?:e-?)?mail|user|client|customer|example|exemple|domain)(?:\..*)?",
    r"(?:aucune?|sans|rien|vide|divers)@.*",
    r"(?:azerty|qwerty|asdf|toto|tata|titi)[a-z]*@(?:azerty|qwerty|asdf|toto|tata|titi)(?:\..*)?",
    r"(?:x+@x+|a+@a+|abc@abc|aa@bb|none@none|null@null|na@na)(?:\..*)?",
)
_BEGINNINGS = (
    "nore", "no-r", "no_r", "no.r", "dono", "do-n", "do_n", "do.n", "dont", "nepa", "ne-p", "ne_p", "ne.p", "nich",
    "kein", "naor", "nao-", "mail", "post", "boun", "anon", "unkn", "inco", "unbe", "gues", "nobo", "pers", "none",
    "null", "na@", "n/a@", "n.a@", "undi", "unde", "noma", "noem", "no-e", "no_e", "no-m", "no_m", "sans", "pasd",
    "pas-", "pas_", "aucu", "notm", "sinc", "senz", "test", "emai", "e-ma", "user", "clie", "cust", "x@x", "xx@x",
    "xxx@", "xxxx", "a@a", "aa@a", "aaa@", "aaaa", "abc@", "aa@b",
    "rien", "vide", "dive", "azer", "qwer", "asdf", "toto", "tata", "titi",
)  # fmt: skip
# Numbers that people and tools write where there is none: on several records of a batch they are nobody's.
# A line of customers 10000001, 10000002, ... begins with 10000000, and 01 40 00 00 00 is the telephone of a company:
# behind other digits eight zeros count, and only in what is a telephone number.
_NUMBERS = (
    r"-?0+|-1|(?:[+0][0-9]{0,5}|(?:3[12349]|35[12]|4[134689])?[6-9])0{8,}|1{7,}|2{7,}|3{7,}|4{7,}|5{7,}|6{7,}|7{7,}"
    r"|8{7,}|9{7,}|0?1234567890?|0102030405"
)
_ENOUGH_ROWS = 3
_NUMBER_BEGINS = (
    "^(?:-1$|0{1,4}$|[+]?[0-9 ]{0,6}00 ?00 ?00|1{6}|2{6}|3{6}|4{6}|5{6}|6{6}|7{6}|8{6}|9{6}|0?123456|0102030)"
)
_SYMBOLS = r"[-–—_.?*/ ]+|[x]{1,}"


@lru_cache(maxsize=2)
def beginnings(*, person: bool) -> str:
    """The pattern of how texts begin that may stand for nobody; of a person, also of how such a number begins."""
    starts = sorted({word[:4] for word in (*_WORDS, *_BEGINNINGS)} | {"xx", "x@"})
    words = "^(?i:" + "|".join(map(re.escape, starts)) + ")"
    return f"{words}|{_NUMBER_BEGINS}" if person else words


def may_stand_for_nobody(cell: str, *, person: bool) -> str:
    """SQL of a cheap test: a text begins as what stands for nobody does; of a person, as such a number does."""
    return f"regexp_matches({cell}, {quote(beginnings(person=person))})"


def nobody(text: str, records: str, *, person: bool) -> str:
    """SQL: a text stands for nobody; of a number, where as many as `records` have it. A record's number may be 0."""
    plain = f"lower(trim({text}))"
    words = f"{plain} IN ({', '.join(map(quote, _WORDS))}) OR regexp_full_match({plain}, {quote(_SYMBOLS)})"
    if not person:
        return f"coalesce({words}, FALSE)"
    digits = f"regexp_replace({plain}, '[ ()./]|\\b-\\b', '', 'g')"
    number = f"({records} >= {_ENOUGH_ROWS} AND regexp_full_match({digits}, {quote(_NUMBERS)}))"
    address = f"(contains({text}, '@') AND regexp_full_match({plain}, {quote('|'.join(_ADDRESSES))}))"
    return f"coalesce({words} OR {number} OR {address}, FALSE)"
