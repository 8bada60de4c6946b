"""Takes the text of a line that was not understood, gives the call in it that could decide the
verdict.

An unreadable read() or mmap() line changes nothing. One that makes, binds, connects or copies a
socket, or makes a task, could be the finding itself, or what makes one harmless; so could the
SO_ERROR of a connection. A call that opens another file shows, by the number it returns, which
socket must have been closed before; it matters if that number is not shown.
"""

from __future__ import annotations

import re

from strace_analyzer.analysis.numbered import calls_numbered
from strace_analyzer.analysis.spelling import CALLED, Spelling
from strace_analyzer.kernel.descriptor_calls import GIVES_FD
from strace_analyzer.trace.decode.frames import is_known

ON_A_SOCKET = {"bind": 3, "connect": 3, "listen": 2, "setsockopt": 5}
"""Calls whose first argument is the socket that they change, and how many arguments they have."""
MAKES_SOCKET = frozenset({"accept", "accept4", "socket"})
"""Calls that return a new socket."""
READ_IN_PART = {
    **ON_A_SOCKET,
    "dup": 1,
    "dup2": 2,
    "dup3": 3,
    "socketcall": 2,
    **dict.fromkeys(MAKES_SOCKET, 0),
}
"""The same, plus calls that copy or make one, plus socketcall(), whose arguments are in memory."""
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
"""fcntl() only if its command may copy or mark a descriptor that is not a plain file's, or if the
line breaks off before that is clear: a reader may skip the others (trace/prefilter/scan.py).
getsockopt() unless it is about an option other than SO_ERROR."""
_NO_RESULT = re.compile(
    r"(?:\[pid +\d+\] |\d+ +)?(?:[\d:.]+ )?"
    r"(?:(bind|connect|listen|setsockopt)\(\d+[<,]|(socket)\((?:AF|PF)_)"
)
"""A line that begins like such a call and ends otherwise: it may be any program's."""
REST_OF_STRINGS = re.compile(r'"(?!(?:[\d.:a-f]+")?\)|\w+\(\d)')
"""The rest of a call that begins with a string, as with -z: socket calls have no strings except
addresses. Neither the end of an address nor a misspelt call is one."""
NOT_RETURNED = re.compile(r"= \?|\.\.\.>")
"""What strace prints for a call that it did not see return."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+("?)')
_SPELLED = re.compile(
    r"(?<![\w.])((?i:" + "|".join(sorted(READ_IN_PART, reverse=True)) + r"))"
    r"[ \t]{0,4}\([ \t]*+(?:[0-9]+[ \t]*(?:[<,]|\)[ \t]*=)|[AP]F_)"
)
"""Such a call with a blank or in letters that strace does not print: `bind (3, ...`,
`LISTEN(3, 5)`. What follows distinguishes it from prose; trace/prefilter/scan.py finds it too."""
SOCKET_WORDS = re.compile(
    r"htons\(|[AP]F_INET6?, SOCK_|SOL_[A-Z0-9]+, [A-Z]"
    r"|\((?:\d+|0x[0-9a-f]+)(?:<[^<>]*(?:<[^<>]*>)?>)?, 0x[0-9a-f]+, (?:16|28|0x1[0c])\)"
)
"""What strace prints only for socket calls: trace/prefilter/scan.py finds it too."""
SOCKET_ARGUMENTS = "arguments of a socket call"
"""What `deciding_call` returns for a line that has such arguments and no call name."""
SPELLING = Spelling(DECIDING | {"close"})
"""Finds misspelt names of these calls."""
CLOSING = re.compile(r"(?<![\w.])close[ \t]{0,4}\([ \t]*(\d*)(<[a-rt-z/])?")
"""A close(), with the number that it closes, and whether that is certainly a plain file. A second
half closes nothing more."""
NOT_YET_CONNECTED = frozenset({"EINPROGRESS", "EINTR", "EAGAIN", "EALREADY"})
"""Errors of a connect() that still leads to a connection (connect(2))."""


_SECOND_HALF = re.compile(r"<\.\.\. (\w+)")
_SKIPPED_HALVES = {
    *GIVES_FD,
    "close", "fcntl", "fcntl64", "getsockopt", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg",
}  # fmt: skip
"""Calls whose second half a reader may skip (trace/prefilter/scan.py)."""


def deciding_call(text: str, *, is_beginning: bool = True) -> str | None:
    """The call that `text`, a line that was not understood, names, if it could decide the verdict.
    SOCKET_ARGUMENTS if the line has arguments of some socket call; NAMELESS if it ends like a call
    without naming one. A name that was cut counts only with `is_beginning`: later in a trace a
    reader may skip such lines."""
    half = _SECOND_HALF.match(text)
    if half is not None and half[1] in _SKIPPED_HALVES and not is_beginning:
        return None
    named = _NAMED.search(text)
    if named is not None:
        return str(next(filter(None, named.groups())))
    unquoted = without_strings(text)
    name = loosely(unquoted) or ("close" if CLOSING.search(unquoted) else None)
    return name or (SPELLING.line(unquoted) if is_beginning else None)


def without_strings(text: str) -> str:
    """`text` without quoted strings; an unterminated string stays."""
    return _STRING.sub(lambda string: "" if string[1] else string[0], text)


def loosely(text: str) -> str | None:
    """Like `deciding_call`, for a text without its strings: finds calls with odd blanks, or by
    their arguments alone."""
    spelled = _SPELLED.search(text)
    if spelled is not None:
        return spelled[1].lower()
    shown = SOCKET_WORDS.search(text)
    if shown is None:
        return None
    names = (match[1] for match in CALLED.finditer(text, 0, shown.start()))
    return None if any(map(is_known, names)) else SOCKET_ARGUMENTS


def begun_call(text: str) -> str | None:
    """The socket call that a line begins with, though it does not end like one."""
    match = _NO_RESULT.match(text)
    return None if match is None else str(match[1] or match[2])


def may_decide(name: str) -> bool:
    """True if a call of this name is unknown to strace, and may be one that can decide: give it to
    `Unread.strange`."""
    return not is_known(name) or calls_numbered(name) != () or is_unnamed(name)


def is_unnamed(name: str) -> bool:
    """True for what strace prints as the name of a call whose number it could not read: `????`."""
    return name.startswith("?")


MAY_LACK_RESULT = DECIDING - READ_IN_PART.keys() - {"sendmsg", "sendmmsg", "recvmsg", "recvmmsg"}
"""Other calls that can decide by what they return: give them to `Unread.without_result`. Sends and
receives are left out: they decide little, and are frequent."""
