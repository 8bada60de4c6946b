"""A class decorator for NamedTuples with many fields: makes `_replace` more than twice as fast."""

from __future__ import annotations

from typing import Any, TypeVar

Record = TypeVar("Record", bound=tuple[Any, ...])


def replaced_often(record: type[Record]) -> type[Record]:
    """Decorate a class that is copied with a change or two on every other line of a trace. The
    standard `_replace` looks up each field among the changes; this one looks up each change among
    the fields.

    `_replace` raises KeyError for a field that the class does not have.
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
