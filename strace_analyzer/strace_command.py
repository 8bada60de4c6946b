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

OPTIONS = ("-fyyttT", "-s0")
"""follow threads and children; addresses behind descriptors; microsecond times; durations; no
character of any string (strace(1)). Together, as the line is short that way."""

ARRAYS = ("-v",)
"""-s 0 cuts arrays to nothing too, such as the descriptors of socketpair() and of SCM_RIGHTS and
the addresses of sendmmsg(): -v prints them whole, and their strings still empty"""

SECCOMP = "--seccomp-bpf"
"""Only the traced calls stop the program. Only for a program that strace starts, and only with
-f: the filter goes with a program for ever, so strace refuses it with -p."""

STACKS = "-k"
"""the stack of every call (strace(1), --stack-trace)"""

_AROUND = "close|dup|fcntl|setns|unshare|uring_s|getfd"
CALLS = f"%network,%process,/{_AROUND}|ioctl|sendfile|^(read|write)v?$"
"""what moves the model. What only makes descriptors (open, pipe) is left out: their numbers end at
a close() that is shown. Names are as short as they are unambiguous: of io_uring_setup, and not the
many io_uring_enter; of pidfd_getfd. ioctl() sets close-on-exec (FIOCLEX), which Python's
set_inheritable() uses; network programs make one or two of them a connection."""

LEAN = f"%process,/{_AROUND}|socket$|^bind|connect|listen|accept|etsock|peer"
"""What the rules need and no more: without the calls that carry data, of which there are most. Not
shown then: which side closed first, what a peer's silence meant, and whether a socket that is
closed on execve was made inheritable by ioctl()."""


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
    """The words of the command line: `strace -fyyttT -s0 -v -o trace.txt -e CALLS -p PID`.

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
    return ["strace", *options, *destination, "-e", calls, *more, *target]


def quoted(words: Sequence[str]) -> str:
    """The command line as a shell reads it."""
    return shlex.join(words)


@cache
def remedy(doubt: Doubt) -> str:
    """What helps against `doubt`, with the command line to type."""
    return doubt.remedy.format(command=quoted(strace_command()))
