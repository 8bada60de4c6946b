"""Real traces as other options of strace would have recorded them: filtered by call or result, or
shortened."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import strace_analyzer as sa

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
ERLANG = SAMPLES / "erlang23-inets-httpc-40req.strace"
ERLANG_YY = SAMPLES / "erlang23-inets-httpc-40req-yy-tt-T.strace"
NODE = SAMPLES / "node-http-anyaddr.strace"
SSH = SAMPLES / "ssh-b-any.strace"
REQUESTS = SAMPLES / "python-requests-source-any.strace"
CURL = SAMPLES / "curl-interface-any.strace"
HALVES = SAMPLES / "python-threads-halves.strace"

NETWORK = (
    "socket|bind|connect|listen|accept4?|getsockname|getpeername|setsockopt|getsockopt|sendto|"
    "recvfrom|sendmsg|recvmsg|sendmmsg|recvmmsg|shutdown|socketpair"
)
"""-e trace=network (strace(1))"""
_NAME = re.compile(r"(?:<\.\.\. )?([a-z_][a-z0-9_]*)(?:\(| resumed)")
_FAILED = re.compile(r"\) += (?:-1 E[A-Z]+|\? E[A-Z]+)")
_MARK = re.compile(r"^(?:[0-9]+ +)?(?:[0-9:.]+ )?(?:\+\+\+|---)")

Lines = list[str]
Change = Callable[[Lines], Lines]


def lines_of(trace: Path) -> Lines:
    return trace.read_text(errors="surrogateescape").splitlines()


def name(line: str) -> str | None:
    """Return the call on this line, in either half; None for exits and signals."""
    if _MARK.match(line):
        return None
    found = _NAME.search(line)
    return found[1] if found else None


def without(calls: str) -> Change:
    """Apply -e trace=!CALLS; `calls` is a pattern."""
    return lambda lines: [x for x in lines if not re.fullmatch(calls, name(x) or "")]


def only(calls: str) -> Change:
    """Apply -e trace=CALLS; exits and signals are always shown."""
    return lambda lines: [x for x in lines if name(x) is None or re.fullmatch(calls, name(x) or "")]


def without_failures(lines: Lines) -> Lines:
    """Apply -z."""
    return [line for line in lines if not _FAILED.search(line)]


def only_failures(lines: Lines) -> Lines:
    """Apply -Z."""
    return [line for line in lines if _MARK.match(line) or _FAILED.search(line)]


def undecoded(calls: str) -> Change:
    """Apply -e verbose=!CALLS: a pointer instead of the address."""
    address = re.compile(rf"((?:{calls})\([^,]+, )\{{sa_family=AF_[^}}]*\}}")
    return lambda lines: [address.sub(r"\g<1>0x7ffd3c21a690", line) for line in lines]


def abbreviated(lines: Lines) -> Lines:
    """Shorten addresses as people do when they paste."""
    address = re.compile(r"(\{sa_family=AF_INET6?), [^}]*\}")
    return [address.sub(r"\g<1>, ...}", line) for line in lines]


def unchanged(lines: Lines) -> Lines:
    return lines


def analysed(trace: Path, *changes: Change) -> sa.Analysis:
    """Return the analysis of `trace` after `changes`, in order."""
    lines = lines_of(trace)
    for change in changes:
        lines = change(lines)
    text = "".join(f"{line}\n" for line in lines)
    return sa.analyze(io.BytesIO(text.encode(errors="surrogateescape")))


def told(analysis: sa.Analysis) -> dict[str, tuple[int, str]]:
    """Return the warnings: code -> count, effect. Each must be given once, with a message and a
    remedy. `no-times` is left out: these traces have none, which test_levels_without_times
    covers."""
    codes = [warning.code for warning in analysis.warnings]
    assert len(codes) == len(set(codes))
    assert all(warning.message and warning.remedy for warning in analysis.warnings)
    return {
        warning.code: (warning.count, warning.effect)
        for warning in analysis.warnings
        if warning.code != "no-times"
    }


def unknown(analysis: sa.Analysis) -> dict[str, int]:
    """Return the unknowns: code -> count, over all processes."""
    counts: dict[str, int] = {}
    for entry in analysis.unknown:
        counts[entry.code] = counts.get(entry.code, 0) + entry.count
    return counts


def found(analysis: sa.Analysis) -> dict[tuple[str, str], int]:
    """Return the findings: (rule, confidence) -> count."""
    counts: dict[tuple[str, str], int] = {}
    for finding in analysis.findings:
        key = finding.rule, finding.confidence.value
        counts[key] = counts.get(key, 0) + 1
    return counts
