"""Takes a process, or nothing for this one, gives who holds the local ports of its network
namespace now: by process, state and destination."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from strace_analyzer.findings import Endpoint
from strace_analyzer.live.processes import command_name, socket_inodes
from strace_analyzer.live.sockets import LISTEN, Snapshot, SocketRow, network, snapshot
from strace_analyzer.machine import Listing
from strace_analyzer.machine.sockets import STATES, MachineSocket, Owner
from strace_analyzer.ports.port_range import DEFAULT

_TIME_WAIT = 6
_SEVERAL = 3
"""ports of peers at one local port, which a client hardly has: it connects to few ports, such as
443, and mostly gets another local port for each connection"""
_CLOSED = 7
"""include/net/tcp_states.h; a UDP socket without a peer is listed in this state"""
KERNEL = "(kernel)"
"""who holds what no process has open any more: TIME-WAIT, and closing after close()"""
UNSEEN = "(another user's)"


_Key = tuple[str, str, str, Endpoint | None, int | None]


class Holding(NamedTuple):
    """Sockets of one program in one state, with one destination (None without one). `ports` counts
    the different local ports of the ephemeral range among them. `incoming` is the listener's port
    where they are connections that came in: they need no port of their own."""

    command: str
    pids: tuple[int, ...]
    protocol: str
    state: str
    peer: Endpoint | None
    sockets: int
    ports: int
    incoming: int | None = None


class Holders(NamedTuple):
    """`held` and `free` count TCP's ports of the range; a port is held by however many sockets
    share it. `all_seen` says that every process of the namespace could be asked."""

    port_range: tuple[int, int]
    reserved: int
    held: int
    free: int
    holdings: tuple[Holding, ...]
    all_seen: bool


def holders(pid: int | None = None) -> Holders:
    """Raises OSError where the process has gone."""
    pid = os.getpid() if pid is None else pid
    now = snapshot(pid)
    low, high = now.port_range or DEFAULT
    reserved = sum(1 for port in _ports(now.reserved) if low <= port <= high)
    known, all_seen = owners(network(pid))
    collected: dict[_Key, list[tuple[int, int | None]]] = defaultdict(list)
    held: set[int] = set()
    listening = {row.local.port for _, row in now.rows if row.state == LISTEN}
    came_in = listening | _gone_listeners(row for _, row in now.rows)
    for inode, row in now.rows:
        if row.local.port is None or (not row.local.port):
            continue
        if row.protocol == "TCP" and low <= row.local.port <= high:
            held.add(row.local.port)
        one = known.get(inode)
        owner = None if one is None else one.pid
        command = KERNEL if not inode or all_seen else UNSEEN
        if one is not None:
            command = one.command
        incoming = row.local.port if row.protocol == "TCP" and row.local.port in came_in else None
        peer = _peer(row) if incoming is None else None
        key = (command, row.protocol, _state(row), peer, incoming)
        collected[key].append((row.local.port, owner))
    rows = [
        Holding(
            command,
            tuple(sorted({owner for _, owner in found if owner is not None})),
            protocol,
            state,
            peer,
            len(found),
            len({port for port, _ in found if low <= port <= high}),
            incoming,
        )
        for (command, protocol, state, peer, incoming), found in collected.items()
    ]
    rows.sort(key=lambda row: (-row.ports, -row.sockets, row.command, str(row.peer or "")))
    free = high - low + 1 - reserved - len(held)
    return Holders((low, high), reserved, len(held), max(0, free), tuple(rows), all_seen)


def _gone_listeners(rows: Iterable[SocketRow]) -> frozenset[int]:
    """Ports to which many came: connections that this side closed, all at one local port and each
    from another port of a peer, are what a server leaves that listens no more."""
    peers: dict[int, set[int | None]] = defaultdict(set)
    for row in rows:
        if row.protocol == "TCP" and row.state == _TIME_WAIT and row.local.port:
            peers[row.local.port].add(row.peer.port)
    return frozenset(port for port, found in peers.items() if len(found) > _SEVERAL)


def _state(row: SocketRow) -> str:
    if row.protocol == "UDP" or row.state == _CLOSED:
        return "BOUND" if row.state == _CLOSED else "CONNECTED"
    return STATES[row.state] if row.state < len(STATES) else f"STATE-{row.state}"


def _peer(row: SocketRow) -> Endpoint | None:
    if row.state == LISTEN or not row.peer.port or row.peer.address is None:
        return None
    return Endpoint(row.peer.address, row.peer.port)


def listing(namespace: str | None = None) -> Listing | None:
    """The sockets of a network namespace (`net:[4026531840]`), or of ours, as `ss -tanp` would list
    them; None where no process is left in it that can be asked."""
    if namespace is None:
        namespace = network(os.getpid())
    now = _now(namespace)
    if now is None:
        return None
    known, _ = owners(namespace)
    rows = (
        MachineSocket(
            row.protocol,
            STATES[row.state] if row.state < len(STATES) else f"STATE-{row.state}",
            row.local.address or "",
            row.local.port or 0,
            row.peer.address or "",
            row.peer.port or 0,
            (known[inode],) if inode in known else (),
            inode,
        )
        for inode, row in now.rows
    )
    return Listing(tuple(rows))


def _now(namespace: str) -> Snapshot | None:
    """Asked through any process that is there: that which was traced may be gone."""
    for pid in (os.getpid(), *_pids()):
        try:
            if network(pid) == namespace:
                return snapshot(pid)
        except OSError:
            continue  # it has ended meanwhile, or may not be asked
    return None


def _pids() -> list[int]:
    return sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())


def owners(namespace: str) -> tuple[Mapping[int, Owner], bool]:
    """Inode -> the first process of the namespace that has it open; whether all could be asked."""
    found: dict[int, Owner] = {}
    all_seen = True
    for pid in _pids():
        try:
            if network(pid) != namespace:
                continue
            os.listdir(f"/proc/{pid}/fd")
            command = command_name(pid)
        except PermissionError:
            all_seen = False
            continue
        except OSError:
            continue  # it has ended meanwhile
        for fd, inode in socket_inodes(pid).items():
            found.setdefault(inode, Owner(command, pid, fd))
    return found, all_seen


def _ports(reserved: str) -> Iterable[int]:
    """`8080,9148-9150` (ip_local_reserved_ports)."""
    for part in filter(None, reserved.strip().split(",")):
        low, _, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)
