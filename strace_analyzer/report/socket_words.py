"""Names for the kind and the local address of a socket, common to all formats."""

from __future__ import annotations

from strace_analyzer.findings import SocketLife


def kind(life: SocketLife) -> str:
    """Return `TCP`, `UDP6`; the type if the protocol is unknown; `?` if both are."""
    protocol = life.socket.protocol or (life.socket.type or "?").removeprefix("SOCK_")
    return f"{protocol}{'6' if life.socket.domain == 'AF_INET6' else ''}"


def local_end(life: SocketLife) -> str:
    """Format `127.0.0.1:8001`, `0.0.0.0:0 (34937)` if the kernel chose the port, `*:0 (43559)` if
    it also chose the address, `*:8001` for an accepted connection of which only the listener's port
    is known, `-` if nothing is."""
    local = life.local
    if local.address is None and local.port is None and local.assigned_port is None:
        return "-"
    host = local.address or "*"
    host = f"[{host}]" if ":" in host else host
    if local.assigned_port is not None and not local.port:
        if life.origin == "accepted":
            return f"{host}:{local.assigned_port}"
        return f"{host}:0 ({local.assigned_port})"
    return f"{host}:{'?' if local.port is None else local.port}"
