"""Ctrl-C, SIGTERM and SIGHUP end a run at once, except within a commit, which is never left half done.

The engine does not stop a statement because a signal handler raised: it has to be asked. So the handler asks the
statement that runs, and `StopSignal` is raised when it has ended; between statements it is raised at once.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class StopSignal(BaseException):
    """A signal asked the run to end; `signum` tells which."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended."""
        return 128 + self.signum


@dataclass
class _Signals:
    """How to stop what runs now, innermost last (None: it must not be stopped), and the signal that waits."""

    stops: list[Callable[[], object] | None] = field(default_factory=list)
    signum: int | None = None


_signals = _Signals()


def install() -> None:
    """Take over the signals that end a run; what cannot be taken over (another system) is left."""
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _receive)


def finish() -> None:
    """Nothing is left to stop: the end of a run that is done is not made to look like a failure.

    Raises Stopped if a signal waits.
    """
    check()
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)


def _receive(signum: int, frame: FrameType | None) -> None:
    if not _signals.stops:
        raise StopSignal(signum)
    _signals.signum = signum
    stop = _signals.stops[-1]
    if stop is not None:
        stop()


@contextmanager
def stop_on_signal(stop: Callable[[], object] | None) -> Iterator[None]:
    """While something runs that only `stop` can end, or, without it, nothing may. Raises Stopped, before or after.

    What could not be stopped has happened: its signal waits for the next thing that runs, or for `check`.
    """
    if stop is not None:
        check()
    _signals.stops.append(stop)
    try:
        yield
    finally:
        _signals.stops.pop()
        if stop is not None:
            check()


def check() -> None:
    """Raise StopSignal if a signal waits."""
    if _signals.signum is not None:
        signum, _signals.signum = _signals.signum, None
        raise StopSignal(signum)
