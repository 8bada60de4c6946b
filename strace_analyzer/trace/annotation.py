"""Parse the note that -y and -yy print after a descriptor."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# src/socketutils.c, src/util.c (printfd): `TCP:[inode]`, `TCP:[local]`, `TCP:[local->peer]`, with
# TCPv6, UDP, UDPv6, UDPLITE, UDPLITEv6 ...; `socket:[inode]` with -y or where sock_diag told
# nothing.
_SOCKET = re.compile(r"(?P<protocol>[A-Z]+(?:-[A-Z]+)?)(?P<six>v6)?:\[(?P<body>.*)\]", re.S)
_PLAIN = re.compile(r"socket:\[(?P<inode>[0-9]{1,20})\]")
_INODE = re.compile("[0-9]{1,20}")
_ADDRESS = re.compile(
    r"(?:\[(?P<six>[0-9a-fA-F:.%\w]*)\]|(?P<four>[0-9.]+)):(?P<port>[0-9]{1,5})", re.A
)
_FAMILIES = frozenset({"UNIX", "UNIX-STREAM", "UNIX-DGRAM", "UNIX-SEQPACKET", "NETLINK", "PACKET"})


class SocketNote(NamedTuple):
    """`protocol` as in Socket (`TCP`, `UDP` ...), `domain` AF_INET or AF_INET6. Both are None for
    `socket:[1]` and for families other than internet ones, for which `foreign` is True."""

    protocol: str | None
    domain: str | None
    inode: int | None = None
    local: tuple[str, int] | None = None
    peer: tuple[str, int] | None = None
    foreign: bool = False
    local_port: int = 0
    """0 if none is shown"""

    @property
    def is_bound_to_any(self) -> bool:
        """Whether it has a local port on the wildcard address."""
        return self.local is not None and self.local_port > 0 and self.local[0] in ("0.0.0.0", "::")


@lru_cache(maxsize=1024)
def socket_note(note: str) -> SocketNote | None:
    """Return the socket described by `note`; None if it describes something else (a path, a
    pipe)."""
    match = _SOCKET.fullmatch(note)
    if match is None:
        plain = _PLAIN.fullmatch(note)
        return None if plain is None else SocketNote(None, None, int(plain["inode"]))
    protocol, six, body = match.groups()
    if protocol in _FAMILIES:
        return SocketNote(None, None, foreign=True)
    domain = "AF_INET6" if six else "AF_INET"
    if _INODE.fullmatch(body):
        return SocketNote(protocol, domain, int(body))
    local, _, peer = body.partition("->")
    here = _endpoint(local)
    port = 0 if here is None else here[1]
    return SocketNote(protocol, domain, None, here, _endpoint(peer), local_port=port)


def _endpoint(text: str) -> tuple[str, int] | None:
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    six, four, port = match.groups()
    return six or four, int(port)
