"""Hyperscan (the extra `fast`), and the databases of expressions that it searches for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import IO, Any

from strace_analyzer.trace.prefilter.forked import forked


@cache
def hyperscan() -> ModuleType | None:
    """Return the module if it is installed, else None."""
    try:
        import hyperscan as module
    except ImportError:
        return None
    return module


def database(
    module: ModuleType, expressions: Sequence[tuple[int, bytes]], *, apart: bool = False
) -> Any:
    """Return a database of `module` for the expressions, each with its identifier, ready to search
    blocks.

    Compiling takes some 8 MiB, of which malloc gives nothing back, for a database of 0.1 MiB.
    `apart`: do that in a copy of this process, which must be safe to fork.
    """
    compiled = _received(module, expressions) if apart else None
    made = _compiled(module, expressions) if compiled is None else compiled
    made.scratch = module.Scratch(made)
    return made


def _compiled(module: Any, expressions: Sequence[tuple[int, bytes]]) -> Any:
    made = module.Database(mode=module.HS_MODE_BLOCK)
    made.compile(
        expressions=[expression for _, expression in expressions],
        ids=[identifier for identifier, _ in expressions],
        elements=len(expressions),
        flags=[0] * len(expressions),
    )
    return made


def _received(module: Any, expressions: Sequence[tuple[int, bytes]]) -> Any:
    """Return the database that a copy of this process has compiled; None if it was killed."""

    def send(pipe: IO[bytes]) -> None:
        pipe.write(module.dumpb(_compiled(module, expressions)))

    pid, pipe = forked(send)
    with pipe:
        dumped = pipe.read()
    os.waitpid(pid, 0)
    try:
        return module.loadb(dumped, module.HS_MODE_BLOCK)
    except module.HyperscanError:
        return None
