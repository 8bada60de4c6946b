"""One socket as the kernel lists it to ss(8) and in /proc/net/tcp, whichever of them was asked."""

from __future__ import annotations

from typing import NamedTuple

STATES = (
    "", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "UNCONN",
    "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECV",
)  # fmt: skip
"""By number (include/net/tcp_states.h), in the words of ss(8)."""
TIME_WAIT = STATES[6]
ANY = frozenset({"0.0.0.0", "::", "*"})
UNSEEN = "(unknown)"
"""who holds what no process that could be asked has open"""


class Owner(NamedTuple):
    """A process that has the socket open, and its descriptor. `script` is the file name of what
    the interpreter `command` runs; "" for other programs, and where the listing does not tell."""

    command: str
    pid: int
    fd: int
    script: str = ""

    def __str__(self) -> str:
        return f"{self.program} (pid {self.pid}, fd {self.fd})"

    @property
    def program(self) -> str:
        """`worker`, `python3 sidecar.py`."""
        return f"{self.command} {self.script}" if self.script else self.command


class MachineSocket(NamedTuple):
    """`state` is a word of ss(8). Addresses are without brackets and scope; the peer's port is 0 if
    there is no peer. `owners` is empty if the listing does not tell; in TIME-WAIT there are none.
    `inode` is 0 in TIME-WAIT, None if the listing has no such column."""

    protocol: str
    state: str
    address: str
    port: int
    peer_address: str
    peer_port: int
    owners: tuple[Owner, ...] = ()
    inode: int | None = None

    @property
    def is_wildcard(self) -> bool:
        """Its local address is a wildcard."""
        return self.address in ANY

    @property
    def holder(self) -> str:
        """`worker (pid 7)`, `python3 sidecar.py (pid 8)`; if no process is named, `TIME-WAIT to
        192.0.2.7:80`."""
        if self.owners:
            return f"{self.owners[0].program} (pid {self.owners[0].pid})"
        return f"{self.state} to {self._peer}" if self.peer_port else self.state

    @property
    def _peer(self) -> str:
        host = f"[{self.peer_address}]" if ":" in self.peer_address else self.peer_address
        return f"{host}:{self.peer_port}"

    @property
    def what(self) -> str:
        """`a listener`, `a connection to 192.0.2.7:80`, `a connection in TIME-WAIT to ...`."""
        if self.state == "LISTEN":
            return "a listener"
        if not self.peer_port:
            return "a bound socket"
        kind = "a connection" if self.state == "ESTAB" else f"a connection in {self.state}"
        return f"{kind} to {self._peer}"
