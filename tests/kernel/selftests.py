"""The questions of the kernel's own selftests (bind_wildcard, ip_local_port_range, the packetdrill
scripts of bind() and connect()) as programs of ours: `python selftests.py NAME` runs one and prints
the result of each call.

It runs in the client's namespace of network.py, as programs.py does.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from collections.abc import Callable

from kernel.attempt import once

V4, V6, STREAM, DATAGRAM = (
    socket.AF_INET,
    socket.AF_INET6,
    socket.SOCK_STREAM,
    socket.SOCK_DGRAM,
)
ADDRESSES = {
    "v4 any": (V4, "0.0.0.0", False),
    "v4 loopback": (V4, "127.0.0.1", False),
    "v6 any": (V6, "::", False),
    "v6 any V6ONLY": (V6, "::", True),
    "v6 loopback": (V6, "::1", False),
    "v6 loopback V6ONLY": (V6, "::1", True),
    "mapped any": (V6, "::ffff:0.0.0.0", False),
    "mapped loopback": (V6, "::ffff:127.0.0.1", False),
}
REUSE = {
    "none": (),
    "SO_REUSEADDR": (socket.SO_REUSEADDR,),
    "SO_REUSEPORT": (socket.SO_REUSEPORT,),
}
KINDS = {"TCP": STREAM, "UDP": DATAGRAM}
PORT_RANGE, NO_PORT = (socket.IPPROTO_IP, 51), (socket.IPPROTO_IP, 24, 1)

A, SILENT = ("10.9.0.11", 8001), ("10.77.3.1", 8001)
B = ("10.9.0.12", 8001)
REFUSING = ("10.9.0.11", 9)
ANY = ("0.0.0.0", 0)

gave: dict[str, object] = {}


def made(address: str, kind: str, reuse: str) -> socket.socket:
    family, _, only = ADDRESSES[address]
    one = socket.socket(family, KINDS[kind])
    if only:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    for option in REUSE[reuse]:
        one.setsockopt(socket.SOL_SOCKET, option, 1)
    return one


def bind_wildcard(kind: str, reuse: str) -> None:
    """Bind each pair of addresses, and after it all eight, on one port, keeping every socket that
    got it."""
    found = []
    for first in ADDRESSES:
        for second in ADDRESSES:
            held = [made(first, kind, reuse)]
            held[0].bind((ADDRESSES[first][1], 0))
            port = held[0].getsockname()[1]
            results = []
            for address in (second, *ADDRESSES):
                one = made(address, kind, reuse)
                to = (ADDRESSES[address][1], port)
                results.append((address, once(lambda one=one, to=to: one.bind(to))))
                held.append(one)
            found.append((first, results))
            for one in held:
                one.close()
    gave["found"] = found


def _ranged(family: int, kind: str, low: int, high: int) -> socket.socket:
    one = socket.socket(family, KINDS[kind])
    one.setsockopt(*PORT_RANGE, struct.pack("I", high << 16 | low))
    return one


def ip_local_port_range(family_name: str, kind: str) -> None:
    family, loopback = (V4, "127.0.0.1") if family_name == "v4" else (V6, "::1")

    one = socket.socket(family, KINDS[kind])
    for name, value in (
        ("2 bytes", struct.pack("H", 40010)),
        ("8 bytes", struct.pack("Q", 40019 << 16 | 40010)),
        ("low above high", struct.pack("I", 40010 << 16 | 40019)),
    ):
        gave[name] = once(lambda value=value: one.setsockopt(*PORT_RANGE, value))
    told = [one.getsockopt(*PORT_RANGE)]
    for value in (54321 << 16 | 12345, 0):
        one.setsockopt(*PORT_RANGE, struct.pack("I", value))
        told.append(one.getsockopt(*PORT_RANGE) & 0xFFFFFFFF)
    gave["told"] = told

    def bound(low: int, high: int) -> int:
        with _ranged(family, kind, low, high) as one:
            one.bind((loopback, 0))
            port: int = one.getsockname()[1]
            return port

    gave["below"] = sorted({bound(30000, 39999) for _ in range(5)})
    gave["above"] = sorted({bound(50000, 59999) for _ in range(5)})
    gave["single"] = [bound(40050, 40050), bound(0, 40000), bound(40099, 0)]

    eight = [_ranged(family, kind, 40000, 40007) for _ in range(9)]
    gave["eight"] = [once(lambda one=one: one.bind((loopback, 0))) for one in eight]
    gave["ports"] = sorted(one.getsockname()[1] for one in eight[:8])
    for one in eight:
        one.close()

    late = _ranged(family, kind, 40010, 40019)
    late.setsockopt(*NO_PORT)
    late.bind((loopback, 0))
    gave["before"] = late.getsockname()[1]
    once(lambda: late.connect((loopback, 0)))  # which need not succeed
    gave["after"] = late.getsockname()[1]


class Sequence:
    """A sequence of sockets, and the results of its calls in order."""

    def __init__(self, name: str) -> None:
        self.gave: list[str] = []
        gave[name] = self.gave

    def __call__(self, call: Callable[..., object], *words: object) -> None:
        self.gave.append(once(lambda: call(*words)))


def _going_on(to: tuple[str, int], bind: bool = False) -> socket.socket:
    one = socket.socket()
    one.setblocking(False)
    if bind:
        one.bind(ANY)
    once(lambda: one.connect(to))
    return one


def _dissolve(one: socket.socket) -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(one.fileno(), bytes(16), 16):
        raise OSError(ctypes.get_errno(), "connect")


def sequences() -> None:
    do = Sequence("connected")
    one = socket.create_connection(A)
    do(one.connect, A)
    do(one.connect, B)
    do(one.bind, ANY)
    do(one.listen, 5)
    do(one.accept)
    do(_dissolve, one)
    do(one.bind, ANY)
    do(one.connect, B)

    do = Sequence("listening")
    one = socket.socket()
    do(one.listen, 5)
    do(one.listen, 9)
    do(one.bind, ANY)
    do(one.connect, A)

    do = Sequence("listener dissolved by connect(AF_UNSPEC)")
    do(_dissolve, one)
    do(one.accept)
    do(one.connect, A)
    do(one.connect, A)

    do = Sequence("listener that was bound, shut down")
    one = socket.socket()
    do(one.bind, ANY)
    do(one.listen, 5)
    do(one.shutdown, socket.SHUT_WR)
    do(one.connect, A)
    do(one.shutdown, socket.SHUT_RD)
    do(one.accept)
    do(one.bind, ANY)
    do(one.connect, A)

    do = Sequence("listener shut down listens again")
    one = socket.socket()
    do(one.bind, ANY)
    do(one.listen, 5)
    do(one.shutdown, socket.SHUT_RDWR)
    do(one.listen, 5)
    do(one.bind, ANY)

    do = Sequence("going on")
    one = _going_on(SILENT, bind=True)
    do(one.connect, SILENT)
    do(one.connect, A)
    do(one.bind, ANY)
    do(one.listen, 5)

    do = Sequence("going on, shut down")
    do(one.shutdown, socket.SHUT_RDWR)
    do(one.bind, ANY)
    do(one.shutdown, socket.SHUT_RDWR)
    one.setblocking(True)
    do(one.connect, A)
    do(one.connect, A)

    for how in ("SHUT_RD", "SHUT_WR"):
        do = Sequence(f"going on, {how}")
        one = _going_on(SILENT, bind=True)
        do(one.shutdown, getattr(socket, how))
        do(one.bind, ANY)
        do(one.listen, 5)
        do = Sequence(f"going on, {how}, not bound again")
        one = _going_on(SILENT)
        do(one.shutdown, getattr(socket, how))
        do(one.listen, 5)

    do = Sequence("going on, dissolved")
    one = _going_on(SILENT, bind=True)
    do(_dissolve, one)
    do(one.bind, ANY)
    one.setblocking(True)
    do(one.connect, A)

    do = Sequence("connection made")
    one = _going_on(A)
    time.sleep(0.1)
    do(one.connect, A)
    do(one.connect, A)
    do(one.bind, ANY)

    do = Sequence("refused in the background")
    one = _going_on(REFUSING, bind=True)
    time.sleep(0.1)
    do(one.connect, REFUSING)
    do(one.bind, ANY)
    one.setblocking(True)
    do(one.connect, REFUSING)
    do(one.connect, A)
    do(one.bind, ANY)

    do = Sequence("closed by both")
    one = socket.create_connection(("10.9.0.11", 8004))
    time.sleep(0.1)
    do(one.shutdown, socket.SHUT_WR)
    time.sleep(0.1)
    do(one.connect, A)
    do(one.bind, ANY)
    do(one.listen, 5)
    do(_dissolve, one)
    do(one.connect, A)

    do = Sequence("accepted")
    listener = socket.create_server(("127.0.0.1", 0))
    peer = socket.create_connection(listener.getsockname())
    one, _ = listener.accept()
    do(one.bind, ANY)
    do(one.connect, A)
    do(one.listen, 5)
    do(_dissolve, one)
    do(one.connect, listener.getsockname())
    peer.close()

    do = Sequence("copies")
    one = socket.socket()
    copy = one.dup()
    do(one.bind, ANY)
    do(copy.bind, ANY)
    do(copy.connect, A)
    do(one.connect, A)

    do = Sequence("datagrams")
    one = socket.socket(type=DATAGRAM)
    do(one.connect, A)
    do(one.connect, B)
    do(one.bind, ANY)
    do(one.listen, 5)
    do(_dissolve, one)
    do(one.bind, ANY)
    do(one.bind, ANY)
    do(one.connect, A)


PROGRAMS: dict[str, Callable[..., None]] = {
    "bind_wildcard": bind_wildcard,
    "ip_local_port_range": ip_local_port_range,
    "sequences": sequences,
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
    print(json.dumps(gave))
