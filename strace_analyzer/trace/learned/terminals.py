"""Compile a terminal's regular expression into an automaton that tells what it could match.

expressions.py asks three things: can this terminal match where that one does; can it match, or
continue, in this known text; which byte would it consume next. The answers are safe, not exact: an
automaton accepts everything that its terminal can match and perhaps more (lookaheads and `$` always
succeed, atomic groups and possessive repeats are ordinary ones), so "cannot" is certain and "can"
is only possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from strace_analyzer.trace.learned.regular import (
    Ahead,
    Bytes,
    Concatenation,
    Either,
    Node,
    One,
    Repeat,
    UnsupportedExpressionError,
    least,
    parsed,
)

_LONGEST_BOUNDED_REPEAT = 256


class UnsupportedTerminalError(ValueError):
    """The terminal breaks a condition for exact shapes, which the message names."""


class Outlook(NamedTuple):
    """What a terminal could do that begins at the start of a known text."""

    matched: bool
    """It could have matched a beginning of the text, or all of it."""
    next_bytes: Bytes
    """Bytes after the text with which the terminal, or a lookahead in it, could continue."""


class Terminal:
    """One terminal of a grammar; `source` is its regular expression as Lark uses it."""

    def __init__(self, name: str, source: str) -> None:
        """Raises UnsupportedTerminalError if no exact shape can contain it."""
        self.name = name
        try:
            self.source = source.encode("latin-1")
        except UnicodeEncodeError:
            raise UnsupportedTerminalError(f"{name}: has characters beyond latin-1") from None
        self._steps: list[list[tuple[Bytes, int]]] = []
        self._skips: list[list[int]] = []
        self._lookaheads: dict[int, list[int]] = {}
        try:
            node = parsed(source)
        except UnsupportedExpressionError as error:
            raise UnsupportedTerminalError(f"{name}: {error}") from None
        if least(node) == 0:
            raise UnsupportedTerminalError(f"{name}: can match nothing")
        self._start = self._state()
        self._end = self._built(node, self._start)
        self._reach: dict[int, frozenset[int]] = {}
        self.first: Bytes = self._next(self._closure((self._start,)))

    # --- queries ---

    def outlook(self, text: bytes) -> Outlook:
        """Return what the terminal could do if it began at the start of `text`."""
        matched, next_bytes = False, 0
        states = self._closure((self._start,))
        watched: set[int] = set()
        for byte in text:
            watched |= self._watchers(states)
            states = self._after(states, byte)
            watched = set(self._after(watched, byte))
            matched = matched or self._end in states
            if not states and not watched:
                return Outlook(matched, 0)
        watched |= self._watchers(states)
        next_bytes = self._next(states) | self._next(watched)
        return Outlook(matched, next_bytes)

    def meets(self, other: Terminal) -> bool:
        """Whether this terminal could match at a position where `other` does."""
        start = [
            (mine, others)
            for mine in self._closure((self._start,))
            for others in other._closure((other._start,))
        ]
        seen = set(start)
        while start:
            mine, others = start.pop()
            if mine == self._end or others == other._end:
                return True
            for mask, after in self._steps[mine]:
                for others_mask, others_after in other._steps[others]:
                    if mask & others_mask:
                        for pair in (
                            (one, two)
                            for one in self._closure((after,))
                            for two in other._closure((others_after,))
                        ):
                            if pair not in seen:
                                seen.add(pair)
                                start.append(pair)
        return False

    # --- simulation ---

    def _closure(self, states: Iterable[int]) -> frozenset[int]:
        """Return `states` and all states reachable from them without consuming a byte."""
        reached: set[int] = set()
        for state in states:
            known = self._reach.get(state)
            if known is None:
                found, pending = {state}, [state]
                while pending:
                    for target in self._skips[pending.pop()]:
                        if target not in found:
                            found.add(target)
                            pending.append(target)
                known = self._reach[state] = frozenset(found)
            reached |= known
        return frozenset(reached)

    def _after(self, states: Iterable[int], byte: int) -> frozenset[int]:
        bit = 1 << byte
        return self._closure(
            target for state in states for mask, target in self._steps[state] if mask & bit
        )

    def _watchers(self, states: Iterable[int]) -> frozenset[int]:
        """Return the start states of the lookaheads at `states`, including nested ones."""
        found: set[int] = set()
        pending = [start for state in states for start in self._lookaheads.get(state, ())]
        while pending:
            for state in self._closure((pending.pop(),)):
                if state not in found:
                    found.add(state)
                    pending += self._lookaheads.get(state, ())
        return frozenset(found)

    def _next(self, states: Iterable[int]) -> Bytes:
        taken = 0
        for state in states:
            for mask, _ in self._steps[state]:
                taken |= mask
        return taken

    # --- construction, after Thompson ---

    def _state(self) -> int:
        self._steps.append([])
        self._skips.append([])
        return len(self._steps) - 1

    def _built(self, node: Node, state: int) -> int:
        """Add one construct starting at `state`; return the state after it."""
        match node:
            case One(of):
                after = self._state()
                self._steps[state].append((of, after))
                return after
            case Concatenation(items):
                for item in items:
                    state = self._built(item, state)
                return state
            case Either(ways):
                after = self._state()
                for way in ways:
                    start = self._state()
                    self._skips[state].append(start)
                    self._skips[self._built(way, start)].append(after)
                return after
            case Repeat():
                return self._repeat(node, state)
            case Ahead(inner):
                start, after = self._state(), self._state()
                self._built(inner, start)
                self._skips[state].append(after)
                self._lookaheads.setdefault(after, []).append(start)
                return after

    def _repeat(self, node: Repeat, state: int) -> int:
        inner, low, high = node
        if max(low, high or 0) > _LONGEST_BOUNDED_REPEAT:
            raise UnsupportedTerminalError(f"{self.name}: has a long bounded repeat")
        for _ in range(low):
            state = self._built(inner, state)
        if high is None:
            loop = self._state()
            self._skips[state].append(loop)
            self._skips[self._built(inner, loop)].append(loop)
            after = self._state()
            self._skips[loop].append(after)
            return after
        after = self._state()
        self._skips[state].append(after)
        for _ in range(high - low):
            state = self._built(inner, state)
            self._skips[state].append(after)
        return after
