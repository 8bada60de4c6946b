"""What `sockets` says of the traffic: bytes, history, who closed first, how long connecting took."""

from __future__ import annotations

from pathlib import Path

import pytest

import strace_analyzer as sa
from strace_analyzer.findings import SocketLife

TO = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16'
ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
SOCKET = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3"


def life(tmp_path: Path, *calls: str) -> SocketLife:
    """The one socket of these calls, a tenth of a second apart."""
    path = tmp_path / "t.strace"
    path.write_text(
        "".join(f"10 {1_700_000_000 + n / 10:.6f} {call}\n" for n, call in enumerate(calls))
    )
    (found,) = sa.analyze(path).sockets
    return found


@pytest.mark.parametrize(
    ("calls", "history", "sent", "received", "closed_first"),
    [
        (("close(3) = 0",), "SF", None, None, None),
        ((f"connect(3, {TO}) = 0", "close(3) = 0"), "SCcF", None, None, "unknown"),
        ((f"connect(3, {TO}) = -1 ECONNREFUSED (Connection refused)", "close(3) = 0"), "SCxF", None, None, None),
        (
            (f"bind(3, {ANY}) = 0", f"connect(3, {TO}) = 0", 'write(3, "GET", 3) = 3', 'read(3, "abcd", 9) = 4',
             'read(3, "ef", 9) = 2', 'read(3, "", 9) = 0', "close(3) = 0"),
            "SBCcDdfF", 3, 6, "peer",
        ),
        (
            (f"connect(3, {TO}) = 0", 'sendto(3, "GET", 3, 0, NULL, 0) = 3', 'recvfrom(3, "ab", 9, MSG_PEEK, NULL, NULL) = 2',
             'recvfrom(3, "ab", 9, 0, NULL, NULL) = 2', "shutdown(3, SHUT_WR) = 0", "close(3) = 0"),
            "SCcDdHF", 3, 2, "us",
        ),
        (
            (f"connect(3, {TO}) = 0", 'sendmmsg(3, [{msg_hdr={msg_iovlen=1}, msg_len=35}, {msg_hdr={msg_iovlen=1}, msg_len=7}], 2, 0) = 2'),
            "SCcD", 42, None, None,
        ),
        (
            (f"connect(3, {TO}) = 0", "read(3, 0x7f00, 9) = -1 ECONNRESET (Connection reset by peer)", "close(3) = 0"),
            "SCcrF", None, 0, "peer",
        ),
    ],
)  # fmt: skip
def test_history_bytes_and_who_closed_first(
    tmp_path: Path,
    calls: tuple[str, ...],
    history: str,
    sent: int | None,
    received: int | None,
    closed_first: str | None,
) -> None:
    found = life(tmp_path, SOCKET, *calls)
    assert found.history == history
    assert (found.bytes_sent, found.bytes_received, found.closed_first) == (
        sent, received, closed_first,
    )  # fmt: skip


def test_connecting_takes_until_something_shows_the_connection(tmp_path: Path) -> None:
    waited = life(
        tmp_path, SOCKET,
        f"connect(3, {TO}) = -1 EINPROGRESS (Operation now in progress)",
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
    )  # fmt: skip
    assert (waited.connect_seconds, waited.opened_seconds) == (0.1, 0.0)
    blocking = life(tmp_path, SOCKET, f"connect(3, {TO}) = 0 <0.025000>", "close(3) = 0")
    assert (blocking.connect_seconds, blocking.closed_seconds) == (0.025, 0.2)


def test_who_knew_it_its_options_and_the_verdict(tmp_path: Path) -> None:
    found = life(
        tmp_path, SOCKET, "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
        f"bind(3, {ANY}) = 0", "dup2(3, 7) = 7", f"connect(7, {TO}) = 0",
    )  # fmt: skip
    assert (found.id, found.fds, found.processes) == ("t1:0", (3, 7), ("t1:10",))
    assert (found.options, found.verdict) == (("SO_REUSEADDR",), ("bind-any-port-zero",))


def test_no_byte_is_left_out_where_lines_are() -> None:
    """The sieve passes every call that moves data over a socket."""
    trace = Path(__file__).resolve().parents[2] / "docs" / "example.strace"
    lives = list(sa.analyze(trace).sockets)
    clients = [life for life in lives if life.history.startswith("SCcDd")]
    assert sum(life.bytes_received or 0 for life in clients) == 9 * 2000 + 9 * 20000
    assert {life.bytes_sent for life in clients} == {5}
