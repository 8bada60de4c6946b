"""Open URLs of object stores and other machines (s3, gs, http, sftp ...) through fsspec and the
packages that it needs for each (the extra `fleet`)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, BinaryIO, cast

from strace_analyzer.errors import TraceError

_URL = re.compile(r"[a-z][a-z0-9+.-]*://.").match
_MAGIC = re.compile(r"[*?\[]").search
_FOREIGN = (("botocore.exceptions", "BotoCoreError"), ("aiohttp", "ClientError"))
"""(module, class) of errors that are not OSErrors; checked only if the module is loaded"""


def is_url(argument: str) -> bool:
    """Return whether `argument` is a URL such as `s3://bucket/x`, and not a path."""
    return _URL(argument) is not None


def files(url: str) -> list[str]:
    """Return the URLs of the files named by `url`: itself, those that match its pattern, or
    everything in and below a directory, in order. Raises TraceError if there are none or they
    cannot be listed."""
    with _failing(url):
        system, path = _fsspec().core.url_to_fs(url)
        if _MAGIC(path):
            found = [name for name in system.glob(path) if system.isfile(name)]
        elif system.isdir(path):
            found = list(system.find(path))
        elif system.exists(path):
            return [url]
        else:
            found = []
        if not found:
            raise TraceError(f"{url}: no such file or directory")
        return [system.unstrip_protocol(name) for name in sorted(found)]


@contextmanager
def opened(url: str) -> Iterator[BinaryIO]:
    """Open the stored bytes. Raises TraceError if they cannot be read."""
    with _failing(url), _fsspec().open(url, "rb") as file:
        yield cast("BinaryIO", file)


def facts(url: str) -> dict[str, Any]:
    """Return what the store knows about a file: size, ETag, modification time. Raises
    TraceError."""
    with _failing(url):
        system, path = _fsspec().core.url_to_fs(url)
        return dict(system.info(path))


def _fsspec() -> ModuleType:
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise TraceError("URLs need fsspec: pip install 'strace-analyzer[fleet]'") from error
    module: ModuleType = fsspec
    return module


@contextmanager
def _failing(url: str) -> Iterator[None]:
    """Turn errors of the file system packages into TraceErrors that name the URL."""
    foreign = [
        getattr(sys.modules[module], name) for module, name in _FOREIGN if module in sys.modules
    ]
    try:
        yield
    except TraceError as error:
        said = str(error)
        raise type(error)(said if said.startswith(url) else f"{url}: {said}") from error
    except (OSError, ImportError, ValueError, *foreign) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise TraceError(f"{url}: {why}") from error
