"""What one run has learned -> a file in the user's cache directory -> the next run.

Nothing of it is ever needed. A file that is not there, not whole, or was written by another version
of this program is as none; two processes that write at once leave the file of one of them.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.machinery import PathFinder
from pathlib import Path

_DIGEST = 16
_PACKAGE = Path(__file__).resolve().parents[2]
_MADE_FROM = (
    _PACKAGE / "trace",
    _PACKAGE / "trace" / "learned",
    _PACKAGE / "trace" / "decode",
    _PACKAGE / "grammars",
    _PACKAGE.parent / "grammars",
)


@cache
def directory() -> Path | None:
    """Where this user's files may be kept; None without such a place.

    What is kept is unpickled: a directory that anybody else could write to, or put another one in
    the place of, is not used. Such is that of a user whose HOME root has kept (`sudo -E`).
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(home):  # relative ones are to be ignored, says the XDG specification
        return None
    place = Path(os.path.realpath(home)) / "strace-analyzer"
    with suppress(OSError):
        above = next(above for above in place.parents if above.exists())
        if _is_safe(above):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if place.stat().st_uid == os.geteuid() and _is_safe(place):
                return place
    return None


def _is_safe(place: Path) -> bool:
    """Only this user and root can change what is at `place`."""
    return all(_is_ours(step.stat()) for step in (place, *place.parents))


def _is_ours(facts: os.stat_result) -> bool:
    others = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    is_shared = others and not facts.st_mode & stat.S_ISVTX
    return facts.st_uid in (0, os.geteuid()) and not is_shared


def load(name: str) -> dict[bytes, bytes]:
    """What was kept as `name`, {} for nothing."""
    place = directory()
    if place is None:
        return {}
    try:
        data = (place / f"{name}.{sys.implementation.cache_tag}").read_bytes()
    except OSError:
        return {}
    version, content = _version(), data[2 * _DIGEST :]
    if version is None or data[: 2 * _DIGEST] != version + _digest(content):
        return {}
    kept: dict[bytes, bytes] = marshal.loads(content)
    return kept


def save(name: str, kept: Mapping[bytes, bytes]) -> None:
    """Keep `kept` as `name`, in place of what was kept before."""
    place, version = directory(), _version()
    if place is None or version is None:
        return
    content = marshal.dumps(dict(kept))
    file = place / f"{name}.{sys.implementation.cache_tag}"
    aside = file.with_name(f"{file.name}.part")
    try:
        aside.write_bytes(version + _digest(content) + content)
        aside.replace(file)
    except OSError:  # a full disk: nothing is kept
        with suppress(OSError):
            aside.unlink()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()


@cache
def _version() -> bytes | None:
    """Of all that decides what is learned: this room, the grammars, Lark, Python, the machine; None
    where the program does not consist of files."""
    files = [file for place in _MADE_FROM if place.is_dir() for file in os.scandir(place)]
    if not files:
        return None
    made_from = [(file.path, file.stat()) for file in files if file.is_file()]
    lark = PathFinder.find_spec("lark")
    if lark is not None and lark.origin is not None:
        made_from.append((lark.origin, os.stat(lark.origin)))
    said = sorted((path, facts.st_size, facts.st_mtime_ns) for path, facts in made_from)
    return _digest(repr((sys.version, os.uname().machine, said)).encode("utf-8", "surrogateescape"))
