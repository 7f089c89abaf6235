"""A bar on the terminal while long files are read: bytes, records, rejects. Nothing where nobody looks."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kpibar.load.outcome import Watch
from kpibar.privacy.personal import name_shape
from kpibar.render.clean import clean
from kpibar.render.messages import number, say

# A file that is read in the blink of an eye needs no bar.
LONG = 8_000_000


@contextmanager
def watch_files(lang: str) -> Iterator[Watch | None]:
    """What to tell of a file while it is read - path, bytes so far, its bytes, records, rejects - or None."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
    from rich.table import Column

    counts = TextColumn("{task.fields[counts]}", table_column=Column(no_wrap=True))
    console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        counts,
        console=console,
        transient=True,
    ) as bar:
        paths: list[Path] = []

        def watch(path: Path, position: int, size: int, records: int, rejects: int) -> None:
            """Show how far a large file is read, in bytes."""
            if size < LONG:
                return
            if [path] != paths:
                for before in list(bar.tasks):
                    bar.remove_task(before.id)
                paths[:] = [path]
                bar.add_task(clean(name_shape(path.name)).replace("[", "\\["), total=size, counts="")
            words = say("ingest_progress", lang, records=number(records, lang), rejects=number(rejects, lang))
            # What is packed is longer than its file.
            bar.update(bar.tasks[0].id, completed=min(position, size), counts=words)

        yield watch
