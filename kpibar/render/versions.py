"""The versions of the document `kpibar.report`: the present one, and older documents brought to it.

What an older version does not tell is null: nothing is guessed. The keys are those of `report.schema.json`, whose
additions may therefore all be null; a minor version only adds.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from kpibar.config import Thresholds
from kpibar.measure.errors import ReportUnreadable

SCHEMA = "kpibar.report"
SCHEMA_VERSION = "1.3"
_MAJOR, _MINOR = map(int, SCHEMA_VERSION.split("."))
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
# The verdicts that meant the same before there were details of them.
_PLAIN_VERDICTS = ("better", "worse")

Schema = Mapping[str, Any]


def upgrade(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document of an older version as one of the present version: no figure is another, what is unknown is null.

    A document of the present version is given back as it is, and so is one of a later minor version, which only has
    more. The document itself is not changed. Raises ReportUnreadable for one of a later major version, and for what is
    no report.

    >>> from pathlib import Path
    >>> old = json.loads(Path("barometer-2024.json").read_text(encoding="utf-8"))
    >>> new = upgrade(old)
    >>> old["schema_version"], new["schema_version"], new["opening"]
    ('1.1', '1.3', None)
    """
    minor = _minor_version(document)
    complete: dict[str, Any] = _complete(document, report_schema(), "")
    if minor >= _MINOR:
        return complete
    scope, parameters = complete["scope"], complete["parameters"]
    if scope["dimensions_asked"] is None:
        scope["dimensions_asked"] = _dimensions_asked(document)
    for delta, original in zip(_deltas(complete), _deltas(document), strict=True):
        if "verdict_detail" not in original and delta["verdict"] in _PLAIN_VERDICTS:
            delta["verdict_detail"] = delta["verdict"]
    complete["parameters"] = {**dict.fromkeys(Thresholds.model_fields), **parameters}
    # The keys that say what a document is come first.
    head = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION}
    head["original_version"] = complete["original_version"] or document["schema_version"]
    return {**head, **complete, **head}


@lru_cache(maxsize=1)
def report_schema() -> Schema:
    """The JSON Schema of the present version."""
    text = files("kpibar.render").joinpath("report.schema.json").read_text(encoding="utf-8")
    schema: Schema = json.loads(text)
    return schema


def _minor_version(document: Mapping[str, Any]) -> int:
    """The minor version of a document. Raises ReportUnreadable."""
    if not isinstance(document, Mapping):
        raise ReportUnreadable("it is no JSON object")
    name, version = document.get("schema"), document.get("schema_version")
    parts = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if name != SCHEMA or parts is None:
        raise ReportUnreadable(f"its schema is not {SCHEMA} {_MAJOR}")
    major, minor = map(int, parts.groups())
    if major > _MAJOR:
        why = f"its schema is {SCHEMA} {version}, of a newer kpibar; this one reads {_MAJOR}.0 to {SCHEMA_VERSION}"
        raise ReportUnreadable(why)
    if major < _MAJOR:
        raise ReportUnreadable(f"its schema is {SCHEMA} {version}, which was never published")
    return minor


def _complete(value: Any, schema: Schema, path: str) -> Any:
    """A copy of a value in which every object has the keys of its schema. Raises ReportUnreadable."""
    if "$ref" in schema:
        schema = report_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("type", ())
    if value is None and "null" in kinds:
        return None
    if "properties" in schema:
        return _complete_object(value, schema, path)
    if "items" in schema:
        if not isinstance(value, list):
            raise ReportUnreadable(f"{path} is no list")
        return [_complete(inner, schema["items"], f"{path}[{place}]") for place, inner in enumerate(value)]
    if kinds == "object" and not isinstance(value, Mapping):
        raise ReportUnreadable(f"{path} is no object")
    return value


def _complete_object(value: Any, schema: Schema, path: str) -> dict[str, Any]:
    """A copy of an object with the keys of its schema: null where it lacks one that may be. Raises ReportUnreadable."""
    if not isinstance(value, Mapping):
        raise ReportUnreadable(f"{path} is no object")
    properties = schema["properties"]
    missing_names = [name for name in schema.get("required", ()) if name not in value]
    if missing_names:
        raise ReportUnreadable(f"{path or 'it'} has no {', '.join(missing_names)}")
    copy = {
        name: _complete(inner, properties.get(name, {}), f"{path}.{name}".lstrip(".")) for name, inner in value.items()
    }
    return copy | dict.fromkeys(name for name in properties if name not in value)


def _dimensions_asked(document: Mapping[str, Any]) -> list[str] | None:
    """The dimensions of a report of before 1.3, which had one at most; None where it cannot be known.

    Before `scope.breakdown` was written, a breakdown of a KPI that is no mix was one that had been asked for.
    """
    scope = document["scope"]
    if "breakdown" in scope:
        return [scope["breakdown"]] if scope["breakdown"] else []
    dimensions = {
        str(part["dimension"]) for kpi in document["kpis"] if kpi["estimator"] != "mix" for part in kpi["breakdowns"]
    }
    return sorted(dimensions) or None


def _deltas(document: Mapping[str, Any]) -> Iterator[Any]:
    """The changes of all KPIs and of all their segments."""
    for kpi in document["kpis"]:
        yield kpi["delta"]
        for breakdown in kpi["breakdowns"]:
            for segment in breakdown["segments"]:
                yield segment["delta"]
