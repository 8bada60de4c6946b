"""The experiments that the theory of docs/ports.md was made from: our figures against what was
measured.

Where each figure comes from:

    unbound, k destinations                     trace kernel-01, 02a, 02b
    any:0, k destinations                       trace kernel-03a, 03b, 03c
    any:0 round robin over three                suite any_round_robin
    address:0 on two addresses                  trace kernel-two_local_ips_bindip
    NO_PORT, k destinations                     trace kernel-05b, 06b
    60 any:0, then unbound                      trace kernel-mixed_60bindany_then_nobind3
    60 unbound, then any:0                      trace kernel-mixed_60nobind_then_bindany
    40 bound and never connected, then unbound  trace kernel-bind_only_held
    300 refused, not closed                     trace kernel-refused_not_closed
    any:0, we close first                       trace kernel-tw_active_bindany
    any:0, the peer closes first                trace kernel-tw_passive_bindany
    180 over three, early bound and not         suite early_180_over_three, unbound_180_over_three
    eight threads of four                       suite threads
    IP_LOCAL_PORT_RANGE of 20                   trace kernel-11a, 11c; suite range_any
    real programs                               traces erlang23, erlang25, java, node, ssh, requests

The suite is tests/kernel; the traces are in the shared folder.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from shared_folder import TRACES

from strace_analyzer.exhaustion import Exhaustion
from strace_analyzer.findings import PortUse
from strace_analyzer.kernel import Tracker
from strace_analyzer.ports import PortLedger
from strace_analyzer.trace.reader import TraceReader, traces

pytestmark = pytest.mark.labels


class Figure(NamedTuple):
    """One trace: connections, P*, N*, and the highest P on one specific address."""

    trace: str
    connections: int
    pinned: int
    needed: int
    address: int = 0
    headroom: int = 0
    without: int = 0


FIGURES = [
    Figure("kernel-01-nobind-k1", 100, 0, 100),
    Figure("kernel-02a-nobind-k3ip", 300, 0, 100),
    Figure("kernel-02b-nobind-k3port", 300, 0, 100),
    Figure("kernel-03a-bindany-k1", 100, 100, 100),
    Figure("kernel-03b-bindany-k3ip", 100, 100, 100),
    Figure("kernel-03c-bindany-k3port", 100, 100, 100),
    Figure("kernel-04b-bindip-k3ip", 100, 0, 100, 100),
    Figure("kernel-05b-bindip-noport-k3ip", 300, 0, 100),
    Figure("kernel-06b-bindany-noport-k3ip", 300, 0, 100),
    Figure("kernel-07d-bindany-reuseport-k3ip", 100, 100, 100),
    Figure("kernel-08j-v6only-bindany-k3ip", 100, 100, 100),
    Figure("kernel-11a-localrange-nobind-k3ip", 60, 0, 20),
    Figure("kernel-11c-localrange-bindip-noport-k3ip", 60, 0, 20),
    Figure("kernel-two_local_ips_bindip", 200, 0, 100, 100),
    Figure("kernel-mixed_60bindany_then_nobind3", 180, 60, 100),
    Figure("kernel-mixed_60nobind_then_bindany", 100, 40, 60, without=40),
    Figure("kernel-bind_only_held", 60, 0, 60, without=40),
    Figure("kernel-refused_not_closed", 300, 1, 1, headroom=99, without=99),
    Figure("kernel-tw_passive_bindany", 250, 1, 1, headroom=99, without=99),
    Figure("erlang23-gen_tcp-default", 20, 20, 7, headroom=80, without=93),
    Figure("erlang25-gen_tcp-default", 20, 0, 7, headroom=93, without=93),
    Figure("java-bindany", 10, 10, 4, headroom=90, without=96),
    Figure("node-http-anyaddr", 10, 10, 4, headroom=90, without=96),
    Figure("node-http-localaddr", 10, 0, 4, 10, headroom=90, without=96),
    Figure("ssh-b-any", 1, 1, 1, headroom=99, without=99),
    Figure("python-requests-source-any", 10, 1, 1, headroom=99, without=99),
]


def account(name: str) -> PortUse:
    """The one namespace of a trace, with the range that the experiments had."""
    (source,) = traces([str(TRACES / f"{name}.strace")])
    tracker, ledger = Tracker(), PortLedger(port_range=(40000, 40099))
    judge, end = Exhaustion(), None
    for event in TraceReader(source):
        for step in tracker.feed(event):
            judge.judge(step)
            ledger.step(step)
            end = step.event.seconds
    (use,) = ledger.close(end)
    return use


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.trace)
def test_figure(figure: Figure) -> None:
    use = account(figure.trace)
    address = max((item.peak_pinned for item in use.by_address), default=0)
    assert (
        Figure(
            figure.trace,
            use.total_connections,
            use.peak_pinned,
            use.peak_needed,
            address,
            use.headroom,
            use.headroom_without_bind,
        )
        == figure
    )


def test_ports_in_time_wait_are_the_high_bound() -> None:
    """100 closed by us at once: nothing is left, although one at a time was open."""
    use = account("kernel-tw_active_bindany")
    assert (use.peak_pinned, use.peak_pinned_with_time_wait) == (1, 100)
    assert use.by_process[0].exhausted


def test_time_wait_of_unbound_connections_is_their_destination_s() -> None:
    """100 to one, five to others."""
    use = account("kernel-tw_active_nobind")
    assert (use.peak_pinned_with_time_wait, use.peak_needed_with_time_wait) == (0, 100)


def test_erlang_httpc_one_after_the_other() -> None:
    use = account("erlang23-inets-httpc-40req-yy-tt-T")
    assert (use.total_pinned, use.peak_pinned, use.peak_needed) == (40, 1, 1)
    assert (use.peak_pinned_with_time_wait, use.peak_needed_with_time_wait) == (40, 14)
    assert [(d.port, d.connections, d.early_bound) for d in use.destinations] == [
        (8001, 14, 14),
        (8000, 13, 13),
        (8002, 13, 13),
    ]


def test_range_of_the_sockets() -> None:
    use = account("kernel-11a-localrange-nobind-k3ip")
    assert (use.range, use.range_source) == ((40010, 40029), "socket-option")
