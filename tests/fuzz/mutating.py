"""Damage lines of real traces in every way in which a file can be damaged.

All choices come from one Random, so a seed is a test case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

Lines = list[bytes]

HOSTILE = (
    *(b"7" * 5000, b"007", b"0x" + b"f" * 300, b"-", b"9" * 30, b"[" * 300, b"{" * 300),
    *(b"<... r\x85ad resumed>", b"<TCP:[1.2.3.4:", b"dup(", b"socket(AF_INET, ", b"\x85(", b"\x00"),
    *(b"<socket:[", b"]>", b"  [pid 1] ", b'""0.0.0.0""', b" <0.", b"close(", b"htons(", b"\x1b[31m"),
    *(b"/* ", b" in strace's PID NS */", b"+++ exited with ", b" +++", b"[pid ", b"fcntl(3, "),
    *(b"<pid changed to ", b" ...>", b"strace: Process ", b" attached", b"14:29:55.", b"\r", b"\n"),
    *(b" <unfinished ...>", b" = 3", b" = ?", b" = -1 EINVAL (Invalid argument)", b") = 0", b'"...'),
    *(b"> ", b"#\t", b"9223372036854775808", b"18446744073709551616", b"-9223372036854775809"),
)  # fmt: skip
"""Pieces that decide how a line is read."""
_NUMBER = re.compile(rb"[0-9]+")
_NAME = re.compile(rb"[a-z_][a-z0-9_]*(?=\()")
_PID = re.compile(rb"^(?:\[pid +)?[0-9]+")
_NAMES = (b"close", b"fcntl", b"dup2", b"openat", b"clone", b"socket", b"bind", b"connect", b"read")


class Damage:
    """Damages lines in place; `nonsense` are lines in which nothing of strace is left."""

    def __init__(self, chance: Random, others: Lines) -> None:
        """`others` are lines of any traces, to splice in."""
        self._chance = chance
        self._others = others
        self.nonsense: set[bytes] = set()

    def apply(self, lines: Lines, times: int) -> None:
        """Damage `lines` this many times."""
        for _ in range(times):
            if lines:
                self._chance.choice(_WAYS)(self, lines)

    def _at(self, lines: Lines) -> int:
        return self._chance.randrange(len(lines))

    def _lost(self, lines: Lines) -> None:
        del lines[self._at(lines)]

    def _repeated(self, lines: Lines) -> None:
        lines.insert(self._at(lines), lines[self._at(lines)])

    def _block_repeated(self, lines: Lines) -> None:
        first = self._at(lines)
        lines[self._at(lines) : 0] = lines[first : first + self._chance.randrange(1, 20)]

    def _cut(self, lines: Lines) -> None:
        at = self._at(lines)
        lines[at] = lines[at][: self._chance.randrange(len(lines[at]) + 1)]

    def _beginning_cut(self, lines: Lines) -> None:
        at = self._at(lines)
        lines[at] = lines[at][self._chance.randrange(len(lines[at]) + 1) :]

    def _split(self, lines: Lines) -> None:
        at = self._at(lines)
        place = self._chance.randrange(len(lines[at]) + 1)
        lines[at : at + 1] = [lines[at][:place], lines[at][place:]]

    def _joined(self, lines: Lines) -> None:
        at = self._at(lines)
        lines[at : at + 2] = [b"".join(lines[at : at + 2])]

    def _spliced(self, lines: Lines) -> None:
        at, other = self._at(lines), lines[self._at(lines)]
        lines[at] = lines[at][: self._chance.randrange(len(lines[at]) + 1)]
        lines[at] += other[self._chance.randrange(len(other) + 1) :]

    def _flipped(self, lines: Lines) -> None:
        at = self._at(lines)
        line = bytearray(lines[at])
        if line:
            line[self._chance.randrange(len(line))] ^= 1 << self._chance.randrange(8)
            lines[at] = bytes(line)

    def _swapped(self, lines: Lines) -> None:
        here, there = self._at(lines), self._at(lines)
        lines[here], lines[there] = lines[there], lines[here]

    def _half_moved(self, lines: Lines) -> None:
        """Move half a call forward or back."""
        halves = [i for i, line in enumerate(lines) if b"resumed>" in line or b"<unfin" in line]
        if halves:
            lines.insert(self._at(lines), lines.pop(self._chance.choice(halves)))

    def _renumbered(self, lines: Lines) -> None:
        at = self._at(lines)
        found = list(_NUMBER.finditer(lines[at]))
        if found:
            place = self._chance.choice(found)
            number = b"%d" % self._chance.choice((0, 1, 3, 4, 5, 12, 65535, 1 << 31, 1 << 63))
            lines[at] = lines[at][: place.start()] + number + lines[at][place.end() :]

    def _renamed(self, lines: Lines) -> None:
        at = self._at(lines)
        lines[at] = _NAME.sub(self._chance.choice(_NAMES), lines[at], count=1)

    def _other_task(self, lines: Lines) -> None:
        at, other = self._at(lines), _PID.match(lines[self._at(lines)])
        if other:
            lines[at] = _PID.sub(other[0], lines[at])

    def _pierced(self, lines: Lines) -> None:
        at = self._at(lines)
        place = self._chance.randrange(len(lines[at]) + 1)
        piece = self._chance.choice(HOSTILE)
        lines[at : at + 1] = (lines[at][:place] + piece + lines[at][place:]).split(b"\n")

    def _foreign(self, lines: Lines) -> None:
        """Insert lines of another trace, or of one with other options."""
        first = self._chance.randrange(len(self._others))
        lines[self._at(lines) : 0] = self._others[first : first + self._chance.randrange(1, 4)]

    def _garbled(self, lines: Lines) -> None:
        """Shuffle the bytes of a line."""
        at = self._at(lines)
        if len(lines[at]) > 20:
            letters = list(lines[at])
            self._chance.shuffle(letters)
            lines[at] = bytes(letters)
            self.nonsense.add(lines[at])


_WAYS: tuple[Callable[[Damage, Lines], None], ...] = (
    Damage._lost,
    Damage._repeated,
    Damage._block_repeated,
    Damage._cut,
    Damage._beginning_cut,
    Damage._split,
    Damage._joined,
    Damage._spliced,
    Damage._flipped,
    Damage._swapped,
    Damage._half_moved,
    Damage._renumbered,
    Damage._renamed,
    Damage._other_task,
    Damage._pierced,
    Damage._foreign,
    Damage._garbled,
)
