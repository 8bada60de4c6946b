"""Save the LALR tables of a grammar as JSON, and load a parser from them without Lark's work.

`Lark.save` and `Lark.load` use a pickle, which executes what it holds, so none is kept: the one
that is loaded is made here, of JSON. What is not plain data is not kept; the parser is then built
again.
"""

from __future__ import annotations

import io
import json
import pickle
from typing import Any

from lark import Lark

_PAIRS, _TUPLE = "pairs", "tuple"
"""Keys of objects that stand for what JSON lacks: a dict with keys other than strings, a tuple."""


def written(parser: Lark) -> bytes:
    """Return the tables of `parser`; b"" if this version of Lark saves more than plain data."""
    saved = io.BytesIO()
    parser.save(saved)
    try:
        return json.dumps(_plain(pickle.loads(saved.getvalue()))).encode("ascii")
    except TypeError:
        return b""


def made_of(text: bytes) -> Lark | None:
    """Return the parser with the tables in `text`; None if it holds none."""
    if not text:
        return None
    try:
        return Lark.load(io.BytesIO(pickle.dumps(_restored(json.loads(text)))))
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if all(type(key) is str for key in value):
            return {key: _plain(item) for key, item in value.items()}
        return {_PAIRS: [[_plain(key), _plain(item)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {_TUPLE: [_plain(item) for item in value]}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if isinstance(value, dict):
        if _PAIRS in value:
            return {_restored(key): _restored(item) for key, item in value[_PAIRS]}
        if _TUPLE in value:
            return tuple(_restored(item) for item in value[_TUPLE])
        return {key: _restored(item) for key, item in value.items()}
    return value
