"""Decode a `struct sockaddr` argument: family, address and port."""

from __future__ import annotations

import socket
import struct
from functools import lru_cache
from typing import NamedTuple

from strace_analyzer.trace.constants import ADDRESS_FAMILIES, number
from strace_analyzer.trace.values import MacroCall, Name, Struct, Text, Value, plain

_FAMILY_NAMES = {
    value: name for name, value in reversed(ADDRESS_FAMILIES.items()) if name.startswith("AF_")
}
_HTONS = frozenset({"htons", "ntohs"})


class SocketAddress(NamedTuple):
    """`family` is the AF_ name however strace printed it (AF_FILE and AF_LOCAL are AF_UNIX).

    For AF_INET and AF_INET6, `address` is the canonical text ("0.0.0.0", "::1", "::ffff:10.0.0.1")
    and `port` the number in host order; each is None if only the rest was printed
    (`sa_family=AF_INET, ...`, or `sa_data` too short to hold it). `scope` is sin6_scope_id (a
    number or an interface name) if it is not 0. For AF_UNSPEC, address and port are what the kernel
    would read as a sockaddr_in there (net/ipv4/af_inet.c, __inet_bind). Otherwise `address` is the
    path (`@name` if abstract) or None, and `port` is None.
    """

    family: str
    address: str | None = None
    port: int | None = None
    scope: str | None = None

    @property
    def is_wildcard(self) -> bool:
        """Whether it is INADDR_ANY, in6addr_any, or the IPv4-mapped INADDR_ANY."""
        return self.address in ("0.0.0.0", "::", "::ffff:0.0.0.0")


def socket_address(value: Value | None) -> SocketAddress | None:
    """Return the address in `value`, an argument of bind(), connect(), getsockname() ...

    None if strace did not decode it: a raw pointer, an elided struct, NULL. Also for a damaged one.
    """
    inner = value if value is None else plain(value)
    return _address(inner) if isinstance(inner, Struct) else None


@lru_cache(maxsize=4096)
def _address(value: Struct) -> SocketAddress | None:
    """Return the address in a struct; cached, as most addresses of a trace recur."""
    members: Members = dict(value.fields)
    family = _family(members)
    if family is None:
        return None
    match family:
        case "AF_INET" if "sin_port" in members or "sin_addr" in members:
            address, port = _member(members, "sin_addr"), _member(members, "sin_port")
            return SocketAddress(family, _ipv4(address), _port(port))
        case "AF_INET6" if "sin6_port" in members:
            return SocketAddress(
                family,
                _sin6_address(value) or _raw_ipv6(_member(members, "sin6_addr")),
                _port(_member(members, "sin6_port")),
                _scope(_member(members, "sin6_scope_id")),
            )
        case "AF_INET" | "AF_INET6" | "AF_UNSPEC":
            return _undecoded(family, _member(members, "sa_data"))
        case "AF_UNIX":
            path = "sun_path" if "sun_path" in members else "path"
            return SocketAddress(family, _path(_member(members, path)))
        case _:
            return SocketAddress(family)


def is_of_no_family(value: Value | None) -> bool:
    """Whether `value` is an address with the name of a family that there is not: it was damaged on
    its way."""
    inner = None if value is None else plain(value)
    if not isinstance(inner, Struct) or _address(inner) is not None:
        return False
    return any(name is not None and name.endswith("_family") for name, _ in inner.fields)


Members = dict[str | None, Value]
"""Members by name; the last unnamed one has the key None."""


def _member(members: Members, name: str) -> Value | None:
    value = members.get(name)
    return None if value is None else plain(value)


def _family(members: Members) -> str | None:
    """Return the AF_ name; a family not in the table keeps its number as text. None for a name that
    is not in it: the table has all, so the line was damaged."""
    name = "sa_family"
    if name not in members:  # sin_family and the like: strace before 4.0
        name = next((name for name in members if name and name.endswith("_family")), name)
    printed = _member(members, name)
    known = number(printed, ADDRESS_FAMILIES)
    return None if known is None else _FAMILY_NAMES.get(known) or str(known)


def _undecoded(family: str, data: Value | None) -> SocketAddress:
    """Decode `sa_data`, which strace prints for AF_UNSPEC and for addresses that are too short.

    struct sockaddr_in: port, address; struct sockaddr_in6: port, flow info, address, scope; both
    after the family, in network order.
    """
    if not isinstance(data, Text):
        return SocketAddress(family)
    raw = data.value
    port = struct.unpack_from("!H", raw)[0] if len(raw) >= 2 else None
    address = None
    if family == "AF_INET6":
        if len(raw) >= 22:
            address = socket.inet_ntop(socket.AF_INET6, raw[6:22])
    elif len(raw) >= 6:
        address = socket.inet_ntop(socket.AF_INET, raw[2:6])
    return SocketAddress(family, address, port)


def _sin6_address(value: Struct) -> str | None:
    """Return the address in the unnamed member `inet_pton(AF_INET6, "::1", &sin6_addr)`."""
    for field in value.fields:
        match field.value:
            case MacroCall("inet_pton", (_, Text(text), *_)):
                return _canonical(socket.AF_INET6, text)
    return None


def _raw_ipv6(value: Value | None) -> str | None:
    """Return the address in the sixteen bytes of `sin6_addr="..."` (-X raw)."""
    match value:
        case Text(bytes(raw)) if len(raw) == 16:
            return socket.inet_ntop(socket.AF_INET6, raw)
        case _:
            return None


def _port(value: Value | None) -> int | None:
    """Parse `htons(80)`, or the two bytes in network order that -X raw prints."""
    if isinstance(value, MacroCall) and value.name in _HTONS and len(value.arguments) == 1:
        (port,) = value.arguments
        return port if isinstance(port, int) else None
    if isinstance(value, Text) and len(value.value) == 2:
        return int.from_bytes(value.value, "big")
    return None


def _ipv4(value: Value | None) -> str | None:
    """Parse `inet_addr("0.0.0.0")`, `htonl(INADDR_ANY)` of the oldest straces, or four raw
    bytes."""
    if isinstance(value, MacroCall) and value.name == "inet_addr" and len(value.arguments) == 1:
        (text,) = value.arguments
        if isinstance(text, Text):
            return _canonical(socket.AF_INET, text.value)
    match value:
        case MacroCall("htonl" | "inet_addr", (Name("INADDR_ANY"),)) | Name("INADDR_ANY"):
            return "0.0.0.0"
        case Text(bytes(raw)) if len(raw) == 4:
            return socket.inet_ntop(socket.AF_INET, raw)
        case _:
            return None


@lru_cache(maxsize=4096)
def _canonical(family: int, text: bytes) -> str | None:
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text.decode("ascii")))
    except (OSError, UnicodeDecodeError, ValueError):
        return None


def _scope(value: Value | None) -> str | None:
    match value:
        case MacroCall("if_nametoindex", (Text(name),)):
            return name.decode("utf-8", "surrogateescape")
        case int(index) if index != 0:
            return str(index)
        case _:
            return None


def _path(value: Value | None) -> str | None:
    match value:
        case Text(path, _, abstract):
            text = path.decode("utf-8", "surrogateescape")
            return "@" + text if abstract else text
        case _:
            return None
