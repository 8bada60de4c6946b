"""A finding as plain values, which marshal(3) writes and reads, and back: reading them cannot
execute anything."""

from __future__ import annotations

import marshal
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
    """`finding` as bytes. Raises ValueError if a rule gave it a detail that is no plain value."""
    (
        id, rule, level, confidence, trace, process, namespace, fd, at, socket, local, peer,
        outcome, held, trail, doubts, *rest,
    ) = finding  # fmt: skip
    return marshal.dumps((
        id, rule, level.value, confidence.value, trace, tuple(process), namespace, fd, tuple(at),
        tuple(socket), tuple(local), peer and tuple(peer), outcome.value, held,
        [_packed(record) for record in trail], [str(doubt) for doubt in doubts], *rest,
    ))  # fmt: skip


def unpacked(data: bytes) -> Finding:
    """The finding that was `packed`."""
    (
        id, rule, level, confidence, trace, process, namespace, fd, at, socket, local, peer,
        outcome, held, trail, doubts, *rest,
    ) = marshal.loads(data)  # fmt: skip
    return Finding(
        id, rule, Level(level), Confidence(confidence), trace, ProcessRef(*process), namespace, fd,
        Location(*at), SocketKind(*socket), LocalAddress(*local), peer and Endpoint(*peer),
        Outcome(outcome), held, tuple(map(_unpacked, trail)),
        frozenset(_DOUBTS.get(code, code) for code in doubts), *rest,
    )  # fmt: skip


def _packed(record: CallRecord) -> tuple[Any, ...]:
    *plain, address, option = record
    return (*plain, address and tuple(address), option and tuple(option))


def _unpacked(record: tuple[Any, ...]) -> CallRecord:
    *plain, address, option = record
    address, option = address and Endpoint(*address), option and OptionCall(*option)
    return CallRecord._make((*plain, address, option))
