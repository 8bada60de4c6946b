"""Remove what stands before each line: quoting, and the names, times and numbers of other tools.

One row per kind. A prefix is removed only if a record follows it (`stage`), so a row may match
generously; but it must not consume what strace itself prints before a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property

from strace_analyzer.trace.input.wrapping.peeled import Layer, Peeled

_RFC3339 = (
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?"
    rb"(?: ?(?:Z|UTC|[-+][0-9]{2}:?[0-9]{2}))?"
)
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_RFC3164 = rb"%b [ 0-9][0-9](?: [0-9]{4})? [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?" % _MONTH
_TIME = rb"(?:(?:%b )?%b|%b|[0-9]{9,11}\.[0-9]{6}|\[ *[0-9]+\.[0-9]{6}\])" % (
    _DAY,
    _RFC3339,
    _RFC3164,
)
_NO_TIME = rb"(?![0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)? )"
"""A time of day is not a line number."""
_NO_HOURS = rb"(?![^\s:./]*:[0-9]{2}:[0-9]{2}[., ])"
_IDENT = rb"[^\s:\[\]]+(?:\[[0-9]+\])?"


class Prefix:
    """A prefix matched by an expression; its group `stream` is the owner of the line. If something
    also follows the line, the expression matches everything, with the line as group `text`."""

    is_around = True

    def __init__(self, name: str, expression: bytes) -> None:
        self.name = name
        self._expression = expression

    @cached_property
    def _match(self) -> Callable[[bytes], re.Match[bytes] | None]:
        """Compiled when first needed, since the lines of most traces have no prefix."""
        return re.compile(self._expression).match

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text after the prefix."""
        match = self._match(text)
        if match is None:
            return None
        groups = match.groupdict()
        rest = groups.get("text", text[match.end() :])
        return Peeled(rest, groups.get("stream") or b"", groups.get("partial") == b"P")


class Blanks:
    """Indentation of lines in a list, a quotation or a page."""

    name = "indentation"
    is_around = False

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text after it."""
        return Peeled(text.lstrip()) if text[:1].isspace() else None


BLANKS = Blanks()


class Quoting:
    """Quote marks of mail replies, in any mix and with blanks between."""

    name = '"> " quoting'
    is_around = True

    _next = re.compile(rb"[ \t]{0,8}(?:>|\|(?=[ \t>|]|\Z)|\xc2\xbb)").match

    def peel(self, text: bytes, most: int = 99) -> Peeled | None:
        """Return the text after all marks, or after `most` of them."""
        end = depth = 0
        while depth < most and (match := self._next(text, end)) is not None:
            end = match.end()
            depth += 1
        if not depth:
            return None
        return Peeled(text[end + (text[end : end + 1] in (b" ", b"\t")) :], depth=depth)


QUOTING = Quoting()
MARKS = Prefix(
    "marks before lines",
    rb"[ \t]*(?:///?|#|%|;|--|->|=>|\$|!|\*|\xe2\x80\xa2|rem|REM|dnl)[ \t]*",
)
"""Marks put before a line by hand, or by comments of programming languages."""

_NUMBERED = re.compile(rb" *[0-9]+(\t| *)")
_MOST_BLANKS = 4
"""Between a number and a record; strace begins lines with more (-r)."""


def line_numbers(lines: Iterable[bytes]) -> Layer:
    """Return the layer of `lines`, each of which begins with its number."""
    gaps = [match[1] for line in lines if (match := _NUMBERED.match(line))]
    blanks = min(map(len, gaps), default=1)
    gap = rb"\t" if b"\t" in gaps else rb" {%d}" % (blanks if blanks <= _MOST_BLANKS else 1)
    return Prefix("line numbers", rb"[ \t]*[0-9]+(?:%b|\Z)" % gap)


NUMBERS: tuple[Layer, ...] = (
    Prefix("grep -n", rb"%b[0-9]+[:-]" % _NO_TIME),
    Prefix(
        "line numbers",
        _NO_TIME
        + rb"[ \t]*[Ll]?[0-9]+(?:[ \t]*(?:[:.|)]|\xe2\x94\x82|>)[ \t]?|\t| {2,4}(?=[0-9\[])"
        rb"| (?=[0-9]+ ))",
    ),
)
"""Line numbers. Lines numbered after they were folded have consecutive numbers on their pieces."""

_BORDER = rb"(?:\||\xe2\x94[\x82\x83]|\xe2\x95\x91)"

PREFIXES: tuple[Layer, ...] = (
    Prefix(
        "the borders of a table",
        rb"[ \t]*%b(?:[ \t]*[0-9]+[ \t]*%b)?[ \t]?(?P<text>.*[^ \t])[ \t]*%b[ \t]*\Z"
        % (_BORDER, _BORDER, _BORDER),
    ),
    QUOTING,
    Prefix("quoting with initials", rb"(?:[ \t]{0,8}[A-Z][A-Za-z.]{0,3}>)+[ \t]"),
    Prefix("the prefixes of docker compose", rb"(?P<stream>[A-Za-z0-9][A-Za-z0-9_.@-]*)[ \t]*\| ?"),
    Prefix(
        "the prefixes of kubectl logs --prefix",
        rb"\[(?P<stream>(?:pod|job|deploy[a-z]*|[a-z]+)/[^\]\s]+)\] ?",
    ),
    Prefix(
        "the log format of the container runtime (CRI)",
        rb"%b std(?:out|err) (?P<partial>[FP])(?::[A-Z])* ?" % _RFC3339,
    ),
    Prefix(
        "RFC 5424 syslog",
        rb"(?:<[0-9]{1,3}>[0-9]{1,2} )%b (?P<stream>\S+ \S+ \S+) \S+ "
        rb'(?:-|(?:\[(?:[^\]"\\]|"(?:[^"\\]|\\.)*"|\\.)*\])+) ?(?:\xef\xbb\xbf)?'
        % _RFC3339.replace(rb"[T ]", b"T"),
    ),
    Prefix(
        "syslog or the journal",
        rb"(?:<[0-9]{1,3}>)?%b (?P<stream>\S+ %b%b): ?" % (_TIME, _NO_TIME, _IDENT),
    ),
    Prefix(
        "Android's log",
        rb"(?:[0-9]{2}-[0-9]{2} [0-9:.]+ +[0-9]+ +[0-9]+ [VDIWEF] |[VDIWEF]/)[^:(]{1,40}"
        rb"(?:\( *[0-9]+\))?: ",
    ),
    Prefix("aws logs tail", rb"%b (?P<stream>[^\s(]*/[^\s(]+) " % _RFC3339),
    Prefix(
        "stern", rb"(?P<stream>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?-[a-z0-9]{5} [a-z0-9][a-z0-9-]*) "
    ),
    Prefix("heroku logs", rb"%b (?P<stream>[a-z]+\[[A-Za-z0-9._-]+\]): " % _RFC3339),
    Prefix("GitLab CI", rb"%b [0-9a-f]{2}[OE][ +]" % _RFC3339),
    Prefix(
        "Monolog",
        rb"\[%b\] [\w.-]+\.[A-Z]+: (?P<text>.*) (?:\[\]|\{.*\}) (?:\[\]|\{.*\})\Z" % _RFC3339,
    ),
    Prefix(
        "the log of PHP-FPM",  # zlog.c; what a worker wrote stands in quotes, unescaped
        rb"\[[0-9]{2}-%b-[0-9]{4} [0-9:.]+\] [A-Z]+: (?:pid [0-9]+, [^:\"]{1,80}: )?"
        rb"\[pool (?P<stream>[^\s\]]+)\] child [0-9]+ said into std(?:err|out): "
        rb'"(?P<text>.*)"(?:, pipe is closed)?\Z' % _MONTH,
    ),
    Prefix(
        "the labels of Loki",
        rb"(?:%b )?\{(?P<stream>[\w.]+=\"[^\"]*\"(?:, ?[\w.]+=\"[^\"]*\")*)\} " % _RFC3339,
    ),
    Prefix("the name of the command, as PowerShell writes it", rb"[\w.\\/:-]{1,100} : "),
    Prefix("a date and time before each line", rb"\[?(?:%b|%b)\]?:? ?" % (_RFC3339, _RFC3164)),
    Prefix(
        "a time in brackets before each line",
        rb"\[[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?\]:? ",
    ),
    Prefix("a time before each line", rb"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)? (?: (?! ))?"),
    Prefix("the marks of GitHub Actions", rb"##\[[a-z]+\]"),
    *NUMBERS[:1],
    Prefix(
        "a name before each line",
        rb"%b(?P<stream>[^\s:()\"'=<>{},\[\]*`]+): (?! *[0-9]+\.[0-9]+ )" % (_NO_TIME + _NO_HOURS),
    ),
    Prefix(
        "grep with file names",
        rb"%b(?P<stream>[^\s:()\"'=<>{},\[\]*`]+)(?::[0-9]+(?::[0-9]+)?)?:(?! [0-9]+ )"
        % (_NO_TIME + _NO_HOURS),
    ),
    Prefix(
        "grep with file names", rb"(?P<stream>[^\s:()\"'=<>{},\[\]*`]+\.[a-z0-9]+)-(?:[0-9]+-)?"
    ),
    *NUMBERS[1:],
    MARKS,
    Prefix("a patch", rb"[-+]"),
)
"""Tried in this order: earlier ones are more specific."""
