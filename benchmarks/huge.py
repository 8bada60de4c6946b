"""Read the largest input of each hard kind for real: processor seconds and peak memory.

    python benchmarks/huge.py [KIND...]

This process writes each input to the standard input of `strace-analyzer check -` (a bomb: to a
file), and holds little of it; the usage of the reading process comes from getrusage(2). Exit status
1 if one did not end with a report, or lacks its two early binds. (Status 2 is correct if a bind()
was not understood.) The smaller twins are in tests/fuzz/test_hostile.py and test_bounds.py.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import zstandard
from fuzz.hostile import EARLY_BIND, LINES
from measure import ELSEWHERE, Work, environment

MILLION, GIB, DEEP = 1_000_000, 1 << 30, 100_000
_PIECE = 1 << 20
SOCKET = b"7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = %d\n"
READ = b"%d read(0,  <unfinished ...>\n"
RESUMED = b'%d <... read resumed>"x", 1) = 1\n'


def numbered(line: bytes, number: int = MILLION) -> Iterator[bytes]:
    """Yield `number` lines, in pieces of a thousand."""
    for first in range(100, 100 + number, 1000):
        yield b"".join(line % one for one in range(first, first + 1000))


def bound(number: int) -> Iterator[bytes]:
    """Yield early binds to different destinations, all open at once."""
    for fd in range(10, 10 + number):
        to = b"10.%d.%d.%d" % (fd >> 16 & 255, fd >> 8 & 255, fd & 255)
        one = EARLY_BIND.replace(b"7 close(3) = 0\n", b"").replace(b"192.0.2.7", to)
        yield one.replace(b"= 3\n", b"= %d\n" % fd).replace(b"(3,", b"(%d," % fd)


def beyond(number: int) -> Iterator[bytes]:
    """Yield sockets of tasks, with socket and task numbers of more than 63 bits."""
    for one in range(number):
        big = b"%d" % ((1 << 63) + one)
        said = re.sub(rb"^7", big, EARLY_BIND, flags=re.M)
        yield re.sub(rb"(?<=\()3\b|(?<== )3$", big, said, flags=re.M)


def of_line(kind: str, times: int) -> Iterator[bytes]:
    yield LINES[kind](times) + b"\n"


TEXTS: dict[str, Callable[[], Iterable[bytes]]] = {
    "a million open sockets": partial(numbered, SOCKET),
    "100,000 early binds open at once": partial(bound, 100_000),
    "a million threads inside of a call": partial(numbered, READ),
    "a million halves that nobody began": partial(numbered, RESUMED),
    "100,000 pids and descriptors beyond 2^63": partial(beyond, 100_000),
    "a line of a gibibyte": lambda: repeat(b"x" * _PIECE, GIB // _PIECE),
    "a gibibyte of NUL bytes": lambda: repeat(bytes(_PIECE), GIB // _PIECE),
    "a string of a gibibyte": lambda: [
        b'7 write(3, "', *repeat(b"x" * _PIECE, GIB // _PIECE), b'", 1) = 1\n'],
    **{f"{kind} nested 100,000 deep": partial(of_line, kind, DEEP)
       for kind in ("braces", "brackets", "parentheses", "open braces")},
}  # fmt: skip
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


class Cost(NamedTuple):
    """The cost of one reading process."""

    status: int
    seconds: float
    mib: int
    findings: int


def taken(text: Iterable[bytes] | None, trace: str = "-") -> Cost:
    """Return the cost of reading `text`, or the file `trace`."""
    command = [sys.executable, "-m", "strace_analyzer", "check", "-q", "--format", "concise", trace]
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=out,
            cwd=ELSEWHERE,
            env=environment(Work("", ())),
        )
        assert process.stdin is not None
        for piece in text or ():
            process.stdin.write(piece)
        process.stdin.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        findings = sum(b"bind-any-port-zero" in line for line in out)
    seconds = used.ru_utime + used.ru_stime
    return Cost(process.returncode, seconds, used.ru_maxrss >> 10, findings)


def between(text: Iterable[bytes]) -> Iterator[bytes]:
    yield EARLY_BIND
    yield from text
    yield b"\n" + EARLY_BIND


def bomb(compress: Callable[[bytes], bytes], into: Path) -> None:
    """A gibibyte of NUL bytes between two early binds, as a compressed file of some kilobytes."""
    one = compress(bytes(_PIECE * 64))
    with into.open("wb") as file:
        file.write(compress(EARLY_BIND))
        file.writelines(repeat(one, GIB // (_PIECE * 64)))
        file.write(compress(b"\n" + EARLY_BIND))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="those whose name holds one of these words")
    options = parser.parse_args()
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    fallen = 0

    def tell(name: str, cost: Cost) -> None:
        nonlocal fallen
        good = cost.status in (0, 1, 2) and cost.findings >= 2
        fallen += not good
        print(f"{name:45} {cost.seconds:7.1f} s {cost.mib:6,} MiB  status {cost.status}, "
              f"{cost.findings:,} early binds{'' if good else '  FALLEN'}", flush=True)  # fmt: skip

    def wanted(name: str) -> bool:
        return not options.kinds or any(kind in name for kind in options.kinds)

    for name, text in TEXTS.items():
        if wanted(name):
            tell(name, taken(between(text())))
    for name, compress in COMPRESSED.items():
        title = f"a bomb of {name}: a gibibyte of NUL bytes"
        if wanted(title):
            with tempfile.TemporaryDirectory() as folder:
                bomb(compress, Path(folder) / "trace")
                tell(title, taken(None, str(Path(folder) / "trace")))
    return int(fallen > 0)


if __name__ == "__main__":
    sys.exit(main())
