"""The meaning of each failure code in a few words, for people, in every format."""

from strace_analyzer.findings import Failure
from strace_analyzer.plain import duration

MEANING = {
    "no-port": "no local port was left",
    "in-use": "the port is taken",
    "not-local": "no address of this host",
    "no-ipv6": "no IPv6 here",
    "ipv6-only": "IPV6_V6ONLY is set: the socket takes no IPv4 address",
    "no-address": "no local address to connect from",
    "port-zero": "port 0 cannot be a destination",
    "pair-in-use": "another connection has the same two ends, or they are in TIME_WAIT",
    "refused": "nobody listens there",
    "timed-out": "no answer",
    "unreachable": "it cannot be reached",
    "for-many": "TCP cannot connect to a multicast or broadcast address",
    "from-loopback": "bound to a loopback address it reaches only this host",
    "blackhole": "a blackhole route, or an address that the call does not accept",
    "network-down": "the network device is down",
    "no-such-device": "there is no such network device",
    "address-as-device": "an address was tried as the name of a network device",
    "device-not-permitted": "choosing another network device needs CAP_NET_RAW",
    "transparent-not-permitted": "IP_TRANSPARENT needs CAP_NET_ADMIN or CAP_NET_RAW",
    "bad-port-range": "not a valid range: low end above high end, or not 4 bytes long",
    "no-port-range": "IP_LOCAL_PORT_RANGE needs Linux 6.3",
    "no-port-option": "IP_BIND_ADDRESS_NO_PORT needs Linux 4.2",
    "no-reuse-port": "SO_REUSEPORT needs Linux 3.9",
    "in-group": "it has already joined that multicast group",
    "not-in-group": "it has not joined that multicast group",
    "no-group-device": "no such network device for multicast",
    "no-scope": "a link-local address needs the device with it (fe80::1%eth0)",
    "reset": "the peer has closed or reset the connection",
    "given-up": "the connection was aborted before it was accepted",
    "forbidden": "a firewall or the system forbids it",
    "no-broadcast": "a broadcast without SO_BROADCAST, or a route or policy forbids it",
    "privileged-port": "ports below 1024 need CAP_NET_BIND_SERVICE",
    "not-permitted": "not permitted",
    "bound-already": "it is already bound",
    "connected-already": "it is already connected",
    "not-connected": "it is not connected",
    "listens": "it listens: a listener cannot connect",
    "not-listening": "it does not listen",
    "no-such-family": "the address is of another family",
    "family-off": "the system has no such family of addresses",
    "no-such-protocol": "the system has no such protocol",
    "no-such-option": "the socket has no such option",
    "unsupported": "this kind of socket cannot do that",
    "no-destination": "it is not connected, and names no destination",
    "too-long": "more than fits into one message",
    "bad-argument": "an argument that the call does not accept",
    "no-descriptor": "the process has no file descriptor left",
    "no-descriptor-anywhere": "the system has no file descriptor left",
    "no-memory": "the system has no memory left for it",
    "not-open": "the descriptor is not open",
    "no-socket": "the descriptor is not a socket",
    "bad-pointer": "the program passed a bad pointer",
    "no-file": "there is no such file",
    "file-exists": "the file exists already",
    "name-taken": "the name is taken",
    "backlog-full": "the listener's queue is full",
    "another-type": "the socket there is of another type",
    "unanswered": "closed again, its outcome not asked for",
    "injected": "strace's answer (-e inject), not the kernel's",
    "other": "",
}
"""All codes and their meanings. The schema's description and its documentation page are generated
from these."""


def meaning(failure: Failure) -> str:
    """What a failure means, with the figures that are known of it."""
    if failure.waited is not None:
        return f"closed after {duration(failure.waited)}, its outcome not asked for"
    return MEANING[failure.explanation]
