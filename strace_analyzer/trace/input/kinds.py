"""Identify a file that is not strace's output by its beginning, and say what to do about it.

Only well-known files are named, each by its magic number or by the form of its lines; about others
nothing is said. Nothing here decides whether a file is a trace: the grammar does.

It is long because it is mostly a table, with a few lines for each kind of file.
"""

from __future__ import annotations

import csv
import re
from typing import NamedTuple

BEGINNING = 1 << 13
"""bytes that are looked at"""
_LINES = 40
"""lines of these that are compared"""


class FileKind(NamedTuple):
    """A kind of file: its description, and one of the seven ways to recognise it."""

    name: str
    advice: str = ""
    magic: tuple[bytes, ...] = ()
    """The file begins with one of these bytes."""
    separators: tuple[bytes, ...] = ()
    """One of these, and no line feed, is between its calls."""
    opening: str = ""
    """Its first non-blank line begins with this expression."""
    line: str = ""
    """At least half of its lines match this expression."""
    anywhere: str = ""
    """At least one of its lines matches it."""
    all_of: tuple[str, ...] = ()
    """Each of these is in some line."""
    delimiters: str = ""
    """Its lines are rows with the same number of fields, separated by one of these, quoted as in
    CSV: six fields or more in all."""
    is_archive: bool = False
    is_prose: bool = False
    """It may contain a trace."""
    calls_are_alike: bool = False
    """Many of its lines parse as strace's."""

    def outweighs(self, beginning: bytes, calls: float, *, is_understood: bool) -> bool:
        """Whether a file of this kind is no trace, although some lines parse as strace's: another
        tracer wrote it, and most lines have its own form or, failing that, are not understood, or
        nothing in its beginning is written by strace alone; or it is an archive with uncompressed
        members, which begin in the middle of its own bytes; or prose with an example. `calls` is
        the fraction of its lines that are calls, 0 to 1."""
        if self.is_archive:
            return True
        if self.is_prose:
            return calls < _EXAMPLES
        if self.calls_are_alike and _ONLY_STRACES.search(beginning) is None:
            return True
        return _USE_STRACE in self.advice and (bool(self.line) or not is_understood)

    def __str__(self) -> str:
        return f"{self.name} ({self.advice})" if self.advice else self.name

    def fits(self, beginning: bytes, lines: list[str]) -> bool:
        """Whether the beginning, or the non-blank lines, are of this kind."""
        if self.magic:
            return beginning.startswith(self.magic)
        if self.separators:
            return any(mark in beginning for mark in self.separators) and (
                _NEXT_CALL.search(beginning) is not None
            )
        if self.opening:
            return bool(lines) and re.match(self.opening, lines[0]) is not None
        if self.delimiters:
            return any(_is_table(lines, delimiter) for delimiter in self.delimiters)
        if self.all_of:
            return all(any(re.search(one, line) for line in lines) for one in self.all_of)
        found = sum(re.search(self.line or self.anywhere, line) is not None for line in lines)
        return found * 2 >= len(lines) > 0 if self.line else found > 0


_USE_STRACE = "only strace's own output can be read: strace-analyzer command -- CMD"
_EXAMPLES = 0.05
_ONLY_STRACES = re.compile(
    rb"\{sa_family=|0x[0-9a-f]+ /\* [0-9]+ vars? \*/|^\+\+\+ exited with|= -1 E[A-Z]+ \(", re.M
)
"""Decoded addresses and arguments, ends of processes, errors with descriptions."""
_UNPACK = "unpack it first"
_IS_TEXT = "a trace is text: strace -o FILE"
_SS = "it can name the holders of ports beside a trace: --ss FILE"
_SEPARATORS = (b"\x0b", b"\x0c", b"\x1e", b"\0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
"""What ends lines elsewhere: vertical tab, form feed, record separator, NUL (find -print0), and
Unicode's NEXT LINE, LINE SEPARATOR and PARAGRAPH SEPARATOR."""
_NEXT_CALL = re.compile(
    rb"(?:[\x0b\x0c\x1e\0]|\xc2\x85|\xe2\x80[\xa8\xa9])[\x20-\x27\x29-\x7e]{0,60}[a-z0-9_]\("
)
"""A call after one of these."""
_BYTE_ORDER_MARKS = {
    "UTF-32": (b"\xff\xfe\0\0", b"\0\0\xfe\xff"),
    "UTF-16": (b"\xff\xfe", b"\xfe\xff"),
}
_WITHOUT_MARKS = {
    "UTF-32LE": r"(?:[ -~]\0\0\0){3}",
    "UTF-32BE": r"(?:\0\0\0[ -~]){3}",
    "UTF-16LE": r"(?:[ -~]\0){4}",
    "UTF-16BE": r"(?:\0[ -~]){4}",
}
"""The first characters, where they are ASCII."""

KINDS = (
    FileKind(
        "an ELF binary",
        "to trace a program: strace-analyzer run -- PROGRAM",
        magic=(b"\x7fELF",),
    ),
    *(
        FileKind(f"text in {name}", f"convert it: iconv -f {name} -t UTF-8", magic=marks)
        for name, marks in _BYTE_ORDER_MARKS.items()  # that of UTF-16 begins one of UTF-32
    ),
    *(
        FileKind(f"text in {name}", f"convert it: iconv -f {name} -t UTF-8", opening=letters)
        for name, letters in _WITHOUT_MARKS.items()
    ),
    FileKind("data of perf record", "perf trace and perf script print it", magic=(b"PERFILE2",)),
    FileKind(
        "a capture of packets (pcap)",
        "packets do not show bind(): trace the program",
        magic=(
            b"\xd4\xc3\xb2\xa1",
            b"\xa1\xb2\xc3\xd4",
            b"\x4d\x3c\xb2\xa1",
            b"\xa1\xb2\x3c\x4d",
            b"\x0a\x0d\x0d\x0a",
        ),
    ),
    FileKind(
        "a zip archive",
        "unpack it: unzip -p FILE | strace-analyzer",
        magic=(b"PK\x03\x04",),
        is_archive=True,
    ),
    FileKind("a 7z archive", _UNPACK, magic=(b"7z\xbc\xaf\x27\x1c",)),
    FileKind("NUL bytes", "it was never written, or lost in a crash", magic=(bytes(16),)),
    FileKind(
        "compressed data once more",
        "it was compressed twice, decompress it once",
        magic=(b"\x1f\x8b\x08", b"\xfd7zXZ\x00", b"BZh", b"\x28\xb5\x2f\xfd"),
    ),
    FileKind("an image", _IS_TEXT, magic=(b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8")),
    FileKind(
        "a PDF", "take its text: pdftotext -layout FILE - | strace-analyzer", magic=(b"%PDF-",)
    ),
    FileKind(
        "text with other line ends than line feeds",
        "make them line feeds: "
        r"perl -pe 's/[\0\x0b\x0c\x1e]|\xc2\x85|\xe2\x80[\xa8\xa9]/\n/g' FILE | strace-analyzer",
        separators=_SEPARATORS,
    ),
    FileKind(
        "the JSON report of strace-analyzer",
        "compare and --baseline read it from a file",
        opening=r'\{"schema": \d+,',
    ),
    FileKind(
        "bytes of Python's",
        "print them: python3 -c 'import ast, sys; "
        "print(ast.literal_eval(sys.stdin.read()).decode())'",
        opening=r"b'[^']*\\n",
    ),
    FileKind(
        "lines in single quotes",
        "take them off: sed \"s/^[ -]*b*'//; s/',*$//\"",
        line=r"^\s*(?:- )?b?'.*',?$",
    ),
    FileKind(
        "strings of source code, a line in each",
        """take them off: sed -e 's/^[^"]*"//' -e 's/\\(\\\\n\\)*"[ +,;)]*$//' -e 's/\\\\"/"/g'""",
        line=r'^\s*+(?:[\w.\[\]<>][\w.\[\]<> ]*+[(=]\s*+)?(?:\+\s*+)?"(?:[^"\\]|\\.)*+"[\s+,;)]*+$',
    ),
    FileKind(
        "a list of Python's",
        "print its lines: python3 -c 'import ast, sys; "
        'print(*ast.literal_eval(sys.stdin.read()), sep="\\n")\'',
        opening=r"\[b?'",
    ),
    FileKind(
        "JSON",
        "take its text: jq -r '.. | strings' FILE | strace-analyzer",
        opening=r'[\[{]\s*(?:$|["\[{\]}]|-?\d+\s*[,\]])',
    ),
    FileKind(
        "a dump of bytes",
        "give the text itself; what xxd wrote: xxd -r FILE | strace-analyzer",
        line=r"^[0-9a-fA-F]{6,16}:? {1,2}(?:[0-9a-fA-F]{2}){1,2} "
        r"|^[0-7]{7,}(?: (?:[0-7]{3}|  [!-~]|   |\\.| \\.)){8,}"
        r"|^[0-7]{7,}(?: [0-7]{6}){4,}$",
    ),
    FileKind("text in base64", "decode it: base64 -d", line=r"^[A-Za-z0-9+/]{40,}={0,2}$"),
    FileKind(
        "percent-encoded text",
        "decode it: python3 -c 'import sys, urllib.parse; "
        "print(urllib.parse.unquote(sys.stdin.read()))'",
        line=r"^(?>.*?%28)(?>.*?%29).*%3D",
    ),
    FileKind("rich text (RTF)", "convert it: unrtf --text FILE", opening=r"\{\\rtf"),
    FileKind("XML", "take its text: xmllint --xpath 'string(/)' FILE", line=r"<!\[CDATA\["),
    FileKind(
        "a web page",
        "take its text: w3m -dump -cols 9999 FILE | strace-analyzer",
        opening=r"(?i)<(?:!doctype|html|\?xml)",
    ),
    FileKind(
        "the output of perf trace",
        _USE_STRACE,
        line=r"^\s*(?:\?|[\d.]+) \(\s*(?:[\d.]+ ms\s*)?\): .*\b\w+\(",
    ),
    FileKind(
        "the output of perf script",
        _USE_STRACE,
        line=r"^\s*\S+\s+\d+(?:/\d+)?\s+(?:\[\d+\]\s+)?[\d.]+: +\w+:\w+:",
    ),
    FileKind(
        "a log of gVisor's strace", _USE_STRACE, line=r"\] \[ *\d+(?:: *\d+)?\] \S+ [EX] \w+\("
    ),
    FileKind(
        "the output of dtruss",
        _USE_STRACE,
        anywhere=r"^(?:.*\s)?SYSCALL\(args\)\s+= return|\)\s+= -?\w+ (?:Err#)?-?\d+$",
        calls_are_alike=True,
    ),
    FileKind(
        "the output of truss",
        _USE_STRACE,
        line=r"^(?:\s*\d+(?:/\d+)?:)?\s*[a-z]\w*\(.*\)\s+(?:= \d+ \(0x[0-9a-f]+\)|Err#\d+)",
    ),
    FileKind(
        "the output of truss of Solaris",
        _USE_STRACE,
        anywhere=r"\)\s+argc = \d+$|\)\s+Err#\d+ [A-Z]|^(?:\d+(?:/\d+)?:\s*)?so_socket\(",
        calls_are_alike=True,
    ),
    FileKind(
        "the output of kdump",
        _USE_STRACE,
        line=r"^\s*\d+\s+(?:\d+\s+)?\S+\s+(?:CALL|RET|NAMI|GIO|STRU|PSIG|CSW|USER)\s",
    ),
    FileKind(
        "the output of ltrace",
        "library calls are not system calls; " + _USE_STRACE,
        anywhere=r"^(?:\[pid \d+\] |\d+ )?(?:__libc_start_main|SYS_\w+|\S+->\w+)\("
        r"|\) += (?:nil|<void>)$|^\+\+\+ exited \(status \d+\) \+\+\+$"
        r"|^(?:\[pid \d+\] |\d+ )?(?:malloc|calloc|free|str[a-z]{3,}|puts|printf|mem(?:set|cpy))"
        r"\(.*\)\s+= ",
        calls_are_alike=True,
    ),
    FileKind("a log of auditd", _USE_STRACE, line=r"^(?:node=\S+ )?type=[A-Z_]+ msg=audit\("),
    FileKind("the output of bpftrace", _USE_STRACE, opening=r"Attach(?:ing|ed) \d+ probes?"),
    FileKind("an ftrace log", _USE_STRACE, opening=r"# tracer: "),
    FileKind(
        "the output of sysdig", _USE_STRACE, line=r"^\d+ [\d:.]+ \d+ \S+ \(\d[.:\d]*\) [<>] \w+"
    ),
    FileKind(
        "the output of tcpdump",
        "packets do not show bind(): trace the program",
        line=r"^(?:\d{4}-\d\d-\d\d )?[\d:.]+ (?:\S+ +(?:In|Out) +)?(?:IP6?|ARP)\b.* ",
    ),
    FileKind("the output of ss", _SS, opening=r"(?:Netid +)?State +Recv-Q +Send-Q "),
    FileKind("/proc/net/tcp", _SS, opening=r" *sl +local_address "),
    FileKind(
        "the output of netstat",
        "the output of ss -tanp can be given as --ss FILE",
        opening=r"Active Internet ",
    ),
    FileKind(
        "a document in Markdown",
        "give the trace in it alone",
        all_of=(r"^# \S", r"^## \S", r"\]\(\S+\)"),
        is_prose=True,
    ),
    FileKind("a Python traceback", "", opening=r"Traceback \(most recent call last\)"),
    FileKind(
        "a log of Process Monitor",
        _USE_STRACE,
        opening='"Time of Day","Process Name","PID","Operation"',
    ),
    FileKind(
        "a table (CSV or the like)",
        "of a trace in a column, give that column alone",
        delimiters=",;\t|",
    ),
    FileKind(
        "a log of another program",
        "give the trace in it alone",
        line=r"^\W?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d"
        r"|^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d"
        r"|^\W?(?:\d\d:\d\d:\d\d\S* )?\W?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL)\b",
    ),
    FileKind(
        "prose",
        "give the trace in it alone",
        line=r"^\W*+[^\W\d_][\w'\u2019-]*+[,.;:]?(?: [\w'\u2019\"-]++[,.;:!?\"]*+){2,}+$",
    ),
)
"""in the order in which they are tried"""


def _is_table(lines: list[str], delimiter: str) -> bool:
    rows = list(csv.reader(lines, delimiter=delimiter))
    columns = {len(row) for row in rows}
    return len(columns) == 1 and min(len(rows), *columns) > 1 and len(rows) * max(columns) >= 6


def kind_of(beginning: bytes) -> FileKind | None:
    """Return the kind of a file with this beginning; None if it is none of those known here."""
    text = beginning[:BEGINNING].decode("utf-8", "replace").removeprefix("\ufeff")
    whole = text.splitlines()[: -1 if len(beginning) >= BEGINNING else None] or [text]
    lines = [line.rstrip(" \r\n") for line in whole if line.strip()][:_LINES]
    return next((kind for kind in KINDS if kind.fits(beginning, lines)), None)
