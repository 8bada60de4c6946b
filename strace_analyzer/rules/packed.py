"""A finding as JSON, and back: reading it cannot execute anything."""

from __future__ import annotations

import json
from typing import Any

from strace_analyzer.findings import (
    CallRecord,
    Confidence,
    Endpoint,
    Finding,
    Level,
    LocalAddress,
    Location,
    ProcessRef,
    SocketKind,
)
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.option_calls import OptionCall
from strace_analyzer.kernel.socket_state import Outcome

_DOUBTS: dict[str, str] = {doubt.value: doubt for doubt in Doubt}


def packed(finding: Finding) -> bytes:
    """`finding` as bytes. Raises TypeError or ValueError if a rule gave it a detail that is no plain
    value."""
    return _ENCODER.encode(finding).encode("ascii")


def unpacked(data: bytes) -> Finding:
    """The finding that was `packed`."""
    (
        id, rule, level, confidence, trace, process, namespace, fd, at, socket, local, peer,
        outcome, held, trail, doubts, proved, shows_no_port, reuse, cause, without_bind, details,
        group,
    ) = json.loads(data)  # fmt: skip
    return Finding(
        id, rule, Level(level), Confidence(confidence), trace, ProcessRef(*process), namespace, fd,
        Location(*at), SocketKind(*socket), LocalAddress(*local), peer and Endpoint(*peer),
        Outcome(outcome), held, tuple(map(_record, trail)),
        frozenset(_DOUBTS.get(code, code) for code in doubts), proved, shows_no_port, reuse, cause,
        without_bind, _tuples(details), group,
    )  # fmt: skip


def _plain(value: object) -> Any:
    if isinstance(value, frozenset):
        return list(value)
    if isinstance(value, (Confidence, Outcome)):
        return value.value
    raise TypeError(f"not a plain value: {value!r}")


_ENCODER = json.JSONEncoder(default=_plain)


def _record(values: list[Any]) -> CallRecord:
    *plain, stack, injected, address, option = values
    address, option = address and Endpoint(*address), option and OptionCall(*option)
    return CallRecord._make((*plain, tuple(stack), injected, address, option))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
