"""Arguments of socket(2) in; address family, type and transport out, as a Socket names them."""

from __future__ import annotations

from strace_analyzer.trace.constants import (
    ADDRESS_FAMILIES,
    PROTOCOLS,
    SOCK_TYPE_MASK,
    SOCKET_TYPES,
    number,
)
from strace_analyzer.trace.values import Name, Value, plain

INET = ("AF_INET", "AF_INET6")

_TYPE_NAMES = {
    1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET",
    6: "SOCK_DCCP", 10: "SOCK_PACKET",
}  # fmt: skip
_PROTOCOL_NAMES = {6: "TCP", 17: "UDP", 33: "DCCP", 132: "SCTP", 136: "UDPLITE", 262: "MPTCP"}
_DEFAULT_PROTOCOL = {"SOCK_STREAM": "TCP", "SOCK_DGRAM": "UDP", "SOCK_DCCP": "DCCP"}


def domain_of(value: Value | None) -> str | None:
    """The AF_ name of socket(2)'s first argument, or None if it is not printed."""
    family = number(value, ADDRESS_FAMILIES)
    if family is None:
        inner = None if value is None else plain(value)
        return inner.text if isinstance(inner, Name) else None
    return _DOMAIN_NAMES.get(family, f"AF_{family}")


_DOMAIN_NAMES = {
    value: name
    for name, value in reversed(ADDRESS_FAMILIES.items())
    if name.startswith("AF_") and name not in ("AF_LOCAL", "AF_FILE", "AF_ROUTE")
}


def transport(
    domain: str | None, type_value: Value | None, protocol_value: Value | None
) -> tuple[str | None, str | None]:
    """Type and transport of socket(domain, type, protocol); protocol 0 means the type's default
    (ip(7))."""
    bits = number(type_value, SOCKET_TYPES)
    kind = (
        None if bits is None else _TYPE_NAMES.get(bits & SOCK_TYPE_MASK, str(bits & SOCK_TYPE_MASK))
    )
    if domain not in INET or kind is None:
        return kind, None
    chosen = number(protocol_value, PROTOCOLS)
    if kind in ("SOCK_RAW", "SOCK_PACKET"):
        return kind, "RAW"
    if chosen == 0:
        return kind, _DEFAULT_PROTOCOL.get(kind)
    if chosen is None:
        return kind, None
    return kind, _PROTOCOL_NAMES.get(chosen, str(chosen))
