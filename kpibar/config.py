"""The settings of a barometer: kpibar.toml, found and validated.

The nearest kpibar.toml from the working folder upward wins; without one, the user's own settings folder is
looked at; without that, the defaults below hold. Flags and KPIBAR_* variables are applied by the command line.
"""

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from kpibar import DEFAULT_DATABASE
from kpibar.brands import names_by_fold
from kpibar.errors import ConfigInvalid, ConfigMissing, ZoneUnknown
from kpibar.privacy.personal import name_shape, unmarked_name
from kpibar.toml import TomlFault, parse_toml, read_toml

FILE_NAME = "kpibar.toml"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Seconds = Annotated[int, Field(ge=0, le=10_000_000)]
Calls = Annotated[int, Field(ge=1, le=1_000_000)]
Days = Annotated[int, Field(ge=0, le=3660)]


# More of these are no settings somebody wrote: each costs time in every run.
_MOST_KPIS, _MOST_FILES, _MOST_SUCCESSIONS = 300, 5_000, 500
_LONGEST_NAME, _LONGEST_REASON = 200, 600
_YEAR = re.compile(r"(19|20)\d\d")


class _Table(BaseModel):
    # Neither a share nor a number of days is infinite.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Thresholds(_Table):
    """Every number a definition depends on. Seconds and days as the names say."""

    service_level_s: Seconds = 20
    short_abandon_s: Seconds = 5
    fcr_window_days: Days = 7
    repeat_window_days: Days = 7
    issue_gap_days: Days = 30
    issue_link_days: Days = 7
    link_after_order_days: Days = 30
    link_after_promise_days: Days = 14
    link_text_days: Days = 180
    slot_grace_s: Seconds = 0
    transfer_gap_s: Seconds = 15
    phone_ticket_s: Seconds = 600
    shared_number_calls: Calls = 20
    reply_target_email_s: Seconds = 86_400
    reply_target_chat_s: Seconds = 60
    reply_target_messaging_s: Seconds = 3_600
    reply_target_social_s: Seconds = 14_400
    reply_target_other_s: Seconds = 86_400
    reply_horizon_days: Days = 14
    promise_horizon_days: Days = 7
    reopen_horizon_days: Days = 28
    response_horizon_days: Days = 14


# The smallest change that matters of a KPI that states none: in points of shares and scores, else as a part of the
# figure before.
PRACTICAL_POINTS, PRACTICAL_RELATIVE = 1.0, 0.05


class Reporting(_Table):
    """How figures are judged and masked."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    min_base: Annotated[int, Field(ge=1, le=1_000_000_000)] = 30
    small_base: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100
    # In place of the margins of the catalogue, where they are stated.
    practical_points: Annotated[float, Field(ge=0)] | None = None
    practical_relative: Annotated[float, Field(ge=0)] | None = None
    min_reason_coverage: Annotated[float, Field(ge=0, le=1)] = 0.8
    min_month_coverage: Annotated[float, Field(ge=0, le=1)] = 0.8
    # Whether figures of single agents are shown, who are persons too.
    agents: bool = False


class Hours(_Table):
    """Opening hours: day names with "09:00-18:00" (several spans separated by commas), and closed dates."""

    monday: str = ""
    tuesday: str = ""
    wednesday: str = ""
    thursday: str = ""
    friday: str = ""
    saturday: str = ""
    sunday: str = ""
    closed: tuple[date, ...] = ()

    @field_validator(*WEEKDAYS)
    @classmethod
    def _spans_parse(cls, text: str) -> str:
        _spans(text)
        return text

    def spans(self, weekday: int) -> list[tuple[time, time]]:
        """The opening spans of a weekday, Monday = 0, in local time."""
        return _spans(getattr(self, WEEKDAYS[weekday]))


def _spans(text: str) -> list[tuple[time, time]]:
    """Parse "09:00-12:30, 14:00-18:00" into pairs of times."""
    spans = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        opens, dash, closes = part.partition("-")
        try:
            span = (time.fromisoformat(opens.strip()), time.fromisoformat(closes.strip()))
        except ValueError as error:
            raise ValueError(f'"{part}" is not a span such as 09:00-18:00') from error
        if not dash or any(end.tzinfo for end in span) or span[0] >= span[1]:
            raise ValueError(f'"{part}" is not a span such as 09:00-18:00')
        spans.append(span)
    return spans


def _day(value: object) -> object:
    """A day as TOML or ISO 8601 writes it; a number, which would be seconds since 1970, or a time is none."""
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value.strip())
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise ValueError(f"{value} is not a day such as 2025-06-01")


class FileRule(_Table):
    """What is true of the files whose name matches a pattern: their brand, layout, time zone, and the days they count
    for, from `first` to `last` (`from` and `until` in the file).

    `phone_tickets` = "separate" counts their telephone tickets beside the calls they were opened for; `twins` =
    "separate" loads them though another source holds most of their records too.
    """

    match: str
    brand: str | None = None
    layout: str | None = None
    timezone: str | None = None
    phone_tickets: Literal["once", "separate"] | None = None
    first: Annotated[date | None, BeforeValidator(_day)] = Field(default=None, alias="from")
    last: Annotated[date | None, BeforeValidator(_day)] = Field(default=None, alias="until")
    twins: Literal["separate"] | None = None

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str | None) -> str | None:
        return name if name is None else valid_zone(name)

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "FileRule":
        if self.first and self.last and self.first > self.last:
            raise ValueError(f"from = {self.first} is after until = {self.last}")
        return self


class Succession(_Table):
    """A source, or a layout, that gave way to another: `from` and `to` in the file; of one brand, or of all."""

    predecessor: Annotated[str, Field(min_length=1, alias="from")]
    successor: Annotated[str, Field(min_length=1, alias="to")]
    brand: str | None = None

    @model_validator(mode="after")
    def _differs(self) -> "Succession":
        if self.predecessor == self.successor:
            raise ValueError(f'from and to are both "{self.predecessor}"')
        return self


# What a contact costs, in the currency of the settings: more is a slip of the pen.
_HIGHEST_COST = 1_000


def _cost(value: object) -> object:
    """A number of 0 and more; a word or a yes is none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _HIGHEST_COST:
        return value
    raise ValueError(f"{value} is not what a contact costs: expected a number from 0 to {_HIGHEST_COST}, such as 4.5")


def _currency(value: object) -> object:
    if isinstance(value, str) and re.fullmatch("[A-Z]{3}", value):
        return value
    raise ValueError(f"{value} is not a currency: expected three capital letters such as EUR")


Cost = Annotated[float | None, BeforeValidator(_cost)]


class ChannelCosts(_Table):
    """What one contact costs by channel, all included; None where nobody states it."""

    phone: Cost = None
    email: Cost = None
    chat: Cost = None
    messaging: Cost = None
    social: Cost = None
    web: Cost = None
    sms: Cost = None
    self_service: Cost = None
    post: Cost = None
    store: Cost = None
    other: Cost = None


class Costs(ChannelCosts):
    """What contacts cost, and in the years that have a table of their own, such as [costs.2024], what is other then."""

    currency: Annotated[str, BeforeValidator(_currency)] = "EUR"
    years: dict[int, ChannelCosts] = {}

    @model_validator(mode="before")
    @classmethod
    def _years_apart(cls, table: object) -> object:
        """The tables of years under one name, as no year is the name of a setting."""
        if not isinstance(table, dict):
            return table
        years = {name: entry for name, entry in table.items() if isinstance(name, str) and _YEAR.fullmatch(name)}
        for name in table.keys() - years.keys() - cls.model_fields.keys() | table.keys() & {"years"}:
            channels = ", ".join(ChannelCosts.model_fields)
            raise ValueError(
                f'"{str(name)[:_LONGEST_NAME]}" is neither a channel nor a year: expected currency, a table such as '
                f"[costs.2024], or one of {channels}"
            )
        rest = {name: entry for name, entry in table.items() if name not in years}
        return {**rest, "years": {int(name): _costs_of_year(name, entry) for name, entry in years.items()}}

    def of_year(self, year: int) -> dict[str, float]:
        """What a contact cost in a year, of each channel of which it is stated."""
        stated = self.model_dump(include=set(ChannelCosts.model_fields), exclude_none=True)
        return stated | (self.years[year].model_dump(exclude_none=True) if year in self.years else {})


def _costs_of_year(name: str, entry: object) -> ChannelCosts:
    try:
        return ChannelCosts.model_validate(entry)
    except ValidationError as error:
        raise ValueError(f"in [costs.{name}]: {explain(error, ChannelCosts)}") from error


class Settings(_Table):
    """The whole of kpibar.toml."""

    brand: str | None = None
    timezone: str | None = None
    country_calling_code: Annotated[str, Field(pattern=r"^[1-9]\d{0,3}$")] = "33"
    database: str | None = None
    project: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")] = "default"
    lang: Literal["en", "fr"] | None = None
    hours: Hours | None = None
    thresholds: Thresholds = Thresholds()
    reporting: Reporting = Reporting()
    costs: Costs | None = None
    targets: dict[str, float] = {}
    maturity_days: dict[str, Days] = {}
    reasons: dict[str, str] = {}
    files: Annotated[tuple[FileRule, ...], Field(max_length=_MOST_FILES)] = ()
    succession: Annotated[tuple[Succession, ...], Field(max_length=_MOST_SUCCESSIONS)] = ()
    brands: dict[str, str] = {}
    layouts: dict[str, dict[str, str]] = {}
    kpis: Annotated[dict[str, dict[str, Any]], Field(max_length=_MOST_KPIS)] = {}

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str | None) -> str | None:
        return name if name is None else valid_zone(name)

    @field_validator("succession")
    @classmethod
    def _succession_ends(cls, successions: tuple[Succession, ...]) -> tuple[Succession, ...]:
        after = {(succession.predecessor, succession.brand): succession.successor for succession in successions}
        for succession in successions:
            name, names_before = succession.successor, {succession.predecessor}
            while name not in names_before and (name, succession.brand) in after:
                names_before.add(name)
                name = after[name, succession.brand]
            if name in names_before:
                raise ValueError(f'"{name}" follows itself')
        return successions

    @field_validator("brands")
    @classmethod
    def _brands_have_one_name(cls, aliases: dict[str, str]) -> dict[str, str]:
        names_by_fold(aliases)
        return aliases


@dataclass(frozen=True)
class Config:
    """Settings, where they came from (None: the defaults) and the hash that stands in every report."""

    settings: Settings
    path: Path | None
    sha256: str

    @property
    def folder(self) -> Path | None:
        """The folder beside whose `layouts/` the user's own layouts are looked for."""
        return self.path.parent if self.path else None

    def database_path(self, option: Path | None = None) -> Path:
        """The database: the one stated, else that of the settings (beside their file), else the default name here."""
        if option is not None:
            return option
        if self.settings.database and self.folder:
            return self.folder / self.settings.database
        return Path(DEFAULT_DATABASE)

    def rule_for(self, file_name: str) -> FileRule:
        """What the [[files]] rules say of a file; a later rule completes an earlier one. Raises ConfigInvalid."""
        return rule_for(self.settings.files, file_name)


def rule_for(rules: Iterable[FileRule], file_name: str) -> FileRule:
    """What rules say of a file; a later rule completes an earlier one. Raises ConfigInvalid where the two disagree."""
    fields: dict[str, Any] = {}
    for rule in rules:
        if fnmatchcase(file_name.casefold(), rule.match.casefold()) or _matches_shape(rule, file_name):
            fields |= rule.model_dump(exclude_none=True, by_alias=True)
    try:
        return FileRule(**(fields | {"match": file_name}))
    except ValidationError as error:
        raise ConfigInvalid(Path(FILE_NAME), f"[[files]] for {file_name}: {explain(error)}") from error


def _matches_shape(rule: FileRule, file_name: str) -> bool:
    """Whether a rule names a person, and a name is one of the ledger, which has the shapes of such names."""
    shape = name_shape(rule.match)
    return shape != rule.match and fnmatchcase(unmarked_name(file_name).casefold(), shape.casefold())


def valid_zone(name: str, where: str = "") -> str:
    """Return the IANA name of a time zone, or raise ZoneUnknown, whose message begins with `where`.

    Some systems list names that mean this machine's own zone, or clocks with leap seconds: the engine has none of them.
    """
    if name in ("localtime", "posixrules") or name.startswith(("posix/", "right/")):
        raise ZoneUnknown(name, where)
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError, IsADirectoryError) as error:
        raise ZoneUnknown(name, where) from error


def find(start: Path) -> Path | None:
    """The nearest kpibar.toml from `start` upward, else the user's own, else None."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    from platformdirs import user_config_path

    user_file = user_config_path("kpibar") / FILE_NAME
    return user_file if user_file.is_file() else None


def load(path: Path | None = None, start: Path | None = None) -> Config:
    """Read the settings file asked for, or the one found from `start` (default: the working folder).

    Raises ConfigMissing, ConfigInvalid.
    """
    if path is not None and not path.is_file():
        raise ConfigMissing(path)
    file = path or find((start or Path.cwd()).resolve())
    if file is None:
        return Config(Settings(), None, hashlib.sha256(b"").hexdigest())
    try:
        content = read_toml(file)
    except (OSError, TomlFault) as error:
        raise ConfigInvalid(file, getattr(error, "strerror", None) or str(error)) from error
    return Config(_parse(file, content), file.resolve(), hashlib.sha256(content).hexdigest())


def _parse(path: Path, content: bytes) -> Settings:
    try:
        return Settings.model_validate(parse_toml(content))
    except TomlFault as fault:
        raise ConfigInvalid(path, str(fault)) from fault
    except ZoneUnknown as error:
        raise ConfigInvalid(path, f"timezone: {error}") from error
    except ValidationError as error:
        raise ConfigInvalid(path, explain(error, Settings)) from error


def explain(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """The first problem pydantic found, in one line: where, and what is wrong; of a `model` also what may be there."""
    faults = error.errors()
    # A setting that is not there may be the one that is misspelled.
    first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    where = ".".join(str(step)[:_LONGEST_NAME] for step in first["loc"])
    remainder = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        return f'"{where}" is not a setting{_names_beside(model, first["loc"])}{remainder}'
    message = first["msg"].removeprefix("Value error, ")
    message = message if len(message) <= _LONGEST_REASON else f"{message[:_LONGEST_REASON]} ..."
    return f'"{where}": {message}{remainder}' if where else f"{message}{remainder}"


def _names_beside(model: type[BaseModel] | None, place: tuple[int | str, ...]) -> str:
    """What may stand in the table that has an unknown setting, the most like it first; "" where nobody lists that."""
    for step in place[:-1]:
        if isinstance(step, int):
            continue
        fields = model.model_fields if model else {}
        kind = fields[step].annotation if step in fields else None
        model = next(
            (
                member
                for member in (kind, *get_args(kind))
                if isinstance(member, type) and issubclass(member, BaseModel)
            ),
            None,
        )
    if model is None:
        return ""
    names = [field.alias or name for name, field in model.model_fields.items()]
    like = get_close_matches(str(place[-1]), names, n=1)
    name_list = f"expected one of {', '.join(names)}"
    return f"; did you mean {like[0]}? {name_list}" if like else f"; {name_list}"
