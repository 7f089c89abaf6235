"""Writes kpibar/load/codes.toml: the names of countries and currencies in the languages of exports, from CLDR.

python -m docs.codes
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from babel import Locale
from babel.core import get_global

from kpibar.load.codes import fold

LANGUAGES = ("en", "fr", "es", "de", "it", "nl", "pt", "pl", "sv", "da", "nb", "fi", "cs")
# What CLDR calls a territory, and ISO 3166 does not.
_NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
# Names of ISO 3166-1 that are not those of CLDR: short with its inversion, and official, by code.
_ISO_COUNTRIES = """
AD Principality of Andorra
AF Islamic Republic of Afghanistan
AG Antigua and Barbuda
AL Republic of Albania
AM Republic of Armenia
AO Republic of Angola
AR Argentine Republic
AT Republic of Austria
AZ Republic of Azerbaijan
BA Bosnia and Herzegovina|Republic of Bosnia and Herzegovina
BD People's Republic of Bangladesh
BE Kingdom of Belgium
BG Republic of Bulgaria
BH Kingdom of Bahrain
BI Republic of Burundi
BJ Republic of Benin
BN Brunei Darussalam
BO Bolivia, Plurinational State of|Plurinational State of Bolivia|Bolivia
BQ Bonaire, Sint Eustatius and Saba
BR Federative Republic of Brazil
BS Commonwealth of the Bahamas
BT Kingdom of Bhutan
BW Republic of Botswana
BY Republic of Belarus
CC Cocos (Keeling) Islands
CD Congo, The Democratic Republic of the
CG Republic of the Congo
CH Swiss Confederation
CI Republic of Côte d'Ivoire
CL Republic of Chile
CM Republic of Cameroon
CN People's Republic of China
CO Republic of Colombia
CR Republic of Costa Rica
CU Republic of Cuba
CV Republic of Cabo Verde
CY Republic of Cyprus
CZ Czech Republic
DE Federal Republic of Germany
DJ Republic of Djibouti
DK Kingdom of Denmark
DM Commonwealth of Dominica
DZ People's Democratic Republic of Algeria
EC Republic of Ecuador
EE Republic of Estonia
EG Arab Republic of Egypt
ER State of Eritrea
ES Kingdom of Spain
ET Federal Democratic Republic of Ethiopia
FI Republic of Finland
FJ Republic of Fiji
FK Falkland Islands (Malvinas)
FM Micronesia, Federated States of|Federated States of Micronesia
FR French Republic
GA Gabonese Republic
GB United Kingdom of Great Britain and Northern Ireland
GH Republic of Ghana
GM Republic of the Gambia
GN Republic of Guinea
GQ Republic of Equatorial Guinea
GR Hellenic Republic
GS South Georgia and the South Sandwich Islands
GT Republic of Guatemala
GW Republic of Guinea-Bissau
GY Republic of Guyana
HK Hong Kong|Hong Kong Special Administrative Region of China
HM Heard Island and McDonald Islands
HN Republic of Honduras
HR Republic of Croatia
HT Republic of Haiti
ID Republic of Indonesia
IL State of Israel
IN Republic of India
IQ Republic of Iraq
IR Iran, Islamic Republic of|Islamic Republic of Iran|Iran
IS Republic of Iceland
IT Italian Republic
JO Hashemite Kingdom of Jordan
KE Republic of Kenya
KG Kyrgyz Republic
KH Kingdom of Cambodia
KI Republic of Kiribati
KM Union of the Comoros
KN Saint Kitts and Nevis
KP Korea, Democratic People's Republic of|Democratic People's Republic of Korea|North Korea
KR Korea, Republic of|South Korea
KW State of Kuwait
KZ Republic of Kazakhstan
LA Lao People's Democratic Republic|Laos
LB Lebanese Republic
LI Principality of Liechtenstein
LK Democratic Socialist Republic of Sri Lanka
LR Republic of Liberia
LS Kingdom of Lesotho
LT Republic of Lithuania
LU Grand Duchy of Luxembourg
LV Republic of Latvia
MA Kingdom of Morocco
MC Principality of Monaco
MD Moldova, Republic of|Republic of Moldova|Moldova
MF Saint Martin (French part)
MG Republic of Madagascar
MH Republic of the Marshall Islands
MK Republic of North Macedonia
ML Republic of Mali
MM Republic of Myanmar
MO Macao|Macao Special Administrative Region of China
MP Commonwealth of the Northern Mariana Islands
MR Islamic Republic of Mauritania
MT Republic of Malta
MU Republic of Mauritius
MV Republic of Maldives
MW Republic of Malawi
MX United Mexican States
MZ Republic of Mozambique
NA Republic of Namibia
NE Republic of the Niger
NG Federal Republic of Nigeria
NI Republic of Nicaragua
NL Kingdom of the Netherlands
NO Kingdom of Norway
NP Federal Democratic Republic of Nepal
NR Republic of Nauru
OM Sultanate of Oman
PA Republic of Panama
PE Republic of Peru
PG Independent State of Papua New Guinea
PH Republic of the Philippines
PK Islamic Republic of Pakistan
PL Republic of Poland
PM Saint Pierre and Miquelon
PN Pitcairn
PS Palestine, State of|State of Palestine
PT Portuguese Republic
PW Republic of Palau
PY Republic of Paraguay
QA State of Qatar
RS Republic of Serbia
RU Russian Federation
RW Rwandese Republic
SA Kingdom of Saudi Arabia
SC Republic of Seychelles
SD Republic of the Sudan
SE Kingdom of Sweden
SG Republic of Singapore
SH Saint Helena, Ascension and Tristan da Cunha
SI Republic of Slovenia
SJ Svalbard and Jan Mayen
SK Slovak Republic
SL Republic of Sierra Leone
SM Republic of San Marino
SN Republic of Senegal
SO Federal Republic of Somalia
SR Republic of Suriname
SS Republic of South Sudan
ST Sao Tome and Principe|Democratic Republic of Sao Tome and Principe
SV Republic of El Salvador
SX Sint Maarten (Dutch part)
SY Syrian Arab Republic|Syria
SZ Kingdom of Eswatini
TC Turks and Caicos Islands
TD Republic of Chad
TG Togolese Republic
TH Kingdom of Thailand
TJ Republic of Tajikistan
TL Democratic Republic of Timor-Leste
TN Republic of Tunisia
TO Kingdom of Tonga
TR Republic of Türkiye
TT Trinidad and Tobago|Republic of Trinidad and Tobago
TW Taiwan, Province of China|Taiwan
TZ Tanzania, United Republic of|United Republic of Tanzania|Tanzania
UG Republic of Uganda
US United States of America
UY Eastern Republic of Uruguay
UZ Republic of Uzbekistan
VA Holy See (Vatican City State)
VC Saint Vincent and the Grenadines
VE Venezuela, Bolivarian Republic of|Bolivarian Republic of Venezuela|Venezuela
VG Virgin Islands, British|British Virgin Islands
VI Virgin Islands, U.S.|Virgin Islands of the United States
VN Viet Nam|Socialist Republic of Viet Nam|Vietnam
VU Republic of Vanuatu
WF Wallis and Futuna
WS Independent State of Samoa
YE Republic of Yemen
ZA Republic of South Africa
ZM Republic of Zambia
ZW Republic of Zimbabwe
"""
_MORE_COUNTRIES = {
    "AE": ("uae", "eau"),
    "BL": ("saint barthelemy", "st barth", "saint barth"),
    "CD": (
        "dr congo",
        "rdc",
        "drc",
        "democratic republic of congo",
        "republique democratique du congo",
        "congo kinshasa",
    ),
    "CG": ("republic of congo", "republique du congo", "congo brazzaville"),
    "CI": ("ivory coast", "republique de cote d ivoire"),
    "CN": ("prc", "mainland china", "republique populaire de chine"),
    "CV": ("cape verde",),
    "CZ": ("czech republic", "republique tcheque", "tschechische republik", "republica checa", "repubblica ceca"),
    "DE": ("brd", "bundesrepublik deutschland", "republique federale d allemagne"),
    "FR": (
        "france metropolitaine",
        "metropolitan france",
        "france continentale",
        "corse",
        "corsica",
        "republique francaise",
        "republic of france",
    ),
    "GB": (
        "uk",
        "great britain",
        "gr britain",
        "grande bretagne",
        "england",
        "angleterre",
        "scotland",
        "ecosse",
        "wales",
        "pays de galles",
        "northern ireland",
        "irlande du nord",
        "nordirland",
        "irlanda del norte",
        "gran bretana",
        "royaume uni de grande bretagne et d irlande du nord",
        "grossbritannien",
        "gran bretagna",
        "groot brittannie",
    ),
    "GF": ("guyane", "guyane francaise"),
    "GR": ("el",),
    "HK": ("hong kong", "hongkong", "hong kong sar"),
    "IE": ("eire", "republic of ireland", "republique d irlande", "irish republic"),
    "KP": ("dprk",),
    "KR": ("rok", "republique de coree"),
    "LA": ("lao pdr",),
    "MF": ("saint martin", "st martin"),
    "MK": ("macedonia", "macedoine", "fyrom"),
    "MM": ("burma", "birmanie"),
    "MO": ("macao", "macau", "macau sar", "macao sar"),
    "NL": ("holland", "hollande", "pays bas", "holanda", "olanda"),
    "PS": ("palestine", "palestina", "palestinian territory occupied", "etat de palestine"),
    "RE": ("ile de la reunion",),
    "RU": ("federation de russie", "federation russe", "russische foderation"),
    "SX": ("sint maarten",),
    "SY": ("republique arabe syrienne",),
    "SZ": ("swaziland",),
    "TL": ("east timor",),
    "TR": ("turkey",),
    "TW": ("republic of china", "roc"),
    "US": ("usa", "u s a", "u s", "united states of america", "etats unis d amerique", "eeuu"),
    "VA": ("vatican", "holy see", "saint siege", "vatican city"),
}
_MORE_CURRENCIES = {
    "AUD": ("a$", "au$", "aud$"),
    "BRL": ("r$",),
    "CAD": ("ca$", "c$", "can$", "$ca", "$can"),
    "CHF": ("fr.", "sfr", "franc suisse", "francs suisses"),
    "CNY": ("rmb", "cn¥", "renminbi"),
    "CZK": ("kč",),
    "EUR": ("€", "euro", "euros"),
    "GBP": ("£", "pound", "pounds", "livre sterling", "pound sterling", "£ sterling"),
    "HKD": ("hk$",),
    "HUF": ("ft", "forint"),
    "ILS": ("₪",),
    "INR": ("₹",),
    "JPY": ("yen", "yens", "jp¥"),
    "KRW": ("₩",),
    "NZD": ("nz$",),
    "PLN": ("zł", "zl", "zloty", "zlotys"),
    "RUB": ("₽", "руб"),
    "SGD": ("s$",),
    "THB": ("฿",),
    "TRY": ("₺", "tl"),
    "TWD": ("nt$",),
    "UAH": ("₴",),
    "USD": (
        "us$",
        "$us",
        "usd$",
        "us dollar",
        "us dollars",
        "dollar americain",
        "dollars americains",
        "dolar americano",
    ),
    "XPF": ("cfp", "fcfp"),
}
# The numbers of ISO 4217.
_NUMBERS = """
AED784 AFN971 ALL008 AMD051 ANG532 AOA973 ARS032 AUD036 AWG533 AZN944 BAM977 BBD052 BDT050
BGN975 BHD048 BIF108 BMD060 BND096 BOB068 BOV984 BRL986 BSD044 BTN064 BWP072 BYN933 BZD084
CAD124 CDF976 CHE947 CHF756 CHW948 CLF990 CLP152 CNY156 COP170 COU970 CRC188 CUC931 CUP192
CVE132 CZK203 DJF262 DKK208 DOP214 DZD012 EGP818 ERN232 ETB230 EUR978 FJD242 FKP238 GBP826
GEL981 GHS936 GIP292 GMD270 GNF324 GTQ320 GYD328 HKD344 HNL340 HRK191 HTG332 HUF348 IDR360
ILS376 INR356 IQD368 IRR364 ISK352 JMD388 JOD400 JPY392 KES404 KGS417 KHR116 KMF174 KPW408
KRW410 KWD414 KYD136 KZT398 LAK418 LBP422 LKR144 LRD430 LSL426 LYD434 MAD504 MDL498 MGA969
MKD807 MMK104 MNT496 MOP446 MRU929 MUR480 MVR462 MWK454 MXN484 MXV979 MYR458 MZN943 NAD516
NGN566 NIO558 NOK578 NPR524 NZD554 OMR512 PAB590 PEN604 PGK598 PHP608 PKR586 PLN985 PYG600
QAR634 RON946 RSD941 RUB643 RWF646 SAR682 SBD090 SCR690 SDG938 SEK752 SGD702 SHP654 SLE925
SLL694 SOS706 SRD968 SSP728 STN930 SVC222 SYP760 SZL748 THB764 TJS972 TMT934 TND788 TOP776
TRY949 TTD780 TWD901 TZS834 UAH980 UGX800 USD840 USN997 UYI940 UYU858 UYW927 UZS860 VED926
VES928 VND704 VUV548 WST882 XAF950 XCD951 XOF952 XPF953 YER886 ZAR710 ZMW967 ZWL932
"""


def countries() -> dict[str, list[str]]:
    """The folded names of each country, by its code of two letters."""
    locales = [Locale(language) for language in LANGUAGES]
    codes = sorted(set(map(str, locales[0].territories)) - _NO_COUNTRIES)
    codes = [code for code in codes if re.fullmatch("[A-Z]{2}", code)]
    found = {code: [str(locale.territories.get(code, "")) for locale in locales] for code in codes}
    for alias, targets in get_global("territory_aliases").items():
        if len(targets) == 1 and targets[0] in found and re.fullmatch("[A-Z]{3}|[0-9]{3}", alias):
            found[targets[0]].append(alias)
    for line in _ISO_COUNTRIES.strip().splitlines():
        found.get(line[:2], []).extend(turned for name in line[3:].split("|") for turned in _turned(name))
    english = locales[0].territories
    for code, names in found.items():
        name = str(english.get(code, "")).replace("&", "and")
        names += [name, name.replace("St. ", "Saint "), *_MORE_COUNTRIES.get(code, ())]
    return _unambiguous(found)


def _turned(name: str) -> tuple[str, ...]:
    """A name, and of "Korea, Republic of" also "Republic of Korea" and "Korea (Republic of)", which folds alike."""
    first, comma, last = name.partition(", ")
    return (name, f"{last} {first}") if comma and last.endswith((" of", " of the")) else (name,)


def currencies() -> dict[str, list[str]]:
    """The folded names of each currency in use since 1999, by its code of three letters."""
    locales = [Locale(language) for language in LANGUAGES]
    used = {
        code
        for entries in get_global("territory_currencies").values()
        for code, _, end, tender in entries
        if tender and (end is None or end[0] >= 1999)
    }
    found, numbers = {}, _NUMBERS.split()
    for code in sorted(used):
        names = [locale.currencies.get(code, "") for locale in locales]
        names += [
            str(name) for locale in locales for name in (locale._data["currency_names_plural"].get(code) or {}).values()
        ]
        found[code] = [*names, *_MORE_CURRENCIES.get(code, ()), *(pair[3:] for pair in numbers if pair[:3] == code)]
    return _unambiguous(found)


def _unambiguous(names: dict[str, list[str]]) -> dict[str, list[str]]:
    """Folded names, those left out that two codes have."""
    folded = {code: dict.fromkeys(filter(None, map(fold, listed))) for code, listed in names.items()}
    counts: dict[str, int] = {}
    for listed in folded.values():
        for name in listed:
            counts[name] = counts.get(name, 0) + 1
    return {code: [name for name in listed if counts[name] == 1] for code, listed in folded.items()}


def _lines(table: str, names: dict[str, list[str]]) -> Iterable[str]:
    yield f"[{table}]"
    for code, listed in names.items():
        # One text is read ten times faster than a list, and no folded name has an apostrophe.
        yield f"{code} = '{'|'.join(listed)}'"


def main() -> None:
    """Write the file."""
    head = (
        "# Written by `python -m docs.codes`: names of countries (ISO 3166-1) and currencies (ISO 4217), folded, in\n"
        "# the languages of exports. Data: Unicode CLDR (Unicode License v3).\n"
    )
    path = Path(__file__).resolve().parent.parent / "kpibar" / "ingest" / "codes.toml"
    path.write_text(
        head + "\n".join((*_lines("countries", countries()), "", *_lines("currencies", currencies()))) + "\n",
        encoding="utf-8",
    )
    sys.stdout.write(f"{path}: written\n")


if __name__ == "__main__":
    main()
