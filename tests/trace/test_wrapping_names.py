"""What was taken off is named in the report as what it was: each kind of wrapping by its own name."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable

import pytest
from wrapped_traces import found
from wrappings import Lines, entities

import strace_analyzer as sa

TRACE = [
    b"18433 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",
    b'18433 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
    b"18433 connect(3, {sa_family=AF_INET, sin_port=htons(80), "
    b'sin_addr=inet_addr("203.0.113.80")}, 16) = 0',
    b"18433 close(3)                         = 0",
    b"18434 exit_group(0)                    = ?",
]


def table(separator: str, columns: int, place: int, quoting: int) -> Callable[[Lines], bytes]:
    """As spreadsheets and log stores write it."""

    def written(lines: Lines) -> bytes:
        file = io.StringIO()
        rows = csv.writer(file, delimiter=separator, quoting=quoting, lineterminator="\n")
        for line in lines:
            cells = ["2026-11-29T10:00:00Z", "node-1", "app"][: columns - 1]
            cells.insert(place, line.decode())
            rows.writerow(cells)
        return file.getvalue().encode()

    return written


def joined(end: bytes) -> Callable[[Lines], bytes]:
    return lambda lines: end.join(lines) + end


KINDS: dict[str, tuple[Callable[[Lines], bytes], list[str]]] = {
    "old Mac": (joined(b"\r"), ["carriage returns as line ends"]),
    "no last return": (lambda lines: b"\r".join(lines), ["carriage returns as line ends"]),
    "breaks": (joined(b"<br>"), ["HTML"]),
    "breaks and entities": (lambda lines: b"<BR />".join(map(entities, lines)), ["HTML"]),
    "a fence": (lambda lines: b"```\n" + joined(b"\n")(lines) + b"```\n", ["code fences"]),
    "a fence of tildes": (
        lambda lines: b"~~~ text\n" + joined(b"\n")(lines) + b"~~~\n",
        ["code fences"],
    ),
    "Jira": (
        lambda lines: b"{noformat}\n" + joined(b"\n")(lines) + b"{noformat}\n",
        ["code fences"],
    ),
    "colours": (
        lambda lines: b"".join(b"\x1b[32m" + line + b"\x1b[0m\n" for line in lines),
        ["colours"],
    ),
    "indented": (lambda lines: b"".join(b"    " + line + b"\n" for line in lines), ["indentation"]),
    "a tab": (lambda lines: b"".join(b"\t" + line + b"\n" for line in lines), ["indentation"]),
    "one column": (table(",", 1, 0, csv.QUOTE_MINIMAL), ["CSV"]),
    "one column, quoted": (table(",", 1, 0, csv.QUOTE_ALL), ["CSV"]),
    "two columns": (table(",", 2, 1, csv.QUOTE_MINIMAL), ["CSV"]),
    "the first of three": (table(",", 3, 0, csv.QUOTE_ALL), ["CSV"]),
    "semicolons": (table(";", 4, 2, csv.QUOTE_ALL), ["CSV"]),
    "tabs": (table("\t", 3, 1, csv.QUOTE_ALL), ["TSV"]),
    "ts -s": (
        lambda lines: b"".join(b"00:00:%02d " % at + line + b"\n" for at, line in enumerate(lines)),
        ["a time before each line"],
    ),
    "grep -n": (
        lambda lines: b"".join(b"%d:" % at + line + b"\n" for at, line in enumerate(lines, 1)),
        ["grep -n"],
    ),
    "one string of JSON": (
        lambda lines: b'{"body": "' + b"\\n".join(lines).replace(b'"', b'\\"') + b'"}\n',
        ["JSON lines"],
    ),
    "as strace prints it": (joined(b"\n"), []),
    "CRLF": (joined(b"\r\n"), []),
}


def read(text: bytes) -> sa.Analysis:
    return sa.analyze(io.BytesIO(text), sockets=False)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_read_and_named(kind: str) -> None:
    wrapped, names = KINDS[kind]
    expected, got = read(b"\n".join(TRACE) + b"\n"), read(wrapped(TRACE))
    of = got.traces[0].sources[0]

    assert of.read_through == names
    assert of.unparsed == 0
    assert of.calls == len(TRACE)
    assert of.examined == of.lines
    assert [(rule, outcome) for rule, _, outcome in found(got)] == [
        (rule, outcome) for rule, _, outcome in found(expected)
    ]
    assert {one.process.id for one in got.findings} == {one.process.id for one in expected.findings}
    assert got.traces[0].inconclusive is None


@pytest.mark.parametrize("first", ["     0.000%03d ", "%6d ", "     %d ", "10:00:0%d "])
def test_what_strace_prints_before_a_record_is_not_named(first: str) -> None:
    lines = [first.encode() % at + line[6:] + b"\n" for at, line in enumerate(TRACE)]
    assert read(b"".join(lines)).traces[0].sources[0].read_through == []


@pytest.mark.parametrize("seed", range(12))
def test_in_which_pieces_carriage_returns_come_changes_nothing(seed: int) -> None:
    text = b"\r".join(TRACE) + b"\r"
    chance = random.Random(seed)
    pieces = sorted([*chance.sample(range(1, len(text)), 6), text.index(b"\r") + 1])
    stream = Pieces([text[a:b] for a, b in zip([0, *pieces], [*pieces, len(text)], strict=True)])
    (source,) = sa.analyze(io.BufferedReader(stream, 1 << 16), sockets=False).traces[0].sources
    assert (source.lines, source.calls) == (len(TRACE), len(TRACE))


class Pieces(io.RawIOBase):
    """A pipe that gives what was written, a piece at a time."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._pieces.pop(0) if self._pieces else b""
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_program_that_shows_how_far_it_is_changes_no_line_number() -> None:
    text = b"10%\r20%\r30%\rdone\n" + b"\n".join(TRACE) + b"\n40%\r50%\r"
    got = read(text)
    (finding,) = got.findings
    assert finding.calls["bind"].line == 3
    assert got.traces[0].sources[0].read_through == []


def test_a_string_with_breaks_is_one_record() -> None:
    page = b'18433 write(1, "a(1) = 2<br>b(2) = 3<br>", 24) = 24'
    got = read(b"\n".join([*TRACE[:4], page, TRACE[4]]) + b"\n")
    assert got.traces[0].sources[0].calls == len(TRACE) + 1
