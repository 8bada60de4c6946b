"""Digests that were made before, kept by content and settings (`--cache DIR`): tonight's run reads
only tonight's traces.

Two kinds of files, both JSON, which are read and never run: `digests/KEY.json`, by the content of
the trace, its name, the settings and the version of this program; and `contents/KEY.json`, which
says for a file as it lies there (its size, its time, its ETag) what its content is, so that it need
not be read to be known. What is damaged, or was written by another version, is as good as none.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from strace_analyzer.errors import ConfigurationError, TraceError
from strace_analyzer.fleet.engine import Done, Engine, Stopped
from strace_analyzer.fleet.work import Job, Judging
from strace_analyzer.report.merged.digest import SCHEMA, TraceDigest, of_json
from strace_analyzer.report.version import version
from strace_analyzer.trace.input.remote import facts
from strace_analyzer.trace.input.source import SourceInput
from strace_analyzer.trace.reader import TraceInput

_PACKAGE = Path(__file__).resolve().parents[1]
_HELD = 500
"""digests that are known already and wait for the others"""
_SETTLED = 2_000_000_000
"""nanoseconds after which a file that is changed again has another time"""
_TELLING = ("ETag", "etag", "checksum", "md5Hash", "LastModified", "mtime", "last_modified", "size")
"""what stores say of a file by which a change is seen; a size alone is not enough"""


class Cache:
    """The digests in a directory, of one way of judging."""

    def __init__(self, directory: Path, judging: Judging) -> None:
        """Raises ConfigurationError if the directory cannot be made."""
        self._digests, self._contents = directory / "digests", directory / "contents"
        try:
            for place in (self._digests, self._contents):
                place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"--cache {directory}: {error.strerror}") from error
        self._settings = _hash(repr((SCHEMA, _program(), _settings(judging))).encode())

    def known(self, run: Engine) -> Engine:
        """`run`, but of what is known already the digest is given without it."""

        def engine(jobs: Iterable[Job], judging: Judging, stopped: Stopped) -> Iterator[Done]:
            waiting, found, keys = iter(jobs), deque[Done](), dict[int, str]()
            at_end = False

            def unknown() -> Iterator[Job]:
                nonlocal at_end
                while len(found) < _HELD and not stopped():
                    job = next(waiting, None)
                    if job is None:
                        break
                    key = self._key(job.trace)
                    digest = None if key is None else self._load(key)
                    if digest is not None:
                        found.append((job, digest))
                        continue
                    if key is not None:
                        keys[job.number] = key
                    yield job
                at_end = len(found) < _HELD

            while not at_end:
                for job, digest in run(unknown(), judging, stopped):
                    key = keys.pop(job.number, None)
                    if key is not None and digest.refused is None:
                        self._save(self._digests / f"{key}.json", digest.as_json())
                    yield job, digest
                while found:
                    yield found.popleft()

        return engine

    def _key(self, trace: TraceInput) -> str | None:
        """None if it cannot be read: the engine says why."""
        try:
            contents = [
                (source.name, source.tid, self._content(source)) for source in trace.sources
            ]
        except (OSError, TraceError):
            return None
        return _hash(
            repr((self._settings, trace.name, contents)).encode("utf-8", "surrogateescape")
        )

    def _content(self, source: SourceInput) -> str:
        """A hash of its bytes, without reading them where the file is as it was."""
        seen = _as_it_lies(source)
        place = None if seen is None else self._contents / f"{_hash(repr(seen).encode())}.json"
        if place is not None:
            known = _read(place)
            if isinstance(known, str):
                return known
        taken = blake2b(digest_size=16)
        for block in source.raw():
            taken.update(block)
        content = taken.hexdigest()
        if place is not None and _as_it_lies(source) == seen:
            self._save(place, content)
        return content

    def _load(self, key: str) -> TraceDigest | None:
        said = _read(self._digests / f"{key}.json")
        try:
            return of_json(said)
        except (TypeError, KeyError, ValueError, AttributeError):
            return None

    @staticmethod
    def _save(place: Path, said: object) -> None:
        aside = place.with_suffix(f".{os.getpid()}.part")
        with suppress(OSError):  # a full disk: nothing is kept
            aside.write_text(json.dumps(said))
            aside.replace(place)


def _read(place: Path) -> Any:
    try:
        return json.loads(place.read_bytes())
    except (OSError, ValueError):
        return None


def _as_it_lies(source: SourceInput) -> object:
    """By what a change of the file is seen; None if that may not be seen."""
    if source.url is not None:
        said = facts(source.url)
        telling = {name: str(said[name]) for name in _TELLING if said.get(name) is not None}
        return (source.url, sorted(telling.items())) if set(telling) - {"size"} else None
    if source.path is None:
        raise TraceError(f"{source.name}: no file")
    state = source.path.stat()
    if time.time_ns() - state.st_mtime_ns < _SETTLED:
        return None
    return (
        str(source.path.absolute()), state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns,
        state.st_ctime_ns,
    )  # fmt: skip


def _program() -> object:
    """This program as it is installed."""
    code = sorted(
        (str(path.relative_to(_PACKAGE)), _hash(path.read_bytes()))
        for pattern in ("*.py", "*.lark")
        for path in _PACKAGE.rglob(pattern)
    )
    return version(), _hash(repr(code).encode())


def _settings(judging: Judging) -> object:
    """What decides the digests besides the trace, in the same words in every run."""
    rules = [
        (file, _hash(Path(file).read_bytes()))
        for file in judging.rule_files
        if Path(file).is_file()
    ]
    return [rules, *(_plain(value) for value in judging)]


def _plain(value: Any) -> object:
    if isinstance(value, frozenset):
        return sorted(map(repr, map(_plain, value)))
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return repr(value)


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
