"""Takes a process, gives what the kernel says of the internet sockets of its network namespace, by
inode.

sock_diag(7) tells more: since Linux 6.8 also of sockets that are bound and not connected. It must
be asked from inside the namespace (setns(2) needs CAP_SYS_ADMIN); /proc/PID/net/tcp and its like
need nothing.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from strace_analyzer.machine.facts import RESERVED, Facts, of_this_machine
from strace_analyzer.machine.listing import hexadecimal
from strace_analyzer.trace.sockaddr import SocketAddress

T = TypeVar("T")

LISTEN = 10
"""TCP_LISTEN, include/net/tcp_states.h"""

_SOCK_DIAG_BY_FAMILY = 20
_DUMP = 0x301
"""NLM_F_REQUEST | NLM_F_DUMP (netlink(7))"""
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NETLINK_SOCK_DIAG = 4
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI48x")
"""struct inet_diag_req_v2: family, protocol, extensions, states, and a sockid of zeros"""
_MESSAGE = struct.Struct("=BBxx2s2s16s16s4x8x16xI")
"""struct inet_diag_msg: family, state, ports and addresses in network order, ..., inode"""
_CLONE_NEWNET = 0x40000000

_OUT_OF_THE_WAY = (*(("127.77.61.53", port) for port in range(65535, 65503, -1)), ("0.0.0.0", 0))
"""addresses and ports for a socket that has one for a moment"""

_FAMILIES = {"AF_INET": socket.AF_INET, "AF_INET6": socket.AF_INET6}
_PROTOCOLS = {"TCP": socket.IPPROTO_TCP, "UDP": socket.IPPROTO_UDP}


class SocketRow(NamedTuple):
    """One socket as the kernel lists it. `state` is that of include/net/tcp_states.h, also for
    UDP."""

    domain: str
    protocol: str
    state: int
    local: SocketAddress
    peer: SocketAddress


class SocketTable(NamedTuple):
    """The listed sockets of one namespace by inode. Where `shows_bound`, a TCP socket that is
    not listed has no port. `facts` are the settings that are in force there, none where they
    cannot be read."""

    rows: dict[int, SocketRow]
    shows_bound: bool
    facts: Facts = Facts({})


def socket_table(pid: int) -> SocketTable:
    """The sockets of the network namespace of `pid`. Raises OSError if the process has gone."""
    theirs = f"/proc/{pid}/ns/net"
    if os.readlink(theirs) == os.readlink("/proc/self/ns/net"):
        asked = _ask()
    else:
        asked = _inside(theirs, _ask)
    if asked is not None:
        return asked
    return SocketTable(dict(_listed(pid)), shows_bound=False)


class Snapshot(NamedTuple):
    """Every listed socket of one namespace with its inode, 0 in TIME-WAIT; the range, and the text
    of ip_local_reserved_ports."""

    rows: tuple[tuple[int, SocketRow], ...]
    port_range: tuple[int, int] | None
    reserved: str


def snapshot(pid: int) -> Snapshot:
    """The sockets of the network namespace of `pid` now. Raises OSError if the process has
    gone."""
    theirs = f"/proc/{pid}/ns/net"
    if os.readlink(theirs) == os.readlink("/proc/self/ns/net"):
        asked = _look()
    else:
        asked = _inside(theirs, _look)
    return asked or Snapshot(tuple(_listed(pid)), None, "")


def _look() -> Snapshot | None:
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as diag:
            rows = tuple(_dumped(diag))
    except OSError:
        return None
    facts = of_this_machine()
    return Snapshot(rows, facts.port_range, facts.values.get(RESERVED, ""))


def network(pid: int) -> str:
    """The name of the network namespace of `pid`, `net:[4026531840]`. Raises OSError if it
    has gone."""
    return os.readlink(f"/proc/{pid}/ns/net")


def _inside(namespace: str, work: Callable[[], T | None]) -> T | None:
    """What `work` gives inside of another network namespace; None if that may not be entered.

    In a thread of its own: a namespace is a thread's, and this one ends with it.
    """
    result: list[T | None] = []

    def enter_and_work() -> None:
        try:
            fd = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            if ctypes.CDLL(None, use_errno=True).setns(fd, _CLONE_NEWNET) == 0:
                result.append(work())
        finally:
            os.close(fd)

    thread = threading.Thread(target=enter_and_work)
    thread.start()
    thread.join()
    return result[0] if result else None


def _ask() -> SocketTable | None:
    """sock_diag's answer for the namespace that this thread is in; None if it may not be
    asked."""
    try:
        with (
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as diag,
            socket.socket() as witness,
        ):
            _bind_somewhere(witness)
            rows = dict(_dumped(diag))
            shows_bound = rows.pop(os.fstat(witness.fileno()).st_ino, None) is not None
    except OSError:
        return None
    return SocketTable(rows, shows_bound, of_this_machine())


def _bind_somewhere(witness: socket.socket) -> None:
    """Give it a port, not one of the kernel's choice where that can be avoided: the program that is
    looked at may need the last of them, and there may be none. In the way of nobody but who binds
    this port of every address."""
    for address, port in _OUT_OF_THE_WAY:
        with suppress(OSError):
            witness.bind((address, port))
            return


def _dumped(diag: socket.socket) -> Iterator[tuple[int, SocketRow]]:
    for protocol, number in _PROTOCOLS.items():
        for domain, family in _FAMILIES.items():
            request = _REQUEST.pack(family, number, 0, 0xFFFFFFFF)
            size = _HEADER.size + len(request)
            diag.send(_HEADER.pack(size, _SOCK_DIAG_BY_FAMILY, _DUMP, 1, 0) + request)
            for message in _answers(diag):
                _, state, sport, dport, source, target, inode = _MESSAGE.unpack_from(message)
                local, peer = _address(domain, source, sport), _address(domain, target, dport)
                yield inode, SocketRow(domain, protocol, state, local, peer)


def _answers(diag: socket.socket) -> Iterator[bytes]:
    """The messages of one dump. A kernel that does not know the protocol answers with an error:
    none."""
    while True:
        data = diag.recv(1 << 18)
        while data:
            size, kind, *_ = _HEADER.unpack_from(data)
            if kind in (_NLMSG_DONE, _NLMSG_ERROR):
                return
            yield data[_HEADER.size : size]
            data = data[(size + 3) & ~3 :]


def _address(domain: str, packed: bytes, port: bytes) -> SocketAddress:
    family = _FAMILIES[domain]
    size = 4 if family == socket.AF_INET else 16
    text = socket.inet_ntop(family, packed[:size])
    return SocketAddress(domain, text, int.from_bytes(port, "big"))


def _listed(pid: int) -> Iterator[tuple[int, SocketRow]]:
    """/proc/PID/net/tcp, tcp6, udp and udp6 (proc_pid_net(5))."""
    for protocol in _PROTOCOLS:
        for domain in _FAMILIES:
            name = protocol.lower() + ("6" if domain == "AF_INET6" else "")
            try:
                text = Path(f"/proc/{pid}/net/{name}").read_text(encoding="ascii")
            except FileNotFoundError:
                continue  # a kernel without IPv6
            for line in text.splitlines()[1:]:
                fields = line.split()
                local, peer = (
                    SocketAddress(domain, *hexadecimal(field, "=")) for field in fields[1:3]
                )
                yield int(fields[9]), SocketRow(domain, protocol, int(fields[3], 16), local, peer)
