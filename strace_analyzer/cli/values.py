"""What the values of the options can be, and how they are read: text in, what it means out."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import typer

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.moment import parse_duration

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,12})(?::[0-9]*)?:?")

Meaning = TypeVar("Meaning")


LevelName = Literal["note", "warning", "error"]
"""A level of findings (LEVELS), the least first."""


class Ports(NamedTuple):
    """A range of local ports, both ends included."""

    low: int
    high: int


def is_piped(traces: Sequence[str] | None) -> bool:
    """Standard input is the only trace."""
    return list(traces or ["-"]) == ["-"]


def parser(read: Callable[[str], Meaning]) -> Callable[[str], Meaning]:
    """`read` for an option's value: its ConfigurationError becomes typer's, which names the
    option."""

    def parse(text: str) -> Meaning:
        try:
            return read(text)
        except ConfigurationError as error:
            raise typer.BadParameter(str(error)) from error

    return parse


def names(typed: Sequence[str] | None) -> frozenset[str]:
    """`connect,bind` and repetitions of the option, as one set."""
    words = (word.strip() for text in typed or () for word in text.split(","))
    return frozenset(word for word in words if word)


def place(argument: str) -> tuple[str, int | None]:
    """`trace.txt:407`, as an editor names a line, as the file and the line; None as the line of
    anything else, such as a file whose name ends so. Raises ConfigurationError for line 0."""
    match = _PLACE.fullmatch(argument)
    if match is None or os.path.exists(argument):
        return argument, None
    if int(match["line"]) == 0:
        raise ConfigurationError(f"{argument}: lines are counted from 1")
    return match["file"], int(match["line"])


def name(what: str) -> Callable[[str], str]:
    """Lets through any word but one that looks like an option, of which the value was forgotten."""

    def read(text: str) -> str:
        _refuse_option(text, what)
        return text

    return read


def _refuse_option(text: str, what: str) -> None:
    if text.startswith("--"):
        raise ConfigurationError(f"{text} stands where {what} is wanted")


def process(text: str) -> int:
    """A process id. Raises ConfigurationError for anything else, such as a name."""
    _refuse_option(text, "a process id (such as 4510)")
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise ConfigurationError(f"{text}: no process id; by its name: attach --name {text}")
    if int(text) == 0:
        raise ConfigurationError("0: no process has this id")
    return int(text)


def some_time(text: str) -> float:
    """For how many seconds: `30s`, `5m`. Raises ConfigurationError for anything else, and for no
    time at all."""
    _refuse_option(text, "a time (such as 30s, 5m or 1h)")
    seconds = parse_duration(text)
    if not seconds:
        raise ConfigurationError(f"{text}: nothing can be seen in no time: such as 30s, 5m or 1h")
    return seconds


def ports(text: str) -> Ports:
    """`32768-60999`. Raises ConfigurationError for anything that is no range of
    ports."""
    match = re.fullmatch(r"\s*([0-9]{1,5})\s*-\s*([0-9]{1,5})\s*", text)
    if match is not None and 1 <= int(match[1]) <= int(match[2]) <= 65535:
        return Ports(int(match[1]), int(match[2]))
    raise ConfigurationError(f"{text}: not two ports, LO-HI, such as 32768-60999")


def _standard_input() -> bytes:
    """All of it; nothing where it is closed."""
    return b"" if sys.stdin is None else sys.stdin.buffer.read()


def output_file(text: str) -> Path | None:
    """The file of -o; `-` is standard output, None. Raises ConfigurationError where it is no
    name."""
    return None if text == "-" else saved_file(text)


def saved_file(text: str) -> Path:
    """A file that is to be written. Raises ConfigurationError where it is no name."""
    if not text:
        raise ConfigurationError("'' names no file: it is empty (a variable that is not set?)")
    return Path(text)


def listed_in(file: str) -> list[str]:
    """The names in a file, a line each, or each ended by NUL (find -print0); `-` is standard input.
    Raises ConfigurationError if it cannot be read or has none."""
    try:
        content = _standard_input() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"--files-from {file}: {error.strerror or error}") from error
    between = b"\0" if b"\0" in content else b"\n"
    found = [os.fsdecode(name.rstrip(b"\r")) for name in content.split(between) if name.strip()]
    if not found:
        raise ConfigurationError(f"--files-from {file}: no name in it")
    return found
