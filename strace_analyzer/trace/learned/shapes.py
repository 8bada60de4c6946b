"""Read texts by known shapes, and learn the shapes of others.

The fast path cannot be wrong, only unused: a shape accepts a text only if Lark would build the same
tree (learning.py). The value of the tree was built once, with a Hole in place of each varying text,
and is filled from the groups of the match. What was learned is kept for the next run, as data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from strace_analyzer.trace.learned import cache
from strace_analyzer.trace.learned.pieces import Matched, Matcher, Pieces, groups_of
from strace_analyzer.trace.learned.template import Leaf, Template, TooDeepError, as_data, from_data

MOST_SHAPES_OF_ONE_KEY = 200
_MOST_KEPT_OF_ONE_KEY = 32
_MOST_KEYS_KEPT = 500


class Lesson(NamedTuple):
    """The value of a text, and the shape of all such texts if it is worth learning."""

    said: tuple[object, ...]
    pieces: Pieces | None = None
    values: tuple[object, ...] = ()
    """Like `said`, with a Hole where texts vary."""
    last_hole: int | None = None
    """Offset in the expression of the group at its end, if it ends in one."""


class Teacher(Protocol):
    """Reads what no shape accepts."""

    def lesson(self, text: bytes) -> Lesson | None:
        """Return None if the grammar does not accept `text`."""
        ...


class Shape(Matcher):
    """Texts that are read alike: `fullmatch` recognizes them, `parts` are their values, to be
    filled from the match. What Lark reads itself has a shape of its own, without an expression."""

    __slots__ = ("last_hole", "parts", "values")

    def __init__(
        self,
        values: tuple[object, ...],
        leaves: Mapping[str, Leaf],
        pieces: Pieces = (),
        last_hole: int | None = None,
    ) -> None:
        """Raises TooDeepError."""
        super().__init__(pieces)
        self.values = values
        self.parts = tuple(Template(value, leaves) for value in values)
        self.last_hole = last_hole


Reading = tuple[Shape, "Matched | None"]
"""The shape of a text, and the match (None if only Lark read it)."""


_MOST_UNLEARNED = 16


class Reader:
    """Reads texts of one grammar.

    `leaves` maps every terminal that can be a hole to its conversion; `types` are the types that
    values are made of. `teacher` is called when first needed. With a `name`, what is learned is
    kept under it for later runs.
    """

    def __init__(
        self,
        leaves: Mapping[str, Leaf],
        teacher: Callable[[], Teacher],
        name: str | None = None,
        types: tuple[type, ...] = (),
    ) -> None:
        self._leaves = leaves
        self._types = {kind.__name__: kind for kind in types}
        self._call_teacher = teacher
        self._teacher: Teacher | None = None
        self._name = name
        self._shapes: dict[bytes, list[Shape]] = {}
        self._kept = _rows(cache.load(name)) if name else {}
        """key -> shapes of earlier runs that were not needed yet, as JSON"""
        self._recalled: dict[bytes, list[Any]] = {}
        """shapes of keys that were met, the best last"""
        self._has_news = False
        self._unlearned: dict[bytes, Reading] = {}
        """the last texts without a shape: a line is graded first, then read"""

    def read(self, key: bytes, text: bytes) -> Reading | None:
        """Return the value of `text`; None if the grammar does not accept it.

        Texts with different `key` never share a shape; it only keeps the lists short.
        """
        return self.known(key, text) or self._recall(key, text)

    def known(self, key: bytes, text: bytes) -> Reading | None:
        """Like `read`, but None also if no text of this shape was read before."""
        shapes = self._shapes.get(key)
        if shapes is None:
            return None
        for shape in shapes:
            match = shape.fullmatch(text)
            if match is not None:
                if shape is not shapes[0]:  # move shapes that match often to the front
                    place = shapes.index(shape)
                    shapes[place - 1], shapes[place] = shape, shapes[place - 1]
                return shape, match
        return None

    def plainly(self, text: bytes) -> Reading | None:
        """Like `read`, with Lark only: the reference for shapes."""
        lesson = self._lesson(text)
        return lesson and (Shape(lesson.said, self._leaves), None)

    def _recall(self, key: bytes, text: bytes) -> Reading | None:
        """Like `read`, by the shapes of earlier runs."""
        kept_shapes = self._kept.pop(key, None)
        if kept_shapes is not None:
            self._recalled[key] = _list(kept_shapes)
        recalled = self._recalled.get(key)
        while recalled:
            shape = self._restored(recalled.pop())
            if shape is not None:
                self._shapes.setdefault(key, []).append(shape)
                match = shape.fullmatch(text)
                if match is not None:
                    return shape, match
        return self._learn(key, text)

    def _restored(self, data: Any) -> Shape | None:
        """Return a shape of an earlier run; None if the file does not hold a valid one."""
        try:
            texts, last_hole, *values = data
            if not isinstance(texts, list) or len(texts) % 2:
                return None
            pieces = tuple(text.encode("latin-1") for text in texts)
            groups = groups_of(pieces)
            made = tuple(from_data(value, self._types, self._leaves, groups) for value in values)
            return Shape(made, self._leaves, pieces, last_hole)
        except (AttributeError, KeyError, TypeError, ValueError, re.error, RecursionError):
            return None

    def _learn(self, key: bytes, text: bytes) -> Reading | None:
        """Like `read`, with Lark."""
        if text in self._unlearned:
            return self._unlearned[text]
        lesson = self._lesson(text)
        if lesson is None:
            return None
        said, pieces, values, last_hole = lesson
        if pieces is not None:
            try:
                shape = Shape(values, self._leaves, pieces, last_hole)
            except TooDeepError:
                pass
            else:
                shapes = self._shapes.setdefault(key, [])
                del shapes[MOST_SHAPES_OF_ONE_KEY - 1 :]
                shapes.append(shape)
                if self._name and not self._has_news:
                    self._has_news = True
                    _at_the_end(self.keep)
        reading = Shape(said, self._leaves), None
        if pieces is None:
            if len(self._unlearned) >= _MOST_UNLEARNED:
                self._unlearned.clear()
            self._unlearned[text] = reading
        return reading

    def _lesson(self, text: bytes) -> Lesson | None:
        if self._teacher is None:
            self._teacher = self._call_teacher()
        return self._teacher.lesson(text)

    def keep(self) -> None:
        """Save the shapes for later runs; called automatically when the process ends."""
        everything = dict(self._kept)
        for key, shapes in self._shapes.items():
            learned: list[Any] = [
                [
                    [piece.decode("latin-1") for piece in shape.pieces],
                    shape.last_hole,
                    *map(as_data, shape.values),
                ]
                for shape in shapes
            ]
            learned += reversed(self._recalled.get(key, ()))
            everything[key] = json.dumps(learned[:_MOST_KEPT_OF_ONE_KEY][::-1]).encode("ascii")
        if self._name:
            cache.save(
                self._name,
                b"".join(
                    b"%b\t%b\n" % (json.dumps(key.decode("latin-1")).encode("ascii"), shapes)
                    for key, shapes in list(everything.items())[-_MOST_KEYS_KEPT:]
                ),
            )


def _at_the_end(keep: Callable[[], None]) -> None:
    """Call `keep` when the process ends, also in a process of a pool, where atexit has no
    effect."""
    from multiprocessing.util import Finalize

    Finalize(None, keep, exitpriority=1)


def _rows(text: bytes) -> dict[bytes, bytes]:
    """Parse the file of a reader: on each line a key and the JSON of its shapes."""
    kept = {}
    for row in text.splitlines():
        key, _, shapes = row.partition(b"\t")
        try:
            kept[json.loads(key).encode("latin-1")] = shapes
        except (AttributeError, ValueError):
            continue
    return kept


def _list(text: bytes) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []
