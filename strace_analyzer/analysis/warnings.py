"""Takes what a trace showed and what was found in it, gives a warning for each hidden thing that
matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from strace_analyzer.analysis.told import Told
from strace_analyzer.analysis.visibility import Visibility
from strace_analyzer.kernel.doubts import Doubt

NONE_INJECTED: Mapping[str, int] = {}
ON_A_SOCKET = frozenset({"socket", "bind", "connect", "listen", "setsockopt"})
"""The results of these calls decide whether a bind is an early one."""


def hidden(
    visibility: Visibility,
    hidden_connects: int,
    *,
    has_unseen_copies: bool,
) -> frozenset[str]:
    """The codes of what is hidden, for Summary: findings that depend on it are probable."""
    codes = {
        Doubt.COPIES_HIDDEN: visibility.hides_copies and has_unseen_copies,
        Doubt.DESCRIPTORS_HIDDEN: visibility.hides_close,
        Doubt.OPTIONS_HIDDEN: visibility.hides_setsockopt,
        Doubt.FAILURES_HIDDEN: visibility.hides_failures(hidden_connects),
        Doubt.CONNECT_HIDDEN: visibility.hides_connect,
        Doubt.CLOEXEC_HIDDEN: visibility.hides_close_on_exec,
    }
    return frozenset(code for code, is_hidden in codes.items() if is_hidden)


def warnings(
    visibility: Visibility,
    doubts: Counter[str],
    *,
    connections: int,
    hidden_connects: int,
    steps_back: int,
    unordered: int = 0,
    left_out: int = 0,
    shortened: int = 0,
    untimed: int = 0,
    injected: Mapping[str, int] = NONE_INJECTED,
) -> Iterator[Told]:
    """The warnings about a trace, each once. `doubts` counts those of its findings, by code;
    `untimed` counts processes whose level depends on ports in TIME_WAIT, in a trace without times;
    `injected` counts results that strace made up, by call."""
    yield from _by_name(visibility, doubts, connections, hidden_connects)
    yield from _in_part(visibility, steps_back, unordered)
    if left_out:
        yield Told(Doubt.LINES_LEFT_OUT, left_out)
    if shortened:
        yield Told(Doubt.LONG_LINES, shortened)
    if injected:
        yield _made_up(injected)
    if untimed or doubts[Doubt.NO_TIMES]:
        yield Told(Doubt.NO_TIMES, untimed or doubts[Doubt.NO_TIMES])


def _made_up(injected: Mapping[str, int]) -> Told:
    """`strace made 3 results up (bind, connect; -e inject): ...`."""
    times = sum(injected.values())
    doubt = Doubt.INJECTED if ON_A_SOCKET.isdisjoint(injected) else Doubt.INJECTED_DECIDING
    what = f"{times:,} result{'' if times == 1 else 's'}"
    names = ", ".join(sorted(injected))
    _, _, consequence = doubt.reason.partition("(-e inject): ")
    return Told(doubt, times, f"strace made {what} up ({names}; -e inject): {consequence}")


def _by_name(
    visibility: Visibility, doubts: Counter[str], connections: int, hidden_connects: int
) -> Iterator[Told]:
    if visibility.hides_close and (doubts[Doubt.DESCRIPTORS_HIDDEN] or connections):
        yield Told(Doubt.DESCRIPTORS_HIDDEN, doubts[Doubt.DESCRIPTORS_HIDDEN] or connections)
    if doubts[Doubt.COPIES_HIDDEN]:
        yield Told(Doubt.COPIES_HIDDEN, doubts[Doubt.COPIES_HIDDEN])
    if doubts[Doubt.OPTION_UNSEEN]:
        yield Told(Doubt.OPTION_UNSEEN, doubts[Doubt.OPTION_UNSEEN])
    if visibility.hides_socket:
        yield Told(Doubt.SOCKET_HIDDEN, doubts[Doubt.OLDER] or connections or 1)
    if doubts[Doubt.OPTIONS_HIDDEN]:
        undecoded = "strace did not decode IP_BIND_ADDRESS_NO_PORT, which makes the bind harmless"
        words = "" if visibility.hides_setsockopt else undecoded
        yield Told(Doubt.OPTIONS_HIDDEN, doubts[Doubt.OPTIONS_HIDDEN], words)
    if doubts[Doubt.CLOEXEC_HIDDEN]:
        yield Told(Doubt.CLOEXEC_HIDDEN, doubts[Doubt.CLOEXEC_HIDDEN])
    if visibility.hides_failures(hidden_connects):
        count = doubts[Doubt.FAILURES_HIDDEN] or hidden_connects or connections or 1
        yield Told(Doubt.FAILURES_HIDDEN, count)
    if doubts[Doubt.KINSHIP] or (visibility.unrelated and connections):
        yield Told(Doubt.KINSHIP, doubts[Doubt.KINSHIP] or visibility.unrelated)


def _in_part(visibility: Visibility, steps_back: int, unordered: int) -> Iterator[Told]:
    pieces = visibility.pieces
    # with nothing_hidden, /proc showed what was there before
    if pieces.began_midway and not visibility.nothing_hidden:
        yield Told(Doubt.TRUNCATED_START, pieces.began_midway)
    if pieces.lost:
        yield Told(Doubt.HALVES_LOST, pieces.lost)
    if pieces.broke_off:
        yield Told(Doubt.TRUNCATED_END, pieces.broke_off)
    if unordered:
        yield Told(Doubt.NO_COMMON_CLOCK, unordered)
    if steps_back:
        yield Told(Doubt.CLOCK, steps_back)
