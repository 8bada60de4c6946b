"""Make one call to the kernel and report its error. Programs in this folder, which run in a
namespace under strace, import it from there."""

from __future__ import annotations

import errno
from collections.abc import Callable


def once(call: Callable[[], object]) -> str:
    """Return the name of the error that `call` raises, or `ok`."""
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "ok"
