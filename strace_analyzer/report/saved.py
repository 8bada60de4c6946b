"""Load a saved JSON report (schema 1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from strace_analyzer.errors import TraceError
from strace_analyzer.report.document import SCHEMA
from strace_analyzer.report.version import TOOL
from strace_analyzer.trace.input.content import contents

_MOST = 1 << 30
"""bytes of a report, decompressed; larger ones would not fit into memory as objects"""


def saved_report(path: Path) -> dict[str, Any] | None:
    """Return the report saved by `--format json`, perhaps compressed; None if the file is a trace.
    No line of strace begins with a brace, so a file that does must be a report. A pipe is taken for
    a trace: what is read from it here would be missing there. Raises TraceError."""
    return report_in(path) if path.is_file() and _is_report(path) else None


def _is_report(path: Path) -> bool:
    """False if it cannot be read: whoever reads it as a trace reports the problem."""
    try:
        with path.open("rb") as stream:
            return _begins_report(next(contents(stream), b""))
    except (OSError, TraceError):
        return False


def _begins_report(text: bytes) -> bool:
    return text[:256].lstrip()[:1] == b"{"


def report_in(path: Path) -> dict[str, Any]:
    """Return the report in a file or pipe. Raises TraceError, also if it is something else."""
    text = _text(path)
    if not _begins_report(text):
        raise TraceError(f"{path}: not a report of --format json")
    try:
        made: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{path}: begins like a JSON report and is none: {error}") from error
    tool = made.get("tool")
    if not isinstance(tool, dict) or tool.get("name") != TOOL or made.get("schema") != SCHEMA:
        raise TraceError(f"{path}: not a report of strace-analyzer --format json (schema {SCHEMA})")
    if not isinstance(made.get("findings"), list):
        raise TraceError(f"{path}: a report without findings")
    hidden = {"addresses", "commands"} & set(made.get("redacted", ()))
    if hidden:
        words = ",".join(sorted(hidden))
        raise TraceError(
            f"{path}: a report with --redact {words}: its findings cannot be known again"
        )
    return made


def _text(path: Path) -> bytes:
    """The decompressed content. Raises TraceError."""
    text = bytearray()
    try:
        with path.open("rb") as stream:
            for piece in contents(stream):
                text += piece
                if len(text) > _MOST:
                    raise TraceError(f"larger than any report ({_MOST >> 30} GiB)")
    except TraceError as error:
        raise TraceError(f"{path}: {error}") from error
    except OSError as error:
        raise TraceError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    return bytes(text)
