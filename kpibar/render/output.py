"""Reports as files: whole or not at all."""

from pathlib import Path

from kpibar.errors import OutputUnwritable
from kpibar.store import write_private


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file that appears whole or not at all, readable by its owner only. Raises OutputUnwritable."""
    if path.is_dir():
        raise OutputUnwritable(path, "it is a folder")
    try:
        write_private(path, content)
    except OSError as error:
        raise OutputUnwritable(path, error.strerror or str(error)) from error
