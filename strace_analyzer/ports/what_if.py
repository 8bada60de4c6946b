"""Would this trace have exhausted another port range, and when? Takes Steps, gives Forecasts.

Streaming, like the ledger: several scenarios are played side by side, each with its own model of
the ports. The model assumes the fewest ports that the kernel could have used (port_table.py), and
destinations that a failed bind() hides are missing; so "would have run out" is certain, "would not
have" is not.
"""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.kernel.step import Step
from strace_analyzer.ports.clock import StepClock
from strace_analyzer.ports.scenario import Scenario, Variation
from strace_analyzer.trace.events import Syscall


class FirstFailure(NamedTuple):
    """The first call that would have found no port."""

    source: int
    line: int
    tid: int
    fd: int
    call: str
    errno: str
    seconds: float | None
    """from the trace's beginning; None without times"""
    connections: int
    """connections made before it"""


class Forecast(NamedTuple):
    """The result of one scenario. `first` is None if the range would have been enough."""

    namespace: int
    protocol: str
    change: Variation
    time_wait: bool
    """ports in TIME_WAIT count as taken: the upper bound"""
    range: tuple[int, int]
    first: FirstFailure | None
    refused: int
    peak: int
    """the most ports in use at once; the range's size if it ran out"""


class _Played:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.first: FirstFailure | None = None


class WhatIf:
    """`step` each Step of the trace in order, then `close`."""

    def __init__(self, port_range: tuple[int, int], autobind_reuse: bool = False) -> None:
        self._range = port_range
        self._autobind_reuse = autobind_reuse
        self._clock = StepClock()
        self._played: dict[tuple[int, str], list[_Played]] = {}

    def step(self, step: Step) -> None:
        """Play what one event did to one socket."""
        protocol = step.space
        if protocol is None:
            return
        seconds = self._clock.at(step.event.seconds)
        for played in self._of(step.socket.namespace, protocol):
            connections = played.scenario.connected
            if not played.scenario.step(step, seconds) and played.first is None:
                played.first = _failure(step, seconds, connections)

    def close(self, begin: float | None = None) -> tuple[Forecast, ...]:
        """The forecasts, by namespace and protocol: for each change, without TIME_WAIT and with it.

        `begin` is when the trace began, in seconds; without it, the first step's time is used.
        Forecasts with TIME_WAIT are left out for a trace without times, and for UDP, which has no
        TIME_WAIT.
        """
        return tuple(
            Forecast(
                namespace=namespace,
                protocol=protocol,
                change=played.scenario.change,
                time_wait=played.scenario.time_wait,
                range=self._range,
                first=_since(played.first, self._clock.begin if begin is None else begin),
                refused=played.scenario.refused,
                peak=played.scenario.peak,
            )
            for (namespace, protocol), all_played in sorted(self._played.items())
            for played in all_played
            if not played.scenario.time_wait or self._clock.begin is not None
        )

    def _of(self, namespace: int, protocol: str) -> list[_Played]:
        played = self._played.get((namespace, protocol))
        if played is None:
            tcp = protocol == "TCP"
            played = self._played[namespace, protocol] = [
                _Played(Scenario(*self._range, change, time_wait, self._autobind_reuse))
                for change in (Variation if tcp else [Variation.AS_IS])
                for time_wait in ([False, True] if tcp else [False])
            ]
        return played


def _failure(step: Step, seconds: float | None, connections: int) -> FirstFailure:
    event = step.event
    assert isinstance(event, Syscall)  # an exit asks for no port
    return FirstFailure(
        source=event.span.source,
        line=event.span.first,
        tid=event.tid,
        fd=step.fd,
        call=event.name,
        errno=_errno(step),
        seconds=seconds,
        connections=connections,
    )


def _since(failure: FirstFailure | None, begin: float | None) -> FirstFailure | None:
    """`failure` with its time counted from the trace's beginning."""
    if failure is None or failure.seconds is None or begin is None:
        return failure
    return failure._replace(seconds=round(failure.seconds - begin, 6))


def _errno(step: Step) -> str:
    """docs/kernel.md, "What exhaustion looks like"."""
    if step.role in ("bind", "listen"):
        return "EADDRINUSE"
    return "EADDRNOTAVAIL" if step.space == "TCP" else "EAGAIN"
