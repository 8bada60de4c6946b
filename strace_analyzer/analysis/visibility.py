"""What the trace could show: takes the names of its calls, gives what its own options hid.

A filter leaves no note in the trace. What betrays it: calls that no program can do without (mmap,
brk, close of the loader's files) are missing, or thread ids speak that nobody made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from strace_analyzer.findings import Finding, Warning
from strace_analyzer.kernel.notes import OPTIONS_HIDDEN
from strace_analyzer.rules.waste import (
    DESCRIPTORS_HIDDEN,
    FAILURES_HIDDEN,
    TASKS_HIDDEN,
)
from strace_analyzer.trace.events import Event, Syscall, Unparsed

CLASSLESS = frozenset({
    "futex", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom", "getpid",
    "clock_nanosleep", "nanosleep",
})  # fmt: skip
"""Calls that the model does not need, and that -e trace= shows for no class that a user would ask
for (strace(1), -e trace): a trace with one of them was not filtered."""

_WAITING = frozenset({"poll", "ppoll", "epoll_wait", "epoll_pwait"})
CLASSES = (
    frozenset({"brk", "mprotect", "munmap"}),  # %memory
    frozenset({"rt_sigaction", "rt_sigprocmask"}),  # %signal
    # %file and %desc, which are often asked for together
    frozenset({
        "access", "stat", "stat64", "newfstatat", "fstat", "fstat64", "lseek", "pread64",
    }) | _WAITING,
)  # fmt: skip
"""The same for calls that one class shows: those of two were not filtered by class. mmap() is of
two classes, arch_prctl() is shown with execve() (%process)."""

BEGINNING = 500
"""Calls at the start of a trace: among them, halves without a beginning show that it began
midway."""

REMEDY = "take the trace again with the command line that `strace-analyzer command` prints"


@dataclass
class Visibility:
    """What one trace showed. `feed` every event, then ask."""

    trace: str
    nothing_hidden: bool = False
    """the options of strace are known to show all that matters"""
    calls: int = 0
    failures: int = 0
    orphans: int = 0
    """resumed halves whose beginning the trace lacks"""
    first_orphan_call: int | None = None
    cut_line: bool = False
    """the last line could not be read"""
    loader_ran: bool = False
    """glibc's dynamic loader opened its cache: it closes that, and other files, too"""

    def __post_init__(self) -> None:
        self.names: set[str] = set()

    def feed(self, event: Event) -> None:
        """Note what `event` shows."""
        if isinstance(event, Syscall):
            self.calls += 1
            if event.name in ("open", "openat") and not self.loader_ran and self.calls < 100:
                self.loader_ran = '"/etc/ld.so.cache"' in event.text
            self.names.add(event.name)
            if event.result.errno is not None:
                self.failures += 1
            if not event.entry_seen and self.calls <= BEGINNING:
                self.orphans += 1
                if self.first_orphan_call is None:
                    self.first_orphan_call = self.calls
            self.cut_line = False
        else:
            self.cut_line = isinstance(event, Unparsed)

    @property
    def is_settled(self) -> bool:
        """Calls that the model does not follow can tell no more about the options of strace."""
        shows_sockets = "socket" in self.names and not self.names.isdisjoint({"bind", "connect"})
        return (
            self.calls >= BEGINNING
            and 0 < self.failures < self.calls
            and (shows_sockets or self.is_surely_unfiltered)
        )

    @property
    def is_surely_unfiltered(self) -> bool:
        """No later call can change it: this trace was not filtered."""
        return self.nothing_hidden or not self.names.isdisjoint(CLASSLESS)

    @property
    def is_filtered(self) -> bool:
        """Nothing shows that all calls were traced."""
        names = self.names
        if self.nothing_hidden or names & CLASSLESS or self._has_the_whole_list:
            return False
        classes = sum(not names.isdisjoint(calls) for calls in CLASSES)
        if names & _NETWORK or (names & _WAITING and names.isdisjoint({"open", "openat"})):
            return classes == 0
        return classes < 2

    @property
    def _has_the_whole_list(self) -> bool:
        """Files are opened and read too: who is after sockets does not list that, but the command
        line that `strace-analyzer command` prints does: it lists all that moves the model, and
        none of what %desc and %file show besides."""
        names = self.names
        opened = not names.isdisjoint({"open", "openat"})
        return opened and {"read", "close"} <= names and names.isdisjoint(_MAPPED_FILES)

    def inconclusive(self) -> str | None:
        """Why this trace can say nothing about bind and connect; None where it can."""
        names = self.names
        if self.nothing_hidden:
            return None
        if self.calls and self.failures == self.calls and self.calls >= 5:
            return "the options of this trace hid every call that succeeded (-Z)"
        if not self.is_filtered:
            return None
        if not names:
            return "this trace shows no call at all"
        if "socket" in names and names & {"bind", "connect"}:
            return None
        if "bind" not in names and "connect" not in names:
            if names & _NETWORK:
                return (
                    None
                    if "socket" in names
                    else "the options of this trace hid bind() and connect()"
                )
            return (
                None if names <= _HARMLESS else "the options of this trace hid bind() and connect()"
            )
        if "connect" not in names and not names & {"listen", "socket"}:
            return "the options of this trace hid connect()"
        if "bind" not in names and "socket" not in names:
            return "the options of this trace hid bind()"
        return None

    def hidden(self) -> frozenset[str]:
        """Codes of what is hidden, for Summary."""
        codes = set()
        if not self.names & {"close", "close_range"} and (self.is_filtered or self.loader_ran):
            codes.add(DESCRIPTORS_HIDDEN)
        if "setsockopt" not in self.names and self.is_filtered:
            codes.add(OPTIONS_HIDDEN)
        if self._failures_are_hidden():
            codes.add(FAILURES_HIDDEN)
        return frozenset(codes)

    def _failures_are_hidden(self) -> bool:
        """The dynamic loader always looks for files that are not there (ld.so(8): access() to
        /etc/ld.so.preload): no failure at all means -z."""
        if self.failures or self.nothing_hidden:
            return False
        if "execve" not in self.names or self.is_filtered:
            return False
        return self.calls >= 50 or (self.loader_ran and "access" not in self.names)

    def warnings(self, findings: Iterable[Finding], connections: int) -> list[Warning]:
        """One Warning for each thing hidden that matters for what was found."""
        affected = dict.fromkeys(
            (DESCRIPTORS_HIDDEN, OPTIONS_HIDDEN, FAILURES_HIDDEN, TASKS_HIDDEN), 0
        )
        for finding in findings:
            for code in affected:
                affected[code] += code in finding.doubts
        hidden = self.hidden()
        found = []
        if DESCRIPTORS_HIDDEN in hidden and (connections or affected[DESCRIPTORS_HIDDEN]):
            found.append(self._warning(
                DESCRIPTORS_HIDDEN, affected[DESCRIPTORS_HIDDEN], "lowers-confidence",
                "no close() in this trace: a descriptor's number may have been used again unseen",
            ))  # fmt: skip
        if OPTIONS_HIDDEN in hidden and affected[OPTIONS_HIDDEN]:
            found.append(self._warning(
                OPTIONS_HIDDEN, affected[OPTIONS_HIDDEN], "may-overreport",
                "no setsockopt() in this trace: IP_BIND_ADDRESS_NO_PORT, which makes the bind "
                "harmless, would not be seen",
            ))  # fmt: skip
        if FAILURES_HIDDEN in hidden:
            found.append(self._warning(
                FAILURES_HIDDEN, affected[FAILURES_HIDDEN], "may-miss",
                "no call in this trace failed: with -z, non-blocking connects and refused "
                "connections are not shown",
            ))  # fmt: skip
        began_midway = self.first_orphan_call is not None and self.first_orphan_call <= 20
        if began_midway and not self.nothing_hidden:  # else /proc told what was before
            found.append(self._warning(
                "truncated-start", self.orphans, "may-miss",
                "the trace begins in the middle of calls: what happened before is not known",
            ))  # fmt: skip
        if self.cut_line:
            found.append(self._warning(
                "truncated-end", 1, "may-miss", "the last line is cut off: the trace goes on"
            ))  # fmt: skip
        return found

    def _warning(self, code: str, count: int, effect: str, message: str) -> Warning:
        return Warning(code, self.trace, count, effect, message, REMEDY)


_NETWORK = frozenset({
    "bind", "connect", "socket", "listen", "accept", "accept4", "getsockname", "getpeername",
    "setsockopt", "getsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg", "shutdown",
    "socketpair", "sendmmsg", "recvmmsg",
})  # fmt: skip
_MAPPED_FILES = frozenset({"mmap", "mmap2", "fstat", "fstat64", "newfstatat", "pread64"})
TELLING = CLASSLESS.union(*CLASSES, _MAPPED_FILES)
"""Calls that the model does not need, and that tell something about the options of strace."""
_HARMLESS = frozenset({"execve", "exit_group", "exit"})
"""What even a trace of network calls of a program without any can show (-e
trace=network,execve)."""
