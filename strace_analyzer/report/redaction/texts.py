r"""Takes text with addresses, paths and strings in it, as strace prints calls or as we say
something of them, gives it with those replaced.

strace prints strings in quotes, with `-xx` as `\x2f\x74`, and what a descriptor is as
`3</run/x>`, `3<TCP:[192.0.2.1:4711->192.0.2.2:80]>`, `3<UNIX-STREAM:[7,"/run/x"]>` (-y, -yy);
with `-Y` a pid is `7<sh>`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Replace = Callable[[str], str]

_ADDRESS = re.compile(
    r"(?P<six>(?<![\w:.])(?=[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]++(?:(?:\.\d{1,3}){3})?+"
    r"(?:%[\w.-]+)?(?![G-Zg-z]|\.addr))"
    r"|(?<!\d)(?<!\d\.)(?P<four>(?:\d{1,3}\.){3}\d{1,3})(?!\d)(?!\.\d)"
)
_HOST = re.compile(r"(?<=://)(?P<user>[^/\s\"'@]*@)?(?P<host>[^/\s:\"'@\[\]<>,;)]+)")
STRING = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)(?P<end>"(?:\.\.\.)?|$)', re.S)
"""one string as strace prints it, also where the line ends within"""
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_BINARY = re.compile(r"\\(?:x[0-9a-f]{2}|[0-7]{1,3}|[abefv])")
_TARGET = re.compile(
    r"(?:(?<=\d)|(?<=AT_FDCWD))<(?P<path>(?:/|\\x2f|\\57)(?:[^<>\\]|\\.)*?)"
    r"(?P<gone>\(deleted\))?(?P<device><(?:char|block) \d+:\d+>)?>"
)
_PID = re.compile(r"(?<=\d)<(?P<name>[^<>:/\[\]\"]+)>")
_PATH = re.compile(r"(?<![\w.*)/>-])/(?=[\w.@+~-])(?:[^\s\"'<>\[\](),;:|\\]|\\.)*")


def addresses(text: str, replace: Replace) -> str:
    """`text` with every internet address in it replaced, between whatever it stands."""

    def one(match: re.Match[str]) -> str:
        found = match[0]
        if match["four"]:
            return replace(found)
        core = found.strip(":") if not found.endswith("::") else found
        for part in (found, found[:-1] if found.endswith(":") else found, core):
            told = replace(part)
            if told != part:
                return found.replace(part, told, 1)
        return found

    return _ADDRESS.sub(one, text)


def hosts(text: str, replace: Replace) -> str:
    """`text` with the hosts of its URLs replaced, and who logs in there left out."""
    return _HOST.sub(lambda match: replace(match["host"]), text)


def strings(text: str, replace: Callable[[str, str], str]) -> str:
    """`text` with what stands in its quotes replaced; `replace` is also given what stands before
    the string. Strings of -xx are read; what is no text is left out: it can hold anything."""

    def one(match: re.Match[str]) -> str:
        said = readable(match["text"])
        if _BINARY.search(said):
            return '"..."'
        return f'"{replace(said, text[: match.start()])}{match["end"]}'

    return STRING.sub(one, text)


def targets(text: str, replace: Replace) -> str:
    """`text` with the paths of its descriptors (-y) replaced."""
    return _TARGET.sub(
        lambda m: f"<{replace(readable(m['path']))}{m['gone'] or ''}{m['device'] or ''}>", text
    )


def readable(text: str) -> str:
    """What -xx prints in hexadecimal as itself, if all of it is text."""
    if not _HEX.fullmatch(text):
        return text
    said = bytes.fromhex(text.replace("\\x", "")).decode("latin-1")
    return said if said.isprintable() else text


def pids(text: str, replace: Replace) -> str:
    """`text` with the command names of its pids (-Y) replaced."""
    return _PID.sub(lambda match: f"<{replace(match['name'])}>", text)


def paths(text: str, replace: Replace) -> str:
    """`text` with every absolute path in it replaced."""
    return _PATH.sub(lambda match: replace(match[0]), text)


def words(text: str, known: list[str], replace: Replace) -> str:
    """`text` with these words of it replaced, the longest first."""
    for word in sorted(known, key=len, reverse=True):
        if word in text:
            text = re.sub(
                rf"(?<![\w/.-]){re.escape(word)}(?![\w/-])",
                lambda match: replace(match[0]),
                text,
            )
    return text
