"""Takes a probable group, gives what the trace hides, and how to take it again."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Group
from strace_analyzer.kernel.strace_command import quoted, strace_command
from strace_analyzer.plain import safe
from strace_analyzer.report.text.section import Section
from strace_analyzer.report.text.style import FAINT, indented, labelled, path, table

HIDDEN = {
    "older-socket": ("socket", "TCP or UDP? its socket() is not shown", "UDP would be harmless"),
    "older-bind": ("bind", "which port did it ask for?", "an explicit one would be harmless"),
    "descriptor-calls-hidden": (
        "close, dup",
        "is it the same socket?",
        "a reused number would be harmless",
    ),
    "fd-reuse": ("close, dup", "is it the same socket?", "a reused number would be harmless"),
    "setsockopt-hidden": ("setsockopt", "IP_BIND_ADDRESS_NO_PORT set?", "that would be harmless"),
    "clone-hidden": ("clone", "which process and descriptor table?", "another is another socket"),
    "received-descriptor": ("recvmsg", "which socket was received?", "it may be another one"),
    "passed-descriptor": ("sendmsg", "who connected the socket?", "it may not have been connected"),
    "pairing": ("clone", "which clone made this task?", "another table is another socket"),
    "clock": ("times", "in which order did the calls happen?", ""),
    "connect-hidden": ("connect", "was it connected?", "then its port was used"),
    "failures-hidden": ("failed calls", "did a connect fail?", "it gives the port back"),
    "release-unclear": (
        "times",
        "did the failed connect give the port back?",
        "then it was harmless",
    ),
    "undecoded-address": ("addresses", "which address and port?", "another one would be harmless"),
}


def hidden(group: Group, section: Section) -> Iterator[RenderableType]:
    """What it hides, question by question, and what the answer could change."""
    messages = {warning.code: warning.message for warning in section.warnings}
    grid = table("", "~", "~")
    grid.show_header = False
    for code in _merged(group.sample.doubts):
        calls, question, harmless = HIDDEN.get(code, ("", messages.get(code, code), ""))
        grid.add_row(calls, safe(question), Text(f"({harmless})" if harmless else "", style=FAINT))
    if group.sample.doubts:
        yield labelled("What it hides", grid, 15)
        yield Text("")


_PASTED = 200
"""characters of a line that is copied whole from a terminal"""


def again(section: Section, group: Group | None = None) -> Iterator[RenderableType]:
    """`Take it again with` and the command line, whole, to be copied: of the program where the
    trace shows how it was started, else of the process."""
    yield indented(Text("Take it again with"))
    yield Text("")
    pid = group.process.tgid if group is not None else None
    line = quoted(strace_command(pids=(pid,) if pid else ()))
    program = _started(section, group)
    if program:
        whole = quoted(strace_command(program=program, seccomp=False))
        line = whole if len(whole) <= _PASTED else line
    yield path(safe(line))


def _started(section: Section, group: Group | None) -> tuple[str, ...]:
    """The words of the program at the root of the group's process (of all processes, without a
    group), () where the trace does not show them all."""
    process = section.process(group) if group is not None else None
    if process is None:
        process = next((item for item in section.processes if item.parent is None), None)
    while process is not None and process.parent is not None:
        process = section.by_id.get(process.parent)
    if process is None or process.argv_truncated or len(process.programs) > 1:
        return ()
    return process.argv


def _merged(doubts: frozenset[str]) -> list[str]:
    """The codes in order, `fd-reuse` left out where it only follows from a hidden close or dup."""
    codes = sorted(doubts)
    if "descriptor-calls-hidden" in doubts:
        codes = [code for code in codes if code != "fd-reuse"]
    return codes
