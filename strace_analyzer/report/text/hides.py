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


def again(group: Group | None = None) -> Iterator[RenderableType]:
    """`Take it again with` and the command line, whole, to be copied."""
    pid = group.process.tgid if group is not None else None
    yield indented(Text("Take it again with"))
    yield Text("")
    yield path(quoted(strace_command(pids=(pid,) if pid else ())))


def _merged(doubts: frozenset[str]) -> list[str]:
    """The codes in order, `fd-reuse` left out where it only follows from a hidden close or dup."""
    codes = sorted(doubts)
    if "descriptor-calls-hidden" in doubts:
        codes = [code for code in codes if code != "fd-reuse"]
    return codes
