"""Parse the note that -y and -yy print after a descriptor."""

from __future__ import annotations

import re
from typing import NamedTuple

# src/socketutils.c, src/util.c (printfd): `TCP:[inode]`, `TCP:[local]`, `TCP:[local->peer]`, with
# TCPv6, UDP, UDPv6, UDPLITE, UDPLITEv6 ...; `socket:[inode]` with -y or where sock_diag told
# nothing.
_ADDRESS = r"(?:\[([0-9a-fA-F:.%\w]*)\]|([0-9.]+)):([0-9]{1,5})"
_ENDPOINTS = rf"(?:{_ADDRESS}|(?:(?!->).)*)(?:->(?:{_ADDRESS}|.*))?"
_SOCKET = re.compile(
    rf"([A-Z]+(?:-[A-Z]+)?)(v6)?:\[(?:([0-9]{{1,20}})|{_ENDPOINTS})\]", re.A | re.S
)
_PLAIN = re.compile(r"socket:\[(?P<inode>[0-9]{1,20})\]")
_FAMILIES = frozenset(
    {"UNIX", "UNIX-STREAM", "UNIX-DGRAM", "UNIX-SEQPACKET", "NETLINK", "PACKET", "XDP"}
)


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


def socket_note(note: str) -> SocketNote | None:
    """Return the socket described by `note`; None if it describes something else (a path, a
    pipe)."""
    match = _SOCKET.fullmatch(note)
    if match is None:
        plain = _PLAIN.fullmatch(note)
        return None if plain is None else SocketNote(None, None, int(plain["inode"]))
    protocol, six, inode, here_six, here, port, peer_six, peer, peer_port = match.groups()
    if protocol in _FAMILIES:
        return SocketNote(None, None, foreign=True)
    domain = "AF_INET6" if six else "AF_INET"
    if inode is not None:
        return SocketNote(protocol, domain, int(inode))
    local = None if port is None else (here_six or here, int(port))
    remote = None if peer_port is None else (peer_six or peer, int(peer_port))
    return SocketNote(protocol, domain, None, local, remote, False, local[1] if local else 0)
