"""A call of which one character is lost, changed or added: the early bind is found, or the trace is
inconclusive, wherever in the call that is; never clean."""

from __future__ import annotations

import random

import pytest
from analysis.verdicts import said

V4 = """\
execve("/bin/x", ["x"], 0x7f1 /* 1 var */) = 0
brk(NULL) = 0x55
mprotect(0x7f, 4096, PROT_READ) = 0
rt_sigaction(SIGINT, NULL, NULL, 8) = 0
socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3
connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
exit_group(0) = ?
+++ exited with 0 +++
"""
V6 = (
    V4.replace("AF_INET", "AF_INET6")
    .replace("sin_port", "sin6_port")
    .replace('sin_addr=inet_addr("0.0.0.0")', 'inet_pton(AF_INET6, "::", &sin6_addr)')
    .replace('sin_addr=inet_addr("192.0.2.7")', 'inet_pton(AF_INET6, "2001:db8::7", &sin6_addr)')
)
FIRST, LAST = 4, 7
"""Indices of the first line of the socket with the early bind, and of its connect()."""
DAMAGES = {
    "a blank": lambda line, at: line[:at] + " " + line[at:],
    "lost": lambda line, at: line[:at] + line[at + 1 :],
    "changed": lambda line, at: line[:at] + "x" + line[at + 1 :],
    "twice": lambda line, at: line[: at + 1] + line[at:],
    "a comma": lambda line, at: line[:at] + "," + line[at:],
    "two lost": lambda line, at: line[:at] + line[at + 2 :],
}
MEANT = ("IPPROTO_TP)", "bind(33,")
"""What is another protocol, and another socket."""


def verdict(trace: str, line: int, text: str) -> str:
    """The verdict on `trace` with `text` in place of a line."""
    lines = trace.splitlines()
    return said([*lines[:line], text, *lines[line + 1 :]])[0]


@pytest.mark.parametrize("trace", [V4, V6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_the_family_of_a_socket(trace: str, damage: str) -> None:
    """It decides whether a connection is counted at all."""
    text = trace.splitlines()[FIRST]
    for at in range(text.index("("), text.index(",") + 2):
        broken = DAMAGES[damage](text, at)
        assert verdict(trace, FIRST, broken) in ("findings", "inconclusive"), broken


@pytest.mark.parametrize("trace", [V4, V6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_any_character_of_its_calls(trace: str, damage: str) -> None:
    chance = random.Random(damage)
    for _ in range(25):
        line = chance.randrange(FIRST, LAST)
        text = trace.splitlines()[line]
        broken = DAMAGES[damage](text, chance.randrange(len(text)))
        if not any(meant in broken for meant in MEANT):
            assert verdict(trace, line, broken) in ("findings", "inconclusive"), broken


@pytest.mark.parametrize("family", ["0x63 /* AF_??? */", "99", "AF_NETLINK", "PF_LOCAL", "0x1"])
def test_a_number_or_a_name_of_a_family_is_one(family: str) -> None:
    assert verdict(V4, FIRST + 1, f"socket({family}, SOCK_RAW, 0) = 5") == "clean"


def test_a_descriptor_may_show_what_was_made() -> None:
    made = "socket(AF_UNX, SOCK_STREAM, 0) = 5"
    assert verdict(V4, FIRST + 1, made) == "inconclusive"
    assert verdict(V4, FIRST + 1, f"{made}<UNIX-STREAM:[7]>") == "clean"
