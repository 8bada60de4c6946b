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
_PLAIN = frozenset({str, int, float, bool, type(None)})


def packed(finding: Finding) -> bytes:
    """`finding` as bytes. Raises TypeError if its rule gave it something that would come back as
    another type: anything but plain values and tuples of them."""
    if not _is_plain((finding.cause, finding.without_bind, finding.details)):
        raise TypeError(f"not plain: {finding.details!r}")
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


def _is_plain(value: object) -> bool:
    if type(value) is tuple:
        return all(map(_is_plain, value))
    return type(value) in _PLAIN


def _plain(value: Confidence | Outcome | frozenset[str]) -> str | list[str]:
    """A field for which json has no notation."""
    return list(value) if isinstance(value, frozenset) else value.value


_ENCODER = json.JSONEncoder(default=_plain)


def _record(values: list[Any]) -> CallRecord:
    *plain, stack, injected, address, option = values
    address, option = address and Endpoint(*address), option and OptionCall(*option)
    return CallRecord._make((*plain, tuple(stack), injected, address, option))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
