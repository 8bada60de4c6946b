"""Select sockets and yield their lives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strace_analyzer.findings import Endpoint, SocketLife
from strace_analyzer.report.selection import Selected


class WantedSockets(NamedTuple):
    """Which sockets: by a line with one of their calls, by descriptor, by peer."""

    line: int | None = None
    ids: frozenset[str] = frozenset()
    """ids of the sockets that a call on this line is about"""
    fds: frozenset[int] = frozenset()
    peers: tuple[str, ...] = ()

    def takes(self, life: SocketLife) -> bool:
        """Whether this socket is selected."""
        if self.line is not None and life.id not in self.ids and not _on_line(life, self.line):
            return False
        if self.fds and not self.fds & {life.fd, *(call.fd for call in life.trail)}:
            return False
        return not self.peers or (
            life.peer is not None and any(_is_peer(life.peer, peer) for peer in self.peers)
        )


def lives(selected: Selected, wanted: WantedSockets) -> Iterator[SocketLife]:
    """Yield the selected sockets, in the order in which they ended."""
    return selected.sockets(wanted.takes)


def _on_line(life: SocketLife, line: int) -> bool:
    return any(
        call.line <= line <= max(call.line, call.end_line) and line in (call.line, call.end_line)
        for call in life.trail
    )


def _is_peer(peer: Endpoint, asked: str) -> bool:
    """Whether `asked` matches: `127.0.0.1`, `127.0.0.1:8001`, `::1`, `[::1]:8001` or `:8001`."""
    if asked in (peer.address, str(peer)):
        return True
    return asked.startswith(":") and asked[1:] == str(peer.port)
