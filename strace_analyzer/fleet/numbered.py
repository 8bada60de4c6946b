"""Digests whose tokens are those of a key, in any order -> a report of them all, in which tokens
have numbers by the order of the command line, whoever read which trace when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strace_analyzer.fleet.labels import NONE
from strace_analyzer.fleet.work import Hiding
from strace_analyzer.report.merged.digest import TraceDigest, of_json
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.report.redaction.tokens import Tokens, numbered


class Numbered:
    """Holds back what comes too soon."""

    def __init__(self, made: Merged, hiding: Hiding) -> None:
        self._made = made
        self._label = hiding.redaction().values.label
        self._tokens = Tokens()
        self._waiting: dict[int, tuple[str, TraceDigest]] = {}
        self._next = 1

    def add(self, number: int, label: str, one: TraceDigest) -> None:
        """As Merged.add."""
        self._waiting[number] = label, one
        while self._next in self._waiting:
            label, one = self._waiting.pop(self._next)
            shown = label if label == NONE else self._text(self._label(label))
            self._made.add(self._next, shown, of_json(self._all(one.as_json())))
            self._next += 1

    def _all(self, said: Any) -> Any:
        """Every text of it, in the order in which a digest has them."""
        if isinstance(said, str):
            return self._text(said)
        if isinstance(said, Mapping):
            return {name: self._all(value) for name, value in said.items()}
        return list(map(self._all, said)) if isinstance(said, Sequence) else said

    def _text(self, text: str) -> str:
        return numbered(text, self._tokens)
