"""Build the strace command line whose output hides nothing from the model.

This is the only place that knows it: `command` prints it, `run` and `attach` execute it, and every
message about a trace taken with the wrong options quotes it. It is short enough to paste, and the
file it writes contains nothing that the program sends or receives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from strace_analyzer.kernel import catalogue
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.plain import shell_line

OPTIONS = ("-fyyttT", "-s0")
"""Follow threads and children; print addresses of descriptors, times with microseconds, durations,
and no characters of strings (strace(1)). Combined into one word to keep the line short."""

ARRAYS = ("-v",)
"""-s 0 also empties arrays, such as the descriptors of socketpair() and of SCM_RIGHTS and the
addresses of sendmmsg(). -v prints them in full, with strings still empty."""

SECCOMP = "--seccomp-bpf"
"""Stop the program only at traced calls. Only for a program that strace starts, and only with -f:
the filter stays with a program forever, so strace refuses it with -p."""

STACKS = "-k"
"""print the stack of every call (strace(1), --stack-trace)"""


def _asked(wanted: Iterable[str]) -> str:
    """The argument of -e that shows what is `wanted`: classes, and expressions as one."""
    each = [one for one in dict.fromkeys(wanted) if one]
    classes = [one for one in each if one.startswith("%")]
    return ",".join([*classes, "/" + "|".join(one for one in each if one not in classes)])


_ROWS = catalogue.CALLS.values()
CALLS = _asked(row.shown_by for row in _ROWS)
"""Calls that change the model, as their rows ask for them. Those that only create descriptors
(open, pipe) are left out: their numbers end at a close() that is shown. ioctl() sets close-on-exec
(FIOCLEX), which Python's set_inheritable() uses; network programs call it once or twice per
connection."""

LEAN = _asked(row.shown_by if row.lean is None else row.lean for row in _ROWS)
"""Only what the rules need: without the calls that carry data, which are the most frequent. The
trace then does not show which side closed first, what a silent peer meant, and whether a socket
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
    """Return the words of the command line: `strace -fyyttT -s0 -v -o trace.txt -e CALLS -p PID`.

    Without `pids` and `program`, the word PID stands for the process id. `seccomp` has no effect
    without `program`; `more` are the user's own options, which come last.
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


_OF_ANOTHER = frozenset({Doubt.RECEIVED, Doubt.PASSED})
"""doubts whose remedy is to trace a process that the trace does not show"""


@cache
def remedy(doubt: Doubt) -> str:
    """Return the remedy for `doubt`, including the command line to type."""
    return doubt.remedy.format(command=shell_line(strace_command()))


def remedy_with(code: str, line: str) -> str | None:
    """Return the remedy for the doubt `code` with `line` as the command line to take this trace
    again; None if the remedy is another one, or if there is no such doubt."""
    doubt = next((doubt for doubt in Doubt if doubt == code), None)
    if doubt is None or doubt in _OF_ANOTHER or "{command}" not in doubt.remedy:
        return None
    return doubt.remedy.format(command=line)
