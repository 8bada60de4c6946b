"""Takes what a trace showed and what was found in it, gives a Warning for each thing hidden that
matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from strace_analyzer.analysis.visibility import Visibility
from strace_analyzer.findings import Warning
from strace_analyzer.kernel.connect_calls import CONNECT_HIDDEN, KINSHIP
from strace_analyzer.kernel.notes import OLDER, OPTIONS_HIDDEN
from strace_analyzer.rules.waste import COPIES_HIDDEN, DESCRIPTORS_HIDDEN, FAILURES_HIDDEN

REMEDY = "take the trace again with the command line that `strace-analyzer command` prints"
AS_FILE = "save the trace to a file and check that, or take the stream with --strict"
SHORTER = "take the trace with a smaller -s"
COPY = "copy the file again from where it was taken"
MISS, OVERREPORT, LOWER = "may-miss", "may-overreport", "lowers-confidence"


def hidden(visibility: Visibility, hidden_connects: int, has_unseen_copies: bool) -> frozenset[str]:
    """The codes of what is hidden, for Summary: findings that rest on it are probable."""
    codes = {
        COPIES_HIDDEN: visibility.hides_copies and has_unseen_copies,
        DESCRIPTORS_HIDDEN: visibility.hides_close,
        OPTIONS_HIDDEN: visibility.hides_setsockopt,
        FAILURES_HIDDEN: visibility.hides_failures(hidden_connects),
        CONNECT_HIDDEN: visibility.hides_connect,
    }
    return frozenset(code for code, is_hidden in codes.items() if is_hidden)


def warnings(
    trace: str,
    visibility: Visibility,
    doubts: Counter[str],
    *,
    connections: int,
    hidden_connects: int,
    steps_back: int,
    left_out: int = 0,
    damage: Sequence[str] = (),
    shortened: int = 0,
) -> list[Warning]:
    """What to tell about `trace`, once a thing. `doubts` counts those of its findings, by code;
    `count` is the number of findings that it concerns, or of connections, tasks, calls, lines."""
    every = [
        *_by_name(visibility, doubts, connections, hidden_connects),
        *_in_part(visibility, steps_back),
    ]
    told = [
        Warning(code, trace, count, effect, message, REMEDY)
        for code, count, effect, message in every
    ]
    if left_out:
        message = (
            "this stream went on otherwise than it had begun: lines had been left out before that "
            "could matter"
        )
        told.append(Warning("lines-left-out", trace, left_out, MISS, message, AS_FILE))
    if shortened:
        message = "lines of over 1 MiB: only the beginning and the end of each was read"
        told.append(Warning("long-lines", trace, shortened, MISS, message, SHORTER))
    if damage:
        message = f"the end is missing: {'; '.join(damage)}"
        told.append(Warning("damaged", trace, len(damage), MISS, message, COPY))
    return told


Told = tuple[str, int, str, str]
"""code, count, effect, message"""


def _by_name(
    visibility: Visibility, doubts: Counter[str], connections: int, hidden_connects: int
) -> Iterator[Told]:
    if visibility.hides_close and (doubts[DESCRIPTORS_HIDDEN] or connections):
        yield (
            DESCRIPTORS_HIDDEN, doubts[DESCRIPTORS_HIDDEN] or connections, LOWER,
            "no close() in this trace: a descriptor's number may have been used again unseen",
        )  # fmt: skip
    if doubts[COPIES_HIDDEN]:
        yield (
            COPIES_HIDDEN, doubts[COPIES_HIDDEN], LOWER,
            "descriptors were copied by calls that this trace does not show (dup, fcntl, fork): "
            "which socket a number stands for is not certain",
        )  # fmt: skip
    if visibility.hides_socket:
        yield (
            "socket-hidden", doubts[OLDER] or connections or 1, LOWER,
            "no socket() in this trace: whether a socket is TCP or UDP is known only where -yy "
            "shows it",
        )  # fmt: skip
    if doubts[OPTIONS_HIDDEN]:
        yield (
            OPTIONS_HIDDEN, doubts[OPTIONS_HIDDEN], OVERREPORT,
            "no setsockopt() in this trace: IP_BIND_ADDRESS_NO_PORT, which makes the bind "
            "harmless, would not be seen"
            if visibility.hides_setsockopt
            else "strace did not decode IP_BIND_ADDRESS_NO_PORT, which makes the bind harmless",
        )  # fmt: skip
    if visibility.hides_failures(hidden_connects):
        yield (
            FAILURES_HIDDEN, doubts[FAILURES_HIDDEN] or hidden_connects or connections or 1, MISS,
            "no call in this trace failed: with -z, non-blocking connects and refused connections "
            "are not shown",
        )  # fmt: skip
    if doubts[KINSHIP] or (visibility.unrelated and connections):
        yield (
            KINSHIP, doubts[KINSHIP] or visibility.unrelated, LOWER,
            "no clone() in this trace: tasks are taken for threads of one process, which share "
            "their descriptors",
        )  # fmt: skip


def _in_part(visibility: Visibility, steps_back: int) -> Iterator[Told]:
    pieces = visibility.pieces
    if pieces.began_midway and not visibility.nothing_hidden:  # else /proc told what was before
        yield (
            "truncated-start", pieces.began_midway, MISS,
            "the trace begins in the middle of calls: what happened before is not known",
        )  # fmt: skip
    if pieces.lost:
        yield (
            "halves-lost", pieces.lost, MISS,
            "calls of which the trace has only one half: lines were lost or left out",
        )  # fmt: skip
    if pieces.broke_off:
        yield (
            "truncated-end", pieces.broke_off, MISS,
            "the trace breaks off in the middle of a call: it goes on",
        )  # fmt: skip
    if steps_back:
        yield (
            "clock", steps_back, LOWER,
            "times in this trace go backwards: how long ports were held is not certain",
        )  # fmt: skip
