"""The columns of an event row by name, for tables: CSV, Parquet, pandas.

docs/events.md lists them. Types have pandas names; `args` and `stack` are lists of structs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from strace_analyzer.report.events.row import EventRow
from strace_analyzer.report.rows import NAME, NUMBER, SECONDS, TEXT

TIME = "datetime64[us, UTC]"
ARGUMENTS = "list<struct<name: string, text: string>>"
STACK = "list<struct<binary: string, function: string, offset: int64, address: string>>"
PORT = "Int32"

COLUMNS: Mapping[str, str] = {
    "type": NAME, "trace": TEXT, "source": TEXT, "line": NUMBER, "end_line": NUMBER,
    "tid": NUMBER, "tgid": NUMBER, "command": NAME, "seconds": SECONDS, "time": TIME,
    "duration_seconds": SECONDS, "name": NAME, "args": ARGUMENTS, "args_json": TEXT,
    "ret": NUMBER, "ret_text": TEXT, "errno": NAME, "fd": NUMBER, "fd_target": TEXT,
    "socket": TEXT, "local_address": TEXT, "local_port": PORT, "peer_address": TEXT,
    "peer_port": PORT, "stack": STACK, "raw": TEXT,
}  # fmt: skip
FLAT: Mapping[str, str] = {**COLUMNS, "args": TEXT, "stack": TEXT}
"""the same without lists: arguments and frames as strace prints them"""


def columns(row: EventRow) -> dict[str, object]:
    """Return the values of COLUMNS."""
    named: dict[str, object] = row._asdict()
    del named["at"]
    named["duration_seconds"] = named.pop("duration")
    named["time"] = row.time
    named["args"] = [{"name": arg.name, "text": arg.text} for arg in row.args]
    named["args_json"] = json.dumps([arg.value for arg in row.args])
    named["stack"] = None if row.stack is None else [frame._asdict() for frame in row.stack]
    return named


def flat(row: EventRow) -> dict[str, object]:
    """Return the values of FLAT."""
    named = columns(row)
    named["time"] = None if row.time is None else f"{row.time:%Y-%m-%dT%H:%M:%S.%f}Z"
    named["args"] = ", ".join(
        arg.text if arg.name is None else f"{arg.name}={arg.text}" for arg in row.args
    )
    if row.stack is not None:
        named["stack"] = "\n".join(map(str, row.stack))
    return named
