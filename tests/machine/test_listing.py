"""Listings of ss(8) and /proc/net as other machines print them, and of this one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from strace_analyzer.machine import MachineSocket, Owner, parse

SS_TANP = """\
State     Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
LISTEN    0      511          0.0.0.0:80         0.0.0.0:*     users:(("nginx",pid=812,fd=6),("nginx",pid=811,fd=6))
ESTAB     0      0          127.0.0.1:40004    127.0.0.1:80    users:(("python3",pid=22530,fd=7))
TIME-WAIT 0      0      192.0.2.1%eth0:40006   192.0.2.7:443
LISTEN    0      128            [::1]:631           [::]:*     users:(("cups \\"d\\"",pid=9,fd=7))
ESTAB     0      0 [::ffff:192.0.2.1]:8080 [::ffff:192.0.2.9]:51000 timer:(keepalive,59sec,0) ino:4711 sk:1
CLOSE-WAIT 1     0      [fe80::1]%eth0:40008  [fe80::2]:80
"""


def test_ss_with_processes() -> None:
    nginx = (Owner("nginx", 812, 6), Owner("nginx", 811, 6))
    listing = parse(SS_TANP.splitlines())
    assert listing.unread == 0
    assert listing.sockets == (
        MachineSocket("TCP", "LISTEN", "0.0.0.0", 80, "0.0.0.0", 0, nginx),
        MachineSocket(
            *("TCP", "ESTAB", "127.0.0.1", 40004, "127.0.0.1", 80),
            (Owner("python3", 22530, 7),),
        ),
        MachineSocket("TCP", "TIME-WAIT", "192.0.2.1", 40006, "192.0.2.7", 443),
        MachineSocket("TCP", "LISTEN", "::1", 631, "::", 0, (Owner('cups \\"d\\"', 9, 7),)),
        MachineSocket("TCP", "ESTAB", "192.0.2.1", 8080, "192.0.2.9", 51000, (), 4711),
        MachineSocket("TCP", "CLOSE-WAIT", "fe80::1", 40008, "fe80::2", 80),
    )


def test_ss_of_long_ago_breaks_lines_and_names_no_numbers() -> None:
    lines = [
        "LISTEN     0      128  *:22   *:*",
        '       users:(("sshd",1161,3))',
        "LISTEN 0 1 :::22 :::*",
    ]
    first, second = parse(lines).sockets
    assert first == MachineSocket("TCP", "LISTEN", "*", 22, "*", 0, (Owner("sshd", 1161, 3),))
    assert (second.address, second.port, second.is_wildcard) == ("::", 22, True)


def test_all_protocols_have_a_column_for_theirs() -> None:
    lines = [
        "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port",
        "udp   UNCONN 0      0            0.0.0.0:68        0.0.0.0:*",
    ]
    assert parse(lines).sockets == (MachineSocket("UDP", "UNCONN", "0.0.0.0", 68, "0.0.0.0", 0),)


def test_names_of_ports_are_looked_up() -> None:
    (one,) = parse(["LISTEN 0 128 *:ssh *:*"]).sockets
    assert one.port == socket.getservbyname("ssh")


PROC = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1652 1 00000000e2d4b7c2 100 0 0 10 0
   1: 0100007F:9C44 0100007F:1F90 06 00000000:00000000 03:0000040D 00000000     0        0 0 3 0000000048a1905a
  10: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 125586 1 00000000151f5a01 100 0 0 10 0
  11: 0000000000000000FFFF0000010200C0:1F90 0000000000000000FFFF0000070200C0:C738 01 00000000:00000000 00:00000000 00000000     0        0 77 1 00000000151f5a01 100 0 0 10 0
"""


def test_proc_net_tcp_and_tcp6() -> None:
    listing = parse(PROC.splitlines())
    assert listing.unread == 0
    assert listing.sockets == (
        MachineSocket("TCP", "LISTEN", "127.0.0.1", 8080, "0.0.0.0", 0, (), 1652),
        MachineSocket("TCP", "TIME-WAIT", "127.0.0.1", 40004, "127.0.0.1", 8080, (), 0),
        MachineSocket("TCP", "LISTEN", "::1", 8080, "::", 0, (), 125586),
        MachineSocket("TCP", "ESTAB", "192.0.2.1", 8080, "192.0.2.7", 51000, (), 77),
    )


def test_what_is_no_socket_is_counted() -> None:
    read = parse(["", "Cannot open netlink socket: Permission denied", "LISTEN 0 1 x y"])
    assert (read.sockets, read.unread) == ((), 2)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("LISTEN 0 5 0.0.0.0:80 0.0.0.0:*", "a listener"),
        ("UNCONN 0 0 0.0.0.0:80 0.0.0.0:*", "a bound socket"),
        ("ESTAB 0 0 127.0.0.1:40004 127.0.0.1:80", "a connection to 127.0.0.1:80"),
        ("TIME-WAIT 0 0 [::1]:40004 [::1]:80", "a connection in TIME-WAIT to [::1]:80"),
    ],
)
def test_what_a_socket_is_called(line: str, what: str) -> None:
    (one,) = parse([line]).sockets
    assert one.what == what


def test_who_has_a_port_a_listener_first() -> None:
    rows = [
        "TIME-WAIT 0 0 10.0.0.1:80 10.0.0.2:1",
        "LISTEN 0 1 *:80 *:*",
        "ESTAB 0 0 10.0.0.1:80 10.0.0.2:2",
    ]
    assert [one.state for one in parse(rows).at(80)] == ["LISTEN", "ESTAB", "TIME-WAIT"]


def test_ss_and_proc_of_this_machine_agree() -> None:
    if shutil.which("ss") is None:
        pytest.skip("needs ss (iproute2)")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            asked = subprocess.run(["ss", "-tanpe"], capture_output=True, text=True, check=True)
            by_ss = parse(asked.stdout.splitlines())
            by_proc = parse(Path("/proc/net/tcp").read_text().splitlines())
    assert (by_ss.unread, by_proc.unread) == (0, 0)
    mine = [
        [one for one in listing.at(port) if one.state != "TIME-WAIT"]
        for listing in (by_ss, by_proc)
    ]
    rows = [[one._replace(owners=()) for one in some] for some in mine]
    assert len(rows[0]) == 2  # the listener, and the connection that waits to be accepted
    assert sorted(rows[0]) == sorted(rows[1])
    assert os.getpid() in [owner.pid for owner in mine[0][0].owners]


SS_UANP = """\
State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
UNCONN 0      0      127.0.0.53%lo:53        0.0.0.0:*    users:(("resolved",pid=5,fd=12))
ESTAB  0      0          192.0.2.1:40001   192.0.2.9:53
"""


def test_ss_without_a_column_for_the_protocol_is_told_apart_by_its_states() -> None:
    both = parse((SS_TANP + SS_UANP).splitlines()).sockets
    assert [one.protocol for one in both] == ["TCP"] * 6 + ["UDP"] * 2
    assert parse((SS_TANP + SS_UANP).splitlines()).at(53, "UDP")[0].owners[0].pid == 5
    assert parse((SS_TANP + SS_UANP).splitlines()).at(53) == ()


PROC_UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  123: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 4711 2 ffff8880 0
  124: 0100007F:9C41 0900007F:0035 01 00000000:00000000 00:00000000 00000000   101        0 4712 2 ffff8880 0
"""


def test_proc_net_udp_is_known_by_its_heading() -> None:
    bound, connected = parse(PROC_UDP.splitlines()).sockets
    assert (bound.protocol, bound.state, bound.port, bound.inode) == ("UDP", "UNCONN", 53, 4711)
    assert (connected.protocol, connected.state, connected.port) == ("UDP", "ESTAB", 40001)


@pytest.mark.live
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_udp_sockets_of_this_machine(family: socket.AddressFamily) -> None:
    """ss -uanp and /proc/net/udp, udp6 agree on a socket that is bound here."""
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        port = one.getsockname()[1]
        name = "udp6" if family == socket.AF_INET6 else "udp"
        listed = subprocess.run(["ss", "-uanp"], capture_output=True, text=True).stdout
        from_ss = parse(listed.splitlines()).at(port, "UDP")
        from_proc = parse(Path(f"/proc/net/{name}").read_text().splitlines()).at(port, "UDP")
    assert os.getpid() in {owner.pid for row in from_ss for owner in row.owners}
    assert [row.inode is not None for row in from_proc] == [True]
