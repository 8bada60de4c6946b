"""Search raw text for the places where a line may matter, by the names of calls.

Hyperscan finds them if it is installed (the extra `fast`), otherwise the standard library's `re`.
The two may find different hits, but the sieve selects the same lines. With the columns of its lines
that is all that can be told of a block without a model.

It is long because all that is searched for stands here, for both of them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

from strace_analyzer.trace.input.content import Block, rows
from strace_analyzer.trace.prefilter.columns import Columns, columns
from strace_analyzer.trace.prefilter.database import database, hyperscan
from strace_analyzer.trace.prefilter.hits import (
    COPIED,
    EXAMINE,
    GIVEN,
    HELD,
    KIND_BITS,
    MOVED,
    OUTGOING,
    RESUMED_GIVEN,
    SHOWN,
    Hit,
)
from strace_analyzer.trace.prefilter.idle import marked
from strace_analyzer.trace.prefilter.strays import NUMBERED, STRAYS
from strace_analyzer.trace.prefilter.watch import When

_KIND = {
    When.ALWAYS: EXAMINE,
    When.HELD: HELD,
    When.COPIED: COPIED,
    When.GIVEN: GIVEN,
    When.OUTGOING: OUTGOING,
    When.MOVED: MOVED,
}


class Searched(NamedTuple):
    """What the search of a block gives."""

    hits: list[Hit]
    """in order"""
    columns: Columns | None
    """None if not all lines have the same form"""
    lines: int
    """how many it has"""


Scan = Callable[[Block], Searched]
_Find = Callable[[Block], list[Hit]]

_NOT_A_FILE = rb"<[^a-rt-z/\n]"
"""The beginning of a note that can be that of a socket (`<TCP:[1]>`, `<socket:[1]>`, hexadecimal
with -xx), and not of a path, a pipe or an anon_inode."""
_ANY_FILE = rb"<"
_DUPS = frozenset({"dup", "dup2", "dup3"})
"""All of their first halves are given, so an unexpected second half has lost its first: it is
reported, since what was copied is unknown (analysis/deciding.py). fcntl() is not among them,
because those that only query are left out."""
_BLANK = rb"[ \t]{0,4}"
"""Blanks that somebody may have inserted before a parenthesis."""
_NUMBER = rb"\((?:[^0-9]|[0-9]+(?:[^<0-9]|%b))"
"""After a name: a descriptor, with such a note or without one."""


def scanner(
    when: Mapping[str, When],
    *,
    has_pids: bool,
    is_unfiltered: bool,
    clock: str = "none",
    apart: bool = False,
) -> Scan:
    """Return the search for lines that can matter.

    `has_pids`: lines begin with a pid, and one that does not is to be examined; otherwise no line
    has one, and one that does is to be examined. `is_unfiltered`: calls on files may be left out by
    their notes. `clock` is the kind of times. `apart`: build the search in a copy of this process,
    so that the memory for that is given back.
    """
    find = _kept(frozenset(when.items()), has_pids, is_unfiltered, apart, threading.get_ident())

    def scan(block: Block) -> Searched:
        lines = rows(block)
        hits = marked(find(block), block, has_pids=has_pids)
        return Searched(hits, columns(lines, clock, has_pids=has_pids), len(lines))

    return scan


@lru_cache(maxsize=16)
def _kept(
    wanted: frozenset[tuple[str, When]],
    has_pids: bool,
    is_unfiltered: bool,
    apart: bool,
    thread: int,
) -> _Find:
    """Return the search for hits. Building it takes Hyperscan 50 to 100 ms, so it is cached for
    later traces. Each thread has its own, since Hyperscan's working memory (its scratch space) can
    serve only one search at a time."""
    when = dict(sorted(wanted))
    note = _NOT_A_FILE if is_unfiltered else _ANY_FILE
    number = _NUMBER % note
    tails = {
        When.ALWAYS: rb"\(",
        When.HELD: number,
        When.MOVED: number,
        When.COPIED: _NUMBER % _ANY_FILE,
        When.GIVEN: rb"\(",
        When.OUTGOING: rb"\(",
    }
    begun = {name: (_KIND[reason], tails[reason]) for name, reason in when.items()}
    for name in ("fcntl", "fcntl64"):
        if name in begun:
            begun[name] = (begun[name][0], _fcntl(is_unfiltered=is_unfiltered))
    if "ioctl" in begun:
        begun["ioctl"] = (begun["ioctl"][0], _IOCTL % note)
    begun = {name: (kind, _BLANK + tail) for name, (kind, tail) in begun.items()}
    # the second halves of other calls are found by their pids; without pids all are examined
    second = {When.ALWAYS: EXAMINE, When.GIVEN: RESUMED_GIVEN, When.COPIED: RESUMED_GIVEN}
    resumed = {
        name: (second[reason] if has_pids and name not in _DUPS else EXAMINE, rb" resumed>")
        for name, reason in when.items()
        if reason in second or not has_pids
    }
    for name in begun.keys() & resumed.keys():  # one expression is built faster than two
        if begun[name][0] == resumed[name][0]:
            kind, tail = resumed.pop(name)
            begun[name] = kind, rb"(?:%b|%b)" % (begun[name][1], tail)
    if has_pids:
        odd = [rb"\n(?:[0-9]*[^0-9 \n]| )", *NUMBERED]
    else:
        odd = [rb"\[pid ", rb"<unfinished", _COLUMN, *NUMBERED, *STRAYS]
    odd.append(rb"MSG_FASTOPEN")  # a send that connects
    module = hyperscan()
    if module is not None:
        return _by_hyperscan(module, begun, resumed, odd, apart=apart)
    return _by_re(begun, resumed, odd, b" " if has_pids else b"[ \n]")


_IOCTL = rb"\((?:[0-9]+|(?:[^0-9\n]|[0-9]+%b)[^,\n]*), (?:[^F\n]|FIOCLEX|FIONCLEX)"
"""Commands of ioctl(); those printed as numbers are all given. The others that begin with F change
nothing that is held."""


def _fcntl(*, is_unfiltered: bool) -> bytes:
    """Match what follows the name of fcntl(), unless it certainly neither copies nor marks a
    descriptor: `(3, F_GETFL`, or in an unfiltered trace `(3</path>, F_`. A damaged line may have
    been anything."""
    cut = rb"[^A-Z]|S(?:[^E]|E(?:[^T]|T(?:[^FLOSP]|F[^L])))"
    command = rb",(?:[^ ]| (?:[^F]|F[^_]|F_(?:D|%b)))" % cut
    if not is_unfiltered:
        return rb"\((?:[^0-9]|[0-9]+(?:[^0-9<,]|%b|<[^,\n]*(?:\n|%b)))" % (command, command)
    odd = rb"(?:[^,]|,[^ ]|, [^F])"
    noted = rb"<[a-rt-z/][^<>\n]*(?:\n|>%b|<[^<>\n]*(?:[<\n]|>(?:[^>]|>%b)))" % (odd, odd)
    socket = rb"<[^a-rt-z/\n][^,\n]*(?:\n|%b)" % command
    return rb"\((?:[^0-9]|[0-9]+(?:[^0-9<,]|%b|<\n|%b|%b))" % (command, noted, socket)


_COLUMN = rb"\n[0-9]{1,7}[ <]"
"""A pid although lines have none: it shows whose all the others are."""
_MARKS = (
    rb"\+\+\+ |Process [0-9P]|strace: |\?\?\?[?(]|<\.\.\. \?+ resumed|\x1b"
    rb"|syscall_0x|SYS_[0-9]|si_code=CLD_"
)
"""Ends of tasks and signals that report them, strace's own messages, calls whose name it could not
read or did not know, colours."""

_CAPITAL = rb"(?:%b)[234]?[ \t]{0,4}\([ \t]{0,4}[0-9AP]" % b"|".join(
    name
    for call in (*(b"accept", b"bind", b"connect", b"dup"), *(b"listen", b"setsockopt", b"socket"))
    for name in (call.upper(), call.capitalize())
)
_RAW = rb", 0x[0-9a-f]+, (?:16|28|0x1[0c])\)"
"""An address that was not decoded, with the length of one of the internet."""
_SHOWN = (rb"htons\(", rb"F_INET6?, SOCK_", rb"SOL_[A-Z0-9]+, [A-Z]", _RAW, _CAPITAL)
"""Arguments of socket calls, and their names in capitals, as somebody may have written them
(analysis/deciding.py)."""

_Wanted = dict[str, tuple[int, bytes]]
"""Name of a call -> the kind of its hits, and the expression that follows the name."""


def _by_hyperscan(
    module: ModuleType, begun: _Wanted, resumed: _Wanted, odd: list[bytes], *, apart: bool
) -> _Find:
    alike: dict[tuple[int, bytes, bytes], list[str]] = {}
    for before, wanted in ((b"", begun), (rb"<\.\.\. ", resumed)):
        for name, (kind, tail) in wanted.items():
            alike.setdefault((kind, before, tail), []).append(name)
    expressions = [
        (kind, rb"[^a-z0-9_]%b(?:%b)%b" % (before, "|".join(names).encode("ascii"), tail))
        for (kind, before, tail), names in alike.items()
    ]
    expressions += [(EXAMINE, pattern) for pattern in (_MARKS, *odd)]
    expressions += [(SHOWN, pattern) for pattern in _SHOWN]
    search = database(module, expressions, apart=apart).scan
    hits: list[Hit] = []
    keep = hits.append

    def found(kind: int, begin: int, end: int, flags: int, context: object) -> None:
        keep(end << KIND_BITS | kind)

    def find(block: Block) -> list[Hit]:
        hits.clear()
        search(block, match_event_handler=found)
        return sorted(hits)

    return find


def _by_re(begun: _Wanted, resumed: _Wanted, odd: list[bytes], before: bytes) -> _Find:
    kinds: list[int] = []
    expression = rb"%b(?:%b|<\.\.\. %b|(?:%b)())" % (
        before,  # a literal character in front makes the search much faster
        _tree(begun, kinds),
        _tree(resumed, kinds),
        _MARKS,
    )
    kinds.append(EXAMINE)
    search = re.compile(expression)
    strange = [(EXAMINE, re.compile(pattern)) for pattern in odd]
    strange += [(SHOWN, re.compile(pattern)) for pattern in _SHOWN]

    def find(block: Block) -> list[Hit]:
        hits = [
            match.end() << KIND_BITS | kinds[(match.lastindex or 1) - 1]
            for match in _matches(search, block)
        ]
        for kind, pattern in strange:
            hits += [match.end() << KIND_BITS | kind for match in _matches(pattern, block)]
        hits.sort()
        return hits

    return find


def _matches(pattern: re.Pattern[bytes], block: bytes) -> Iterator[re.Match[bytes]]:
    """Yield the matches, of which the next may begin with the last character of the one before: the
    end of a line is what the next line's match begins with."""
    search, match = pattern.search, pattern.search(block)
    while match is not None:
        yield match
        match = search(block, match.end() - 1)


def _tree(wanted: _Wanted, kinds: list[int]) -> bytes:
    """Return an expression that branches on the next character only, with an empty group after each
    name; the kind of each group is appended to `kinds`."""
    tree: dict[str, Any] = {}
    for name in wanted:
        node = tree
        for character in name:
            node = node.setdefault(character, {})
        node[""] = name

    def branches(node: dict[str, Any]) -> bytes:
        ways = []
        for first, rest in sorted(node.items()):
            if first:
                ways.append(re.escape(first).encode("ascii") + branches(rest))
            else:
                kind, tail = wanted[rest]
                kinds.append(kind)
                ways.append(tail + b"()")
        return ways[0] if len(ways) == 1 else rb"(?:%b)" % b"|".join(ways)

    return branches(tree)
