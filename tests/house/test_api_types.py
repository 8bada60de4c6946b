"""Whoever uses the public API can name the types of what it gives: they are public too."""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Iterator

import strace_analyzer as sa

NOT_PROMISED = {
    "Accounting": "how lines were counted, for the report",
    "Forecast": "what --what-if asked for",
    "Frames": "made with pandas, which is loaded only when it is needed",
    "Listing": "what ss shows",
    "OpenFileDescription": "an object of the kernel model, which changes while it runs",
    "Shown": "as OpenFileDescription",
    "ThreadGroup": "as OpenFileDescription",
    "TraceInput": "how a trace is read",
    "Warning": "would replace Python's own in `from strace_analyzer import *`",
}
"""Types that one comes to from there -> why they, and what they consist of, may change."""


def classes(hint: object) -> Iterator[type]:
    """Yield the classes of ours that a type hint names."""
    if isinstance(hint, list):  # the parameters of a Callable
        for one in hint:
            yield from classes(one)
    elif typing.get_args(hint):
        for one in (typing.get_origin(hint), *typing.get_args(hint)):
            yield from classes(one)
    elif isinstance(hint, type) and hint.__module__.startswith("strace_analyzer"):
        yield hint


def given_by(item: object) -> Iterator[object]:
    """Yield the type hints of what one gets from `item`: what a function returns, what the
    attributes, properties and methods of a class give, what a union consists of."""
    if inspect.isfunction(item):
        yield typing.get_type_hints(item, localns={"os": os}).get("return")
    elif isinstance(item, type):
        for base in item.__mro__:
            if not base.__module__.startswith("strace_analyzer"):
                continue
            for name, hint in typing.get_type_hints(base).items():
                yield None if name.startswith("_") else hint
            for name, value in vars(base).items():
                method = value.fget if isinstance(value, property) else value
                method = getattr(method, "func", getattr(method, "__func__", method))
                if inspect.isfunction(method) and not name.startswith("_"):
                    yield typing.get_type_hints(method).get("return")
    else:
        yield item


def test_the_types_of_what_the_api_gives_are_public() -> None:
    seen: set[type] = set()
    unnamed: set[str] = set()
    coming: list[object] = [getattr(sa, name) for name in sa.__all__]
    while coming:
        for hint in given_by(coming.pop()):
            for one in classes(hint):
                is_public = getattr(sa, one.__name__, None) is one
                if not is_public:
                    unnamed.add(one.__name__)
                elif one not in seen:
                    seen.add(one)
                    coming.append(one)
    assert unnamed == set(NOT_PROMISED)
