"""Keep what one run has learned in the user's cache directory, as text, for the next run.

The cache is never required. It is JSON, of which readers take only what they can verify. A file
that is missing, incomplete, or written by another version of this program is ignored. If two
processes write at once, one of the files remains.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.machinery import PathFinder
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]
_MADE_FROM = (
    _PACKAGE / "trace",
    _PACKAGE / "trace" / "learned",
    _PACKAGE / "trace" / "decode",
    _PACKAGE / "grammars",
    _PACKAGE.parent / "grammars",
)
_MOST_BYTES = 64 << 20


@cache
def directory() -> Path | None:
    """Return the directory for this user's files; None if there is none.

    It must be a directory of this user's own, not a link, in which nobody else can write and that
    nobody else can replace. The directory of a user whose HOME root has kept (`sudo -E`) is not
    root's own.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(home):  # the XDG specification says to ignore relative paths
        return None
    place = Path(os.path.realpath(home)) / "strace-analyzer"
    with suppress(OSError):
        above = next(above for above in place.parents if above.exists())
        if _is_safe(above):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = place.lstat()
            if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and _is_safe(place):
                return place
    return None


def _is_safe(place: Path) -> bool:
    """Whether only this user and root can change what is at `place`."""
    return all(_is_ours(step.stat()) for step in (place, *place.parents))


def _is_ours(facts: os.stat_result) -> bool:
    others = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    is_shared = others and not facts.st_mode & stat.S_ISVTX
    return facts.st_uid in (0, os.geteuid()) and not is_shared


def load(name: str) -> bytes:
    """Return the text kept as `name`; b"" if there is none."""
    place, version = directory(), _version()
    if place is None or version is None:
        return b""
    try:
        descriptor = os.open(place / f"{name}.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with open(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        is_our_own = facts.st_uid == os.geteuid() and not facts.st_mode & 0o022
        if not (stat.S_ISREG(facts.st_mode) and is_our_own and facts.st_size <= _MOST_BYTES):
            return b""
        try:
            head, _, text = file.read().partition(b"\n")
        except OSError:
            return b""
    return text if head == _head(version, text) else b""


def save(name: str, text: bytes) -> None:
    """Keep `text` as `name`, replacing what was kept before."""
    import tempfile  # most runs learn nothing

    place, version = directory(), _version()
    if place is None or version is None:
        return
    with suppress(OSError):  # a full disk: nothing is kept
        descriptor, aside = tempfile.mkstemp(prefix=f"{name}.", suffix=".part", dir=place)
        try:
            with open(descriptor, "wb") as file:
                file.write(_head(version, text) + b"\n" + text)
            os.replace(aside, place / f"{name}.json")
        except OSError:
            os.unlink(aside)


def _head(version: str, text: bytes) -> bytes:
    """Return the first line of a file: the writer's version and a digest, which reveals truncation
    and damage."""
    return f"{version} {_digest(text)}".encode("ascii")


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


@cache
def _version() -> str | None:
    """Return a version of everything that determines what is learned: this room, the grammars,
    Lark, Python. None if the program neither consists of files nor is one (a zip archive)."""
    files = [file for place in _MADE_FROM if place.is_dir() for file in os.scandir(place)]
    made_from = [(file.path, file.stat()) for file in files if file.is_file()]
    if not made_from:
        archive = _PACKAGE.parent
        return (
            _digest(
                repr((sys.version, (archive.stat().st_size, archive.stat().st_mtime_ns))).encode()
            )
            if archive.is_file()
            else None
        )
    lark = PathFinder.find_spec("lark")
    if lark is not None and lark.origin is not None:
        made_from.append((lark.origin, os.stat(lark.origin)))
    said = sorted((path, facts.st_size, facts.st_mtime_ns) for path, facts in made_from)
    return _digest(repr((sys.version, said)).encode("utf-8", "surrogateescape"))
