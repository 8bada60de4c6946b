"""What a careful engineer writes by hand for one set of options, `strace -f -tt -T [-yy] -o FILE`.

    python benchmarks/careful.py TRACE

Descriptor tables, threads, dup, fork, exec, calls in halves. It prints how many sockets were bound
to any:0 without IP_BIND_ADDRESS_NO_PORT and then connected, and the most ports that were pinned at
once. It is a yardstick for speed in the same language, not an example to follow: it knows one
layout, guesses at nothing else, proves nothing.
"""

from __future__ import annotations

import re
import sys

CALL = re.compile(
    rb"(\d+) +([\d:.]+) (?:<\.\.\. (\w+) resumed>(.*)|(\w+)\((.*?)( <unfinished \.\.\.>)?"
    rb"|(\+\+\+|---).*)",
    re.S,
)
FD = re.compile(rb"(\d+)")
RESULT = re.compile(
    rb".*\) += (-?\d+|\?)(?:<[^ ]*>)?(?: ([A-Z][A-Z0-9]+) \([^)]*\))?(?: \(.*\))?(?: <([\d.]+)>)?",
    re.S,
)
ANY = re.compile(
    rb"\d+(?:<[^,]*>)?, \{sa_family=AF_INET6?, sin6?_port=htons\(0\), .*?"
    rb'(?:inet_addr\("0\.0\.0\.0"\)|inet_pton\(AF_INET6, "(?:::|::ffff:0\.0\.0\.0)")'
)
PEER = re.compile(
    rb'\d+(?:<[^,]*>)?, \{sa_family=(AF_INET6?), sin6?_port=htons\((\d+)\), .*?"([^"]+)"'
)
WANTED = frozenset(
    b"socket bind connect close dup dup2 dup3 fcntl clone clone3 fork vfork execve listen"
    b" setsockopt getsockname accept accept4 sendto recvfrom read write shutdown getsockopt".split()
)
CLONES = (b"clone", b"clone3", b"fork", b"vfork")
DUPS = (b"dup", b"dup2", b"dup3")


class Socket:
    __slots__ = (
        "bound", "flagged", "no_port", "peer", "pinned", "references", "saw_end", "stream", "trail",
    )  # fmt: skip

    def __init__(self, stream: bool, line: int, text: bytes) -> None:
        self.stream = stream
        self.bound = 0
        self.no_port = False
        self.peer: tuple[bytes, ...] | None = None
        self.references = 1
        self.trail = [(line, text)]
        self.pinned = False
        self.flagged = False
        self.saw_end = False


def main(path: str) -> None:
    tables: dict[bytes, dict[int, Socket]] = {}
    half: dict[bytes, tuple[bytes, bytes, int]] = {}
    found: list[tuple[bytes, int, Socket]] = []
    pinned = peak = 0
    when = b""
    wanted, match, returned = WANTED, CALL.fullmatch, RESULT.match
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            call = match(line[:-1])
            if call is None:
                continue
            tid, clock, resumed, tail, name, args, unfinished, mark = call.groups()
            begin = number
            if mark is not None:
                continue
            if resumed is not None:
                first = half.pop(tid, None)
                if first is None:
                    continue
                name, args, begin = first
                args += tail
            elif name not in wanted:
                continue
            elif unfinished is not None:
                half[tid] = name, args, begin
                continue
            result = returned(b"(" + args)
            if result is None:
                continue
            value, errno, _ = result.groups()
            table = tables.get(tid)
            if table is None:
                table = tables[tid] = {}
            if name == b"socket":
                if value[:1] == b"-":
                    continue
                fd = int(value)
                old = table.pop(fd, None)
                if old is not None:
                    old.references -= 1
                    if not old.references and old.pinned:
                        pinned -= 1
                if args[:7] == b"AF_INET":
                    table[fd] = Socket(b"SOCK_STREAM" in args, begin, args)
                continue
            if name in CLONES:
                if value[:1] not in b"-?":
                    if b"CLONE_FILES" in args:
                        tables[value] = table
                    else:
                        tables[value] = dict(table)
                        for socket in table.values():
                            socket.references += 1
                continue
            shown = FD.match(args)
            if shown is None:
                continue
            fd = int(shown[1])
            if name in (b"accept", b"accept4"):
                if value[:1] not in b"-?":
                    table.pop(int(value), None)
                continue
            held = table.get(fd)
            if held is None:
                continue
            if name == b"close":
                del table[fd]
                held.references -= 1
                if not held.references and held.pinned:
                    pinned -= 1
                    held.pinned = False
            elif name == b"bind":
                if value == b"0":
                    held.trail.append((begin, args))
                    held.bound = 1 if ANY.match(args) and not held.no_port else 2
                    if held.bound == 1 and held.stream:
                        held.pinned = True
                        pinned += 1
                        if pinned > peak:
                            peak, when = pinned, clock
            elif name == b"connect":
                if value == b"0" or errno in (b"EINPROGRESS", b"EINTR"):
                    peer = PEER.match(args)
                    if peer:
                        held.peer = peer.groups()
                        held.trail.append((begin, args))
                        if held.bound == 1 and held.stream and not held.flagged:
                            held.flagged = True
                            found.append((tid, fd, held))
                elif held.pinned and errno in (b"ECONNREFUSED", b"ETIMEDOUT"):
                    held.pinned = False
                    pinned -= 1
            elif name == b"setsockopt":
                if b"IP_BIND_ADDRESS_NO_PORT" in args and value == b"0":
                    held.no_port = b"[1]" in args
            elif name == b"listen":
                held.bound = 2
            elif name in DUPS or (name == b"fcntl" and b"F_DUPFD" in args):
                if value[:1] not in b"-?":
                    held.references += 1
                    table[int(value)] = held
            elif name == b"recvfrom":
                if value == b"0":
                    held.saw_end = True
            elif name == b"getsockname":
                held.trail.append((begin, args))
    for tid, fd, held in found[:3]:
        print(tid.decode(), fd, held.peer, [line for line, _ in held.trail])
    print(len(found), "found; most pinned at once", peak, "at", when.decode())


main(sys.argv[1])
