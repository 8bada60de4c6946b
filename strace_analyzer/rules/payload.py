"""What no report shows of a call: data sent and received, and the values of socket options, among
which are keys (TCP_MD5SIG, TLS_TX, TCP_FASTOPEN_KEY, ALG_SET_KEY)."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DATA_CALLS = frozenset(
    f"{call}{version}"
    for call in (
        *("read", "pread", "readv", "preadv", "recv", "recvfrom", "recvmsg", "recvmmsg"),
        *("write", "pwrite", "writev", "pwritev", "send", "sendto", "sendmsg", "sendmmsg"),
        *("vmsplice", "process_vm_readv", "process_vm_writev", "mq_timedsend", "mq_timedreceive"),
        *("msgsnd", "msgrcv", "io_submit", "add_key", "request_key", "keyctl", "getrandom"),
        *("syslog", "fsconfig"),
    )
    for version in ("", "64", "2", "_time64")
)
_OPTION_CALLS = frozenset({"getsockopt", "setsockopt"})
_VALUE = 3
"""where the value stands among the arguments of _OPTION_CALLS"""
_NAMED_BY = "SO_BINDTODEVICE|TCP_CONGESTION|TCP_ULP"
"""options whose value is a name of the system: socket(7), tcp(7)"""
_STRING = re.compile(
    r"(?P<kept>(?:inet_addr\(|inet_pton\(\w+, |sin6_addr=|sun_path=@?)\"[^\"]*\"|\"\"(?:\.\.\.)?"
    rf"|(?:\b(?:{_NAMED_BY}), \[?|\bif_nametoindex\()\"[\w.:@-]{{1,15}}(?:\\0)*\")"
    r"|\"(?:[^\"\\]|\\.)+(?:\"(?:\.\.\.)?|$)",
    re.S,
)
"""a string: kept if it is an address, empty, or a name of 15 letters at most (IFNAMSIZ,
TCP_CA_NAME_MAX and TCP_ULP_NAME_MAX are 16); otherwise matched to its end or the end of the line"""


def carries_data(name: str) -> bool:
    """Whether strace prints, in a call of this name, data that no report shows."""
    return name in _DATA_CALLS or name in _OPTION_CALLS


def without_payload(name: str, text: str) -> str:
    """The call without data and values, as `strace -s 0` would print it, because reports are
    passed on. Addresses stay, and so do names of interfaces and of congestion controls."""
    if not carries_data(name):
        return text
    return _STRING.sub(lambda match: match[0] if match["kept"] else '""...', text)


def preceding(name: str, texts: Sequence[str], at: int) -> str:
    """What must stand before `texts[at]`, an argument of a call, for `without_payload` to show it
    as it does within the call: the value of an option depends on which option it is."""
    return f"{texts[_VALUE - 1]}, " if name in _OPTION_CALLS and at == _VALUE else ""
