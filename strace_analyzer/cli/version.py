"""Gives what `--version` says: the version, and whether the fast scanner is in use."""

from __future__ import annotations

from strace_analyzer.report.version import TOOL, version
from strace_analyzer.trace.prefilter.database import hyperscan


def version_line() -> str:
    """`strace-analyzer 0.1.0 (scanning with Hyperscan)`, or with Python's re."""
    scanner = "Hyperscan" if hyperscan() else "Python's re; the extra 'fast' adds Hyperscan"
    return f"{TOOL} {version()} (scanning with {scanner})"
