"""The code of a failure in, what it means in a few words out: for people, in every format."""

MEANING = {
    "no-port": "no local port was left",
    "in-use": "the port is taken",
    "not-local": "no address of this host",
    "no-ipv6": "no IPv6 here",
    "no-address": "no address to go out from",
    "pair-in-use": "this pair of ends is in use",
    "refused": "nobody listens there",
    "timed-out": "no answer",
    "unreachable": "no way there",
    "reset": "the peer broke it off",
    "forbidden": "a firewall or the system forbids it",
    "privileged-port": "ports below 1024 need CAP_NET_BIND_SERVICE",
    "not-permitted": "not permitted",
    "bound-already": "it is bound already",
    "no-such-family": "the address is of another family",
    "injected": "strace's answer (-e inject), not the kernel's",
    "other": "",
}
"""What each code means, in a few words."""
