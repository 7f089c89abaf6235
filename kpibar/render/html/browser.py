"""Pages as PDF and pictures, by a browser of the Chromium kind that this machine has.

It runs without a window, a network or scripts to run, with a profile of its own that is removed with the files it was
given; it is ended when it takes too long.
"""

import os
import shutil
import signal
import struct
import subprocess
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kpibar.database.scratch import scratch
from kpibar.render.html.errors import BrowserFailed, BrowserMissing

# The variable that names a browser.
VARIABLE = "KPIBAR_BROWSER"
_NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
    "microsoft-edge-stable", "msedge", "brave-browser",
    # Where they are when they are not on the path.
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)  # fmt: skip
_SECONDS = 90
# The proxy is a port at which nobody listens: what a page might ask for does not leave the machine.
_OPTIONS = (
    "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--no-default-browser-check",
    "--disable-extensions", "--disable-sync", "--disable-background-networking", "--disable-component-update",
    "--disable-dev-shm-usage", "--disable-crash-reporter", "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
# The last line of a PDF and the last chunk but one of a PNG of kpibar.
_PDF_MARK = b"\n%kpibar report\n"
_PNG_END = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
_PNG_TEXT = b"tEXtSoftware\0kpibar report"
_PNG_MARK = struct.pack(">I", len(_PNG_TEXT) - 4) + _PNG_TEXT + struct.pack(">I", zlib.crc32(_PNG_TEXT))


def find_browser(kind: str) -> str:
    """The path of the browser that makes a file of a kind: the one KPIBAR_BROWSER names, else the first that is there.

    Raises BrowserMissing.
    """
    name = os.environ.get(VARIABLE)
    paths = (shutil.which(name) for name in ([name] if name else _NAMES))
    path = next(filter(None, paths), None)
    if path is None:
        raise BrowserMissing(kind)
    return str(Path(path).absolute())


def to_pdf(page: str) -> bytes:
    """An HTML page as PDF, on the paper that its style sheet asks for. Raises BrowserMissing, BrowserFailed."""
    return _run("PDF", page, "page.html", ["--no-pdf-header-footer"], "--print-to-pdf") + _PDF_MARK


def to_png(picture: str, width: int, height: int) -> bytes:
    """An SVG picture as PNG, twice as many pixels each way. Raises BrowserMissing, BrowserFailed."""
    options = [f"--window-size={width},{height}", "--force-device-scale-factor=2"]
    data = _run("PNG", picture, "picture.svg", options, "--screenshot")
    return data.removesuffix(_PNG_END) + _PNG_MARK + _PNG_END


def is_own_pdf(path: Path) -> bool:
    """Whether a file is a PDF as kpibar wrote it, to which nobody has added anything."""
    return _is_framed(path, b"%PDF-", _PDF_MARK)


def is_own_png(path: Path) -> bool:
    """Whether a file is a PNG as kpibar wrote it."""
    return _is_framed(path, b"\x89PNG", _PNG_MARK + _PNG_END)


def _is_framed(path: Path, first_bytes: bytes, end: bytes) -> bool:
    with path.open("rb") as file:
        if file.read(len(first_bytes)) != first_bytes:
            return False
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - len(end)))
        return file.read() == end


def _run(kind: str, content: str, name: str, options: Sequence[str], target: str) -> bytes:
    """What the browser makes of a file. Raises BrowserMissing, BrowserFailed."""
    browser = find_browser(kind)
    with scratch() as folder:
        source, target_file = folder / name, folder / f"made.{kind.lower()}"
        source.write_text(content, encoding="utf-8")
        # A sandbox cannot be set up by root; whoever is not root keeps it.
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        line = [browser, *_OPTIONS, *root, *options, f"--user-data-dir={folder / 'profile'}", f"{target}={target_file}"]
        why = _wait([*line, source.as_uri()], folder)
        if why is None and target_file.is_file() and target_file.stat().st_size:
            return target_file.read_bytes()
    raise BrowserFailed(browser, kind, why or "it wrote nothing")


def _wait(line: Sequence[str], folder: Path) -> str | None:
    """Run a program to its end, its home being a folder; why it failed, None where it did not."""
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    quiet = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            line, stdin=quiet, stdout=quiet, stderr=quiet, cwd=folder, env=environment, start_new_session=True
        )
    except OSError as error:
        return f"it cannot be started ({error.strerror})"
    try:
        code = process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        return f"it did not end within {_SECONDS} seconds"
    finally:
        _end(process)
    return f"it ended with code {code}" if code else None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program that still runs, with those it has started."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            process.kill()
    process.wait()
