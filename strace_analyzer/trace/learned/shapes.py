"""Text -> what it says, by the shapes of texts that are known; a text of no known shape is learned.

The fast way cannot be wrong, only unused: a shape accepts a text only if Lark would make the same
tree of it (learning.py). What the tree means was built once, with a Hole in the place of each text
that varies; it is filled from the groups. What was learned is kept for the next run.
"""

from __future__ import annotations

import atexit
import pickle
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from strace_analyzer.trace.learned import cache
from strace_analyzer.trace.learned.compiled import Code, compiled, pattern
from strace_analyzer.trace.learned.template import Part, TooDeepError

Reading = tuple[tuple[Part, ...], "re.Match[bytes] | None"]
"""What a text says, each part to be filled from the match, and the match (None from plain Lark)."""

MOST_SHAPES_OF_ONE_KEY = 200
_MOST_KEPT_OF_ONE_KEY = 32
_MOST_KEYS_KEPT = 500


class Lesson(NamedTuple):
    """What a text says, and the shape of all such texts, where it is worth learning."""

    said: tuple[object, ...]
    expression: bytes | None = None
    values: tuple[object, ...] = ()
    """As `said`, with a Hole where the texts vary."""


class Teacher(Protocol):
    """Who reads what no shape does."""

    def lesson(self, text: bytes) -> Lesson | None:
        """None where the grammar does not read `text`."""
        ...


Shape = tuple[Callable[[bytes], "re.Match[bytes] | None"], tuple[Part, ...], Code]
"""`fullmatch` of the expression, what it says, what it was made of. A plain tuple, since Python
unpacks one faster than one with names."""


class Reader:
    """Reads texts of one grammar.

    `leaves` says of every terminal whose text can be a hole what a text is worth. `teacher` is
    called when first needed. With a `name`, what is learned is kept for later runs under it.
    """

    def __init__(
        self,
        leaves: Mapping[str, Callable[[bytes], object]],
        teacher: Callable[[], Teacher],
        name: str | None = None,
    ) -> None:
        self._leaves = leaves
        self._call_teacher = teacher
        self._teacher: Teacher | None = None
        self._name = name
        self._shapes: dict[bytes, list[Shape]] = {}
        self._kept = cache.load(name) if name else {}
        """key -> shapes of earlier runs that were not needed yet, pickled"""
        self._recalled: dict[bytes, list[tuple[Code, tuple[object, ...]]]] = {}
        """those of keys that were met, the best last"""
        self._has_news = False

    def read(self, key: bytes, text: bytes) -> Reading | None:
        """What `text` says; None where the grammar does not read it.

        Texts with different `key` never have one shape: it makes the lists short, nothing more.
        """
        return self.known(key, text) or self._recall(key, text)

    def known(self, key: bytes, text: bytes) -> Reading | None:
        """As `read`, but None also where no text of this shape was read so far."""
        shapes = self._shapes.get(key)
        if shapes is None:
            return None
        fullmatch, parts, _ = shapes[0]
        match = fullmatch(text)
        if match is not None:
            return parts, match
        for place in range(1, len(shapes)):
            fullmatch, parts, _ = shapes[place]
            match = fullmatch(text)
            if match is not None:  # those that match often come to stand in front
                shapes[place - 1], shapes[place] = shapes[place], shapes[place - 1]
                return parts, match
        return None

    def plainly(self, text: bytes) -> Reading | None:
        """As `read`, by Lark alone: what shapes are measured against."""
        lesson = self._lesson(text)
        return lesson and (tuple(Part(value, self._leaves) for value in lesson.said), None)

    def _recall(self, key: bytes, text: bytes) -> Reading | None:
        """As `read`, by the shapes of earlier runs."""
        kept_shapes = self._kept.pop(key, None)
        if kept_shapes is not None:
            self._recalled[key] = pickle.loads(kept_shapes)
        recalled = self._recalled.get(key)
        while recalled:
            shape = self._shape(*recalled.pop())
            self._shapes.setdefault(key, []).append(shape)
            match = shape[0](text)
            if match is not None:
                return shape[1], match
        return self._learn(key, text)

    def _learn(self, key: bytes, text: bytes) -> Reading | None:
        """As `read`, by Lark."""
        lesson = self._lesson(text)
        if lesson is None:
            return None
        if lesson.expression is not None:
            try:
                shape = self._shape(compiled(lesson.expression), lesson.values)
            except TooDeepError:
                pass
            else:
                shapes = self._shapes.setdefault(key, [])
                del shapes[MOST_SHAPES_OF_ONE_KEY - 1 :]
                shapes.append(shape)
                if self._name and not self._has_news:
                    self._has_news = True
                    atexit.register(self.keep)
        return tuple(Part(value, self._leaves) for value in lesson.said), None

    def _lesson(self, text: bytes) -> Lesson | None:
        if self._teacher is None:
            self._teacher = self._call_teacher()
        return self._teacher.lesson(text)

    def _shape(self, code: Code, values: tuple[object, ...]) -> Shape:
        parts = tuple(Part(value, self._leaves) for value in values)
        return pattern(code).fullmatch, parts, code

    def keep(self) -> None:
        """The shapes, for later runs; done by itself when the process ends."""
        everything = dict(self._kept)
        for key, shapes in self._shapes.items():
            learned = [(code, tuple(part.value for part in parts)) for _, parts, code in shapes]
            learned += reversed(self._recalled.get(key, ()))
            everything[key] = pickle.dumps(learned[:_MOST_KEPT_OF_ONE_KEY][::-1])
        if self._name:
            cache.save(self._name, dict(list(everything.items())[-_MOST_KEYS_KEPT:]))
