"""Of every event of every trace there is: the arguments' texts put together again are strace's
text, token for token, and every line ends in some row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from events.reading import of_file, of_lines
from shared_folder import SHARED

from strace_analyzer.errors import TraceError
from strace_analyzer.report.events import EventRow

ROOT = Path(__file__).resolve().parents[2]
_SEPARATORS = re.compile(r"[, \t]+")
_SHARES = 8
"""of the files of the shared folder: each is a test of its own, so that they run side by side"""


def together(row: EventRow) -> str:
    """The call that the row's texts say."""
    said = (arg.text if arg.name is None else f"{arg.name}={arg.text}" for arg in row.args)
    result = "" if row.ret_text is None else f"={row.ret_text}"
    return f"{','.join(said)}){result}"


def tokens(text: str) -> str:
    """Without what strace puts between tokens: commas and blanks."""
    return _SEPARATORS.sub("", text)


def lost(rows: list[EventRow]) -> Iterator[str]:
    """What the rows of whole calls do not say again."""
    for row in rows:
        if row.type != "syscall" or row.ret_text is None or row.raw is None:
            continue
        printed = (
            re.sub(r" +<[0-9]+\.[0-9]+>$", "", row.raw) if row.duration is not None else row.raw
        )
        begun = printed.startswith(f"{row.name}(")
        if begun and tokens(f"{row.name}({together(row)}") != tokens(printed):
            yield printed


def uncovered(rows: list[EventRow], lines: list[bytes]) -> list[int]:
    """The lines that are in no row: neither its first nor its last, nor between them, nor a frame
    of its stack."""
    covered = {row.line for row in rows} | {row.end_line for row in rows}
    inside = [(row.line, row.end_line) for row in rows if row.end_line > row.line + 1]
    return [
        number
        for number, line in enumerate(lines, 1)
        if number not in covered
        and not line.lstrip().startswith(b"> ")
        and not any(first < number < last for first, last in inside)
    ]


def look_at(path: Path) -> int:
    """Rows of one file; a file that is no trace has none."""
    try:
        rows = of_file(path, raw=True)
    except TraceError:
        return 0
    assert list(lost(rows)) == [], path
    assert uncovered(rows, path.read_bytes().rstrip(b"\n").split(b"\n")) == [], path
    return len(rows)


def test_a_sample_says_again_what_strace_said() -> None:
    found = sum(look_at(path) for path in sorted((ROOT / "samples").glob("*.strace")))
    assert found > 5000


@pytest.mark.corpus
@pytest.mark.parametrize("share", range(_SHARES))
def test_every_shared_trace_says_again_what_strace_said(share: int) -> None:
    files = sorted(
        path
        for folder in ("traces", "traces2", "corpus")
        for path in SHARED.glob(f"{folder}/**/*.strace")
    )
    assert sum(look_at(path) for path in files[share::_SHARES]) > 10_000


@pytest.mark.parametrize(
    "call",
    [
        'read(3, "a, b) = -1 {\\"[", 4096) = 14',
        "fcntl(3, F_SETFD, FD_CLOEXEC) = 0",
        'ioctl(3, _IOC(_IOC_READ, 0x54, 0x1, 0x4), "\\1\\2\\3\\4") = 0',
        "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 7",
        "prctl(PR_SET_NAME, 0x7ffc /* \"a, b)\" */) = 0",
        "getsockname(3<TCP:[127.0.0.1:1->127.0.0.1:2]>, {sa_family=AF_INET}, [112 => 16]) = 0",
        "getdents64(3, /* 20 entries */, 32768) = 632",
        "rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], [HUP INT], 8) = 0",
        "flock(fd=3, operation=LOCK_SH) = 0",
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0",
        "shutdown(5, 0 /* receive */) = 0",
        "poll([{fd=3, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}])",
        "getpid() = 7",
    ],
)  # fmt: skip
def test_no_separator_inside_of_an_argument_is_one(call: str) -> None:
    (row,) = of_lines(call, raw=True)
    assert row.raw == call
    assert list(lost([row])) == []
