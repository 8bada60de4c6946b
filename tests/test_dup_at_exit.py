"""A socket that a process holds under two numbers when it exits is closed once, and found once."""

from __future__ import annotations

from pathlib import Path

import strace_analyzer as sa

TRACE = """\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 setsockopt(3, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0
7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 dup(3) = 4
7 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
7 exit_group(0) = ?
7 +++ exited with 0 +++
"""


def test_two_numbers_of_one_socket_at_exit_are_one_finding(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text(TRACE)
    analysis = sa.analyze(trace)
    assert [(f.rule, f.at.line) for f in analysis.findings] == [("bind-any-port-zero", 3)]
    assert [life.opened.line for life in analysis.sockets] == [1]
