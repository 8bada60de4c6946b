"""Until the command line is loaded, makes of Ctrl-C one line and status 130, where Python was
started as our program: no traceback out of an import, and none that an import swallows. Also makes
the garbage collector run rarely, which shortens the loading."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
"""128 + SIGINT, as a shell says it"""
_NEW_OBJECTS = 100_000


def ends_quietly(number: int, frame: FrameType | None) -> None:
    """A signal handler that ends the process at once: nothing was begun that must be cleaned up."""
    os.write(2, b"strace-analyzer: interrupted\n")
    os._exit(INTERRUPTED)


def is_our_program() -> bool:
    """The console script, the zip application, or `python -m strace_analyzer`, which imports the
    package while `sys.argv` has -m in front."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    return name.removesuffix(".pyz") == "strace-analyzer" or (
        name == "-m" and "strace_analyzer" in sys.orig_argv
    )


def quiet() -> None:
    """From here on Ctrl-C ends us quietly, where nobody else has made up his mind about it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, ends_quietly)


def collect_rarely() -> None:
    """From here on look for cycles only after many new objects. What is made of a trace is freed as
    it is let go; to look for cycles, which are rare, as often as Python does by itself takes a
    twentieth of the time, while the program is loaded as well as later."""
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])


if is_our_program():
    quiet()
    collect_rarely()
