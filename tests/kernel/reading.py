"""Analyse a trace of the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kernel.network import PORTS

from strace_analyzer.exhaustion import Exhaustion
from strace_analyzer.findings import PortUse
from strace_analyzer.kernel import Step, Tracker
from strace_analyzer.ports import PortLedger
from strace_analyzer.ports.clock import StepClock
from strace_analyzer.ports.scenario import Scenario, Variation
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.reader import TraceReader, traces


class Refusal(NamedTuple):
    """A call that found no port, by the line on which it begins."""

    line: int
    call: str


class Played(NamedTuple):
    """What the model says about a trace, and what the trace says the kernel did."""

    predicted: list[Refusal]
    happened: list[Refusal]
    connected: int
    peak: int


def steps(trace: Path) -> Iterator[Step]:
    """Return the Steps of one file."""
    tracker = Tracker()
    (source,) = traces([str(trace)])
    for event in TraceReader(source):
        yield from tracker.feed(event)
    yield from tracker.close()


def use(trace: Path) -> PortUse:
    """Return the port usage of the first network namespace, whose range is known."""
    ledger = PortLedger(port_range=PORTS)
    judge, end = Exhaustion(), None
    for step in steps(trace):
        judge.judge(step)
        ledger.step(step)
        end = step.event.seconds
    return ledger.close(end)[0]


def play(trace: Path, *, time_wait: bool = True, autobind_reuse: bool = False) -> Played:
    """Play the trace through the model of the kernel."""
    models: dict[tuple[int, str | None], Scenario] = {}
    judge, clock = Exhaustion(), StepClock()
    predicted: list[Refusal] = []
    happened: list[Refusal] = []
    for step in steps(trace):
        key = step.socket.namespace, step.space
        if key[1] is None:
            continue
        if key not in models:
            models[key] = Scenario(*PORTS, Variation.AS_IS, time_wait, autobind_reuse)
        scenario = models[key]
        if not scenario.step(step, clock.at(step.event.seconds)):
            predicted.append(_refusal(step))
        judge.judge(step)
        if step.dry is not None:
            happened.append(_refusal(step))
    played = list(models.values())
    connected, peak = sum(s.connected for s in played), max(s.peak for s in played)
    return Played(predicted, happened, connected, peak)


def _refusal(step: Step) -> Refusal:
    assert isinstance(step.event, Syscall)
    return Refusal(step.event.span.first, step.event.name)
