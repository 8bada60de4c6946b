"""All system calls that change the model, by their names in strace."""

from __future__ import annotations

from strace_analyzer.kernel import (
    connect_calls,
    data_calls,
    descriptor_calls,
    option_calls,
    process_calls,
    socket_calls,
)
from strace_analyzer.kernel.system_call import SystemCall
from strace_analyzer.trace.prefilter.watch import When

_ON_SOCKETS = {
    **socket_calls.CALLS,
    **connect_calls.CALLS,
    **option_calls.CALLS,
    **data_calls.CALLS,
}
CALLS: dict[str, SystemCall] = {**process_calls.CALLS, **descriptor_calls.CALLS, **_ON_SOCKETS}

SOCKET_CALLS = frozenset(_ON_SOCKETS) - {"socketpair"}
"""Calls that create or use internet sockets; socketpair() cannot create one."""

ALWAYS_MATTER = frozenset(name for name, row in CALLS.items() if row.when is When.ALWAYS)
"""Names of calls that a reader must never skip."""

CLOSES = frozenset({"close", "close_range"})
"""Any one of these shows that closing is traced."""


def tracked_calls() -> frozenset[str]:
    """The names of the calls that a trace must show so that nothing is hidden from the model."""
    return frozenset(CALLS)
