"""Redact rows of `events`, which also lose everything that was sent or received."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from strace_analyzer.report.events.arguments import encoded
from strace_analyzer.report.events.row import Argument, EventRow, Json
from strace_analyzer.report.redaction.texts import STRING
from strace_analyzer.report.redaction.values import COMMANDS, PATHS, Values
from strace_analyzer.rules.payload import carries_data, preceding, without_payload
from strace_analyzer.trace.events import EXECS

_CONSTANT = re.compile(r"[A-Z][A-Z0-9_|~& ]*|\d+|0x[0-9a-f]+")


def event(row: EventRow, values: Values) -> EventRow:
    """Return the redacted row. `raw` is rebuilt for calls only, since other lines can contain
    anything."""
    name = row.name or ""
    shown = _shown(row, name, values)
    return shown._replace(raw=_printed(shown) if row.raw and row.type == "syscall" else None)


def _printed(row: EventRow) -> str:
    """Format a call as strace prints it."""
    args = ", ".join(f"{arg.name}={arg.text}" if arg.name else arg.text for arg in row.args)
    if row.ret_text is None:
        return f"{row.name}({args}"
    took = "" if row.duration is None else f" <{row.duration:.6f}>"
    return f"{row.name}({args}) = {row.ret_text}{took}"


def _shown(row: EventRow, name: str, values: Values) -> EventRow:
    return row._replace(
        source=values.source(row.source),
        command=None if row.command is None else _command(row.command, values),
        args=tuple(_argument(row.args, at, name, values) for at in range(len(row.args))),
        ret_text=None if row.ret_text is None else values.call(row.ret_text),
        fd_target=None if row.fd_target is None else _target(row.fd_target, values),
        local_address=_address(row.local_address, values),
        peer_address=_address(row.peer_address, values),
        stack=row.stack
        and tuple(frame._replace(binary=values.path(frame.binary)) for frame in row.stack),
    )


def _command(said: str, values: Values) -> str:
    """Redact a command name, or with --argv a whole command line."""
    if " " not in said:
        values.learn_command(said.rpartition("/")[2])
        return values.command(said)
    try:
        words = shlex.split(said)
    except ValueError:  # strace cut it inside a quote
        words = said.split()
    told, is_cut = values.argv(tuple(words), False)
    return shlex.join(told) + (" ..." if is_cut else "")


def _argument(args: Sequence[Argument], at: int, call: str, values: Values) -> Argument:
    arg = args[at]
    if carries_data(call):
        option = preceding(call, [one.text for one in args], at)
        text = values.call(without_payload(call, option + arg.text)).removeprefix(option)
    elif call in EXECS and values.hides(COMMANDS) and arg.text.startswith("["):
        return _command_line(arg, values)
    elif call not in EXECS and values.hides(PATHS) and not arg.text.startswith("{"):
        text = STRING.sub(lambda match: f'"{values.path(match["text"])}"', arg.text)
        text = values.call(text) if '"' not in arg.text else text
    else:
        text = values.call(f"{call}({arg.text}").removeprefix(f"{call}(")
    before, after = STRING.finditer(arg.text), STRING.finditer(text)
    told = {was["text"]: now["text"] for was, now in zip(before, after, strict=False)}
    value = _value(arg.value, told, values)
    return arg._replace(
        text=text,
        value=value,
        json=encoded(arg.name, text, value),
        target=None if arg.target is None else _target(arg.target, values),
        ends=arg.ends
        and (
            _address(arg.ends[0], values),
            arg.ends[1],
            _address(arg.ends[2], values),
            arg.ends[3],
        ),
    )


def _command_line(arg: Argument, values: Values) -> Argument:
    """Redact argv or the environment of execve(), leaving the first word, which in argv is the
    name."""
    first = STRING.search(arg.text)
    name = "" if first is None else first["text"].rpartition("/")[2]
    value: Json = [values.command(name)] if name else []
    text = f'["{values.command(name)}", ...]' if name else "[...]"
    return arg._replace(text=text, value=value, json=encoded(arg.name, text, value))


def _value(value: Json, told: dict[str, str], values: Values) -> Json:
    """Redact the value of an argument: strings become their redacted text; of other values,
    whatever may be sensitive is dropped."""
    if isinstance(value, list):
        return [_value(item, told, values) for item in value]
    if isinstance(value, dict):
        return {key: _value(item, told, values) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    if value in told:
        return told[value]
    shown = values.address(value)
    if shown != value or _CONSTANT.fullmatch(value):
        return shown
    return values.path(value) if value.startswith("/") else "..."


def _target(text: str, values: Values) -> str:
    """Redact `/run/x`, `TCP:[192.0.2.1:4711->192.0.2.2:80]`, `UNIX-STREAM:[7,"/run/x"]`."""
    return values.call(f"0<{text}>")[2:-1]


def _address(text: str | None, values: Values) -> str | None:
    return None if text is None else values.address(text)
