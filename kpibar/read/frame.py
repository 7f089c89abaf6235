"""A data frame as an export: a CSV file whose cells say what the frame's cells say."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpibar.read.errors import FrameNameInvalid

if TYPE_CHECKING:
    import pandas

# A float holds every whole number up to here.
_LARGEST_WHOLE = 2**53


def write_frame(frame: "pandas.DataFrame", folder: Path, name: str) -> Path:
    """Write a frame, without its index, as UTF-8 CSV of mode 0600 to `name`.csv in a folder; the path.

    A missing value is an empty cell, an instant ISO 8601 with its offset where it has one. A column of floats whose
    values are all whole, as integers with gaps become in pandas, is written without decimals: 12, not 12.0. Raises
    FrameNameInvalid.
    """
    if not name or name != Path(name).name or not name.isprintable():
        raise FrameNameInvalid(name)
    text = frame.copy(deep=False)
    for place in range(len(frame.columns)):
        text.isetitem(place, _cells(frame.iloc[:, place]))
    text.columns = [str(column) for column in frame.columns]
    path = folder / f"{name}.csv"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        text.to_csv(file, index=False, lineterminator="\n")
    return path


def _cells(column: "pandas.Series[Any]") -> "pandas.Series[Any]":
    """A column whose values are written as their texts are."""
    from pandas.api.types import is_datetime64_any_dtype, is_float_dtype

    if is_datetime64_any_dtype(column):
        return column.map(lambda instant: instant.isoformat(sep=" "), na_action="ignore")
    present = column.dropna()
    if is_float_dtype(column) and (present.abs() <= _LARGEST_WHOLE).all() and not present.mod(1).any():
        return column.astype("Int64")
    return column
