"""Load a saved JSON report (schema 1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from strace_analyzer.errors import TraceError
from strace_analyzer.report.document import SCHEMA
from strace_analyzer.report.version import TOOL


def saved_report(path: Path) -> dict[str, Any] | None:
    """Return the report saved by `--format json`; None if the file is a trace. No line of strace
    begins with a brace, so a file that does must be a report. Raises TraceError if it is not."""
    try:
        with path.open("rb") as stream:
            if stream.read(256).lstrip()[:1] != b"{":
                return None
            stream.seek(0)
            made: dict[str, Any] = json.load(stream)
    except OSError:
        return None  # whoever reads it as a trace reports the problem
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
