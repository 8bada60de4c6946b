"""Connections that came in: what is not looked at where nobody asks for their local address."""

from __future__ import annotations

import pytest
from kernel_model.following import NOWHERE, PORT, TCP, WEB, follow

CLIENT = '{sa_family=AF_INET, sin_port=htons(50000), sin_addr=inet_addr("192.0.2.9")}, [16]'
SERVER = f"""
    1 close(9) = 0
    1 socket({TCP}) = 3
    1 listen(3, 5) = 0
    1 accept(3, {CLIENT}) = 4
"""


def roles(trace: str, *, incoming: bool) -> list[str]:
    return [step.role for step in follow(SERVER + trace, incoming=incoming).steps[3:]]


@pytest.mark.parametrize(
    "call",
    [
        f"1 getsockname(4, {PORT}) = 0",
        f"1 getsockname(4,  <unfinished ...>\n    1 <... getsockname resumed>{PORT}) = 0",
    ],
)
def test_the_name_of_one(call: str) -> None:
    assert roles(f"    {call}\n", incoming=True) == ["getsockname"]
    assert roles(f"    {call}\n", incoming=False) == []


@pytest.mark.parametrize(
    "call",
    [
        f"getsockname(3, {NOWHERE}) = 0",
        f"getsockname(5, {PORT}) = 0",
    ],
)
def test_the_name_of_what_is_none(call: str) -> None:
    """A listener; a socket that is older than the trace."""
    assert roles(f"    1 {call}\n", incoming=False)[-1] == "getsockname"


def test_the_name_of_one_that_is_dissolved() -> None:
    """connect(2) with AF_UNSPEC; it is a client's socket then."""
    unspec = r'{sa_family=AF_UNSPEC, sa_data="\0\0\0\0\0\0\0\0\0\0\0\0\0\0"}, 16'
    trace = f"""
    1 connect(4, {unspec}) = 0
    1 getsockname(4, {NOWHERE}) = 0
    1 connect(4, {WEB}) = 0
    """
    assert "getsockname" in roles(trace, incoming=False)


def test_where_closing_is_not_traced_the_name_shows_that_it_is_another() -> None:
    trace = (SERVER + f"    1 getsockname(4, {PORT}) = 0\n").replace("close(9)", "brk(NULL)")
    assert follow(trace, incoming=False).steps[-1].role == "getsockname"
