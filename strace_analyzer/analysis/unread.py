"""Takes what a reader did not understand, gives the lines in it that could decide the verdict
(analysis/deciding.py says which calls do)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from strace_analyzer.analysis.deciding import (
    CLOSING,
    MAKES_SOCKET,
    NOT_RETURNED,
    NOT_YET_CONNECTED,
    READ_IN_PART,
    REST_OF_STRINGS,
    SOCKET_ARGUMENTS,
    SOCKET_WORDS,
    SPELLING,
    begun_call,
    deciding_call,
    is_unnamed,
    loosely,
    without_strings,
)
from strace_analyzer.analysis.numbered import calls_numbered
from strace_analyzer.analysis.omission import COLUMN, states_omission
from strace_analyzer.analysis.spelling import NAMELESS, RESULT
from strace_analyzer.kernel.arguments import argument, result_fd
from strace_analyzer.kernel.catalogue import ALWAYS_MATTER
from strace_analyzer.trace.constants import ADDRESS_FAMILIES, number
from strace_analyzer.trace.events import Entered, Exited, Foreign, Killed, Notice, Syscall, Unparsed
from strace_analyzer.trace.prefilter.strays import is_stray
from strace_analyzer.trace.sockaddr import is_of_no_family, socket_address
from strace_analyzer.trace.values import descriptor_number

_KEPT = 1000
_WITH_ADDRESS = frozenset({"bind", "connect"})
_COULD_NOT_TRACE = re.compile(
    r"ptrace\(PTRACE_[^()]*\): Operation not permitted|[Cc]ould not attach to process"
    r"|attach: ptrace\([^()]*\): Operation not permitted"
)
"""strace's own messages (strace.c, perror_msg())."""


def makes_no_known_socket(call: Syscall) -> bool:
    """Whether `call` is a socket() whose address family is no number and no name of one: the line
    was damaged, and it may be an internet socket, unless the note of -y says what it is."""
    if number(argument(call.args, 0), ADDRESS_FAMILIES) is not None:
        return False
    made = result_fd(call)
    return made is None or made.may_be_socket


class UnreadLine(NamedTuple):
    """A line that could decide and was not understood; `name` is the call that it names."""

    source: int
    line: int
    name: str
    spelled: str = ""
    """The name that the line has instead."""


class Unread:
    """The unread lines of one trace. `feed` it each line that was not understood; give it the lines
    that strace did not print, and the calls of READ_IN_PART and MAY_LACK_RESULT."""

    def __init__(
        self,
        is_open: Callable[[int | None], bool],
        is_beginning: Callable[[], bool],
        tell: Callable[[UnreadLine], None],
        ask_again: Callable[[], None],
    ) -> None:
        """`is_open` says whether a descriptor with this number (None: any) may be a socket;
        `is_beginning`, whether the reader still passes on every line. `tell` is called with each
        line that could decide, `ask_again` when `unreturned` becomes empty or is so no longer."""
        self._is_open = is_open
        self._is_beginning = is_beginning
        self._tell = tell
        self._ask_again = ask_again
        self._broken_off = 0
        """lines, given by every reader, that begin a call that cannot decide anything: a later line
        may be the rest of it"""
        self.count = 0
        """lines of any kind that were not understood"""
        self.deciding = 0
        """how many of them could decide the verdict"""
        self.lines: list[UnreadLine] = []
        """the first of these"""
        self.omissions: list[UnreadLine] = []
        """lines, with their text as `name`, that say that others were left out"""
        self.untraced: list[str] = []
        """what strace said of tasks that it could not trace"""
        self._column: UnreadLine | None = None
        """the last line, if several like it stand for lines left out"""
        self.undecoded: set[str] = set()
        """calls of which some show no address"""
        self.unreturned: dict[int, Syscall | Entered] = {}
        """by task: calls that could decide and were not seen to return, or not yet: while there are
        some, any call is to be given to `went_on`"""

    def feed(self, event: Unparsed) -> None:
        """Note `event`, if it could decide."""
        if self._is_omission(event):
            return
        self.count += 1
        is_given = self._is_given(event.text)
        name = deciding_call(event.text, is_beginning=is_given)
        if name is None:
            self._broken_off += is_given and RESULT.search(event.text) is None
            return
        if name == NAMELESS and (self._broken_off or REST_OF_STRINGS.match(event.text)):
            self._broken_off -= self._broken_off > 0
            return
        if name != "close" or self._closes_socket(event.text):
            self._note(event, name)

    def _closes_socket(self, text: str) -> bool:
        match = CLOSING.search(text)
        if match is None or not match[1]:
            return self._is_open(None)
        return match[2] is None and self._is_open(int(match[1]))

    def foreign(self, event: Foreign | Notice) -> None:
        """The same for a line that seems to be another program's, or strace's own message."""
        if isinstance(event, Foreign):
            self._is_omission(event)
        elif _COULD_NOT_TRACE.search(event.text) is not None:
            self.untraced.append(event.text.strip().removeprefix("strace: "))
        unquoted = without_strings(event.text)
        name = begun_call(event.text) or loosely(unquoted)
        is_given = self._is_given(event.text)
        name = name or (SPELLING.line(unquoted) if is_given else None)
        self.count += isinstance(event, Foreign) and is_given and SPELLING.is_noted(unquoted)
        if name is not None and (name != "close" or self._is_open(None)):
            self._note(event, name)

    def _is_given(self, text: str) -> bool:
        """Whether every reader passes on a line with this text here, whatever it skips."""
        return self._is_beginning() or is_stray(text)

    def _is_omission(self, event: Unparsed | Foreign) -> bool:
        """Whether `event` says that lines were left out; if so, note it."""
        if not self._is_given(event.text):
            return False
        at = UnreadLine(event.span.source, event.span.first, event.text)
        column, self._column = self._column, (at if event.text.strip() in COLUMN else None)
        is_second = column is not None and (at.source, at.line - 1, at.name) == column[:3]
        if not is_second and not states_omission(event.text):
            return False
        self.omissions.append(at)
        return True

    def strange(self, call: Syscall) -> None:
        """The same for a call with a name that strace does not know: `???`, where it could not read
        the number, or a number, for a call newer than strace, or a changed name, or one with the
        arguments of a socket call."""
        if call.result.failed and call.result.errno not in NOT_YET_CONNECTED:
            return
        if is_unnamed(call.name):  # any call
            if call.result.value is not None:
                self._note(call, call.name)
            else:
                self.entered(call)
            return
        numbered = calls_numbered(call.name)
        name = SPELLING.call(call.name) if self._is_beginning() and not numbered else None
        if numbered:
            self._note(call, numbered[0], call.name)
        elif name and (name != "close" or self._is_open(descriptor_number(argument(call.args, 0)))):
            self._note(call, name, call.name)
        elif SOCKET_WORDS.search(without_strings(call.text)):
            self._note(call, SOCKET_ARGUMENTS, call.name)

    def entered(self, call: Syscall | Entered) -> None:
        """Note a call that could decide and has not been seen to return: one that began and whose
        number strace could not read, which may be any, or one that did not return."""
        was_heard = bool(self.unreturned)
        self.unreturned[call.tid] = call
        if not was_heard:
            self._ask_again()

    def without_result(self, call: Syscall) -> None:
        """The same for a call whose line shows everything but the result."""
        is_given = call.name in ALWAYS_MATTER or self._is_beginning()
        if call.result.value is None and is_given and RESULT.search(call.text) is None:
            self._note(call, call.name)

    def call(self, call: Syscall) -> None:
        """The same for a call that was read, except for the socket that it acted on."""
        result = call.result
        errno = result.errno
        if errno is not None and not (errno in NOT_YET_CONNECTED and call.entry_seen):
            return
        name = call.name
        if result.value is None:  # unknown to strace, or missing
            if NOT_RETURNED.search(call.text) is None:
                self._note(call, name)
            else:
                self.entered(call)
        elif name in MAKES_SOCKET:
            if name == "socket" and makes_no_known_socket(call):
                self._note(call, name)
        elif (
            len(call.args) < READ_IN_PART[name]
            or name == "socketcall"
            or descriptor_number(call.args[0]) is None
        ):
            self._note(call, name)
        elif name in _WITH_ADDRESS and socket_address(call.args[1]) is None:
            if is_of_no_family(call.args[1]):
                self._note(call, name)
            else:
                self.undecoded.add(name)

    def went_on(self, event: Syscall | Entered | Exited | Killed) -> None:
        """The same for a call that did not return according to strace (`= ?`, or no second half),
        although its task goes on to another call, `event`."""
        call = self.unreturned.pop(event.tid, None)
        if not self.unreturned:
            self._ask_again()
        if call is None or isinstance(event, (Exited, Killed)):
            return
        if isinstance(call, Entered) and isinstance(event, Syscall) and event.name == call.name:
            return  # its second half, which is a call of its own
        self._note(call, call.name)

    def _note(
        self, event: Unparsed | Syscall | Entered | Foreign | Notice, name: str, spelled: str = ""
    ) -> None:
        self.deciding += 1
        line = UnreadLine(event.span.source, event.span.first, name, spelled)
        if len(self.lines) < _KEPT:
            self.lines.append(line)
        self._tell(line)

    @property
    def names(self) -> set[str]:
        """The calls that the lines name: the trace shows them, though not what they did."""
        return {line.name for line in self.lines} - {SOCKET_ARGUMENTS}

    @property
    def words(self) -> list[str]:
        """The same as they are spelled on the lines."""
        spelled = {
            f"{line.spelled}: {line.name}" if line.spelled else line.name for line in self.lines
        }
        return sorted(spelled)
