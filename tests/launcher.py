"""Run the command line in processes forked from one that has loaded its libraries.

A command of a test takes a tenth of a second, the start of an interpreter with its libraries most of another: the
suite runs some thousand commands. Each still is a process of its own, with its own folder, variables, standard streams
and exit code; only the imports are shared. `python -m tests.launcher SOCKET` is the process that is forked: it never
opens a database and has no thread but its own.
"""

import atexit
import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import kpibar

# What the libraries read of the environment when they are imported: a command that sets it starts from nothing.
_AT_IMPORT = frozenset(
    {"FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TERMINAL_WIDTH", "PYTHONPATH", "PYTHONIOENCODING"}
)


def launch(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """The end of `kpibar ARGUMENTS` run in a folder with these variables added to those of this process.

    Raises subprocess.TimeoutExpired; the command is killed then.
    """
    variables = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
    if _AT_IMPORT & environment.keys() or not hasattr(os, "fork"):
        return subprocess.run(
            [sys.executable, "-m", "kpibar", *arguments],
            cwd=folder, env=variables, capture_output=True, text=True, encoding="utf-8", timeout=timeout, check=False,
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX) as line:
        line.connect(_server())
        request = {"arguments": list(arguments), "folder": str(folder), "variables": variables, "streams": place}
        line.sendall(json.dumps({**request, "umask": _umask()}).encode() + b"\n")
        answers = line.makefile()
        process = int(answers.readline())
        line.settimeout(timeout)
        try:
            code = int(answers.readline())
        except TimeoutError as error:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(["kpibar", *arguments], timeout) from error
        output, messages = (Path(place, name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess(["kpibar", *arguments], code, output, messages)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@lru_cache(maxsize=1)
def _server() -> str:
    """The address of the process that is forked, started with the first command of this process."""
    # The address of a socket has at most a hundred signs or so, the folder for temporary files may have more.
    short = "/tmp" if os.access("/tmp", os.W_OK) else None
    address = str(Path(tempfile.mkdtemp(prefix="kpibar-launcher-", dir=short)) / "socket")
    server = subprocess.Popen([sys.executable, "-m", "tests.launcher", address], stdin=subprocess.PIPE)
    atexit.register(_stop, server, address)
    until = time.monotonic() + 60
    while not Path(address).exists():
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError("tests.launcher did not start")
        time.sleep(0.01)
    return address


def _stop(server: "subprocess.Popen[bytes]", address: str) -> None:
    server.kill()
    server.wait()
    with contextlib.suppress(OSError):
        Path(address).unlink()
        Path(address).parent.rmdir()


def serve(address: str) -> NoReturn:
    """Fork a process for each request, until the process that asked for this one is gone."""
    _import_libraries()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address + ".new")
    listener.listen(64)
    Path(address + ".new").rename(address)
    parent = os.getppid()
    listener.settimeout(5)
    while os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _answer(connection)
            connection.close()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    sys.exit()


def _import_libraries() -> None:
    """Import what commands import, which takes them longer than what they do: all modules of kpibar, too."""
    for name in ("duckdb", "numpy.ma", "platformdirs", "pydantic.type_adapter", "rich.console", "rich.table"):
        importlib.import_module(name)
    for module in pkgutil.walk_packages(kpibar.__path__, "kpibar."):
        if module.name != "kpibar.__main__":
            importlib.import_module(module.name)


def _answer(connection: socket.socket) -> NoReturn:
    """Run one command in a process of its own, and send its number, then its exit code."""
    connection.settimeout(None)
    with connection.makefile() as lines:
        request = json.loads(lines.readline())
    process = os.fork()
    if process == 0:
        connection.close()
        _run(request)
    with contextlib.suppress(OSError):
        connection.sendall(f"{process}\n".encode())
    status = os.waitpid(process, 0)[1]
    with contextlib.suppress(OSError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _run(request: Mapping[str, object]) -> NoReturn:
    """Become the command: its folder, variables and streams, then its code."""
    variables, streams = request["variables"], Path(str(request["streams"]))
    assert isinstance(variables, dict) and isinstance(request["arguments"], list)
    os.chdir(str(request["folder"]))
    os.umask(int(str(request["umask"])))
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        path, flags = ("/dev/null", os.O_RDONLY) if number == 0 else (streams / name, os.O_WRONLY | os.O_CREAT)
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = ["kpibar", *request["arguments"]]
    code: object = 1
    try:
        from kpibar.cli.app import main

        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    serve(sys.argv[1])
