"""How bad an early bind is, and how certain, once the whole trace is known: shared by two rules."""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.alike import one_of
from strace_analyzer.findings import Confidence, Finding, Level, PortUse, ProcessUse, Summary
from strace_analyzer.kernel.doubts import Doubt

NEARLY_ALL = 0.8
"""From this share of the port range on, an early bind is an error (docs/ports.md)."""


def process_use(finding: Finding, summary: Summary) -> ProcessUse | None:
    """The part that the finding's process has in the use of ports, None if unknown."""
    return summary.uses.get((finding.process.id, finding.namespace))


def took_nearly_all(finding: Finding, summary: Summary) -> bool:
    """The finding's process ran out of ports; or the early binds of its network namespace, whoever
    made them, held most of the ports at one time, or had left most of them in TIME_WAIT when ports
    ran out."""
    use = process_use(finding, summary)
    ports = summary.ports.get(finding.namespace)
    if use is None or ports is None:
        return False
    at_address = max((address.peak_pinned for address in ports.by_address), default=0)
    most = max(use.peak_pinned, use.peak_pinned_at_address, ports.peak_pinned, at_address)
    if ports.ran_out is Confidence.CERTAIN:
        most = max(most, ports.most_pinned)
    return use.exhausted or most >= NEARLY_ALL * _size(ports)


def fill_together(ports: PortUse) -> bool:
    """The early binds of all processes of the namespace took most of its ports, open or in
    TIME_WAIT, though the connections needed fewer."""
    return is_wasteful(ports) and ports.most_pinned >= NEARLY_ALL * _size(ports)


def _size(ports: PortUse) -> int:
    low, high = ports.range
    return high - low + 1


def is_wasteful(use: ProcessUse | PortUse) -> bool:
    """More ports were pinned than the same connections needed, open or in TIME_WAIT."""
    return use.peak_pinned > use.peak_needed or use.most_pinned > use.most_needed


def if_at_once_only(uses: Iterable[ProcessUse], ports: PortUse) -> int:
    """How many of these processes, all of one namespace, are wasteful only by the assumption in
    `most_pinned`, because the trace has no times."""
    if ports.peak_pinned_with_time_wait is not None:
        return 0
    together = fill_together(ports) and ports.peak_pinned < NEARLY_ALL * _size(ports)
    return sum(
        use.peak_pinned <= use.peak_needed
        if is_wasteful(use)
        else together and use.total_pinned > 0
        for use in uses
    )


def if_at_once(finding: Finding) -> Finding:
    """`finding` as probable, because its level assumes that its ports were in TIME_WAIT at one
    time: the trace has no times, and all must have happened within 60 s."""
    doubts = finding.doubts | {Doubt.NO_TIMES}
    return finding._replace(confidence=Confidence.PROBABLE, doubts=one_of(doubts))


def early_bind_level(finding: Finding, summary: Summary) -> Level:
    """An error if ports ran out or nearly did, a warning if the binds took more ports than needed,
    those of the process or, if few are left, of all together; else a note."""
    if took_nearly_all(finding, summary):
        return Level.ERROR
    use = process_use(finding, summary)
    if use is None:
        return Level.NOTE
    ports = summary.ports.get(finding.namespace)
    is_waste = is_wasteful(use) or (ports is not None and fill_together(ports))
    return Level.WARNING if is_waste else Level.NOTE


def with_hidden_calls(finding: Finding, summary: Summary, *, options: bool = True) -> Finding:
    """`finding` as probable if the trace hides calls that could make it harmless; `options` says
    whether IP_BIND_ADDRESS_NO_PORT could."""
    doubts = finding.doubts | (summary.hidden & {Doubt.COPIES_HIDDEN})
    if finding.shows_no_port and finding.namespace in summary.showing_ports:
        doubts |= {Doubt.OPTION_UNSEEN}
    if not finding.proved:
        doubts |= summary.hidden & {Doubt.DESCRIPTORS_HIDDEN, Doubt.FAILURES_HIDDEN}
        if options and Doubt.OPTIONS_HIDDEN in summary.hidden and not showed_its_port(finding):
            doubts |= {Doubt.OPTIONS_HIDDEN}
    if "connect" not in finding.calls:
        doubts |= summary.hidden & {Doubt.CONNECT_HIDDEN}
    if not doubts:
        return finding
    return finding._replace(confidence=Confidence.PROBABLE, doubts=one_of(doubts))


def showed_its_port(finding: Finding) -> bool:
    """getsockname() after bind() and before any connect() showed a port: IP_BIND_ADDRESS_NO_PORT
    was not in force."""
    roles = [item.role for item in finding.trail]
    if "getsockname" not in roles:
        return False
    return "connect" not in roles or roles.index("getsockname") < roles.index("connect")
