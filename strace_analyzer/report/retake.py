"""Takes one trace and its processes, gives the command line with which to take it again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from strace_analyzer.analysis import TraceResult
from strace_analyzer.findings import Process
from strace_analyzer.plain import shell_line
from strace_analyzer.report.redaction import has_token
from strace_analyzer.strace_command import strace_command

_PASTED = 200
"""characters of a line that a terminal copies in one piece"""


class Retake:
    """The command line that starts the program again if the trace shows how it was started, in
    words that can be typed (`is_redacted`: --redact may have left tokens); else the one that
    attaches to a process. `processes` are those of this trace that are shown."""

    def __init__(
        self, trace: TraceResult, processes: Iterable[Process], *, is_redacted: bool
    ) -> None:
        self._started = trace.started
        self._by_id = {process.id: process for process in processes}
        self._is_redacted = is_redacted

    def line(self, process: str | None = None, pids: Sequence[int] = ()) -> str:
        """Quoted for a shell. The trace is taken again for `process` (an id), or for all of it;
        `pids` are to be attached to where the program cannot be started."""
        program = self._program(process)
        if program and not (self._is_redacted and any(map(has_token, program))):
            whole = shell_line(strace_command(program=program, seccomp=False))
            if len(whole) <= _PASTED:
                return whole
        return shell_line(strace_command(pids=pids))

    def _program(self, of: str | None) -> tuple[str, ...]:
        """Return the words of the program with which the trace begins; else of the one at the root
        of the process `of` (of all processes, without one); () if the trace does not show all
        words."""
        if self._started:
            return self._started
        process = None if of is None else self._by_id.get(of)
        if process is None:
            process = next((one for one in self._by_id.values() if one.parent is None), None)
        while process is not None and process.parent is not None:
            process = self._by_id.get(process.parent)
        if process is None or process.argv_truncated or len(process.programs) > 1:
            return ()
        return process.argv
