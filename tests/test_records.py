"""`_replace` of the records that have their own does what the library's does."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from strace_analyzer.findings import Finding
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.records import replaced_often


class Plain(NamedTuple):
    first: Any
    second: Any
    third: Any = 3


@replaced_often
class Quick(NamedTuple):
    first: Any
    second: Any
    third: Any = 3


def _some_of(record: type[Any]) -> Any:
    return record._make(f"old {name}" for name in record._fields)


@pytest.mark.parametrize("record", [Socket, Finding, Quick])
def test_each_field_can_be_replaced_alone_and_with_all_others(record: type[Any]) -> None:
    old = _some_of(record)
    for place, name in enumerate(record._fields):
        new = old._replace(**{name: "new"})
        assert type(new) is record
        assert tuple(new) == (*old[:place], "new", *old[place + 1 :])
        assert getattr(new, name) == "new"
        assert getattr(old, name) == f"old {name}"
    every = old._replace(**{name: place for place, name in enumerate(record._fields)})
    assert tuple(every) == tuple(range(len(record._fields)))
    assert old._replace() == old


def test_it_is_what_the_library_makes() -> None:
    changes = {"third": None, "first": ()}
    assert tuple(Quick(1, 2)._replace(**changes)) == tuple(Plain(1, 2)._replace(**changes))


def test_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        Quick(1, 2)._replace(fourth=4)
