"""Three tests, one of which binds before it connects: for docs/pytest.md."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Something to connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_reads(server: socket.socket) -> None:
    socket.create_connection(server.getsockname()).close()


def test_writes(server: socket.socket) -> None:
    socket.create_connection(server.getsockname(), source_address=("0.0.0.0", 0)).close()


def test_waits() -> None:
    assert socket.getdefaulttimeout() is None
