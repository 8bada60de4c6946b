"""Takes what a reader did not understand, gives the lines among it that could decide the verdict.

A line of read() or mmap() that is not understood changes nothing. One that makes, binds, connects
or copies a socket, or makes a task, could be the finding itself, or what makes one harmless; so
could what SO_ERROR says of a connection. One that opens something else says by its number what is
closed, where nothing shows that number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from strace_analyzer.analysis.numbered import may_be
from strace_analyzer.analysis.spelling import NAMELESS, Spelling
from strace_analyzer.kernel.arguments import argument, fd_argument
from strace_analyzer.kernel.catalogue import ALWAYS_MATTER
from strace_analyzer.kernel.descriptor_calls import GIVES_FD
from strace_analyzer.trace.decode.frames import is_known
from strace_analyzer.trace.events import Entered, Exited, Foreign, Killed, Notice, Syscall, Unparsed

ON_A_SOCKET = {"bind": 3, "connect": 3, "listen": 2, "setsockopt": 5}
"""Calls whose first argument is the socket that they move, and how many arguments they have."""
_MAKING = frozenset({"accept", "accept4", "socket"})
READ_IN_PART = {
    **ON_A_SOCKET,
    "dup": 1,
    "dup2": 2,
    "dup3": 3,
    "socketcall": 2,
    **dict.fromkeys(_MAKING, 0),
}
"""The same, with those that copy or make one; and the one that says in memory what it is about."""
DECIDING = ON_A_SOCKET.keys() | {
    "accept", "accept4", "clone", "clone2", "clone3", "close_range", "dup", "dup2", "dup3",
    "execve", "execveat", "fcntl", "fcntl64", "fork", "io_uring_setup", "pidfd_getfd", "pipe",
    "pipe2", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "setns", "socket", "socketcall",
    "socketpair", "unshare", "vfork",
}  # fmt: skip
_COMMANDED = frozenset({"fcntl", "fcntl64"})
_NAMED = re.compile(
    r"(?<![A-Za-z_.])(?:("
    + "|".join(sorted(DECIDING - _COMMANDED, reverse=True))
    + r")(?:\(|[ \t]+resumed>)"
    r"|(fcntl(?:64)?)(?:[ \t]+resumed>"
    r"|\((?!\d+<[a-rt-z/][^<>]*(?:<[^<>]*>)?>, F"
    r"|\d+(?:<[^,]*)?, F_(?!D|[^A-Z]|\Z|S(?!ET(?:FL|[LOSP])))))"
    r"|(getsockopt)(?:[ \t]+resumed>|\((?!\d+(?:<[^,]*)?, \w+, (?!SO_ERROR\b)[A-Z]\w*,))"
    r"|(sendto)\(.*MSG_FASTOPEN"
    r"|(" + "|".join(sorted(GIVES_FD, reverse=True)) + r")(?:\(|[ \t]+resumed>)"
    r"(?!.*= (?:\d+(?:<.*>)?|-1 E[A-Z0-9]+ \(.*\)|\?)(?: <[\d.]+>)?$))"
)
"""Of fcntl() only where its command may copy or mark a descriptor that is no file's, or breaks off
before that can be told: a reader may skip the others (trace/prefilter/scan.py). Of getsockopt() all
but those that are about another option than SO_ERROR."""
_NO_RESULT = re.compile(
    r"(?:\[pid +\d+\] |\d+ +)?(?:[\d:.]+ )?"
    r"(?:(bind|connect|listen|setsockopt)\(\d+[<,]|(socket)\((?:AF|PF)_)"
)
"""A line that begins as such a call does and ends otherwise: whose it is nobody knows."""
_ENDS = re.compile(r"\)[ \t]*= *[-?0-9]")
_REST_OF_STRINGS = re.compile(r'"(?![\d.:a-f]+"\))')
"""The rest of a call that begins with a string, as with -z: no socket call has one but for an
address."""
_UNKNOWN = re.compile(r"= \?|\.\.\.>")
"""What strace prints of a call that it did not see return."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+("?)')
_SPELLED = re.compile(
    r"(?<![\w.])((?i:" + "|".join(sorted(READ_IN_PART, reverse=True)) + r"))"
    r"[ \t]{0,4}\([ \t]*+(?:[0-9]+[ \t]*(?:[<,]|\)[ \t]*=)|[AP]F_)"
)
"""Such a call with a blank or in letters that strace does not print: `bind (3, ...`,
`LISTEN(3, 5)`. What follows tells it from prose; trace/prefilter/scan.py finds it too."""
_ARGUMENTS = re.compile(r"htons\(|[AP]F_INET6?, SOCK_|SOL_[A-Z0-9]+, [A-Z]")
"""What strace prints of socket calls, and of nothing else: trace/prefilter/scan.py finds it too."""
_BEFORE = re.compile(r"(?<![a-z_])([a-z_][a-z0-9_]{0,40}+)(?:\(|[ \t]+resumed>)")
ARGUMENTS = "arguments of a socket call"
_KEPT = 1000
_SPELLING = Spelling(DECIDING | {"close"})
_CLOSE = re.compile(r"(?<![\w.])close[ \t]{0,4}\([ \t]*(\d*)(<[a-rt-z/])?")
"""With the number that is closed, and whether that is surely a file's. A second half closes no
more."""
_GOING_ON = frozenset({"EINPROGRESS", "EINTR", "EAGAIN", "EALREADY"})
"""Errors of a connect() that makes a connection, or goes on to make it (connect(2))."""


_SECOND_HALF = re.compile(r"<\.\.\. (\w+)")
_LEFT_OUT = {
    *GIVES_FD,
    "close", "fcntl", "fcntl64", "getsockopt", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg",
}  # fmt: skip
"""Calls of which a reader may leave the second half out (trace/prefilter/scan.py)."""


def deciding_call(text: str, *, is_beginning: bool = True) -> str | None:
    """The call that a line names which was not understood, if it could decide the verdict;
    ARGUMENTS where the line has those of a socket call, and not of which; NAMELESS where it ends as
    calls do, and nothing says which. What is left of a name tells in the beginning of a trace only:
    later a reader may leave such lines out."""
    half = _SECOND_HALF.match(text)
    if half is not None and half[1] in _LEFT_OUT and not is_beginning:
        return None
    named = _NAMED.search(text)
    if named is not None:
        return str(next(filter(None, named.groups())))
    unquoted = _without_strings(text)
    name = _loosely(unquoted) or ("close" if _CLOSE.search(unquoted) else None)
    return name or (_SPELLING.line(unquoted) if is_beginning else None)


def _without_strings(text: str) -> str:
    """What is quoted is left out, but for a string without its end."""
    return _STRING.sub(lambda string: "" if string[1] else string[0], text)


def _loosely(text: str) -> str | None:
    """As `deciding_call`, of a text without its strings: with blanks, or by the arguments alone."""
    spelled = _SPELLED.search(text)
    if spelled is not None:
        return spelled[1].lower()
    shown = _ARGUMENTS.search(text)
    if shown is None:
        return None
    names = (match[1] for match in _BEFORE.finditer(text, 0, shown.start()))
    return None if any(map(is_known, names)) else ARGUMENTS


def may_decide(name: str) -> bool:
    """A call of this name is none that strace knows, and what it shows may tell that it is one that
    can decide: to be given to `Unread.strange`."""
    return not is_known(name) or may_be(name) != ()


MAY_LACK_RESULT = DECIDING - READ_IN_PART.keys() - {"sendmsg", "sendmmsg", "recvmsg", "recvmmsg"}
"""Other calls that can decide by what they return: to be given to `Unread.without_result`. What is
sent and received decides little, and often happens."""


def number_of(call: Syscall) -> int | None:
    """The descriptor that is the first argument of `call`."""
    fd = fd_argument(argument(call.args, 0))
    return None if fd is None else fd.fd


class UnreadLine(NamedTuple):
    """One line that could decide and was not understood; `name` is the call that it names."""

    source: int
    line: int
    name: str
    spelled: str = ""
    """The name that the line has instead."""


class Unread:
    """Of one trace. `feed` each line that was not understood, those that are not strace's, and the
    calls of READ_IN_PART and of MAY_LACK_RESULT."""

    def __init__(
        self, is_open: Callable[[int | None], bool], is_beginning: Callable[[], bool]
    ) -> None:
        """`is_open` says whether a descriptor with this number, or with any, may be a socket;
        `is_beginning`, whether every line is still given."""
        self._is_open = is_open
        self._is_beginning = is_beginning
        self._broken_off = 0
        """lines that begin a call that can decide nothing: what follows may be the rest of it"""
        self.count = 0
        """lines of any kind that were not understood"""
        self.deciding = 0
        """of them, lines that could decide the verdict"""
        self.lines: list[UnreadLine] = []
        """the first of these"""
        self.unreturned: dict[int, Syscall] = {}
        """by task, calls that could decide and that were not seen to return"""

    def feed(self, event: Unparsed) -> UnreadLine | None:
        """Note `event`; it as an UnreadLine where it could decide."""
        self.count += 1
        name = deciding_call(event.text, is_beginning=self._is_beginning())
        if name is None:
            self._broken_off += _ENDS.search(event.text) is None
            return None
        if name == NAMELESS and (self._broken_off or _REST_OF_STRINGS.match(event.text)):
            self._broken_off -= self._broken_off > 0
            return None
        if name == "close" and not self._closes_socket(event.text):
            return None
        return self._note(event, name)

    def _closes_socket(self, text: str) -> bool:
        match = _CLOSE.search(text)
        if match is None or not match[1]:
            return self._is_open(None)
        return match[2] is None and self._is_open(int(match[1]))

    def foreign(self, event: Foreign | Notice) -> UnreadLine | None:
        """The same for a line that is taken for another program's, or for strace's own words."""
        match = _NO_RESULT.match(event.text)
        name = match and (match[1] or match[2])
        unquoted = _without_strings(event.text)
        name = name or _loosely(unquoted)
        name = name or (_SPELLING.line(unquoted) if self._is_beginning() else None)
        if name is None or (name == "close" and not self._is_open(None)):
            return None
        return self._note(event, name)

    def strange(self, call: Syscall) -> UnreadLine | None:
        """The same for a call of a name that strace has not: a number, of a call that is younger
        than strace, or a name that was changed, with the arguments of a socket call."""
        if call.result.failed and call.result.errno not in _GOING_ON:
            return None
        numbered = may_be(call.name)
        if numbered:
            return self._note(call, numbered[0], call.name)
        name = _SPELLING.call(call.name) if self._is_beginning() else None
        if name is not None and (name != "close" or self._is_open(number_of(call))):
            return self._note(call, name, call.name)
        if _ARGUMENTS.search(_without_strings(call.text)):
            return self._note(call, ARGUMENTS, call.name)
        return None

    def without_result(self, call: Syscall) -> UnreadLine | None:
        """The same for a call of which the line tells all but what it returned."""
        if call.result.value is not None:
            return None
        is_given = call.name in ALWAYS_MATTER or self._is_beginning()
        is_cut = is_given and _ENDS.search(call.text) is None
        return self._note(call, call.name) if is_cut else None

    def call(self, call: Syscall) -> UnreadLine | None:
        """The same for a call that was read, but on which socket it acted was not."""
        if call.result.failed and not (call.entry_seen and call.result.errno in _GOING_ON):
            return None
        if call.result.value is None:  # unknown to strace, or not there at all
            if _UNKNOWN.search(call.text) is None:
                return self._note(call, call.name)
            self.unreturned[call.tid] = call
            return None
        if call.name in _MAKING:
            return None
        whole = len(call.args) >= READ_IN_PART[call.name] and call.name != "socketcall"
        if whole and fd_argument(argument(call.args, 0)) is not None:
            return None
        return self._note(call, call.name)

    def went_on(self, event: Syscall | Entered | Exited | Killed) -> UnreadLine | None:
        """The same for a call that did not return, as strace says (`= ?`), where its task is not
        over: it makes another call, `event`."""
        call = self.unreturned.pop(event.tid, None)
        if call is None or isinstance(event, (Exited, Killed)):
            return None
        return self._note(call, call.name)

    def _note(
        self, event: Unparsed | Syscall | Foreign | Notice, name: str, spelled: str = ""
    ) -> UnreadLine:
        self.deciding += 1
        line = UnreadLine(event.span.source, event.span.first, name, spelled)
        if len(self.lines) < _KEPT:
            self.lines.append(line)
        return line

    @property
    def names(self) -> set[str]:
        """The calls that they name: the trace shows them, if not what they did."""
        return {line.name for line in self.lines} - {ARGUMENTS}

    @property
    def words(self) -> list[str]:
        """The same as they are spelled on the lines."""
        spelled = {
            f"{line.spelled}: {line.name}" if line.spelled else line.name for line in self.lines
        }
        return sorted(spelled)
