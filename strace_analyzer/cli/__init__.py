"""The command line: takes the words typed, gives output, errors and an exit status; nothing else
prints or exits."""

from __future__ import annotations

import atexit
import gc
import signal
import sys
from collections.abc import Sequence

from strace_analyzer.cli.ending import written_out
from strace_analyzer.cli.status import CANNOT_JUDGE, FAILED
from strace_analyzer.starting import collect_rarely, quiet


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command in `argv` (by default the process's own) and gives its exit status."""
    # Until something has begun that must be ended well (cli.output.end_well) Ctrl-C just ends us:
    # an exception could come up inside of an import, and be swallowed or look like a bug.
    before = signal.getsignal(signal.SIGINT)
    quiet()
    atexit.register(gc.freeze)  # to look for cycles once more at the end takes a fiftieth
    thresholds = gc.get_threshold()
    collect_rarely()
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return written_out(lambda: _status(words), FAILED if words[:1] == ["run"] else CANNOT_JUDGE)
    finally:
        gc.set_threshold(*thresholds)
        signal.signal(signal.SIGINT, before)
        from strace_analyzer.cli.output import as_before

        as_before()


def _status(words: list[str]) -> int:
    from strace_analyzer.cli.app import app
    from strace_analyzer.cli.output import keep_to_the_locale
    from strace_analyzer.report.version import TOOL

    keep_to_the_locale()
    try:
        app(args=words, prog_name=TOOL)
    except SystemExit as end:  # typer's way to give a status, and for a closed pipe it is 1
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
