"""Takes pieces of text or blocks, writes them to standard output or to the file of `-o`."""

from __future__ import annotations

import errno
import io
import locale
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from strace_analyzer.cli.say import say
from strace_analyzer.errors import NotReplacedError, TraceError
from strace_analyzer.plain import is_unicode
from strace_analyzer.starting import ends_quietly
from strace_analyzer.trace.input.accounting import Interruption
from strace_analyzer.trace.input.named import traces

FOR_PEOPLE = ("text", "concise")
"""formats that are written as the terminal's locale has it"""


_DIED_BY = 128
"""what a shell adds to the number of the signal"""
_ENDED_BY = (signal.SIGTERM, signal.SIGHUP)


def end_well() -> None:
    """From here on Ctrl-C raises KeyboardInterrupt, and another signal that asks for the end
    SystemExit with 128 + its number, so that what was begun is cleaned up."""
    if signal.getsignal(signal.SIGINT) is ends_quietly:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in _ENDED_BY:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)


def as_before() -> None:
    """Undo `end_well` for all but Ctrl-C."""
    for number in _ENDED_BY:
        if signal.getsignal(number) is _leave:
            signal.signal(number, signal.SIG_DFL)


def _leave(number: int, frame: FrameType | None) -> None:
    end_now(number)


def end_now(number: int) -> NoReturn:
    """What a signal with this number becomes after `end_well`: KeyboardInterrupt or SystemExit."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(_DIED_BY + number)


def never() -> None:
    """Nothing interrupts the reading."""


@contextmanager
def destination(
    path: Path | None,
    format: str,
    inputs: Sequence[str] = (),
    interrupted: Callable[[], Interruption | None] = never,
) -> Iterator[TextIO]:
    """Where the report goes, in the form `format`. A file is written aside and renamed when it is
    whole, so that nobody ever reads half a report; a link to it stays one. What is no regular file
    (a FIFO) is written directly, and so is what standard output or error goes to (/dev/stdout),
    where that is.

    Raises TraceError if it cannot be written, or is one of the traces that `inputs` name;
    NotReplacedError if there is a file and the reading was `interrupted`, which is asked when the
    report is written, or a signal came meanwhile.
    """
    end_well()
    if path is None:
        take_any_character(sys.stdout, format)
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        sources = _read(inputs)
        if path.is_file() and (_is_standard_input(path, inputs) or _is_one(path, sources)):
            raise TraceError(f"{path} is one of the traces: give -o another name")
        if _is_named_like(path, sources):
            raise TraceError(
                f"{path} would be read as a file of the trace the next time: give -o another name"
            )
        own = next((fd for fd in (1, 2) if _goes_to(fd, path)), None)
        if own is not None or (path.exists() and not path.is_file()):
            with open(path if own is None else os.dup(own), "w", encoding="utf-8") as stream:
                yield stream
            return
        place = path.resolve()
        aside = place.with_name(f".{place.name}.{os.getpid()}.part")
        try:
            with aside.open("x", encoding="utf-8") as stream:
                yield stream
            early = interrupted()
            if early is not None and place.exists():
                raise NotReplacedError(f"{path} is as it was: {early.how_far}", early.signal)
            aside.replace(place)
            if early is not None:
                say([f"{path} is of a part: {early.how_far}"])
        except BaseException as error:
            with suppress(OSError):
                aside.unlink()
            number = _signal_of(error)
            if number is None:
                raise
            state = "is as it was" if place.exists() else "is not written"
            raise NotReplacedError(f"{path} {state}: interrupted", number) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TraceError(f"cannot write {path}: {error.strerror}") from error


def _signal_of(error: BaseException) -> int | None:
    """The number of the signal that `end_well` made an exception of."""
    if isinstance(error, KeyboardInterrupt):
        return signal.SIGINT
    if isinstance(error, SystemExit) and isinstance(error.code, int):
        number = error.code - _DIED_BY
        return number if number in _ENDED_BY else None
    return None


def _read(inputs: Sequence[str]) -> list[list[Path]]:
    """The files of each of the traces that `inputs` name."""
    found = []
    for name in inputs:
        with suppress(TraceError):  # said when it is read
            named = traces([name]) if name != "-" else []
            found += [[one.path for one in trace.sources if one.path] for trace in named]
    return found


def _is_standard_input(path: Path, inputs: Sequence[str]) -> bool:
    return "-" in inputs and _goes_to(0, path)


def _is_one(path: Path, traces: list[list[Path]]) -> bool:
    """`path` is a file of one of the traces."""
    return any(_is_same(source, path) for sources in traces for source in sources)


def _is_named_like(path: Path, traces: list[list[Path]]) -> bool:
    """`path` has the name of another file of an -ff family that is read: PREFIX.PID."""
    return path.suffix[1:].isdecimal() and any(
        len(sources) > 1
        and path.stem == sources[0].stem
        and path.resolve().parent == sources[0].resolve().parent
        for sources in traces
    )


def _goes_to(fd: int, path: Path) -> bool:
    """The descriptor is open on this file."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:  # it is closed, or there is no such file
        return False


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)


def keep_to_the_locale() -> None:
    """In the locale C Python writes UTF-8 all the same, by a mode of its own: then what we print is
    ASCII, unless the user asked for that mode."""
    if not sys.flags.utf8_mode or "PYTHONUTF8" in os.environ or is_unicode(locale.getencoding()):
        return
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="ascii", errors="backslashreplace")


def take_any_character(stream: TextIO, format: str) -> None:
    """What programs read is UTF-8 in every locale, as in a file. For people characters that the
    locale's encoding lacks become escapes."""
    if isinstance(stream, io.TextIOWrapper) and not is_unicode(stream.encoding):
        if format in FOR_PEOPLE:
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8", errors="strict")


def line_writer(stream: TextIO) -> Callable[[str], None]:
    """What writes a line to `stream` so that it is seen at once."""

    def write(line: str) -> None:
        stream.write(line)
        stream.flush()

    return write


@contextmanager
def unheard(stream: TextIO) -> Iterator[None]:
    """Where the reader of `stream` has gone (`| head`, a terminal that was closed), nothing more is
    written and nobody complains."""
    try:
        yield
        stream.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        # what is still buffered must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
