"""Takes what to trace, gives the strace command line whose output hides nothing from the model.

One place for it: `command` prints it, `run` and `attach` execute it, and every message about a
trace taken with the wrong options quotes it. It is short enough to be pasted, and what a program
sends and receives is nowhere in the file that it makes.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import cache

from strace_analyzer.kernel.doubts import Doubt

OPTIONS = ("-f", "-yy", "-tt", "-T", "-s", "0")
"""follow threads and children; addresses behind descriptors; microsecond times; durations; no
character of any string (strace(1))"""

ARRAYS = ("-e", "abbrev=!%network")
"""-s 0 cuts arrays to nothing too, such as the descriptors of socketpair() and of SCM_RIGHTS and
the addresses of sendmmsg(): not those of network calls (strace(1), -e abbrev)"""

SECCOMP = "--seccomp-bpf"
"""Only the traced calls stop the program. Only for a program that strace starts, and only with
-f: the filter goes with a program for ever, so strace refuses it with -p."""

STACKS = "-k"
"""the stack of every call (strace(1), --stack-trace)"""

_AROUND = "close|dup|fcntl|setns|unshare|io_uring_s|pidfd_g"
CALLS = f"%network,%process,/^({_AROUND}|readv?$|writev?$|sendfile)"
"""what moves the model. What only makes descriptors (open, pipe) is left out: their numbers end at
a close() that is shown."""

LEAN = f"%process,/^(socket$|bind|connect|listen|accept|.etsock|getpeer|{_AROUND})"
"""What the rules need and no more: without the calls that carry data, of which there are most. Not
shown then: which side closed first, and what a peer's silence meant."""


def strace_command(
    *,
    pids: Sequence[int] = (),
    program: Sequence[str] = (),
    output: str | None = "trace.txt",
    stacks: bool = False,
    seccomp: bool = True,
    lean: bool = False,
    more: Sequence[str] = (),
) -> list[str]:
    """The words of the command line: `strace -f -yy -tt -T -s 0 -o trace.txt -e trace=... -p PID`.

    With neither `pids` nor `program` the word PID stands where a process id belongs. `seccomp` has
    no effect without `program`; `more` are options of the user's own, which come last.
    """
    target = [word for pid in pids for word in ("-p", str(pid))]
    if program:
        target = ["--", *program]
    elif not target:
        target = ["-p", "PID"]
    options = [*OPTIONS, *([] if lean else ARRAYS), *([STACKS] if stacks else [])]
    options += [SECCOMP] if program and seccomp else []
    destination = [] if output is None else ["-o", output]
    calls = LEAN if lean else CALLS
    return ["strace", *options, *destination, "-e", f"trace={calls}", *more, *target]


def quoted(words: Sequence[str]) -> str:
    """The command line as a shell reads it."""
    return shlex.join(words)


@cache
def remedy(doubt: Doubt) -> str:
    """What helps against `doubt`, with the command line to type."""
    return doubt.remedy.format(command=quoted(strace_command()))
