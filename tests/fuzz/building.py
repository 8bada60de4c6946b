"""The regular expressions that are built while traces are read: `python -m fuzz.building TRACE...`

Prints JSON, a row for each form: [expression, its flags, [methods]]. Of expressions that differ in
names and numbers only one is taken. Run it in a process of its own, with an empty cache: what was
built before is not built again.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from fuzz.expressions import METHODS, Expression, modules
from fuzz.hostile import EARLY_BIND, LINES
from lark import Lark
from wrappings import WRAPPINGS

import strace_analyzer as sa
from strace_analyzer.cli import main as command
from strace_analyzer.trace.learned import pieces
from strace_analyzer.trace.prefilter import scan

_NAMES = re.compile(rb"[A-Za-z0-9_]{3,}")
COMMANDS = (
    *(["check", "-f", output] for output in ("text", "html", "sarif")),
    ["check", "--strict"],
    ["check", "--redact", "addresses,paths,commands"],
    ["events"],
    ["tree"],
    ["summary"],
)


class Row(NamedTuple):
    """One form, as printed."""

    text: str
    is_bytes: bool
    flags: int
    methods: list[str]


class Recorded:
    """A pattern, and the methods called on it."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        self.made = pattern
        self.methods: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            self.methods.add(name)
        return getattr(self.made, name)


def recorded() -> list[Recorded]:
    """Return a list that receives each pattern compiled from now on by us, or by Lark for us."""
    found: list[Recorded] = []
    make = re._compile  # type: ignore[attr-defined]

    def compiled(pattern: Any, flags: int) -> Any:
        if isinstance(pattern, Recorded):
            return pattern
        made = make(pattern, flags)
        if not sys._getframe(2).f_globals["__name__"].startswith(("strace_analyzer", "lark")):
            return made
        found.append(Recorded(made))
        return found[-1]

    re._compile = compiled  # type: ignore[attr-defined]
    return found


def forms(patterns: list[Recorded]) -> list[tuple[re.Pattern[Any], set[str]]]:
    """Return one of each form that was used, with the methods called on any of them."""
    by_form: dict[tuple[object, ...], tuple[re.Pattern[Any], set[str]]] = {}
    for one in patterns:
        text = one.made.pattern
        key = _NAMES.sub(b"name", text if isinstance(text, bytes) else text.encode())
        first = by_form.setdefault((type(text), one.made.flags, key), (one.made, set()))
        first[1].update(one.methods)
    return [(pattern, methods) for pattern, methods in by_form.values() if methods]


def read(paths: list[str]) -> None:
    """Read the traces in every way that compiles expressions."""
    scan.hyperscan = lambda: None  # type: ignore[assignment]
    pieces._OFTEN = 0
    for path in paths:
        for arguments in COMMANDS:
            command([*arguments, path])
    lines = [line for path in paths[:1] for line in Path(path).read_bytes().splitlines()]
    texts = [b"\n".join(wrap(lines)) for wrap in WRAPPINGS.values()]
    texts += [EARLY_BIND + line(3) + b"\n" for line in LINES.values()]
    for text in texts:
        sa.analyze(io.BytesIO(text))


def main(paths: list[str]) -> None:
    for _ in modules():
        pass
    Lark('start: "a"')  # compiles the expressions by which Lark reads our grammars
    patterns = recorded()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        read(paths)
    rows = [
        Row(_text(pattern), isinstance(pattern.pattern, bytes), pattern.flags, sorted(methods))
        for pattern, methods in forms(patterns)
    ]
    json.dump(rows, sys.stdout)


def built(paths: list[str], cache: str) -> list[Expression]:
    """Return what this module prints, run in a process whose cache is the directory `cache`."""
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.building", *paths],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "XDG_CACHE_HOME": cache, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    rows = [Row(*row) for row in json.loads(done.stdout)]
    return [
        Expression(
            row.text,
            re.compile(row.text.encode("latin-1") if row.is_bytes else row.text, row.flags),
            frozenset(row.methods),
        )
        for row in rows
    ]


def _text(pattern: re.Pattern[Any]) -> str:
    text: str | bytes = pattern.pattern
    return text if isinstance(text, str) else text.decode("latin-1")


if __name__ == "__main__":
    main(sys.argv[1:])
