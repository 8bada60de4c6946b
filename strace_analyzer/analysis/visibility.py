"""What the trace can show: takes its events, gives what the options of strace hid.

A filter leaves no note in the trace. It shows in other ways: calls that no program can do without
(mmap, brk, reading the loader's files) are missing, a socket is used that was never connected, not
one of hundreds of calls failed.

It is long because what each option can hide, and what betrays it, stands here once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from strace_analyzer.analysis.given_numbers import GivenNumbers
from strace_analyzer.analysis.idle import Idle
from strace_analyzer.analysis.pieces import Pieces
from strace_analyzer.analysis.told import Told
from strace_analyzer.kernel.arguments import argument
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.interest import BEGINNING
from strace_analyzer.kernel.tracker import Tracker
from strace_analyzer.trace.constants import NETWORK_CALLS
from strace_analyzer.trace.events import CLONES, EXITS, Exited, Syscall
from strace_analyzer.trace.values import descriptor_number

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
"""The same for calls that one class shows: a trace with calls of two classes was not filtered by
class. mmap() is in two classes; arch_prctl() is shown with execve() (%process)."""


_ALL_FAILED = 5
"""If this many calls all failed, the trace was taken with -Z: no other trace begins so."""
_NONE_FAILED = 50
"""If a whole program makes this many calls and none fails, failures are hidden: the dynamic loader
alone looks for files that do not exist."""


class Visibility:
    """What one trace showed. Give it the calls that it `hears_of`, and its `pieces` every event,
    then ask.

    `nothing_hidden` says that the options of strace are known to show all that matters,
    `something_hidden` that they are known not to.
    """

    def __init__(
        self, tracker: Tracker, nothing_hidden: bool = False, something_hidden: bool = False
    ) -> None:
        self.nothing_hidden = nothing_hidden
        self.something_hidden = something_hidden
        self.pieces = Pieces(tracker)
        self.idle = Idle()
        self.given = GivenNumbers()
        self._begins_a_program = False
        """the first call is an execve()"""
        self._unmade_used = 0
        """calls on sockets that no call made, in a program that strace started"""
        self._unmade_inet_used = 0
        """those of them that only internet sockets allow"""
        self.names: set[str] = set()
        self.calls = 0
        self.failures = 0
        """calls that failed; both counts stop once they can tell nothing more"""
        self.is_counted = False
        self.loader_ran = False
        """glibc's dynamic loader opened its cache: it also closes that, and other files"""
        self._begun: set[str] = set()
        """names of calls that were seen to begin, in a line of their own"""
        self._as_we_print = False
        """strace was started with the options that we print, as far as a line shows them"""
        self._binds = False
        """a bind() succeeded"""
        self.on_sockets: Counter[str] = Counter()
        """how many calls of socket(), bind() and connect() were shown, by name"""
        self._users: set[int] = set()
        """tasks that make, bind or connect sockets"""

    def hears_of(self, name: str) -> Iterator[Callable[[Syscall], None]]:
        """The functions to give calls of this name to, in order; records that such calls occur. Ask
        again when `needs_every_call` has changed."""
        self._begins_a_program |= not self.names and name == "execve"
        self.names.add(name)
        if self.given.open:
            yield self.given.feed
        if (
            self._begins_a_program
            and name in NETWORK_CALLS - _MAKING
            and self.names.isdisjoint(_MAKING)
        ):
            yield self._uses_unmade
        if name == "execve":
            yield self._executes
        if name in _SOCKETS:
            yield self._uses_sockets
        if not self.is_counted:
            yield self._count

    def began(self, name: str) -> None:
        """A call of this name began. It is shown even if it did not end."""
        self._begun.add(name)

    def _executes(self, call: Syscall) -> None:
        """-s0 -v -tt -T: all arguments and variables, each without a character."""
        is_timed = call.seconds is not None and call.duration is not None
        self._as_we_print |= is_timed and _WITHOUT_CHARACTERS.match(call.text) is not None

    def _uses_sockets(self, call: Syscall) -> None:
        self._users.add(call.tid)
        self.on_sockets[call.name] += 1
        self._binds = self._binds or (call.name == "bind" and not call.result.failed)

    def _uses_unmade(self, call: Syscall) -> None:
        """Standard input, output and error may be sockets that a program was given."""
        number = descriptor_number(argument(call.args, 0))
        if call.result.failed or number is None or number <= _STDERR:
            return
        self._unmade_used += 1
        self._unmade_inet_used += _OF_INET.search(call.text) is not None

    def _count(self, call: Syscall) -> None:
        self.calls += 1
        self.failures += call.result.failed
        if call.name in ("open", "openat") and not self.loader_ran and self.calls < 100:
            self.loader_ran = '"/etc/ld.so.cache"' in call.text
        self.is_counted = self.calls >= BEGINNING and 0 < self.failures < self.calls

    @property
    def needs_every_call(self) -> bool:
        """Calls of all names can still tell something; once they cannot, they never will again."""
        return not self.is_counted or self.given.open

    @property
    def is_settled(self) -> bool:
        """Calls that the model does not follow can tell no more about the options of strace."""
        shows_sockets = "socket" in self.names and not self.names.isdisjoint({"bind", "connect"})
        return self.is_counted and (shows_sockets or self.is_surely_unfiltered)

    @property
    def is_surely_unfiltered(self) -> bool:
        """This trace was not filtered, and no later call can change that."""
        is_open = not self.something_hidden and not self.names.isdisjoint(CLASSLESS)
        return self.nothing_hidden or is_open

    @property
    def is_filtered(self) -> bool:
        """Nothing shows that all calls were traced."""
        names = self.names
        if self.something_hidden:
            return True
        if self.nothing_hidden or names & CLASSLESS or self._has_the_whole_list:
            return False
        classes = sum(not names.isdisjoint(calls) for calls in CLASSES)
        if names & NETWORK_CALLS or (names & _WAITING and names.isdisjoint({"open", "openat"})):
            return classes == 0
        return classes < 2

    @property
    def _has_the_whole_list(self) -> bool:
        """Files are read and closed too. Someone who wants sockets does not list these calls, but
        the command line that `strace-analyzer command` prints does: it lists all that changes the
        model, and nothing else that %desc and %file would show. It does not list open() either;
        who lists that by hand is taken to have listed all, too."""
        names = self.names
        opened = not names.isdisjoint(_OPENING)
        if not {"read", "close"} <= names or not names.isdisjoint(_MAPPED_FILES):
            return False
        return opened or (self._as_we_print and self.pieces.has_ended)

    @property
    def hides_close(self) -> bool:
        """A descriptor's number may have been reused unseen."""
        hidden = self.is_filtered or self.loader_ran
        return hidden and self.names.isdisjoint({"close", "close_range"})

    @property
    def hides_copies(self) -> bool:
        """Descriptors may have been copied unseen, by dup() and similar calls or by fork(). Without
        socket() they cannot be told from new ones."""
        seen = self.names
        copies = not seen.isdisjoint(_COPYING) and not seen.isdisjoint(CLONES)
        return self.is_filtered and not copies and not self.hides_socket

    @property
    def hides_close_on_exec(self) -> bool:
        """FD_CLOEXEC may have been changed unseen: both fcntl(2) and ioctl(2) can do that."""
        marks = "ioctl" in self.names and not self.names.isdisjoint({"fcntl", "fcntl64"})
        return self.is_filtered and not marks

    @property
    def hides_connect(self) -> bool:
        """Sockets are bound, and no call is shown that could use them."""
        shown = self.names - _HARMLESS
        return self.is_filtered and "bind" in shown and shown <= _BEFORE_USE

    @property
    def may_hide_bind(self) -> bool:
        """No bind() is shown: the program made none, or -e 'trace=!bind' hid it."""
        return not self.nothing_hidden and "bind" not in self.names | self._begun

    @property
    def hides_socket(self) -> bool:
        """Sockets are used, and no socket() was seen."""
        used = not self.names.isdisjoint({"bind", "connect"})
        return self.is_filtered and used and "socket" not in self.names

    @property
    def hides_setsockopt(self) -> bool:
        """IP_BIND_ADDRESS_NO_PORT would not be seen."""
        return self.is_filtered and "setsockopt" not in self.names

    @property
    def unrelated(self) -> int:
        """How many tasks use sockets while no clone() tells who made them; 0 if one does."""
        alone = len(self._users) < 2 or not self.names.isdisjoint(CLONES)
        return 0 if alone or not self.is_filtered else len(self._users)

    def hides_failures(self, hidden_connects: int) -> bool:
        """No call failed although some should have: those of a whole program, or the pending
        connects of sockets that are used without a connect() (`hidden_connects`, -z)."""
        if self.failures or self.nothing_hidden:
            return False
        if hidden_connects:
            return True
        if "execve" not in self.names or self.is_filtered:
            return False
        return self.calls >= _NONE_FAILED or (self.loader_ran and "access" not in self.names)

    def inconclusive(
        self, sockets: int, connections: int, hidden_connects: int, hidden_binds: int
    ) -> Told | None:
        """Why this trace can say nothing about bind and connect; None if it can.

        The counts come from the model: internet sockets, their connections, sockets used without a
        connect(), and sockets that have a port without a bind().
        """
        names = self.names
        if self.nothing_hidden:
            return None
        if self.failures == self.calls >= _ALL_FAILED and names - _ASKED:
            return Told(Doubt.SUCCESSES_HIDDEN, 1)
        if hidden_connects and not connections:
            words = self._not_shown("connect()")
            if self.failures:
                return Told(Doubt.CONNECT_HIDDEN, hidden_connects, words)
            words = f"{words}, or the calls that failed (-z)"
            return Told(Doubt.FAILURES_HIDDEN, hidden_connects, words)
        if hidden_binds and not self.pieces.lost:  # otherwise its bind() may be one of the halves
            words = self._not_shown("bind()") if "bind" not in names else ""
            return Told(Doubt.BIND_HIDDEN, hidden_binds, words)
        if not names and self.is_filtered:
            return Told(Doubt.NO_CALLS, 1, self.pieces.none_ended if self.pieces.begun else "")
        by_name = self._hidden_by_name(sockets) if self.is_filtered else None
        return by_name or self._unmade() or self._unused()

    def _unmade(self) -> Told | None:
        """Sockets are bound that no call made, and none is connected."""
        names = self.names
        if "bind" not in names or not names.isdisjoint(_MAKING | {"connect"}):
            return None
        if "execve" not in names and "listen" in names:
            return None  # those of a server that was running before
        return Told(Doubt.CONNECT_HIDDEN, 1, self._not_shown("socket() and connect()"))

    def _unused(self) -> Told | None:
        """No socket is connected, and those that are made or used show that something is hidden."""
        names = self.names | self._begun
        if "connect" in names:
            return None
        if self.idle.bound:
            words = self._not_shown("connect()", were_made=False, is_needed=False)
            return Told(Doubt.CONNECT_HIDDEN, self.idle.bound, words)
        if "bind" in names:
            return None
        if self._unmade_inet_used or (self._unmade_used and names.isdisjoint(_GIVING_SOCKETS)):
            return Told(Doubt.BOTH_HIDDEN, 1, self._not_shown("socket()"))
        if self.given.hidden is not None and names.isdisjoint(NETWORK_CALLS):
            number, line = self.given.hidden.number, self.given.hidden.line
            words = (
                f"a call that this trace does not show gave the number {number} to a descriptor "
                f"(it is in use again at line {line:,}): its options hid calls, or lines were left "
                "out"
            )
            return Told(Doubt.BOTH_HIDDEN, 1, words)
        lacks_exits = self._lacks_exits
        is_made = self.idle.made and (self.is_filtered or lacks_exits)
        if is_made or (lacks_exits and names.isdisjoint(_MAKING)):
            words = self._not_shown("bind() and connect()", were_made=False)
            return Told(Doubt.BOTH_HIDDEN, self.idle.made or 1, words)
        return None

    @property
    def all_succeeded(self) -> bool:
        """No call failed of so many that some should have."""
        return not self.failures and self.calls >= _NONE_FAILED

    @property
    def _lacks_exits(self) -> bool:
        """A process exits at the end, and no call is shown by which it did: calls are hidden."""
        is_end = isinstance(self.pieces.last, Exited) and self.pieces.last.superseded_by is None
        return is_end and EXITS.isdisjoint(self.names | self._begun)

    def _hidden_by_name(self, sockets: int) -> Told | None:
        """What a filter by call name left out that every client needs."""
        shown = (self.names | self._begun) - _HARMLESS
        bind = "bind" in shown
        if not bind and "connect" not in shown:
            if "socket" in shown:
                return None
            words = self._not_shown("bind() and connect()", were_made=False)
            return Told(Doubt.BOTH_HIDDEN, 1, words)
        if sockets and self.hides_connect and (self._binds or not self.pieces.ends_in_exits):
            words = self._not_shown("connect()", were_made=False)
            return Told(Doubt.CONNECT_HIDDEN, sockets, words)
        is_bare = "socket" not in shown or shown <= _BY_SOCKET
        if not bind and (is_bare or self.something_hidden):
            return Told(Doubt.BIND_HIDDEN, 1, self._not_shown("bind()", were_made=False))
        return None

    def _not_shown(self, calls: str, *, were_made: bool = True, is_needed: bool = True) -> str:
        """Say that `calls` are not shown, and why. Lines may have been left out when the trace was
        passed on. Unless something proves that the calls `were_made`, the program may have made
        none: a client need not bind its sockets. `is_needed` is False if what the program did makes
        sense without them."""
        them = "them" if " and " in calls else "it"
        is_whole = self.calls > _FEW or self.pieces.has_ended
        if calls == "bind()" and "socket" in self.names:
            is_needed = False
        needs_none = not is_needed or self.names <= _HARMLESS
        if is_whole and (were_made or not needs_none):
            return f"the options of this trace hid {calls}"
        why = [] if is_whole else ["lines were left out"]
        why.append(f"its options hid {them}")
        why += [] if were_made else ["the program made none"]
        calls = calls.replace(" and ", " and no ")
        return f"this trace shows no {calls}: {', '.join(why[:-1])}, or {why[-1]}"


_COPYING = frozenset({"dup", "dup2", "dup3", "fcntl", "fcntl64"})
_ASKED = frozenset({"bind", "connect"})
_MAKING = frozenset({
    "socket", "socketcall", "accept", "accept4", "pidfd_getfd",
})  # fmt: skip
"""One of these made the sockets of a program that strace started, unless it inherited them."""
_GIVING_SOCKETS = frozenset({"socketpair", "recvmsg", "recvmmsg"})
"""Other calls that make sockets, or receive them from another process."""
_STDERR = 2
_OF_INET = re.compile(r"sa_family=AF_INET|, SOL_(?:TCP|UDP|IP|IPV6), ")
_BEFORE_USE = frozenset({
    "bind", "socket", "setsockopt", "getsockopt", "fcntl", "fcntl64", "ioctl",
})  # fmt: skip
"""Calls that prepare a socket without using it."""
_BY_SOCKET = frozenset({"connect", "socket", "socketcall", "socketpair"})
"""What is left of a trace by `grep 'socket\\|connect'`: no client that reads or writes shows only
these."""
_SOCKETS = _ASKED | {"socket"}
_FEW = 20
"""This few calls may have been picked out of a trace."""
_WITHOUT_CHARACTERS = re.compile(r'execve\("[^"]*", \[""\.\.\..*\], \[')
"""How -s0 -v show the arguments and the variables of a program; strace prints paths in full."""
_OPENING = frozenset({"open", "openat"})
_MAPPED_FILES = frozenset({"mmap", "mmap2", "fstat", "fstat64", "newfstatat", "pread64"})
TELLING = CLASSLESS.union(*CLASSES, _MAPPED_FILES)
"""Calls that the model does not need, and that tell something about the options of strace."""
_HARMLESS = frozenset({"execve", "exit_group", "exit"})
"""What even a trace of network calls can show of a program that makes none (-e
trace=network,execve)."""
