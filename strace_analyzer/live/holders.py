"""Takes a process, or nothing for this one, gives who holds the local ports of its network
namespace now: by process, state and destination."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from strace_analyzer.findings import Endpoint
from strace_analyzer.live.processes import command_name, socket_inodes
from strace_analyzer.live.running import Scripts
from strace_analyzer.live.sockets import LISTEN, Snapshot, SocketRow, network, snapshot
from strace_analyzer.machine import Listing
from strace_analyzer.machine.facts import DEFAULT_RANGE
from strace_analyzer.machine.sockets import STATES, UNSEEN, MachineSocket, Owner

_TIME_WAIT = 6
_SEVERAL = 3
"""ports of peers at one local port, which a client hardly has: it connects to few ports, such as
443, and mostly gets another local port for each connection"""
_CLOSED = 7
"""include/net/tcp_states.h; a UDP socket without a peer is listed in this state"""
KERNEL = "(kernel)"
"""who holds what no process has open any more: TIME-WAIT, and closing after close()"""
_KERNEL_THREAD = 0x00200000
"""PF_KTHREAD, include/linux/sched.h; among the flags of /proc/PID/stat"""


_Key = tuple[str, str | None, str, str, Endpoint | None, int | None]


class SocketsHeld(NamedTuple):
    """Sockets of one program in one state, with one destination (None without one), and the
    processes that have them open; of several programs that share them `command` has the names,
    `nginx, sleep`. `ports` counts the different local ports among them that the kernel
    chooses from: those of the ephemeral range that are not reserved.
    `incoming` is the listener's port where they are connections that came in: they need no port of
    their own."""

    command: str
    pids: tuple[int, ...]
    protocol: str
    state: str
    peer: Endpoint | None
    sockets: int
    ports: int
    incoming: int | None = None
    local: int | None = None
    """the local port, where all of them have the same one"""
    script: str | None = None
    """the file name of the script, or the module or class, that the interpreter `command` runs"""


class HiddenProcess(NamedTuple):
    """A process whose sockets this one may not see."""

    command: str
    pid: int


class PortsNow(NamedTuple):
    """`held` and `free` count TCP's ports of the range but the reserved ones, which the kernel does
    not choose; a port is held by however many sockets share it. `unasked` are the processes that
    may be in the namespace, and may not be looked at."""

    port_range: tuple[int, int]
    reserved: int
    held: int
    free: int
    holdings: tuple[SocketsHeld, ...]
    unasked: tuple[HiddenProcess, ...]
    by_root: bool
    """it was root who asked"""

    @property
    def all_seen(self) -> bool:
        """Every process of the namespace could be asked."""
        return not self.unasked


def holders(pid: int | None = None) -> PortsNow:
    """Raises OSError if the process has gone."""
    pid = os.getpid() if pid is None else pid
    now = snapshot(pid)
    low, high = now.port_range or DEFAULT_RANGE
    reserved = {port for port in _ports(now.reserved) if low <= port <= high}
    chosen = set(range(low, high + 1)) - reserved
    known, unasked = owners(network(pid))
    collected: dict[_Key, list[tuple[int, tuple[Owner, ...]]]] = defaultdict(list)
    held: set[int] = set()
    scripts = Scripts()
    listening = {row.local.port for _, row in now.rows if row.state == LISTEN}
    came_in = listening | _gone_listeners(row for _, row in now.rows)
    for inode, row in now.rows:
        if not row.local.port:
            continue
        if row.protocol == "TCP" and row.local.port in chosen:
            held.add(row.local.port)
        having = known.get(inode, ())
        command = KERNEL if not inode or not unasked else UNSEEN
        if having:
            command = ", ".join(dict.fromkeys(one.command for one in having))
        incoming = row.local.port if row.protocol == "TCP" and row.local.port in came_in else None
        peer = _peer(row) if incoming is None else None
        script = scripts.of(owner.pid for owner in having)
        key = (command, script, row.protocol, _state(row), peer, incoming)
        collected[key].append((row.local.port, having))
    rows = [
        SocketsHeld(
            command,
            tuple(sorted({owner.pid for _, having in found for owner in having})),
            protocol,
            state,
            peer,
            len(found),
            len({port for port, _ in found} & chosen),
            incoming,
            found[0][0] if len({port for port, _ in found}) == 1 else None,
            script,
        )
        for (command, script, protocol, state, peer, incoming), found in collected.items()
    ]
    rows.sort(key=_order)
    free = len(chosen) - len(held)
    by_root = os.geteuid() == 0
    return PortsNow((low, high), len(reserved), len(held), free, tuple(rows), unasked, by_root)


def _order(row: SocketsHeld) -> tuple[object, ...]:
    """Those that hold most come first."""
    words = row.command, row.script or "", row.state, str(row.peer or "")
    return -row.ports, -row.sockets, *words, row.incoming or 0


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
    them; None if no process is left in it that can be asked."""
    if namespace is None:
        namespace = network(os.getpid())
    now = _now(namespace)
    if now is None:
        return None
    known, scripts = owners(namespace)[0], Scripts()
    rows = (
        MachineSocket(
            row.protocol,
            STATES[row.state] if row.state < len(STATES) else f"STATE-{row.state}",
            row.local.address or "",
            row.local.port or 0,
            row.peer.address or "",
            row.peer.port or 0,
            tuple(
                owner._replace(script=scripts.of([owner.pid]) or "")
                for owner in known.get(inode, ())
            ),
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


def owners(namespace: str) -> tuple[Mapping[int, tuple[Owner, ...]], tuple[HiddenProcess, ...]]:
    """Inode -> the processes of the namespace that have it open, each once; and those that could
    not be asked. A thread of the kernel has no descriptors, and need not be."""
    found: dict[int, dict[int, Owner]] = defaultdict(dict)
    unasked: list[HiddenProcess] = []
    for pid in _pids():
        try:
            command = command_name(pid)
            if network(pid) != namespace:
                continue
            os.listdir(f"/proc/{pid}/fd")
        except PermissionError:
            if not _is_of_the_kernel(pid):
                unasked.append(HiddenProcess(command, pid))
            continue
        except OSError:
            continue  # it has ended meanwhile
        for fd, inode in socket_inodes(pid).items():
            found[inode].setdefault(pid, Owner(command, pid, fd))
    return {inode: tuple(having.values()) for inode, having in found.items()}, tuple(unasked)


def _is_of_the_kernel(pid: int) -> bool:
    """proc_pid_stat(5): the seventh field behind the name are the flags."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True  # it has ended
    return bool(int(stat.rpartition(")")[2].split()[6]) & _KERNEL_THREAD)


def _ports(reserved: str) -> Iterable[int]:
    """`8080,9148-9150` (ip_local_reserved_ports)."""
    for part in filter(None, reserved.strip().split(",")):
        low, _, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)
