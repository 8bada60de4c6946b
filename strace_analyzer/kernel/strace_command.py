"""Takes what to trace, gives the strace command line whose output hides nothing from the model.

One place for it: `command` prints it, `run` and `attach` execute it, and every message about a
trace taken with the wrong options quotes it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from strace_analyzer.kernel.tracker import tracked_calls

OPTIONS = ("-f", "-yy", "-tt", "-T")
"""follow threads and children; addresses behind descriptors; microsecond times; durations
(strace(1))"""


def strace_command(
    *, pids: Sequence[int] = (), program: Sequence[str] = (), output: str | None = "trace.txt"
) -> list[str]:
    """The words of the command line: `strace -f -yy -tt -T -o trace.txt -e trace=... -p PID`.

    With neither `pids` nor `program` the word PID stands where a process id belongs. Every name
    is marked `?`, so that an architecture without the call (socketcall, dup2) is no error
    (strace(1), -e trace).
    """
    target = [word for pid in pids for word in ("-p", str(pid))]
    if program:
        target = ["--", *program]
    elif not target:
        target = ["-p", "PID"]
    destination = [] if output is None else ["-o", output]
    calls = ",".join(f"?{name}" for name in sorted(tracked_calls()))
    return ["strace", *OPTIONS, *destination, "-e", f"trace={calls}", *target]


def quoted(words: Sequence[str]) -> str:
    """The command line as a shell reads it."""
    return shlex.join(words)
