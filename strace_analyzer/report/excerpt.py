"""Shorten a call as strace printed it to the form quoted in a proof.

`connect(19<TCP:[0.0.0.0:34937]>, {sa_family=AF_INET, sin_port=htons(8001),
sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000450>`
becomes `connect(19, {AF_INET, htons(8001), "127.0.0.1"}) = EINPROGRESS`. Annotations, field names,
the length of an address and error descriptions are dropped, and the middle is elided if it is still
too long. The result always stays, and so does a mark that strace injected it. The JSON report has
the whole text.
"""

from __future__ import annotations

import re

from strace_analyzer.plain import safe

_STRING = r'(?<!\\)"(?:[^"\\]|\\.)*+"'
"""A string never begins with an escaped quote. If one does not end, none after it is tried."""
_ANNOTATION = re.compile(rf"({_STRING})|(?<=\d)<(?:->|<[^<>]*>|[^<>\"])*>")
_COMMENT = re.compile(rf"(?P<kept>{_STRING})|(?<!\s)\s*+/\*(?:.*?\*/|(?P<open>.*))")
"""What has a name is no comment: a string, or a comment without an end."""
_RESULT = re.compile(
    r"(?P<call>.*)\)\s+= (?P<value>\S+)(?: (?P<errno>E[A-Z0-9]+))?(?P<rest>.*)", re.S
)
_ADDRESS = re.compile(
    r"sin6?_(?:port|addr)=|sa_family=|, sin6_(?:flowinfo|scope_id)=(?:htonl\(\d+\)|\d+)"
)
_INET_ADDR = re.compile(rf"inet_addr\(({_STRING})\)")
_INET_PTON = re.compile(rf"inet_pton\(AF_INET6, ({_STRING})(?:, &sin6_addr)?\)")
_LENGTH = re.compile(r"(?<=\}), (?:\d+|\[\d+(?: => \d+)?\])$")
_ADDRESSED = ("bind(", "connect(", "getsockname(", "getpeername(")
_FAMILY = re.compile(r"(?<=, )\{AF_INET6?, ")
_TOKEN = re.compile(rf"{_STRING}|[{{}}()\[\],]")
_HEX_ONLY = re.compile(r'"((?:\\x[0-9a-f]{2})+)"')


def excerpt(text: str, width: int = 66) -> str:
    """Return the call `text` in at most `width` characters, unless name and result alone are
    longer."""
    call = _ANNOTATION.sub(lambda m: m[1] or "", text)
    call = _COMMENT.sub(lambda m: m[0] if m.lastgroup else "", call)
    call = _HEX_ONLY.sub(_decode, call)
    call = _INET_ADDR.sub(r"\1", _INET_PTON.sub(r"\1", call))
    call = _ADDRESS.sub("", call)
    head, tail = call, ""
    found = _RESULT.match(call)
    if found is not None:
        made_up = " (INJECTED)" if "(INJECTED" in found["rest"] else ""
        head, tail = found["call"], f") = {found['errno'] or found['value']}{made_up}"
    if head.startswith(_ADDRESSED):
        head = _LENGTH.sub("", head)
    return _fit(safe(head), safe(tail), width)


def _decode(match: re.Match[str]) -> str:
    """Decode a hexadecimal string of -xx if it is printable."""
    decoded = bytes.fromhex(match[1].replace("\\x", "")).decode("latin-1")
    return f'"{decoded}"' if decoded.isprintable() and '"' not in decoded else match[0]


def _fit(head: str, tail: str, width: int) -> str:
    """Return the call whole, without the family of its address, without its last arguments, or cut
    in the middle of one, whichever fits first."""
    if len(head) + len(tail) <= width:
        return head + tail
    shorter = _FAMILY.sub("{", head)
    if len(shorter) + len(tail) <= width:
        return shorter + tail
    whole = _without_last_arguments(head, width - len(tail))
    if whole is not None:
        return whole + tail
    room = max(width - len(tail) - 3, head.find("(") + 1)
    return head[:room].rstrip(" ,") + "..." + tail


def _without_last_arguments(head: str, room: int) -> str | None:
    """Return `bind(3, {AF_INET, htons(0), "0.0.0.0"}, ...`: as many arguments as fit, at least
    two."""
    ends: list[int] = []
    depth = 0
    for token in _TOKEN.finditer(head):
        match token[0]:
            case "{" | "[" | "(":
                depth += 1
            case "}" | "]" | ")":
                depth -= 1
            case "," if depth == 1:
                ends.append(token.start())
    fitting = [end for end in ends[1:] if end + len(", ...") <= room]
    return f"{head[: fitting[-1]]}, ..." if fitting else None
