"""One call to the kernel in, what it gave out. The programs beside it, which run in a namespace under
strace, import it from their own folder."""

from __future__ import annotations

import errno
from collections.abc import Callable


def once(call: Callable[[], object]) -> str:
    """The name of the error that `call` gives, or `ok`."""
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "ok"
