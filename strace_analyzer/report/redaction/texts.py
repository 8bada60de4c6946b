r"""Replace addresses, paths and strings in text: calls as strace prints them, and our own
sentences.

strace prints strings in quotes, with `-xx` as `\x2f\x74`, and the target of a descriptor as
`3</run/x>`, `3<TCP:[192.0.2.1:4711->192.0.2.2:80]>`, `3<UNIX-STREAM:[7,"/run/x"]>` (-y, -yy); with
`-Y` a pid is `7<sh>`.
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
"""one string as strace prints it, even if the line ends inside it"""
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_BINARY = re.compile(r"\\(?:x[0-9a-f]{2}|[0-7]{1,3}|[abefv])")
_TARGET = re.compile(
    r"(?:(?<=\d)|(?<=AT_FDCWD))<(?P<path>(?:/|\\x2f|\\57)(?:[^<>\\]|\\.)*?)"
    r"(?P<gone>\(deleted\))?(?P<device><(?:char|block) \d+:\d+>)?>"
)
_PID = re.compile(r"(?<=\d)<(?P<name>[^<>:/\[\]\"]+)>")
_PATH = re.compile(r"(?<![\w.*)/>-])/(?=[\w.@+~-])(?:[^\s\"'<>\[\](),;:|\\]|\\.)*")


def addresses(text: str, replace: Replace) -> str:
    """Replace every internet address in `text`, whatever surrounds it."""

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
    """Replace the hosts of URLs in `text`, and drop user names."""
    return _HOST.sub(lambda match: replace(match["host"]), text)


def strings(text: str, replace: Callable[[str, str], str]) -> str:
    """Replace quoted strings in `text`; `replace` also gets the text before the string. Strings of
    -xx are decoded; those that are not text are dropped, since they can contain anything."""

    def one(match: re.Match[str]) -> str:
        said = readable(match["text"])
        if _BINARY.search(said):
            return '"..."'
        return f'"{replace(said, text[: match.start()])}{match["end"]}'

    return STRING.sub(one, text)


def targets(text: str, replace: Replace) -> str:
    """Replace paths of descriptors (-y) in `text`."""
    return _TARGET.sub(
        lambda m: f"<{replace(readable(m['path']))}{m['gone'] or ''}{m['device'] or ''}>", text
    )


def readable(text: str) -> str:
    """Decode hexadecimal of -xx, if all of it is printable."""
    if not _HEX.fullmatch(text):
        return text
    said = bytes.fromhex(text.replace("\\x", "")).decode("latin-1")
    return said if said.isprintable() else text


def pids(text: str, replace: Replace) -> str:
    """Replace command names of pids (-Y) in `text`."""
    return _PID.sub(lambda match: f"<{replace(match['name'])}>", text)


def paths(text: str, replace: Replace) -> str:
    """Replace every absolute path in `text`."""
    return _PATH.sub(lambda match: replace(match[0]), text)


def words(text: str, known: list[str], replace: Replace) -> str:
    """Replace these words in `text`, the longest first."""
    for word in sorted(known, key=len, reverse=True):
        if word in text:
            text = re.sub(
                rf"(?<![\w/.-]){re.escape(word)}(?![\w/-])",
                lambda match: replace(match[0]),
                text,
            )
    return text
