"""Every command that reads traces, in each of its formats, in one process:
`python -m cli.every_form JOBS backwards|forwards TRACE TRACE`

Prints JSON: the words of a command line -> the SHA-256 of what it wrote to its `-o`, or null where
it wrote nothing.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import get_args

from typer.main import get_command

from strace_analyzer.cli import main
from strace_analyzer.cli.app import app
from strace_analyzer.report.formats.names import EventsName, TreeName
from strace_analyzer.report.formats.registry import (
    comparison_formats,
    merged_formats,
    report_formats,
    table_formats,
)
from strace_analyzer.trace.prefilter import ahead

FORMS = [
    *(("check", form) for form in report_formats()),
    *(("check --merged", form) for form in merged_formats()),
    *(("compare", form) for form in comparison_formats()),
    *((name, form) for name in ("sockets", "ports", "summary") for form in table_formats()),
    *(("events", form) for form in get_args(EventsName)),
    *(("tree", form) for form in get_args(TreeName)),
]
"""words of a command and a format of it"""
ONE_TRACE = frozenset({"events", "summary", "tree"})


def written(words: str, form: str, jobs: str, traces: list[str], output: Path) -> str | None:
    command = words.split()[0]
    options = {word for param in get_command(app).commands[command].params for word in param.opts}  # type: ignore[attr-defined]
    more = ["--jobs", jobs] if "--jobs" in options else []
    given = traces[:1] if command in ONE_TRACE else traces
    main([*words.split(), *more, "--format", form, "-o", str(output), *given])
    if not output.exists():
        return None
    made = output.read_bytes()
    output.unlink()
    return hashlib.sha256(made).hexdigest() if made else None


def all_written(jobs: str, traces: list[str], *, backwards: bool) -> dict[str, str | None]:
    """In either order, since one report must not affect the next."""
    ahead.pays = lambda size: jobs != "1"  # also for a short trace
    with tempfile.TemporaryDirectory() as folder:
        return {
            f"{words} --format {form}": written(words, form, jobs, traces, Path(folder) / "made")
            for words, form in (reversed(FORMS) if backwards else FORMS)
        }


if __name__ == "__main__":
    number, order, *paths = sys.argv[1:]
    json.dump(all_written(number, paths, backwards=order == "backwards"), sys.stdout)
