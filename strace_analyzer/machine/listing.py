"""Takes the text of `ss -tanp`, `ss -uanp`, /proc/net/tcp, udp and similar, gives one row per
socket.

Formats: ss(8) with and without a heading, `-p`, `-o`, `-e` or a Netid column; proc_pid_net(5). One
text may contain several of them in sequence.
"""

from __future__ import annotations

import re
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from strace_analyzer.machine.sockets import STATES, TIME_WAIT, MachineSocket, Owner

_SS = re.compile(
    r"(?:(?P<netid>tcp|udp|mptcp)\s+)?(?P<state>[A-Z][A-Z0-9-]+)\s+\d+\s+\d+\s+"
    r"(?P<local>\S+)\s+(?P<peer>\S+)(?:\s+(?P<rest>.*))?"
)
_OWNER = re.compile(r'\("(?P<command>(?:[^"\\]|\\.)*)",(?:pid=)?(?P<pid>\d+),(?:fd=)?(?P<fd>\d+)\)')
_INODE = re.compile(r"\bino:(\d+)")
_PROC = re.compile(
    r"\d+: (?P<local>(?:[0-9A-F]{8}){1,4}:[0-9A-F]{4}) (?P<peer>(?:[0-9A-F]{8}){1,4}:[0-9A-F]{4}) "
    r"(?P<state>[0-9A-F]{2}) \S+ \S+ \S+ +\d+ +\d+ +(?P<inode>\d+)"
)
_HEADINGS = ("State", "Netid", "sl")
_UDP_ALONE = "UNCONN"
"""a state that ss(8) shows only for datagram sockets, as long as no connection is being made"""


class Listing(NamedTuple):
    """The sockets of one machine at one moment. `unread` counts lines that were neither socket nor
    heading, `headings` counts headings. A heading and nothing else means that there were no
    sockets."""

    sockets: tuple[MachineSocket, ...]
    unread: int = 0
    headings: int = 0

    @property
    def is_answer(self) -> bool:
        """It lists sockets, or says that there are none."""
        return bool(self.sockets) or (self.headings > 0 and not self.unread)

    def lacks(self, protocol: str) -> bool:
        """It has sockets, but none of this protocol: perhaps ss(8) was not asked for them."""
        return bool(self.sockets) and all(one.protocol != protocol for one in self.sockets)

    def at(self, port: int, protocol: str = "TCP") -> tuple[MachineSocket, ...]:
        """The sockets with this local port: listeners first, closing ones last."""
        found = [one for one in self.sockets if (one.port, one.protocol) == (port, protocol)]
        return tuple(sorted(found, key=lambda one: (one.state != "LISTEN", one.state != "ESTAB")))

    def by_holder(self, low: int, high: int, protocol: str = "TCP") -> list[tuple[str, int]]:
        """Who has how many of the protocol's ports from `low` to `high`, the most first: a process
        or, if none is named, the state and the peer, `TIME-WAIT to 192.0.2.7:80`."""
        own = (one for one in self.sockets if one.protocol == protocol)
        ports = {one.port: one for one in own if low <= one.port <= high}
        return Counter(one.holder for one in ports.values()).most_common()

    def by_peer(
        self, low: int, high: int, address: str, peer_port: int
    ) -> tuple[list[int], dict[str, list[int]]]:
        """Of the TCP ports from `low` to `high`: those that have a connection to `address` and
        `peer_port`, and by holder those that have only connections to elsewhere. Accepted
        connections, on the port of a listener, do not count."""
        own = [one for one in self.sockets if one.protocol == "TCP" and low <= one.port <= high]
        heard = {one.port for one in own if not one.peer_port}
        same = {
            one.port for one in own if (one.peer_address, one.peer_port) == (address, peer_port)
        }
        others: dict[str, list[int]] = {}
        for port, holder in {one.port: one.holder for one in own}.items():
            if port not in heard | same:
                others.setdefault(holder, []).append(port)
        return list(same), others

    def taken(self, low: int, high: int, to: tuple[str, int] | None) -> tuple[list[int], list[int]]:
        """The TCP ports from `low` to `high` that bind() with port 0 (`to` is None), or a
        connection to the address and port `to`, cannot have; and those of them that only
        connections in TIME-WAIT have."""
        waits: dict[int, bool] = {}
        for one in self.sockets:
            if one.protocol != "TCP" or not low <= one.port <= high:
                continue
            if to is None or not one.peer_port or (one.peer_address, one.peer_port) == to:
                waits[one.port] = waits.get(one.port, True) and one.state == TIME_WAIT
        return list(waits), [port for port, only in waits.items() if only]


def parse(lines: Iterable[str]) -> Listing:
    """The sockets listed in `lines`, perhaps none; nothing is raised."""
    found: list[MachineSocket] = []
    unread = begin = headings = 0
    protocol = "TCP"
    for line in lines:
        text = line.strip()
        if text.startswith(_HEADINGS):
            _settle(found, begin)
            begin = len(found)
            headings += 1
            protocol = "UDP" if text.endswith("drops") else "TCP"  # net/ipv4/udp.c udp4_seq_show
            continue
        if not text:
            continue
        if text.startswith("users:") and found:  # an old ss breaks its lines before the processes
            found[-1] = found[-1]._replace(owners=_owners(text))
            continue
        row = _of_ss(text) or of_proc(text, protocol)
        if row is None:
            unread += 1
        else:
            found.append(row)
    _settle(found, begin)
    return Listing(tuple(found), unread, headings)


def together(listings: Iterable[Listing]) -> Listing:
    """Several listings of one machine as one. For a socket in more than one of them, the first
    listing that names its processes wins: /proc/net/tcp never does."""
    kept: dict[tuple[str | int, ...], list[MachineSocket]] = {}
    unread = headings = 0
    for listing in listings:
        own: dict[tuple[str | int, ...], list[MachineSocket]] = {}
        for one in listing.sockets:
            own.setdefault(_identity(one), []).append(one)
        for key, rows in own.items():
            known = kept.get(key, ())
            if not known or (not any(row.owners for row in known) and any(r.owners for r in rows)):
                kept[key] = rows
        unread, headings = unread + listing.unread, headings + listing.headings
    return Listing(tuple(chain.from_iterable(kept.values())), unread, headings)


def _identity(one: MachineSocket) -> tuple[str | int, ...]:
    """What identifies a socket; ss(8) writes `*` for `::`."""
    ends = ("::" if end == "*" else end for end in (one.address, one.peer_address))
    return (one.protocol, one.port, one.peer_port, *ends)


def _settle(found: list[MachineSocket], begin: int) -> None:
    """Set the protocol of the rows from `begin` on, which have one heading. Without a column for
    it, ss(8) does not show the protocol: it was asked for UDP if some socket is in a state that TCP
    does not show, and none is in a state that UDP does not have."""
    states = {one.state for one in found[begin:]}
    if _UDP_ALONE not in states:
        return
    is_all = states <= {_UDP_ALONE, "ESTAB"}
    for at in range(begin, len(found)):
        one = found[at]
        if one.protocol == "TCP" and (is_all or one.state == _UDP_ALONE):
            found[at] = one._replace(protocol="UDP")


def of_proc(line: str, protocol: str = "TCP") -> MachineSocket | None:
    """The socket on a line of /proc/net/tcp or similar, None if there is none. Its addresses are
    32-bit words in the machine's byte order, assumed to be little-endian as on nearly all machines.
    """
    match = _PROC.match(line.strip())
    if match is None:
        return None
    address, port = hexadecimal(match["local"], "<")
    peer_address, peer_port = hexadecimal(match["peer"], "<")
    address, peer_address = address.removeprefix("::ffff:"), peer_address.removeprefix("::ffff:")
    number = int(match["state"], 16)
    state = STATES[number] if number < len(STATES) else f"STATE-{number}"
    inode = int(match["inode"])
    return MachineSocket(protocol, state, address, port, peer_address, peer_port, (), inode)


def _of_ss(line: str) -> MachineSocket | None:
    match = _SS.fullmatch(line)
    if match is None:
        return None
    local, peer = _endpoint(match["local"]), _endpoint(match["peer"])
    if local is None or peer is None:
        return None
    protocol = "UDP" if match["netid"] == "udp" else "TCP"
    rest = match["rest"] or ""
    inode = _INODE.search(rest)
    return MachineSocket(
        protocol, match["state"], *local, *peer, _owners(rest), int(inode[1]) if inode else None
    )


def _owners(text: str) -> tuple[Owner, ...]:
    """`users:(("nginx",pid=7,fd=6),...)`; before iproute2 4.0 without `pid=` and `fd=`."""
    return tuple(Owner(m["command"], int(m["pid"]), int(m["fd"])) for m in _OWNER.finditer(text))


def _endpoint(text: str) -> tuple[str, int] | None:
    """`127.0.0.53%lo:53`, `[::ffff:10.0.0.1]:80`, `*:22`, `:::22`, `*:ssh`."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").partition("%")[0].removesuffix("]").removeprefix("::ffff:")
    if port.isdecimal():
        return host, int(port)
    if port == "*":
        return host, 0
    try:
        return host, socket.getservbyname(port)
    except OSError:
        return None


def hexadecimal(field: str, order: str) -> tuple[str, int]:
    """`0100007F:1F90`, a column of /proc/net/tcp: address and port. The address is made of 32-bit
    words in byte order `order`: `<` or `=`, as in struct (proc_pid_net(5))."""
    address, _, port = field.partition(":")
    words = (int(address[at : at + 8], 16) for at in range(0, len(address), 8))
    packed = b"".join(struct.pack(f"{order}I", word) for word in words)
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed), int(port, 16)
