"""Takes process ids, gives from /proc what the model must know of processes that run already:
their names, threads, and the internet sockets behind their descriptors (proc_pid_fd(5),
proc_pid_fdinfo(5))."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from strace_analyzer.kernel.seed import ExistingDescriptor, ExistingProcess, ExistingSocket
from strace_analyzer.kernel.socket_state import Connection, Ending
from strace_analyzer.live.sockets import LISTEN, SocketRow, SocketTable, network, socket_table
from strace_analyzer.machine.facts import Facts
from strace_analyzer.trace.annotation import socket_note

_O_CLOEXEC = 0o2000000
_CONNECTIONS = {
    1: Connection.CONNECTED,  # ESTABLISHED
    2: Connection.CONNECTING,  # SYN_SENT
    4: Connection.CONNECTED,  # FIN_WAIT1: we have shut down, and still may read
    5: Connection.CONNECTED,  # FIN_WAIT2
    8: Connection.CONNECTED,  # CLOSE_WAIT: the peer has closed
    9: Connection.CONNECTED,  # LAST_ACK
    11: Connection.CONNECTED,  # CLOSING
    LISTEN: Connection.LISTENING,
}
"""include/net/tcp_states.h; every other state is that of a socket without a connection"""
_PEER_CLOSED = (8, 9)


class Surroundings:
    """The socket tables of the network namespaces that were asked for, each asked once."""

    def __init__(self) -> None:
        self._tables: dict[str, SocketTable] = {}

    def of(self, pid: int) -> SocketTable:
        """The table of the namespace of `pid`. Raises OSError if the process has gone."""
        name = network(pid)
        if name not in self._tables:
            self._tables[name] = socket_table(pid)
        return self._tables[name]

    @property
    def facts(self) -> Facts | None:
        """What is set in the namespace that was asked for first, None if none was."""
        return next((table.facts for table in self._tables.values()), None)


def existing_processes(
    pids: Iterable[int], surroundings: Surroundings
) -> tuple[ExistingProcess, ...]:
    """What /proc tells of each; one that ends meanwhile is left out."""
    found = []
    for pid in pids:
        try:
            found.append(_process(pid, surroundings.of(pid)))
        except OSError:
            continue
    return tuple(found)


def unchanged(processes: Iterable[ExistingProcess]) -> Iterator[ExistingProcess]:
    """The same processes, with the descriptors that stand for the same socket still.

    Between the first look and the moment from which strace sees every call a number may have been
    given to another socket.
    """
    for process in processes:
        inodes = socket_inodes(process.tgid)
        yield process._replace(
            descriptors=tuple(
                held
                for held in process.descriptors or ()
                if inodes.get(held.fd) == held.socket.inode
            )
        )


def _process(pid: int, table: SocketTable) -> ExistingProcess:
    base = Path(f"/proc/{pid}")
    listening = {
        (row.protocol, row.local.port) for row in table.rows.values() if row.state == LISTEN
    }
    descriptors = (
        _descriptor(pid, fd, inode, table, listening) for fd, inode in socket_inodes(pid).items()
    )
    words = (base / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    return ExistingProcess(
        tgid=pid,
        tids=tuple(sorted(int(name) for name in os.listdir(base / "task"))),
        program=_program(base),
        argv=tuple(os.fsdecode(word) for word in words) if words != [b""] else (),
        network=network(pid),
        descriptors=tuple(held for held in descriptors if held is not None),
    )


def _program(base: Path) -> str:
    """The path of the executable, which another user's /proc entry hides: then the command's
    name."""
    try:
        return os.readlink(base / "exe").removesuffix(" (deleted)")
    except OSError:
        return command_name(int(base.name))


def command_name(pid: int) -> str:
    """What the kernel calls the process: whatever 15 bytes it chose (proc_pid_comm(5))."""
    name = Path(f"/proc/{pid}/comm").read_bytes().removesuffix(b"\n")
    return name.decode("utf-8", "surrogateescape")


def socket_inodes(pid: int) -> Mapping[int, int]:
    """The descriptors of `pid` that are sockets of any family: number -> inode; {} where it has
    gone."""
    directory = f"/proc/{pid}/fd"
    found: dict[int, int] = {}
    try:
        names = os.listdir(directory)
    except OSError:
        return found
    for name in sorted(names, key=int):
        try:
            target = os.readlink(f"{directory}/{name}")
        except OSError:
            continue  # closed meanwhile
        if target.startswith("socket:["):
            found[int(name)] = int(target[len("socket:[") : -1])
    return found


def _descriptor(
    pid: int,
    fd: int,
    inode: int,
    table: SocketTable,
    listening: set[tuple[str, int | None]],
) -> ExistingDescriptor | None:
    """What stands behind `fd`; None for a socket of another family, or where it was closed
    meanwhile."""
    try:
        # what strace asks for -yy (src/socketutils.c): net/socket.c sockfs_xattr_get
        name = os.getxattr(f"/proc/{pid}/fd/{fd}", "system.sockprotoname").rstrip(b"\0")
        info = Path(f"/proc/{pid}/fdinfo/{fd}").read_text(encoding="ascii")
    except OSError:
        return None
    note = socket_note(f"{name.decode('ascii')}:[{inode}]")
    if note is None or note.foreign or note.protocol is None or note.domain is None:
        return None
    flags = next(line.split()[1] for line in info.splitlines() if line.startswith("flags:"))
    facts = _facts(inode, note.domain, note.protocol, table.rows.get(inode), table, listening)
    return ExistingDescriptor(fd, facts, bool(int(flags, 8) & _O_CLOEXEC))


def _facts(
    inode: int,
    domain: str,
    protocol: str,
    row: SocketRow | None,
    table: SocketTable,
    listening: set[tuple[str, int | None]],
) -> ExistingSocket:
    kind = _TYPES.get(protocol, "SOCK_STREAM")
    if row is None:
        complete = table.shows_bound if protocol == "TCP" else protocol == "UDP"
        return ExistingSocket(inode, domain, kind, protocol, is_complete=complete)
    connection = _CONNECTIONS.get(row.state, Connection.UNCONNECTED)
    is_up = connection in (Connection.CONNECTED, Connection.CONNECTING)
    return ExistingSocket(
        inode,
        domain,
        kind,
        protocol,
        local=row.local,
        peer=row.peer if is_up else None,
        connection=connection,
        ending=Ending.PEER_CLOSED if row.state in _PEER_CLOSED else Ending.OPEN,
        is_incoming=connection is Connection.CONNECTED and (protocol, row.local.port) in listening,
    )


_TYPES = {"UDP": "SOCK_DGRAM", "UDPLITE": "SOCK_DGRAM", "RAW": "SOCK_RAW", "DCCP": "SOCK_DCCP"}
