"""What `-o` does with what is there already: devices, pipes, links, and files that are not overwritten."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpibar.cli import targets
from kpibar.cli.errors import OutputOverwrites
from kpibar.config import load
from kpibar.errors import OutputUnwritable
from kpibar.render import output
from tests.reproducers import DATABASE, GOOD, run
from tests.support import REPOSITORY

BAD = "contact_id,created_at,channel\n3,2025-03-01 10:00:00,email\n4,never,email\n"
REPORT = ("report", "--json", "-o")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of three contacts, its key, settings, and a layout of its own."""
    folder = tmp_path_factory.mktemp("outputs")
    (folder / "good.csv").write_text(GOOD)
    (folder / "bad.csv").write_text(BAD)
    (folder / "kpibar.toml").write_text('timezone = "UTC"\n')
    (folder / "layouts").mkdir()
    done = run(folder, "ingest", "good.csv", "bad.csv")
    assert done.returncode == 0, done.stderr
    shutil.copy(REPOSITORY / "kpibar/layouts/zendesk-tickets.toml", folder / "layouts/mine.toml")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def device(path: Path, number: int) -> Path:
    if not ROOT:
        pytest.skip("only root can make a device: NOT TESTED HERE")
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, number))
    return path


@pytest.mark.long
@pytest.mark.parametrize("line", ["report -o", "rejects -o", "rejects bad.csv -o"])
def test_a_device_is_written_and_stays(filled: Path, folder: Path, line: str) -> None:
    made, link = device(folder / "null", 3), folder / "link"
    link.symlink_to(made)
    done = run(filled, *line.split(), str(link))
    assert done.returncode == 0, done.stderr
    assert stat.S_ISCHR(made.lstat().st_mode) and link.is_symlink()


def test_a_full_device_is_said(folder: Path) -> None:
    made = device(folder / "full.json", 7)
    with pytest.raises(OutputUnwritable, match=r"cannot be written \(No space left on device\)"):
        output.write_whole(made, "text")
    assert stat.S_ISCHR(made.lstat().st_mode)


@pytest.mark.parametrize("most", [-1, 1], ids=["whole", "head"])
def test_a_pipe_is_written_to_its_reader(folder: Path, most: int) -> None:
    pipe = folder / "pipe.json"
    os.mkfifo(pipe)
    taken: list[bytes] = []

    def take() -> None:
        with pipe.open("rb", buffering=0) as file:
            taken.append(file.readall() if most < 0 else file.read(most))

    reader = threading.Thread(target=take)
    reader.start()
    words = output.write_whole(pipe, "text" * 100_000)
    reader.join(10)
    assert stat.S_ISFIFO(pipe.lstat().st_mode) and len(taken[0]) == (400_000 if most < 0 else 1)
    assert ("stopped before the end" in words) == (most > 0)


def test_a_pipe_without_reader_is_not_waited_for_without_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe")
    monkeypatch.setattr(output, "_PATIENCE", 0.1)
    with pytest.raises(OutputUnwritable, match="a pipe that nobody has read"):
        output.write_whole(folder / "pipe", "text")


@pytest.fixture
def odd(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of what can be no output: a socket, a folder, links to themselves, one into no folder."""
    (folder / "folder.json").mkdir()
    (folder / "loop.json").symlink_to(folder / "loop.json")
    (folder / "a.json").symlink_to(folder / "b.json")
    (folder / "b.json").symlink_to(folder / "a.json")
    (folder / "nowhere.json").symlink_to(folder / "none" / "out.json")
    monkeypatch.chdir(folder)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket.json")
        yield folder


def test_what_can_be_no_output_is_refused_and_stays(filled: Path, odd: Path) -> None:
    for name in (".", "/", ".."):
        targets.refuse_overwriting(Path(name), filled / DATABASE, load(filled / "kpibar.toml"))
        with pytest.raises(OutputUnwritable, match="it is a folder"):
            output.write_whole(Path(name), "text")
    names = ["folder.json", "loop.json", "a.json", "nowhere.json", "socket.json"]
    if ROOT:
        os.mknod(odd / "disk.json", 0o600 | stat.S_IFBLK, os.makedev(7, 199))
        names.append("disk.json")
    before = {name: (odd / name).lstat() for name in names}
    for name in names:
        targets.refuse_overwriting(odd / name, filled / DATABASE, load(filled / "kpibar.toml"))
        with pytest.raises(OutputUnwritable, match=rf"{name}: cannot be written \("):
            output.write_whole(odd / name, "text")
    assert {name: (odd / name).lstat().st_ino for name in names} == {name: one.st_ino for name, one in before.items()}


def test_links_are_followed_and_said(folder: Path) -> None:
    (folder / "real").mkdir()
    target = folder / "real" / "out.json"
    (folder / "first.json").symlink_to(target)  # dangling at first
    (folder / "second.json").symlink_to("first.json")
    for link in (folder / "first.json", folder / "second.json"):
        assert output.write_whole(link, "text") == f"written: {link}, a symbolic link, into {target}"
        assert link.is_symlink() and target.stat().st_size and stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.long
def test_an_open_file_is_written_where_it_stands(filled: Path, folder: Path) -> None:
    """The shell has opened it: its first line stays, and nothing takes its place."""
    places = ["/proc/self/fd/1", str(folder / "link")]
    (folder / "link").symlink_to("/dev/stdout")
    for place in places:
        out = folder / "out.txt"
        out.write_text("first\n")
        inode = out.stat().st_ino
        home = {**os.environ, "KPIBAR_KEY_FILE": "key"}
        with out.open("ab") as file:
            line = [sys.executable, "-m", "kpibar", "rejects", "--json", "-o", place]
            done = subprocess.run(line, cwd=filled, stdout=file, stderr=subprocess.PIPE, env=home, check=False)
        assert done.returncode == 0, done.stderr
        text = out.read_text()
        assert text.startswith("first\n") and json.loads(text[6:]) and out.stat().st_ino == inode


@pytest.mark.long
def test_what_is_never_replaced(filled: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = folder / "ready"
    shutil.copytree(filled, ready)
    (ready / "sub").mkdir()
    for name, target in (("to_base.json", DATABASE), ("to_layout.json", "layouts/mine.toml"), ("to_key.json", "key")):
        (ready / name).symlink_to(target)
    for name, target in (("base.json", DATABASE), ("layout.json", "layouts/mine.toml"), ("export.json", "good.csv")):
        (ready / name).hardlink_to(ready / target)
    shutil.copy(ready / DATABASE, ready / "sub/other.json")
    shutil.copy(ready / "key", ready / "sub/copy.json")
    shutil.copy(ready / "good.csv", ready / "sub/copy.csv")
    (ready / "kpibar.duckdb.wal").touch()
    (ready / "sub/pem.txt").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")
    (ready / "sub/hex.txt").write_text("0123456789abcdef" * 4 + "\n")
    (ready / "sub/topics.txt").write_text('[[topic]]\nreason = "wismo"\n')
    (ready / "sub/budget.csv").write_text("month,amount\n2025-01,1200\n")
    (ready / "sub/notes.txt").write_text("notes.txt:12: buy milk\n")
    (ready / "sub/edition.csv").write_text("edition,title\n1,First\n")
    (ready / "sub/list.json").write_text('[{"file": "a"}]\n')
    (ready / "sub/spaces.json").write_text('{"schema": "kpibar.reporting"}\n')
    before = contents(ready)
    names = [
        DATABASE, f"{DATABASE}.wal", f"{DATABASE}.last", "key", "kpibar.toml", "layouts/mine.toml", "good.csv",
        "layouts/new.toml", "sub/none.key", "other.toml", "to_base.json", "to_layout.json", "to_key.json", "base.json",
        "layout.json", "export.json", "sub/other.json", "sub/copy.json", "sub/copy.csv", "sub/pem.txt", "sub/hex.txt",
        "sub/topics.txt", "sub/budget.csv", "sub/notes.txt", "sub/edition.csv", "sub/list.json", "sub/spaces.json",
        str(REPOSITORY / "kpibar/layouts/zendesk-tickets.toml"),
    ]  # fmt: skip
    monkeypatch.chdir(ready)
    monkeypatch.setenv("KPIBAR_KEY_FILE", "key")
    for name in names:
        with pytest.raises(OutputOverwrites, match="does not overwrite"):
            targets.refuse_overwriting(Path(name), Path(DATABASE), load(Path("kpibar.toml")))
    for line in (REPORT, ("rejects", "bad.csv", "-o")):
        done = run(ready, *line, "layout.json")
        assert (done.returncode, "does not overwrite it" in done.stderr) == (2, True), done.stderr
    assert contents(ready) == before


@pytest.mark.long
def test_an_export_that_was_never_ingested_is_kept(filled: Path, folder: Path) -> None:
    shutil.copy(REPOSITORY / "sample_data/aircall-calls.csv", folder / "a.csv")
    done = run(filled, "report", "-o", str(folder / "a.csv"))
    assert done.returncode == 2 and "is an export (aircall-calls)" in done.stderr, done.stderr


@pytest.mark.long
def test_a_file_of_somebody_else_is_kept_and_named(filled: Path, folder: Path) -> None:
    (folder / "budget.csv").write_text("month,amount\n2025-01,1200\n")
    done = run(filled, "report", "-o", str(folder / "budget.csv"))
    words = f"{folder}/budget.csv: is a file that kpibar did not write, and kpibar does not overwrite it"
    assert done.returncode == 2 and words in done.stderr and "delete this one first" in done.stderr, done.stderr
    assert (folder / "budget.csv").read_text().endswith("1200\n")


@pytest.mark.long
def test_earlier_outputs_are_replaced(filled: Path, folder: Path) -> None:
    """Of every form: what kpibar has written, and what is empty. They are the owner's alone then."""
    settings = load(filled / "kpibar.toml")
    french = ["report", "--lang", "fr", "--by", "month"]
    names = {
        "out.json": ["report"], "out.csv": ["report"], "list.json": ["rejects", "--json"],
        "out.txt": ["report"], "fr.txt": french, "list.txt": ["rejects"],
        "none.txt": ["rejects", "--file", "good.csv"], "none.json": ["rejects", "--json", "--file", "good.csv"],
    }  # fmt: skip
    for name, line in names.items():
        (folder / name).touch()
        (folder / name).chmod(0o644)
        done = run(filled, *line, "-o", str(folder / name))
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        targets.refuse_overwriting(folder / name, filled / DATABASE, settings)
    (folder / "lines.txt").write_text("bad.csv:3: the file ends within it\ngood.csv:9: has 4 cells\n")
    targets.refuse_overwriting(folder / "lines.txt", filled / DATABASE, settings)
    (folder / "fix.csv").write_text("contact_id,created_at,channel\n4,never,email\n")
    assert run(filled, "rejects", "bad.csv", "-o", str(folder / "fix.csv")).returncode == 0
