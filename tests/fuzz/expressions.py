"""Every regular expression of the package, and texts built to drive it into backtracking:
repetitions of its own pieces, after what leads to each of its repeats."""

from __future__ import annotations

import ast
import importlib
import math
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from types import FrameType, ModuleType
from typing import Any, NamedTuple

import strace_analyzer as sa

METHODS = frozenset({"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"})
AT_ONE_PLACE = frozenset({"match", "fullmatch"})
PIECES = [
    *"(,-1E0 \"\\<=a/[>x\t.:{&'",
    *('\\"', "0 ", " =", "a<", "-1 E", "<a>", ") = ", "a(", "+0", "1.", "a.", "\\\\", "/*a"),
]
"""Tried with every expression, besides its own pieces."""
SIZES = (2_500, 8_000)
"""Each size is compared with twice as much; larger ones only if smaller ones are suspicious."""
QUICK = 0.0004
SLOW = 0.2
"""Seconds of processor time; shorter times are not significant, and longer ones are enough."""
ATTEMPTS = 4
STEEP = 3
"""Ratio of the time for twice the size: 2 is linear, 4 is quadratic."""
FOR_EVER = 2.0
"""Seconds of processor time after which it is stopped: a thousand times what these sizes take."""


class Expression(NamedTuple):
    name: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]
    """By which the package calls it."""


# ---------------------------------------------------------------- collecting


def modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(sa.__path__, "strace_analyzer."):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def expressions() -> dict[str, Expression]:
    """Return by name the expressions held by modules, their classes and their objects, and those
    written where they are used."""
    found: dict[str, Expression] = {}
    for module in modules():
        tree = ast.parse(Path(str(module.__file__)).read_text())
        used = _uses(tree)
        short = module.__name__.removeprefix("strace_analyzer.")
        for name, pattern, method in _held(module):
            methods = {method} if method else used.get(name.rpartition(".")[2], {"search"})
            key = f"{short}:{name}"
            found[key] = Expression(key, pattern, frozenset(methods))
        for line, pattern, method in _written(tree):
            key = f"{short}:{line}"
            found[key] = Expression(key, pattern, frozenset({method}))
    return found


def _uses(tree: ast.AST) -> dict[str, set[str]]:
    """Return the methods called on each named expression."""
    uses: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            name = getattr(node.value, "id", getattr(node.value, "attr", None))
            if name is not None:
                uses.setdefault(name, set()).add(node.attr)
    return uses


def _written(tree: ast.AST) -> Iterator[tuple[int, re.Pattern[Any], str]]:
    """Yield uses like `re.search("...", text)`: line, expression, method."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in METHODS
            and getattr(node.func.value, "id", None) == "re"
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, re.compile(node.args[0].value), node.func.attr


def _held(module: ModuleType) -> Iterator[tuple[str, re.Pattern[Any], str | None]]:
    """Yield name and expression, and the method if that is what is held."""

    def inside(
        name: str, value: Any, depth: int
    ) -> Iterator[tuple[str, re.Pattern[Any], str | None]]:
        owner = getattr(value, "__self__", None)
        if isinstance(value, re.Pattern):
            yield name, value, None
        elif isinstance(owner, re.Pattern):
            yield name, owner, value.__name__
        elif depth and isinstance(value, (tuple, list, set, frozenset)):
            for item in value:
                yield from inside(name, item, depth - 1)
        elif depth and isinstance(value, dict):
            for key, item in value.items():
                yield from inside(f"{name}[{key!r}]", item, depth - 1)
        elif depth and getattr(value, "__module__", None) == module.__name__:
            for key, item in vars(value).items() if hasattr(value, "__dict__") else ():
                yield from inside(f"{name}.{key}", item, depth - 1)

    for name, value in list(vars(module).items()):
        if not name.startswith("__"):
            yield from inside(name, value, 4)


# ---------------------------------------------------------------- building texts


def texts(pattern: re.Pattern[Any]) -> Iterator[Callable[[int], Any]]:
    """Yield functions from a length to a text of that length."""
    is_bytes = isinstance(pattern.pattern, bytes)
    tree = _parser.parse(
        pattern.pattern, pattern.flags & ~re.UNICODE if is_bytes else pattern.flags
    )
    pieces, leads = set(PIECES), {""}
    _take_apart(tree, "", pieces, leads)
    for lead in sorted(leads, key=len)[:8]:
        for piece in sorted(pieces, key=lambda piece: (len(piece), piece))[:120]:
            for tail in ("", "\0"):

                def made(size: int, parts: tuple[str, str, str] = (lead, piece, tail)) -> Any:
                    text = parts[0] + parts[1] * (size // len(parts[1])) + parts[2]
                    return text.encode("latin-1", "replace") if is_bytes else text

                yield made


def _take_apart(items: Any, before: str, pieces: set[str], leads: set[str]) -> None:
    so_far = ""
    for operation, argument in items:
        text = _example(operation, argument)
        if "REPEAT" in str(operation):
            leads.add(before + so_far)
        for inner in _inner(operation, argument):
            _take_apart(inner, before + so_far, pieces, leads)
        if str(operation) == "IN":
            pieces.update(_example("IN", [member]) for member in argument)
        so_far += text
        pieces.update({text, so_far} - {""})
    pieces.discard("")


def _inner(operation: Any, argument: Any) -> list[Any]:
    match str(operation):
        case "BRANCH":
            return list(argument[1])
        case "SUBPATTERN":
            return [argument[3]]
        case "ATOMIC_GROUP":
            return [argument]
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [argument[2]]
        case "ASSERT" | "ASSERT_NOT":
            return [argument[1]]
    return []


_OF_CATEGORY = {
    _constants.CATEGORY_DIGIT: "0",
    _constants.CATEGORY_SPACE: " ",
    _constants.CATEGORY_WORD: "a",
}


def _example(operation: Any, argument: Any) -> str:
    """Return a short text that this part of an expression accepts."""
    match str(operation):
        case "LITERAL":
            return chr(argument)
        case "ANY" | "NOT_LITERAL":
            return "x"
        case "IN":
            return _member(argument)
        case "RANGE":
            return chr(argument[0])
        case "CATEGORY":
            return _OF_CATEGORY.get(argument, "(")
        case "ASSERT" | "ASSERT_NOT":
            return ""
        case "BRANCH":
            return _examples(argument[1][0])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            times: int = max(1, argument[0])
            return _examples(argument[2]) * times
    return "".join(map(_examples, _inner(operation, argument)))


def _examples(items: Any) -> str:
    return "".join(_example(operation, argument) for operation, argument in items)


def _member(members: list[Any]) -> str:
    if str(members[0][0]) != "NEGATE":
        return _example(*members[0])
    no = {_example(*member) for member in members[1:]}
    return next(character for character in 'x0 (,<="~' if character not in no)


# ---------------------------------------------------------------- measuring


class _StoppedError(Exception):
    """It took FOR_EVER."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _StoppedError


def drives(expression: Expression, text: Callable[[int], Any]) -> bool:
    """Return whether the time for `expression` grows faster than the size of the text."""
    return any(_drives(_caller(expression.pattern, m), text) for m in expression.methods)


def _caller(pattern: re.Pattern[Any], method: str) -> Callable[[Any], object]:
    if method in AT_ONE_PLACE or method == "search":
        return getattr(pattern, method)  # type: ignore[no-any-return]
    return lambda text: sum(1 for _ in pattern.finditer(text))


def _drives(call: Callable[[Any], object], text: Callable[[int], Any]) -> bool:
    if _seconds(call, text(SIZES[0])) < QUICK:
        return False
    return all(_is_steep(call, text, size) for size in SIZES)


def _is_steep(call: Callable[[Any], object], text: Callable[[int], Any], size: int) -> bool:
    """Whether doubling this size is too slow; measured again until it is not, as other load can
    distort a time."""
    small = large = 0.0
    for times in range(1, ATTEMPTS + 1):
        small += _seconds(call, text(size))
        large += _seconds(call, text(2 * size))
        if large < max(STEEP * small, times * QUICK * (size / SIZES[0]) ** 2):
            return False
        if large > times * SLOW:
            break
    return True


def _seconds(call: Callable[[Any], object], text: Any) -> float:
    """Return processor seconds of this thread (those of the process are counted in kernel ticks
    while its timer runs); infinity if it had to be stopped."""
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, FOR_EVER)
    start = time.thread_time()
    try:
        call(text)
        return time.thread_time() - start
    except _StoppedError:
        return math.inf
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
