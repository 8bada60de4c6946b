"""Situations in which a call fails for want of a port or an address: `python failing.py NAME` runs
one on the real kernel and prints the results.

It runs in the client's namespace of network.py, as programs.py does. Output is a JSON object with
the name of the error of each call, or `ok`.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable

from kernel.attempt import once

A, B = ("10.9.0.11", 8001), ("10.9.0.12", 8001)
gave: dict[str, object] = {}
_libc = ctypes.CDLL(None)


def reusing(family: int = socket.AF_INET) -> socket.socket:
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


def source_port_pair() -> None:
    """Use one source port to two destinations, and the same pair of ends again, open and in
    TIME_WAIT."""
    first, second, third, fourth = (reusing() for _ in range(4))
    for one in (first, second, third, fourth):
        one.bind(("10.9.0.1", 46000))
    gave["first"] = once(lambda: first.connect(A))
    gave["same pair, open"] = once(lambda: second.connect(A))
    gave["another destination"] = once(lambda: third.connect(B))
    first.close()
    time.sleep(0.2)
    gave["same pair, TIME_WAIT"] = once(lambda: fourth.connect(A))


def no_ipv6() -> None:
    """IPv6 is disabled in this namespace."""
    for name, address in (("loopback", "::1"), ("another host", "fd09::11")):
        gave[f"connect {name}"] = once(
            lambda to=address: socket.socket(socket.AF_INET6).connect((to, 8001))
        )
    gave["bind ::1"] = once(lambda: socket.socket(socket.AF_INET6).bind(("::1", 0)))
    gave["bind ::"] = once(lambda: socket.socket(socket.AF_INET6).bind(("::", 0)))
    gave["datagram"] = once(
        lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect(("fd09::11", 53))
    )


def message_without_ipv6() -> None:
    """IPv6 is disabled in this namespace: there is no address to send a datagram from."""
    six = (socket.AF_INET6, socket.SOCK_DGRAM)
    gave["sendto"] = once(lambda: socket.socket(*six).sendto(b"x", ("fd09::11", 53)))
    gave["sendmsg"] = once(lambda: socket.socket(*six).sendmsg([b"x"], [], 0, ("::1", 53)))


def every_port_in_use() -> None:
    """Calls other than connect() that ask for a port, with all 100 in use to one destination."""
    opened = [socket.create_connection(A) for _ in range(100)]
    later, listener = socket.socket(), socket.socket()
    later.setsockopt(socket.IPPROTO_TCP, 30, 1)  # TCP_FASTOPEN_CONNECT
    gave["TCP_FASTOPEN_CONNECT"] = once(lambda: later.connect(A))
    gave["send on it"] = once(lambda: later.send(b"x"))
    gave["MSG_FASTOPEN"] = once(lambda: socket.socket().sendto(b"x", socket.MSG_FASTOPEN, A))
    gave["listen"] = once(lambda: listener.listen(1))
    del opened


def every_datagram_port_in_use() -> None:
    """The same for UDP, with bound sockets."""
    bound = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(100)]
    for one in bound:
        one.bind(("0.0.0.0", 0))
    to = ("10.9.0.11", 53)
    gave["sendto"] = once(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", to))
    gave["sendmsg"] = once(lambda: socket.socket(type=socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, to))
    gave["connect"] = once(lambda: socket.socket(type=socket.SOCK_DGRAM).connect(to))


def datagram_ports_by_address() -> None:
    """How many UDP sockets get a port by bind() to each of two addresses, by bind() to the wildcard
    address and by connect() then, and by connect() alone."""

    def opened(take: Callable[[socket.socket], None]) -> list[socket.socket]:
        got = []
        for _ in range(110):
            one = socket.socket(type=socket.SOCK_DGRAM)
            if once(lambda one=one: take(one)) == "ok":
                got.append(one)
        return got

    def bound(address: str) -> Callable[[socket.socket], None]:
        return lambda one: one.bind((address, 0))

    first, second = opened(bound("10.9.0.1")), opened(bound("10.9.0.2"))
    gave["10.9.0.1"], gave["10.9.0.2"] = len(first), len(second)
    gave["wildcard, then"] = len(opened(bound("0.0.0.0")))
    gave["connect(), then"] = len(opened(lambda one: one.connect(("10.9.0.11", 53))))
    del first, second
    gave["connect() alone"] = len(opened(lambda one: one.connect(("10.9.0.11", 53))))


def range_of_three() -> None:
    """How many sockets get a port of a range of three: TCP by connect() and by bind(), UDP."""

    def bound(one: socket.socket) -> None:
        one.bind(("0.0.0.0", 0))

    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    ways = {
        "connect()": (tcp, lambda one: one.connect(A)),
        "bind()": (tcp, bound),
        "UDP": (udp, bound),
    }
    for name, (kind, take) in ways.items():
        tried = [socket.socket(type=kind) for _ in range(8)]
        gave[name] = [once(lambda one=one, take=take: take(one)) for one in tried].count("ok")
        for one in tried:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()


def connection_with_itself() -> None:
    """connect() of a socket to the address and port that it was bound to."""
    one = socket.socket()
    one.bind(("127.0.0.1", 46000))
    gave["connect"] = once(lambda: one.connect(("127.0.0.1", 46000)))
    gave["both ends"] = one.getsockname() == one.getpeername()
    gave["a server there"] = once(lambda: reusing().bind(("127.0.0.1", 46000)))


def passed_listener() -> None:
    """Another process has received the listener, and the one that made it has closed it."""
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        here.close()
        socket.recv_fds(there, 1, 1)
        there.send(b"x")
        there.recv(1)
        os._exit(0)
    there.close()
    listener = reusing()
    listener.bind(("0.0.0.0", 6140))
    listener.listen(5)
    socket.send_fds(here, [b"x"], [listener.fileno()])
    here.recv(1)
    listener.close()
    gave["while the other has it"] = once(lambda: reusing().bind(("0.0.0.0", 6140)))
    here.close()
    os.waitpid(child, 0)
    gave["after its end"] = once(lambda: reusing().bind(("0.0.0.0", 6140)))


def source_port_again() -> None:
    """Bind to a given source port again, without SO_REUSEADDR: open, and in TIME_WAIT."""
    first, second, third = (socket.socket() for _ in range(3))
    first.bind(("10.9.0.1", 46000))
    first.connect(A)
    gave["open"] = once(lambda: second.bind(("10.9.0.1", 46000)))
    first.close()
    time.sleep(0.2)
    gave["TIME_WAIT"] = once(lambda: third.bind(("10.9.0.1", 46000)))


def not_local() -> None:
    gave["tcp"] = once(lambda: socket.socket().bind(("192.0.2.44", 0)))
    gave["fixed port"] = once(lambda: socket.socket().bind(("192.0.2.44", 6140)))
    gave["udp"] = once(lambda: socket.socket(type=socket.SOCK_DGRAM).bind(("192.0.2.44", 0)))
    gave["ipv6"] = once(lambda: socket.socket(socket.AF_INET6).bind(("2001:db8::44", 0)))


def taken_port() -> None:
    """Who may have the port that a server asks for, with SO_REUSEADDR."""
    listener = reusing()
    listener.bind(("10.9.0.1", 6140))
    listener.listen(5)
    gave["a listener"] = once(lambda: reusing().bind(("0.0.0.0", 6140)))
    gave["on another address"] = once(lambda: reusing().bind(("10.9.0.2", 6140)))
    outgoing = socket.create_connection(A)
    port = outgoing.getsockname()[1]
    gave["an outgoing connection"] = once(lambda: reusing().bind(("0.0.0.0", port)))
    bound = socket.socket()
    bound.bind(("0.0.0.0", 6141))
    gave["a bound socket"] = once(lambda: reusing().bind(("0.0.0.0", 6141)))
    one, other = reusing(), reusing()
    one.bind(("0.0.0.0", 6142))
    gave["two bound, both reusing"] = once(lambda: other.bind(("0.0.0.0", 6142)))
    one.listen(5)
    gave["the second listens"] = once(lambda: other.listen(5))
    six = reusing(socket.AF_INET6)
    six.bind(("::", 6143))
    six.listen(5)
    gave["dual stack has IPv4 too"] = once(lambda: reusing().bind(("0.0.0.0", 6143)))


def inherited_listener() -> None:
    """A child keeps the listener that its parent has closed."""
    listener = reusing()
    listener.bind(("0.0.0.0", 6140))
    listener.listen(5)
    down, up = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(up)
        os.read(down, 1)
        os._exit(0)
    listener.close()
    gave["while the child lives"] = once(lambda: reusing().bind(("0.0.0.0", 6140)))
    os.close(up)
    os.waitpid(child, 0)
    gave["after its end"] = once(lambda: reusing().bind(("0.0.0.0", 6140)))


def close_on_exec_by_ioctl() -> None:
    """An executed program keeps a listener whose FD_CLOEXEC was cleared by FIONCLEX, and not one
    for which FIOCLEX set it."""
    for name, request, flag, port in (
        ("FIONCLEX", termios.FIONCLEX, 0, 6140),
        ("FIOCLEX", termios.FIOCLEX, socket.SOCK_CLOEXEC, 6141),
    ):
        plain = socket.SOCK_STREAM | (socket.SOCK_CLOEXEC ^ flag)
        listener = socket.socket(fileno=_libc.socket(socket.AF_INET, plain, 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", port))
        listener.listen(5)
        fcntl.ioctl(listener, request)
        heir = subprocess.Popen(["sleep", "60"], close_fds=False)
        listener.close()
        gave[name] = once(lambda port=port: reusing().bind(("0.0.0.0", port)))
        heir.kill()
        heir.wait()


def source_port_taken() -> None:
    """Who may bind a socket to a given source port that a connection has: assigned by connect() or
    bind(), open or in TIME_WAIT, each socket with or without SO_REUSEADDR."""
    port = 46000
    for is_named in (False, True):
        for holder_reuses in (False, True):
            for is_open in (True, False):
                port += 1
                holder = reusing() if holder_reuses else socket.socket()
                if is_named:
                    holder.bind(("0.0.0.0", port))
                holder.connect(A)
                here = holder.getsockname()[1]
                if not is_open:
                    holder.close()
                    time.sleep(0.2)
                for one in (socket.socket(), reusing()):
                    said = once(lambda one=one, here=here: one.bind(("0.0.0.0", here)))
                    name = " ".join((
                        "bind()" if is_named else "connect()",
                        "reusing" if holder_reuses else "plain",
                        "open" if is_open else "TIME_WAIT",
                    ))  # fmt: skip
                    options = one.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
                    gave[f"{name}: {'reusing' if options else 'plain'}"] = said
                    one.close()
                holder.close()


def ports_of_loopback() -> None:
    """How many of 100 ports are reused for one destination a second after their connections were
    closed here first: to 127.0.0.1, ::1, an own address, and another host."""
    for to in (("127.0.0.1", 7000), ("::1", 7000), ("10.9.0.1", 7000), A):
        gave[to[0]] = _twice(to, is_bound=False)


def bound_ports_of_loopback() -> None:
    """The same for sockets that were bound early, to 127.0.0.1."""
    gave["127.0.0.1"] = _twice(("127.0.0.1", 7000), is_bound=True)


def _twice(to: tuple[str, int], *, is_bound: bool) -> list[int]:
    family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
    listener = None if to == A else socket.create_server(to, family=family, backlog=200)
    counts = []
    for _ in range(2):
        open_now, connected = [], 0
        for _ in range(100):
            one = socket.socket(family)
            if once(lambda one=one: one.bind(("0.0.0.0", 0)) if is_bound else None) != "ok":
                continue
            if once(lambda one=one: one.connect(to)) == "ok":
                open_now += [one, *(() if listener is None else listener.accept()[:1])]
                connected += 1
        for one in open_now:  # each client before its server
            one.close()
        counts.append(connected)
        time.sleep(1.3)
    return counts


def predecessor() -> None:
    """A server that closed its connections first, and is restarted."""
    listener = reusing()
    listener.bind(("10.9.0.1", 6140))
    listener.listen(5)
    client = socket.create_connection(("10.9.0.1", 6140))
    served, _ = listener.accept()
    served.close()
    client.recv(1)
    client.close()
    listener.close()
    time.sleep(0.2)
    gave["plain"] = once(lambda: socket.socket().bind(("10.9.0.1", 6140)))
    gave["reusing"] = once(lambda: reusing().bind(("10.9.0.1", 6140)))


def parity() -> None:
    """The order in which connect() assigns the ports of the range."""
    opened = [socket.create_connection(A) for _ in range(100)]
    ports = [one.getsockname()[1] % 2 for one in opened]
    gave["first half"] = sum(ports[:50])
    gave["second half"] = sum(ports[50:])


def search() -> None:
    """Processor time of connect() while 4,000 ports fill up: the first and the last tenth."""
    spent: list[float] = []
    opened = []
    for _ in range(4000):
        one = socket.socket()
        one.setblocking(False)
        began = time.thread_time()
        one.connect_ex(A)
        spent.append(time.thread_time() - began)
        opened.append(one)
    gave["ratio"] = sorted(spent[-400:])[200] / sorted(spent[:400])[200]
    gave["full"] = once(lambda: socket.create_connection(A))


def datagram_to_port_0() -> None:
    """sendto() and connect() of a datagram socket to port 0."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        one = socket.socket(family, socket.SOCK_DGRAM)
        gave[f"sendto {family.name}"] = once(lambda one=one, to=address: one.sendto(b"x", (to, 0)))
        gave[f"connect {family.name}"] = once(lambda one=one, to=address: one.connect((to, 0)))


def what_poll_tells() -> None:
    """Results of poll() for POLLIN | POLLOUT on a non-blocking connect(): established, refused,
    under way, reset after it was established, and on a socket that was never connected. Also
    sendfile() and splice() to it while it is under way."""

    def events(to: object) -> socket.socket:
        one = socket.socket()
        one.setblocking(False)
        if to is not None:
            one.connect_ex(to)
        return one

    def polled(one: socket.socket) -> list[str]:
        poll = select.poll()
        poll.register(one, select.POLLIN | select.POLLOUT)
        names = ("POLLIN", "POLLOUT", "POLLERR", "POLLHUP")
        return [
            name for _, seen in poll.poll(200) for name in names if seen & getattr(select, name)
        ]

    listener, full, free = socket.socket(), socket.socket(), socket.socket()
    for one in (listener, full, free):
        one.bind(("127.0.0.1", 0))
    listener.listen()
    full.listen(0)
    gave["made"] = polled(events(listener.getsockname()))
    gave["refused"] = polled(events(free.getsockname()))
    gave["never connected"] = polled(events(None))
    waiting = [events(full.getsockname()) for _ in range(5)][-1]
    gave["under way"] = polled(waiting)
    listener.accept()[0].close()
    reset = events(listener.getsockname())
    served, _ = listener.accept()
    served.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    served.close()
    gave["made and reset"] = polled(reset)
    down, up = os.pipe()
    os.write(up, b"xx")
    with open(__file__, "rb") as file:
        gave["sendfile"] = once(lambda: os.sendfile(waiting.fileno(), file.fileno(), 0, 2))
    gave["splice"] = once(lambda: os.splice(down, waiting.fileno(), 2))


def named_ports_fill_the_range() -> None:
    """Who finds a port where bind() has asked for each of the 100 by number: the sockets are only
    bound, or listen, or are connected to A, for TCP; or bound, for UDP."""
    tcp, udp = (socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM)
    for name, kind in (("bound", tcp), ("listening", tcp), ("connected", tcp), ("udp", udp)):
        held = [socket.socket(*kind) for _ in range(40000, 40100)]
        for port, one in enumerate(held, 40000):
            if name == "connected":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.bind(("0.0.0.0", port))
            if name == "listening":
                one.listen(1)
            if name == "connected":
                one.connect(A)
        gave[f"{name}: bind"] = once(lambda kind=kind: socket.socket(*kind).bind(("0.0.0.0", 0)))
        gave[f"{name}: connect"] = once(lambda kind=kind: socket.socket(*kind).connect(B))
        if kind == tcp:
            gave[f"{name}: listen"] = once(lambda: socket.socket().listen(1))
        for one in held:
            one.close()


def ipv6_only() -> None:
    """Sockets with IPV6_V6ONLY go to an IPv4-mapped address: TCP, and UDP in three ways."""

    def only(kind: int) -> socket.socket:
        made = socket.socket(socket.AF_INET6, kind)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        return made

    to, datagram = ("::ffff:10.9.0.11", 8001), socket.SOCK_DGRAM
    gave["connect"] = once(lambda: only(socket.SOCK_STREAM).connect(to))
    gave["connect, UDP"] = once(lambda: only(datagram).connect(to))
    gave["sendto, UDP"] = once(lambda: only(datagram).sendto(b"x", to))
    gave["sendmsg, UDP"] = once(lambda: only(datagram).sendmsg([b"x"], [], 0, to))
    bound = socket.socket(socket.AF_INET6)
    bound.bind(("::", 0))
    gave["the option after bind"] = once(
        lambda: bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    )


def options_refused() -> None:
    """Options on which addresses and ports depend, by root, then by a user without capabilities."""
    group = socket.inet_aton("224.0.0.251") + socket.inet_aton("127.0.0.1")

    def set_option(level: int, option: int, *values: bytes, kind: int = socket.SOCK_STREAM) -> str:
        one = socket.socket(type=kind)
        said = [once(lambda value=value: one.setsockopt(level, option, value)) for value in values]
        return said[-1]

    device, to_index, one = socket.SO_BINDTODEVICE, 62, struct.pack("i", 1)
    other = next(name for _, name in socket.if_nameindex() if name != "lo")
    names = {"root": 0, "nobody": 65534}
    for who, uid in names.items():
        os.setresuid(uid, uid, uid)
        gave[f"{who}: SO_BINDTODEVICE"] = set_option(socket.SOL_SOCKET, device, b"none\0")
        gave[f"{who}: SO_BINDTODEVICE again"] = set_option(
            socket.SOL_SOCKET, device, b"lo\0", other.encode() + b"\0"
        )
        gave[f"{who}: SO_BINDTOIFINDEX"] = set_option(
            socket.SOL_SOCKET, to_index, struct.pack("i", -5)
        )
        gave[f"{who}: IP_TRANSPARENT"] = set_option(socket.SOL_IP, socket.IP_TRANSPARENT, one)
    gave["IP_UNICAST_IF"] = set_option(socket.SOL_IP, 50, struct.pack("!i", 999))
    low_above_high = struct.pack("I", 40000 << 16 | 50000)
    gave["IP_LOCAL_PORT_RANGE"] = set_option(socket.SOL_IP, 51, low_above_high)
    datagram = socket.SOCK_DGRAM
    joining, leaving = socket.IP_ADD_MEMBERSHIP, socket.IP_DROP_MEMBERSHIP
    gave["joined twice"] = set_option(socket.SOL_IP, joining, group, group, kind=datagram)
    gave["left before it joined"] = set_option(socket.SOL_IP, leaving, group, kind=datagram)


def addresses_refused() -> None:
    """Addresses that a socket cannot take or go to: no port, route or firewall is the reason."""
    six = [socket.socket(socket.AF_INET6) for _ in range(2)]
    six[1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    gave["link-local without a device"] = once(lambda: six[0].bind(("fe80::1", 0)))
    gave["IPv4 under IPV6_V6ONLY"] = once(lambda: six[1].bind(("::ffff:127.0.0.1", 0)))
    inside, listener = socket.socket(), socket.socket()
    inside.bind(("127.0.0.1", 0))
    gave["from loopback"] = once(lambda: inside.connect(A))
    gave["bound again"] = once(lambda: inside.bind(("127.0.0.1", 0)))
    listener.listen(1)
    gave["from a listener"] = once(lambda: listener.connect(A))
    gave["TCP to many"] = once(lambda: socket.socket().connect(("224.0.0.1", 9)))
    to, datagram = ("10.9.0.255", 9), socket.SOCK_DGRAM
    gave["to all, UDP"] = once(lambda: socket.socket(type=datagram).sendto(b"x", to))
    allowed = socket.socket(type=datagram)
    allowed.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    gave["with SO_BROADCAST"] = once(lambda: allowed.sendto(b"x", to))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print(json.dumps(gave))
