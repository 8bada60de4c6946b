"""Takes a setsockopt() that failed, gives a code for why: options on which ports and addresses
depend, each with its own reasons."""

from __future__ import annotations

import socket
from contextlib import suppress

from strace_analyzer.kernel.arguments import argument
from strace_analyzer.kernel.option_calls import told_option
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.values import Text, Value

_KINDS = {
    "device": ("SO_BINDTODEVICE", "SO_BINDTOIFINDEX", "IP_UNICAST_IF", "IPV6_UNICAST_IF"),
    "transparent": ("IP_TRANSPARENT", "IPV6_TRANSPARENT"),
    "range": ("IP_LOCAL_PORT_RANGE",),
    "defer": ("IP_BIND_ADDRESS_NO_PORT",),
    "reuse": ("SO_REUSEPORT",),
    "six": ("IPV6_V6ONLY",),
}
"""options that concern ports and addresses"""
_OF_OPTION = {
    ("device", "ENODEV"): "no-such-device",
    ("device", "EADDRNOTAVAIL"): "no-such-device",
    ("device", "EINVAL"): "no-such-device",
    ("device", "EPERM"): "device-not-permitted",
    ("transparent", "EPERM"): "transparent-not-permitted",
    ("range", "EINVAL"): "bad-port-range",
    ("range", "ENOPROTOOPT"): "no-port-range",
    ("defer", "ENOPROTOOPT"): "no-port-option",
    ("reuse", "ENOPROTOOPT"): "no-reuse-port",
    ("six", "EINVAL"): "bound-already",
}
"""socket(7), ip(7), IP_LOCAL_PORT_RANGE(2const), IP_BIND_ADDRESS_NO_PORT(2const); IPV6_V6ONLY
after bind(): net/ipv6/ipv6_sockglue.c do_ipv6_setsockopt; docs/kernel.md, "What is not
exhaustion" """
_OF_GROUP = {"EADDRINUSE": "in-group", "EADDRNOTAVAIL": "not-in-group", "ENODEV": "no-group-device"}
"""net/ipv4/igmp.c ip_mc_join_group, ip_mc_leave_group"""
OF_OPTIONS = frozenset(_OF_OPTION.values())
"""Codes of a setsockopt() on which ports and addresses depend."""


def of_option(call: Syscall, errno: str) -> str | None:
    """A code for why setsockopt() failed, from the option; None if the error says it all."""
    told = told_option(call)
    option = "" if told is None else told.name
    if option.endswith("_MULTICAST_IF") and errno in ("EADDRNOTAVAIL", "ENODEV"):
        return "no-group-device"
    if option.endswith("_MEMBERSHIP"):
        return _OF_GROUP.get(errno)
    kind = next((kind for kind, options in _KINDS.items() if option in options), "")
    known = _OF_OPTION.get((kind, errno))
    if known == "no-such-device" and _is_address(argument(call.args, 3)):
        return "address-as-device"
    if known is not None:
        return known
    return "not-permitted" if errno in ("EPERM", "EACCES") else None


def _is_address(value: Value | None) -> bool:
    """SO_BINDTODEVICE was given an internet address, as curl gives any --interface first."""
    if not isinstance(value, Text):
        return False
    name = value.value.rstrip(b"\0").decode("ascii", "replace")
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, name)
            return True
    return False
