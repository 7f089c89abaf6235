"""A Layout is one vendor's export described as data: a TOML file in kpibar/layouts or in the user's own folder.

`identify` picks the layout of a header; it never looks at the file's name.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kpibar.config import explain, valid_zone
from kpibar.database.schema import KEYS, TEXT_COLUMNS, selectable
from kpibar.errors import UsageError
from kpibar.layouts.errors import LayoutInvalid, LayoutMissesColumns, LayoutTied, LayoutUnknown
from kpibar.layouts.expression import SECONDS, ExpressionError, Program, columns_read, compile_expression
from kpibar.layouts.origins import has_value
from kpibar.layouts.vocabulary import refuse_words
from kpibar.read.columns import normal
from kpibar.toml import TomlFault, parse_toml, read_toml
from kpibar.values.formats import FormatFault, pattern
from kpibar.values.formula import closest, formula_with_size
from kpibar.values.functions import FormulaFault, Size, Term
from kpibar.values.syntax import can_read

# Where a layout of this package comes from.
BUILT_IN = "built in"
_MOST_LAYOUTS = 200
# Of all values of a record together, times the length of its cells (see formula.measured).
_MOST_GROWTH = 1_000
Entity = Literal["contacts", "orders", "parcels", "surveys", "notices", "gestures", "costs"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class Assertion(_Table):
    """Two durations in seconds that must agree within a tolerance on 95 % of the records that know both.

    `needs_both` (`paired` in a layout) says that a record with one of them has the other: where a quarter of the
    records lacks one, cells moved.
    """

    name: str
    left: str
    right: str
    tolerance_s: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] = 120.0
    needs_both: Annotated[bool, Field(alias="paired")] = False


class Also(_Table):
    """A second canonical table filled from the records of the same file for which `where` holds."""

    where: str
    select: dict[str, str]


class Layout(_Table):
    """One export layout. See kpibar/layouts/README.md for the meaning of each key."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    title: str = ""
    fills: Entity
    grain: Literal["case", "interaction"] | None = None
    status: Literal["verified", "documented", "unverified"] = "unverified"
    detect: Annotated[tuple[str, ...], Field(min_length=1)]
    needs: tuple[str, ...] = ()
    zone: str = "account"
    formats: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    date_order: Literal["dmy", "mdy"] | None = None
    group: str | None = None
    keep: str | None = None
    note: str = ""
    select: dict[str, str]
    enum: dict[str, dict[str, str]] = {}
    also: dict[Entity, Also] = {}
    assertions: Annotated[tuple[Assertion, ...], Field(alias="assert")] = ()

    @property
    def signature(self) -> frozenset[str]:
        """The normalised header names that must all be there."""
        return frozenset(normal(name) for name in self.detect)

    def vocabulary(self) -> frozenset[str]:
        """Every normalised header name the layout can read."""
        expressions = [*self.select.values(), self.keep or ""]
        for also in self.also.values():
            expressions += [also.where, *also.select.values()]
        read = {normal(name) for expression in expressions for name in columns_read(expression)}
        return self.signature | read | {normal(name) for name in (*self.fields, *self.needs, self.group or "")} - {""}


@dataclass(frozen=True)
class Shelf:
    """All layouts at hand by name, and the file each came from."""

    layouts: Mapping[str, Layout]
    paths: Mapping[str, str]
    own_names: frozenset[str] = field(default=frozenset())

    def get(self, name: str) -> Layout:
        """The layout of that name, or LayoutUnknown."""
        if name not in self.layouts:
            raise LayoutUnknown(name, self.layouts)
        return self.layouts[name]

    def vocabulary(self) -> frozenset[str]:
        """Every normalised header name that some layout can read."""
        return frozenset().union(*(layout.vocabulary() for layout in self.layouts.values()))


def shelf(folder: Path | None, overrides: Mapping[str, Mapping[str, str]] | None = None) -> Shelf:
    """The built-in layouts and those in `folder`/layouts, which win; then single columns as kpibar.toml says.

    Raises LayoutInvalid, LayoutUnknown.
    """
    layouts = dict(_built_in())
    paths = dict.fromkeys(layouts, BUILT_IN)
    own_layouts = _read_folder(folder / "layouts") if folder else {}
    for path, layout in own_layouts.items():
        layouts[layout.name] = layout
        paths[layout.name] = str(path)
    for name, columns in (overrides or {}).items():
        if name not in layouts:
            raise LayoutUnknown(name, layouts)
        layout_of_settings = layouts[name].model_copy(update={"select": layouts[name].select | dict(columns)})
        layouts[name] = _check_layout(Path(f"[layouts.{name}]"), layout_of_settings)
        paths[name] += f" + [layouts.{name}]"
    return Shelf(layouts, paths, frozenset(layout.name for layout in own_layouts.values()))


@lru_cache(maxsize=1)
def _built_in() -> dict[str, Layout]:
    """The layouts of this package; its tests check what is checked of others here."""
    layouts = {}
    for item in files("kpibar").joinpath("layouts").iterdir():
        if item.name.endswith(".toml"):
            layout = Layout.model_validate(tomllib.loads(item.read_text(encoding="utf-8")))
            layouts[layout.name] = layout
    return dict(sorted(layouts.items()))


def _read_folder(folder: Path) -> dict[Path, Layout]:
    if not folder.is_dir():
        return {}
    try:
        paths = sorted(path for path in folder.glob("*.toml") if not path.is_dir())
    except OSError as error:
        raise LayoutInvalid(folder, error.strerror or str(error)) from error
    if len(paths) > _MOST_LAYOUTS:
        raise LayoutInvalid(folder, f"holds {len(paths):,} layouts; {_MOST_LAYOUTS} at most are read")
    return {path: _read(path) for path in paths}


def _read(path: Path) -> Layout:
    """Raises LayoutInvalid, also for a pipe or device, and for a file that is far larger than a layout."""
    try:
        return parse(path, read_toml(path))
    except (OSError, TomlFault) as error:
        raise LayoutInvalid(path, getattr(error, "strerror", None) or str(error)) from error


def parse(path: Path, content: bytes) -> Layout:
    """Read and check a layout file. Raises LayoutInvalid."""
    try:
        layout = Layout.model_validate(parse_toml(content))
    except TomlFault as fault:
        raise LayoutInvalid(path, str(fault)) from fault
    except ValidationError as error:
        raise LayoutInvalid(path, explain(error)) from error
    return _check_layout(path, layout)


def _check_layout(path: Path, layout: Layout) -> Layout:
    """Refuse unknown canonical columns, missing keys, unknown helpers and zones, by name."""
    tables: list[tuple[Entity, Mapping[str, str]]] = [(layout.fills, layout.select)]
    tables += [(entity, also.select) for entity, also in layout.also.items()]
    for entity, select in tables:
        unknown = sorted(set(select) - selectable(entity) - set(TEXT_COLUMNS))
        if unknown:
            raise LayoutInvalid(path, f'"{unknown[0]}" is not a column of {entity}')
        absent_keys = [key for key in KEYS[entity].mandatory if key not in select]
        if absent_keys:
            raise LayoutInvalid(path, f'[select] of {entity} needs "{absent_keys[0]}"')
    try:
        for entry, table, column, expression in _entries(layout):
            _check_entry(layout, entry, table, column, expression)
        for assertion in layout.assertions:
            for side, text in (("left", assertion.left), ("right", assertion.right)):
                _check_duration(layout, f'[[assert]] "{assertion.name}" {side}', text)
        _check_formats(layout.formats)
        if layout.zone != "account":
            valid_zone(layout.zone)
        if growth(layout) > _MOST_GROWTH:
            raise ExpressionError(f"its expressions make texts more than {_MOST_GROWTH:,} times as long as their cells")
    except (ExpressionError, FormatFault, UsageError) as error:
        raise LayoutInvalid(path, str(error)) from error
    return layout


def _entries(layout: Layout) -> Iterator[tuple[str, str, str, str]]:
    """Every expression of a layout: how its entry is called, its table and column ("" for a condition), its SQL."""
    for column, expression in layout.select.items():
        yield f"[select] {column}", layout.fills, column, expression
    for entity, also in layout.also.items():
        yield f"[also.{entity}] where", entity, "", also.where
        for column, expression in also.select.items():
            yield f"[also.{entity}.select] {column}", entity, column, expression
    if layout.keep is not None:
        yield "keep", layout.fills, "", layout.keep


def _check_entry(layout: Layout, entry: str, entity: str, column: str, expression: str) -> None:
    """Raises ExpressionError, which names the entry."""
    try:
        program = compile_expression(expression)
        for call in program.calls:
            if call.helper == "enum" and call.argument not in layout.enum:
                raise ExpressionError(f"there is no [enum.{call.argument}]")
        refuse_words(entity, column, program, layout.enum)
    except ExpressionError as error:
        raise ExpressionError(f"{entry}: {error}") from error


def _check_duration(layout: Layout, entry: str, text: str) -> None:
    """Raises ExpressionError, which names the entry."""
    try:
        duration_sql(layout, text)
    except FormulaFault as fault:
        raise ExpressionError(f"{entry}: {fault}") from fault


def duration_sql(layout: Layout, text: str) -> str:
    """The SQL of one side of an assertion, over the columns that the layout selects. Raises FormulaFault."""
    return _duration(layout, text)[0]


def _duration(layout: Layout, text: str) -> tuple[str, int]:
    """The SQL of one side of an assertion, and its growth (see formula.measured)."""

    def column(names: Sequence[str]) -> Term:
        """The column of [select] of a name. Raises FormulaFault."""
        if len(names) == 1 and names[0] in layout.select:
            return Term(names[0], Size(2 + compile_expression(layout.select[names[0]]).growth))
        name = ".".join(names)
        raise FormulaFault(f'"{name}" is not a column of [select]{closest(name, layout.select)}')

    return formula_with_size(text, column, functions=[SECONDS])


def growth(layout: Layout) -> int:
    """How many times as long as the cells of a record all its values together can be (see formula.measured)."""
    texts = (text for assertion in layout.assertions for text in (assertion.left, assertion.right))
    return sum(program.growth for _, program in entries(layout)) + sum(_duration(layout, t)[1] for t in texts)


def entries(layout: Layout) -> list[tuple[str, Program]]:
    """Every expression of a layout that is not refused, and how its entry is called."""
    return [(entry, compile_expression(expression)) for entry, _, _, expression in _entries(layout)]


def _check_formats(formats: Iterable[str]) -> None:
    """Raises FormatFault for a format that can tell no date."""
    for format in formats:
        try:
            format_pattern = pattern(format)
        except FormatFault as fault:
            raise FormatFault(f'formats: "{format}" {fault}; no date can be read by it') from fault
        if format_pattern is None and not can_read(format):
            raise FormatFault(f'formats: "{format}" has a directive that strptime does not know')


def identify(path: Path, header: Iterable[str], shelf: Shelf) -> Layout | None:
    """The layout whose `detect` names are all in the header, None without one.

    The user's own layouts win, and a layout wins over those whose `detect` names are only some of its own. Raises
    LayoutTied.
    """
    names = frozenset(header)
    candidates = [layout for layout in shelf.layouts.values() if layout.signature <= names]
    own_layouts = [layout for layout in candidates if layout.name in shelf.own_names]
    rivals = own_layouts or candidates
    best = [layout for layout in rivals if not any(layout.signature < rival.signature for rival in rivals)]
    if len(best) > 1:
        raise LayoutTied(path, [layout.name for layout in best])
    return best[0] if best else None


def look_alikes(header: Iterable[str], shelf: Shelf) -> list[Layout]:
    """The layouts a header without a layout may be meant for, the likeliest first.

    At least half of the `detect` names are there, the layout can read half of the columns, and these are no other
    layout's: the `detect` names together, or two names that this layout alone can read.
    """
    names = frozenset(header)
    vocabularies = {layout.name: layout.vocabulary() for layout in shelf.layouts.values()}
    alike = []
    for layout in shelf.layouts.values():
        present = layout.signature & names
        rivals = [vocabularies[name] for name in vocabularies if name != layout.name]
        alone = (vocabularies[layout.name] & names).difference(*rivals)
        distinct = len(present) > 1 and not any(present <= rival for rival in rivals)
        fits = 2 * len(present) >= len(layout.signature) and 2 * len(vocabularies[layout.name] & names) >= len(names)
        if fits and (distinct or len(alone) > 1):
            alike.append(layout)
    return sorted(alike, key=lambda layout: _distance(layout, names))


def _distance(layout: Layout, names: frozenset[str]) -> tuple[float, int]:
    gap = len(layout.signature - names)
    return (gap / len(layout.signature), -len(layout.signature))


def required_columns(layout: Layout, names: frozenset[str]) -> Sequence[str]:
    """The names, as written, without which the layout can read no record and which the header does not have."""
    columns: list[str] = []
    for key in KEYS[layout.fills].mandatory:
        read = columns_read(layout.select[key])
        if read and not {normal(column) for column in read} & names:
            columns += read
    needs = (*layout.needs, *([layout.group] if layout.group else []))
    columns += [name for name in needs if normal(name) not in names]
    return list(dict.fromkeys(columns))


def missing_columns(layout: Layout, names: frozenset[str]) -> Sequence[str]:
    """The `detect` names, as written, that the header does not have."""
    return [name for name in layout.detect if normal(name) not in names]


def absent(layout: Layout, columns: Iterable[str], header: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Which of these canonical columns this header cannot fill, and the first header name that would fill each."""
    names = frozenset(header)
    pairs = []
    for column in columns:
        program = compile_expression(layout.select[column])
        absent_calls = [
            number for number, call in enumerate(program.calls) if not names & set(map(normal, call.columns))
        ]
        if absent_calls and not has_value(program, absent_calls):
            decisive = [number for number in absent_calls if has_value(program, set(absent_calls) - {number})]
            pairs.append((column, program.calls[(decisive or absent_calls)[0]].column))
    return tuple(pairs)


def layout_by_name(path: Path, name: str, header: Iterable[str], shelf: Shelf) -> Layout:
    """The layout the user asked for, provided the columns it needs and half of its `detect` names are in this header.

    Raises LayoutUnknown, LayoutMissesColumns.
    """
    layout = shelf.get(name)
    names = frozenset(header)
    needs = required_columns(layout, names)
    absent_columns = missing_columns(layout, names)
    if needs or 2 * len(absent_columns) > len(layout.detect):
        raise LayoutMissesColumns(path, name, needs or absent_columns)
    return layout
