"""The installed version of this package."""

from __future__ import annotations

from functools import cache

TOOL = "strace-analyzer"


@cache
def version() -> str:
    """Return `1.2.3`; `unknown` if the package runs from a checkout that was never installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed  # takes 20 ms

    try:
        return installed(TOOL)
    except PackageNotFoundError:
        return "unknown"
