"""What connections cost in local ports: the rows of a table, and in a sentence what they mean."""

from __future__ import annotations

from strace_analyzer.findings import Confidence, DestinationUse, Group, PortUse
from strace_analyzer.kernel.destination import Destination
from strace_analyzer.plain import count, number, rate
from strace_analyzer.report.section import Section


def taken(use: PortUse) -> list[tuple[str, str, str]]:
    """What is counted, how many ports it takes, and how many without the early binds: at one time,
    and with TIME_WAIT; without times as if all that was closed first waited at once."""
    rows = [("open at the same time", number(use.peak_pinned), number(use.peak_needed))]
    high, needed = use.peak_pinned_with_time_wait, use.peak_needed_with_time_wait
    if high is not None:
        without = "-" if needed is None else number(needed)
        rows.append(("with 60 s of TIME_WAIT", number(high), without))
    elif use.most_pinned > use.peak_pinned:
        most = number(use.most_pinned), number(use.most_needed)
        rows.append(("if all happened within 60 s", *most))
    return rows


def runs_out(use: PortUse, section: Section) -> list[tuple[str, str, str]]:
    """The row of the rates at which ports run out; none where times or the range are not known.
    To loopback the kernel gives ports again that connect() chose, so no rate stands for that."""
    if use.peak_pinned_with_time_wait is None or is_refuted(use, section):
        return []
    as_is, without = use.sustainable_as_is, use.sustainable_without_bind_per_destination
    limit = f"{rate(without)}/s per destination"
    to_loopback = [_is_loopback(item) for item in use.destinations]
    if any(to_loopback):
        limit = "-" if all(to_loopback) else f"{limit} but loopback"
    return [("ports run out at", f"{rate(as_is)}/s in all", limit)]


def is_given_again(use: PortUse) -> bool:
    """Of the ports closed here first some were to loopback: connect() gives such a port again after
    a second unless tcp_tw_reuse is 0, but not one that bind() gave (docs/kernel.md, TIME_WAIT)."""
    return use.most_pinned > use.peak_pinned and any(map(_is_loopback, use.destinations))


def _is_loopback(item: DestinationUse) -> bool:
    return Destination(item.address, item.port).is_loopback


def meaning(group: Group, section: Section) -> str:
    """What the figures mean to a reader, in a line: how near this trace's rate comes to the
    one at which ports run out, or that the bind costs nothing here; "" where that is not known.

    It does not cost nothing where ports ran out, nor where without it they are given again."""
    use = section.ports(group)
    if use is None or not section.rule(group).counts_ports or use.total_pinned < 2:
        return ""
    if use.most_pinned <= use.most_needed and len(use.destinations) == 1:
        saved = use.total_connections - use.destinations[0].peak_concurrent
        kept = f"keep-alive would save {count(saved, 'connection')}" if saved else ""
        if use.ran_out is not None:
            return f"one destination: {kept}" if kept else ""
        if not is_given_again(use):
            return "; ".join(filter(None, ("one destination: the bind costs nothing here", kept)))
    made, most = use.connections_per_second, use.sustainable_as_is
    if made is None or use.peak_pinned_with_time_wait is None or is_refuted(use, section):
        return ""
    early = sum(item.early_bound for item in use.destinations)
    which = "connections"
    if early < use.total_connections:  # the others share ports
        which, made = "early-bound connections", made * early / use.total_connections
    return (
        f"this trace: {rate(made)} {which}/s = {_share(made / most)} the {rate(most)}/s at"
        " which ports run out"
    )


def _share(times: float) -> str:
    """`14 % of`, and `30 times` where per cent are no longer a figure to think in."""
    if times >= 2:
        return f"{times:.0f} times"
    return f"{100 * times:.0f} % of" if times >= 0.01 else "under 1 % of"


def is_unlikely(use: PortUse) -> bool:
    """The range is not the one in force, or others have most of it: the kernel chose ports that do
    not fit it, or ports ran out when few of it can have been in use here."""
    return use.chosen is not None or (use.ran_out is Confidence.CERTAIN and _is_hardly_used(use))


def _is_hardly_used(use: PortUse) -> bool:
    low, high = use.range
    most = max(
        use.peak_pinned + use.peak_needed,
        (use.peak_pinned_with_time_wait or 0) + (use.peak_needed_with_time_wait or 0),
    )
    return use.range_source == "assumed" and 2 * most < high - low + 1


def is_refuted(use: PortUse, section: Section) -> bool:
    """The range cannot be true: the kernel chose ports that do not fit it, or it is assumed and
    ports ran out when few of it can have been in use."""
    return use.chosen is not None or (
        _is_hardly_used(use)
        and any(
            section.rule(group).is_failure
            and group.confidence is Confidence.CERTAIN
            and group.without_bind is not None
            and group.cause not in ("another-process", "own-sockets", "unknown")
            and group.sample.namespace == use.namespace
            for group in section.judged
        )
    )
