"""Apache Parquet, written one row group at a time (requires pyarrow, the extra `parquet`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Any, TextIO

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.plain import printable
from strace_analyzer.report.formats.format import MergedReport, Table
from strace_analyzer.report.merged.tables import PARTS, parts

_ROWS_OF_A_GROUP = 20_000


def table(table: Table, stream: TextIO) -> None:
    """Write the whole file. Raises ConfigurationError if pyarrow is missing or `stream` is a
    terminal."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigurationError(
            "--format parquet needs pyarrow: pip install 'strace-analyzer[parquet]'"
        ) from error
    if stream.isatty():
        raise ConfigurationError("--format parquet is nothing for a terminal: give -o FILE")
    schema = pa.schema([(name, _type(pa, named)) for name, named in table.columns.items()])
    with parquet.ParquetWriter(stream.buffer, schema, compression="zstd") as writer:
        rows = iter(table.rows())
        while group := list(islice(rows, _ROWS_OF_A_GROUP)):
            columns = [
                pa.array([_sound(row[field.name]) for row in group], field.type) for field in schema
            ]
            writer.write_table(pa.table(columns, schema=schema))
        said = dict(table.metadata())
        if table.doubts is not None:
            said["cannot_tell"] = json.dumps(list(table.doubts))
        if said:
            writer.add_key_value_metadata(said)


def merged(report: MergedReport, stream: TextIO) -> None:
    """Write a row for each trace and cause, so that what other formats sum up can be queried in
    SQL."""
    made = report.made
    table(Table("parts", PARTS, partial(parts, made), tuple, lambda _: None), stream)


def _sound(value: Any) -> Any:
    """Return text as valid UTF-8, whatever a traced program wrote."""
    return printable(value) if isinstance(value, str) else value


def _type(pa: Any, name: str) -> Any:
    """Return the Arrow type of a column from its pandas name."""
    if name.startswith("list<struct<"):
        members = name.removeprefix("list<struct<").removesuffix(">>").split(", ")
        return pa.list_(pa.struct([(m, pa.type_for_alias(t)) for m, t in _pairs(members)]))
    return {
        "string": pa.string(),
        "category": pa.dictionary(pa.int32(), pa.string()),
        "Int64": pa.int64(),
        "Int32": pa.int32(),
        "Float64": pa.float64(),
        "boolean": pa.bool_(),
        "datetime64[us, UTC]": pa.timestamp("us", "UTC"),
    }[name]


def _pairs(members: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((name, kind) for name, _, kind in (member.partition(": ") for member in members))
