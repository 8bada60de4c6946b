"""A NamedTuple of many fields in, the same out, whose `_replace` takes less than half the time."""

from __future__ import annotations

from typing import Any, TypeVar

Record = TypeVar("Record", bound=tuple[Any, ...])


def replaced_often(record: type[Record]) -> type[Record]:
    """For a class that is copied with a change or two on every other line of a trace: the library's
    own `_replace` looks each field up among the changes, not each change among the fields.

    A field that the class does not have raises KeyError.
    """
    fields: tuple[str, ...] = record._fields  # type: ignore[attr-defined]
    places = {name: place for place, name in enumerate(fields)}

    def _replace(self: Record, /, **changes: Any) -> Record:
        values = list(self)
        for name, value in changes.items():
            values[places[name]] = value
        return tuple.__new__(record, values)

    record._replace = _replace  # type: ignore[attr-defined]
    return record
