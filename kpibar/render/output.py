"""Reports as files: whole or not at all."""

import os
import tempfile
from pathlib import Path

from kpibar.errors import OutputUnwritable


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all, readable by its owner only. Raises OutputUnwritable."""
    if path.is_dir():
        raise OutputUnwritable(path, "it is a folder")
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".kpibar-")
    except OSError as error:
        raise OutputUnwritable(path, error.strerror or str(error)) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise OutputUnwritable(path, error.strerror or str(error)) from error
