"""Takes what was not read, not seen or hidden, gives the reasons why a trace cannot be judged:
finding nothing in it is then no all-clear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from strace_analyzer.analysis.spelling import NAMELESS
from strace_analyzer.analysis.told import Told, named
from strace_analyzer.analysis.unread import Unread, UnreadLine
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.unclosed import Unclosed
from strace_analyzer.plain import count
from strace_analyzer.trace.input.gaps import Gap
from strace_analyzer.trace.reader import Accounting


def not_read(
    accounts: Sequence[Accounting],
    unread: Unread,
    sources: Sequence[str],
    *,
    is_program: bool,
    all_succeeded: bool,
) -> Iterator[Told]:
    """What was lost on the way or not understood. `sources` are the names of the sources;
    `is_program` says that the trace begins as a program does: what precedes that is no part of it;
    `all_succeeded`, that no call of many failed."""
    for account in accounts:
        if account.refused is not None:
            yield Told(Doubt.REFUSED, 1, account.refused)
    damage = [account.damage for account in accounts if account.damage is not None]
    if damage:
        yield Told(Doubt.DAMAGED, len(damage), f"the end is missing: {'; '.join(damage)}")
    failed = sum(account.failed for account in accounts)
    if failed:
        yield Told(Doubt.OWN_FAULT, failed)
    for account in accounts:
        if account.interrupted is not None:
            yield Told(Doubt.INTERRUPTED, account.lines, account.interrupted)
    unescaped = sum(account.unescaped for account in accounts)
    if unescaped:
        yield Told(Doubt.ESCAPED_IN_PART, unescaped)
    folded = sum(account.folded_results for account in accounts)
    if folded:
        yield Told(Doubt.FOLDED_RESULT, folded)
    if unread.omissions:
        yield Told(Doubt.OMITTED, len(unread.omissions), _left_out(unread.omissions, sources))
    gaps = [gap for account in accounts for gap in account.gaps if gap.before or not is_program]
    if gaps:
        yield Told(Doubt.NUMBERS_JUMP, sum(gap.missing for gap in gaps), _jumps(gaps))
    if unread.untraced:
        yield Told(Doubt.NOT_TRACED, len(unread.untraced), f"strace said: {unread.untraced[0]}")
    if unread.deciding:
        words = _unread_lines(unread, sources)
        if all_succeeded and NAMELESS in unread.names:
            words += " (-z prints so what is left of calls that were interrupted)"
        yield Told(Doubt.UNREAD, unread.deciding, words)
    elif unread.count > sum(account.call_lines for account in accounts):
        words = f"{unread.count:,} lines were not understood, more than were"
        yield Told(Doubt.MOSTLY_UNREAD, unread.count, words)


def _places(lines: Sequence[UnreadLine], sources: Sequence[str]) -> list[str]:
    several = len(sources) > 1
    return [
        f"{sources[at.source]}:{at.line}" if several else f"{at.line:,}" for at in sorted(lines)
    ]


def _left_out(lines: Sequence[UnreadLine], sources: Sequence[str]) -> str:
    """`line 12 ([...]) says that others were left out`."""
    words, say = ("line", "says") if len(lines) == 1 else ("lines", "say")
    places = named(_places(lines, sources), len(lines))
    return f"{words} {places} ({lines[0].name.strip()}) {say} that others were left out"


def _jumps(gaps: Sequence[Gap]) -> str:
    """`line 46 is missing: line numbers jump from 45 to 47`."""
    missing = sum(gap.missing for gap in gaps)
    what = f"line {gaps[0].before + 1:,} is" if missing == 1 else f"{missing:,} lines are"
    begins = [f"begin with {gap.after:,}" for gap in gaps if not gap.before]
    jumps = [f"from {gap.before:,} to {gap.after:,}" for gap in gaps if gap.before]
    says = begins[:1] + ([f"jump {named(jumps, len(jumps))}"] if jumps else [])
    return f"{what} missing: line numbers {' and '.join(says)}"


def _unread_lines(unread: Unread, sources: Sequence[str]) -> str:
    """`line 2 (bind) was not understood`."""
    places = _places(unread.lines, sources)
    calls = ", ".join(unread.words)
    lines, were = ("line", "was") if unread.deciding == 1 else ("lines", "were")
    return f"{lines} {named(places, unread.deciding)} ({calls}) {were} not understood"


def not_shown(calls: Iterable[tuple[str, int, int]]) -> Iterator[Told]:
    """What a table counts and the lines do not show: name, number counted, number shown."""
    more = list(calls)
    if more:
        said = named([f"{seen:,} of {number:,} {name}()" for name, number, seen in more], len(more))
        words = f"only {said} calls that the table at the end counts are shown"
        yield Told(Doubt.COUNTED_MORE, sum(number - seen for _, number, seen in more), words)


def lines_missing(
    unclosed: Unclosed, connections: int, *, listens: bool, shows_close: bool
) -> Iterator[Told]:
    """Descriptor numbers that were given out again although no close() is shown mean that lines are
    missing. This does not matter if the trace shows `connections`, or a server that `listens`, and
    shows what each of these sockets was used for: then perhaps an option hid close() alone, unless
    the trace `shows_close` elsewhere."""
    closed = unclosed.count - (unclosed.accepted if listens else 0)
    if shows_close and unclosed.count:
        sockets = count(unclosed.count, "socket")
        words = (
            f"the number of {sockets} was given out again before a close() is shown: lines were "
            "left out"
        )
        yield Told(Doubt.GIVEN_TWICE, unclosed.count, words)
    elif unclosed.unused or (closed and not connections):
        sockets = count(closed, "socket")
        words = (
            f"the number of {sockets} was given out again, and no close() is shown: lines were "
            "left out, or options hid calls"
        )
        yield Told(Doubt.GIVEN_TWICE, closed, words)


def _tasks(numbers: Sequence[int]) -> str:
    """`task 8`, `tasks 8 and 9`, or `the program` if a number is not known."""
    tasks = "task" if len(numbers) == 1 else "tasks"
    return f"{tasks} {named(numbers, len(numbers))}" if all(numbers) else "the program"


def not_seen(
    unseen: Sequence[int],
    let_go: Sequence[int],
    after_execve: Sequence[int],
    given_twice: int,
    *,
    is_part: bool,
    one_without_number: bool,
) -> Iterator[Told]:
    """Tasks that the trace creates but that never appear in it: `unseen`, by thread id, or
    `one_without_number`; those that strace `let_go` at their execve(), and those not seen
    `after_execve`, for whatever reason. `is_part` says that the trace is only the part of one
    thread or child."""
    if let_go:
        of = _tasks(let_go)
        words = (
            f"strace let {of} go at execve (-b execve): what came after that is not in the trace"
        )
        yield Told(Doubt.LET_GO, len(let_go), words)
    elif after_execve:
        words = (
            f"nothing is seen of {_tasks(after_execve)} after execve: strace detached there "
            "(-b execve, or as it was stopped), or lines were left out"
        )
        yield Told(Doubt.LET_GO, len(after_execve), words)
    if unseen:
        tasks = "task" if len(unseen) == 1 else "tasks"
        was = "was" if len(unseen) == 1 else "were"
        words = (
            f"{tasks} {named(unseen, len(unseen))} {was} made and never seen: "
            "strace did not follow (-f), or their lines are not in this trace"
        )
        yield Told(Doubt.NOT_FOLLOWED, len(unseen), words)
    elif one_without_number:
        words = (
            "a child ended (SIGCHLD) and was never seen: strace did not follow (-f), or its lines "
            "are not in this trace"
        )
        yield Told(Doubt.NOT_FOLLOWED, 1, words)
    if is_part:
        yield Told(Doubt.ONE_THREAD, 1)
    if given_twice:
        yield Told(Doubt.GIVEN_TWICE, given_twice)
