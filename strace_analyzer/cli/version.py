"""Gives what `--version` says: the version, and whether the fast scanner is in use."""

from __future__ import annotations

from importlib.util import find_spec

from strace_analyzer.report.version import TOOL, version


def version_line() -> str:
    """`strace-analyzer 0.1.0 (scanning with Hyperscan)`, or with Python's re."""
    scanner = (
        "Hyperscan" if find_spec("hyperscan") else "Python's re; the extra 'fast' adds Hyperscan"
    )
    return f"{TOOL} {version()} (scanning with {scanner})"
