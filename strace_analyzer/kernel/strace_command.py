"""Takes what to trace, gives the strace command line whose output hides nothing from the model.

One place for it: `command` prints it, `run` and `attach` execute it, and every message about a
trace taken with the wrong options quotes it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from strace_analyzer.kernel.tracker import tracked_calls

OPTIONS = ("-f", "-yy", "-tt", "-T", "-s", "128")
"""follow threads and children; addresses behind descriptors; microsecond times; durations;
arguments of programs whole where they are not long (strace(1))"""

SECCOMP = "--seccomp-bpf"
"""Only the traced calls stop the program. Only for a program that strace starts, and only with
-f: the filter goes with a program for ever, so strace refuses it with -p."""

STACKS = "-k"
"""the stack of every call (strace(1), --stack-trace)"""


def strace_command(
    *,
    pids: Sequence[int] = (),
    program: Sequence[str] = (),
    output: str | None = "trace.txt",
    stacks: bool = False,
    seccomp: bool = True,
    more: Sequence[str] = (),
) -> list[str]:
    """The words of the command line: `strace -f -yy -tt -T -s 128 -o trace.txt -e trace=... -p
    PID`.

    With neither `pids` nor `program` the word PID stands where a process id belongs. Every name is
    marked `?`, so that an architecture without the call (socketcall, dup2) is no error (strace(1),
    -e trace). `seccomp` has no effect without `program`; `more` are options of the user's own,
    which come last.
    """
    target = [word for pid in pids for word in ("-p", str(pid))]
    if program:
        target = ["--", *program]
    elif not target:
        target = ["-p", "PID"]
    options = [*OPTIONS, *([STACKS] if stacks else []), *([SECCOMP] if program and seccomp else [])]
    destination = [] if output is None else ["-o", output]
    calls = ",".join(f"?{name}" for name in sorted(tracked_calls()))
    return ["strace", *options, *destination, "-e", f"trace={calls}", *more, *target]


def quoted(words: Sequence[str]) -> str:
    """The command line as a shell reads it."""
    return shlex.join(words)
