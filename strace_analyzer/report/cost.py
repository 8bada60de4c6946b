"""The cost of connections in local ports: table rows, and sentences that interpret them."""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.findings import Confidence, DestinationUse, Group, PortUse
from strace_analyzer.kernel.destination import Destination
from strace_analyzer.kernel.time_wait import gives_again
from strace_analyzer.plain import count, number, rate, shown_rate
from strace_analyzer.report.section import Section


def taken(use: PortUse) -> list[tuple[str, str, str]]:
    """Return rows: what is counted, how many ports it takes, and how many without the early binds;
    at one moment, and with TIME_WAIT (without times, as if all that was closed first waited at
    once)."""
    rows = [("open at the same time", number(use.peak_pinned), number(use.peak_needed))]
    high, needed = use.peak_pinned_with_time_wait, use.peak_needed_with_time_wait
    if high is not None:
        without = "-" if needed is None else number(needed)
        rows.append(("with 60 s of TIME_WAIT", number(high), without))
    elif use.most_pinned > use.peak_pinned:
        most = number(use.most_pinned), number(use.most_needed)
        rows.append(("if all happened within 60 s", *most))
    return rows


NO_RATE = "no rate"
"""at which ports would run out: there is none, the kernel gives them again"""


def runs_out(use: PortUse, section: Section) -> list[tuple[str, str, str]]:
    """Return the row with the rates at which ports run out; none if times or the range are
    unknown."""
    if use.peak_pinned_with_time_wait is None or is_refuted(use, section):
        return []
    as_is, without = in_words(use)
    return [("ports run out at", as_is, without or NO_RATE)]


def in_words(use: PortUse) -> tuple[str, str]:
    """Format the rates at which ports run out, with and without the early binds: `470/s in all`,
    `470/s per destination but loopback`; the second is empty if there is none."""
    without = _without_bind(use)
    each = "" if without is None else f"{rate(without)}/s per destination"
    if each and any(_gives_again(use, item) for item in use.destinations):
        each += " but loopback"
    return f"{rate(use.sustainable_as_is)}/s in all", each


def rates(use: PortUse) -> tuple[float | None, float | None]:
    """Return the rates in connections per second; None if the range is not the one in force."""
    if is_unlikely(use):
        return None, None
    return use.sustainable_as_is, _without_bind(use)


def _without_bind(use: PortUse) -> float | None:
    """Return None if connect() reuses such ports for every destination, so that they never run
    out."""
    again = [_gives_again(use, item) for item in use.destinations]
    is_endless = bool(again) and all(again)
    return None if is_endless else use.sustainable_without_bind_per_destination


def is_given_again(use: PortUse) -> bool:
    """Whether some ports closed here first went to a destination for which connect() reuses such a
    port after a second, but not one that bind() took (docs/kernel.md, TIME_WAIT)."""
    again = any(_gives_again(use, item) for item in use.destinations)
    return use.most_pinned > use.peak_pinned and again


def _gives_again(use: PortUse, item: DestinationUse) -> bool:
    return gives_again(use.tw_reuse, Destination(item.address, item.port))


def remarks(use: PortUse, section: Section) -> Iterator[str]:
    """Yield what the figures count, if that is not obvious, and out of how many ports."""
    if use.peak_needed > use.peak_pinned:
        yield "without it: all connections are counted, also those whose port connect() chose"
    if is_given_again(use):
        yield _again(use.tw_reuse)
    low, high = use.range
    if is_refuted(use, section):
        yield f"of a range that is not known (not {low}-{high}): --port-range gives it"
    else:
        yield f"of {number(high - low + 1)}, {low}-{high}, {SOURCES[use.range_source]}"
    if use.chosen is not None:
        yield str(use.chosen)


def _again(reuse: int | None) -> str:
    """Say where connect() reuses ports in TIME_WAIT, and by which setting."""
    if reuse == 1:
        return (
            "with net.ipv4.tcp_tw_reuse=1, as here, connect() gives ports in TIME_WAIT again after "
            "1 s, bind() does not"
        )
    by = "" if reuse is None else ", with net.ipv4.tcp_tw_reuse=2 as here"
    return f"to loopback connect() gives ports in TIME_WAIT again after 1 s{by}, bind() does not"


SOURCES = {
    "option": "as given by --port-range",
    "host": "of the traced machine",
    "socket-option": "set by IP_LOCAL_PORT_RANGE",
    "assumed": "assumed",
}
"""where the range comes from"""


def meaning(group: Group, section: Section) -> str:
    """Say in a line what the figures mean: how close this trace's rate is to the one at which
    ports run out, or that the bind costs nothing here; "" if unknown.

    It is never said to cost nothing if ports ran out, or if ports would be reused without it.
    """
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
    share = _share(shown_rate(made) / shown_rate(most))
    return f"this trace: {rate(made)} {which}/s = {share} the {rate(most)}/s at which ports run out"


def _share(times: float) -> str:
    """`14 % of`, and `30 times` where per cent are no longer a figure to think in."""
    if times >= 2:
        return f"{times:,.0f} times" if times >= 10 else f"{times:.1f} times"
    return f"{100 * times:.0f} % of" if times >= 0.01 else "under 1 % of"


def is_unlikely(use: PortUse) -> bool:
    """Whether the range is not the one in force, or others have most of it: the kernel chose ports
    outside it, or ports ran out when few of it can have been in use here."""
    return use.chosen is not None or (use.ran_out is Confidence.CERTAIN and _is_hardly_used(use))


def _is_hardly_used(use: PortUse) -> bool:
    low, high = use.range
    most = max(
        use.peak_pinned + use.peak_needed,
        (use.peak_pinned_with_time_wait or 0) + (use.peak_needed_with_time_wait or 0),
    )
    return use.range_source == "assumed" and 2 * most < high - low + 1


def is_refuted(use: PortUse, section: Section) -> bool:
    """Whether the range cannot be true: the kernel chose ports outside it, or it is assumed and
    ports ran out when few of it can have been in use."""
    return use.chosen is not None or (
        _is_hardly_used(use)
        and any(
            section.rule(group).is_failure
            and group.confidence is Confidence.CERTAIN
            and group.without_bind is not None
            and group.cause not in ("another-process", "own-sockets", "unknown")
            and group.namespace == use.namespace
            for group in section.judged
        )
    )
