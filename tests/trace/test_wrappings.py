"""A wrapped sample has the findings of the plain one, on the lines where they stand then."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from wrapped_traces import analysis, found
from wrappings import WRAPPINGS, entities, folded, two_of_them

import strace_analyzer as sa
from strace_analyzer.trace.input.wrapping.stage import SAMPLE

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = ("ssh-b-any.strace", "node-http-anyaddr.strace")


@cache
def sample(name: str) -> tuple[bytes, ...]:
    text = (ROOT / "samples" / name).read_bytes()
    return tuple(line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("name", WRAPPINGS)
@pytest.mark.parametrize("file", SMALL)
def test_a_wrapped_sample_has_the_findings_of_the_plain_one(file: str, name: str) -> None:
    plain = list(sample(file))
    expected = analysis(plain)
    wrapped = analysis(WRAPPINGS[name](plain))

    assert found(wrapped) == found(expected) != []
    assert wrapped.traces[0].sources[0].calls == expected.traces[0].sources[0].calls
    assert wrapped.traces[0].sources[0].unparsed == 0


@pytest.mark.parametrize("name", [None, "quoted", "docker compose", "HTML"])
@pytest.mark.parametrize("width", [60, 72, 80, 100])
@pytest.mark.parametrize("indent", [b"", b"     "])
def test_a_folded_sample_has_the_findings_of_the_plain_one(
    name: str | None, width: int, indent: bytes
) -> None:
    plain = list(sample("ssh-b-any.strace"))
    expected = analysis(plain)
    pieces, places = folded(plain, width, indent)
    wrapped = analysis(WRAPPINGS[name](pieces) if name else pieces)

    assert found(wrapped) == found(expected, places) != []
    assert wrapped.traces[0].sources[0].calls == expected.traces[0].sources[0].calls


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("file", SMALL)
def test_two_wrappings_are_taken_off_in_turn(file: str, seed: int) -> None:
    inner, outer = two_of_them(seed)
    plain = list(sample(file))
    wrapped = analysis(WRAPPINGS[outer](WRAPPINGS[inner](plain)))

    assert found(wrapped) == found(analysis(plain)) != []
    assert wrapped.traces[0].sources[0].unparsed == 0


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", [None, "quoted", "journal", "HTML"])
def test_a_sample_folded_at_any_column_has_the_findings_of_the_plain_one(
    name: str | None, seed: int
) -> None:
    plain = list(sample("ssh-b-any.strace"))
    pieces, places = folded(plain, random.Random(seed).randint(45, 160), b"    " * (seed % 2))
    wrapped = analysis(WRAPPINGS[name](pieces) if name else pieces)

    assert found(wrapped) == found(analysis(plain), places) != []


@pytest.mark.parametrize("name", WRAPPINGS)
def test_a_wrapping_may_begin_behind_ordinary_lines(name: str) -> None:
    before = [b"18433 getpid() = 18433"] * (SAMPLE + 10)
    plain = list(sample("ssh-b-any.strace"))
    expected = analysis(before + plain)
    wrapped = analysis(before + WRAPPINGS[name](plain))

    assert found(wrapped) == found(expected) != []
    assert wrapped.traces[0].sources[0].calls == expected.traces[0].sources[0].calls
    assert wrapped.traces[0].sources[0].unparsed == 0


@pytest.mark.parametrize(
    "remark",
    [
        *(b"   # here", b" // here", b" /* here */", b" <-- here", " ← here".encode()),
        *(b" (!)", b" (??)", b"   [*]", b" [1]", b" (2)", b" <<<", b" ^^^"),
    ],
)
def test_a_remark_is_taken_off_wherever_it_stands(remark: bytes) -> None:
    lines = [b"18433 getpid() = 18433"] * (SAMPLE + 10) + list(sample("ssh-b-any.strace"))
    expected = found(analysis(lines))
    for number, line in enumerate(lines):
        if b"bind(" in line or b"connect(" in line:
            lines[number] = line + remark

    assert found(analysis(lines)) == expected != []


def test_a_line_that_is_read_again_does_not_move_the_clock() -> None:
    lines = [b"     0.100000 getpid() = 5"] * (SAMPLE + 10)
    remarked = [*lines, b"     0.100000 getpid() = 5  # here"]

    again = analysis(remarked).traces[0]

    assert again.seconds == analysis([*lines, lines[0]]).traces[0].seconds
    assert again.sources[0].unparsed == 0


def test_what_was_taken_off_is_said() -> None:
    wrapped = analysis(WRAPPINGS["quoted twice"](list(sample(SMALL[0]))))

    assert wrapped.traces[0].sources[0].read_through == ['"> " quoting, 2 levels']


def test_an_ordinary_trace_is_read_as_it_is() -> None:
    assert analysis(list(sample(SMALL[1]))).traces[0].sources[0].read_through == []


def test_containers_in_one_file_are_traces_of_their_own(tmp_path: Path) -> None:
    plain = sample(SMALL[0])
    file = tmp_path / "compose.log"
    pairs = zip(plain, plain, strict=True)
    file.write_bytes(b"".join(b"web-1 | %b\napi-1 | %b\n" % pair for pair in pairs))

    apart = sa.analyze(file)

    alone = found(analysis(list(plain)))
    assert [trace.id for trace in apart.traces] == ["t1.1", "t1.2"]
    assert len(apart.findings) == 2 * len(alone)


def test_containers_in_a_stream_are_refused_with_the_way_to_take_them_apart() -> None:
    plain = sample(SMALL[0])
    pairs = zip(plain, plain, strict=True)
    lines = [line for a, b in pairs for line in (b"web-1 | " + a, b"api-1 | " + b)]

    with pytest.raises(sa.TraceError, match="grep -F 'web-1' FILE"):
        list(sa.parse(lines))


@pytest.mark.parametrize("before", ["", "web-1  | "])
def test_a_damaged_line_makes_no_trace_of_its_own(tmp_path: Path, before: str) -> None:
    lines = [before.encode() + line for line in sample(SMALL[0])] * 3
    for at, damaged in ((70, b"23: close(77) = 0"), (140, b"a7.c: close(78) = 0")):
        lines.insert(at, damaged)
    file = tmp_path / "trace"
    file.write_bytes(b"\n".join(lines) + b"\n")

    read = sa.analyze(file)

    assert [trace.id for trace in read.traces] == ["t1"]
    assert found(read) != []


PASTED: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a web page": lambda lines: [
        b"<html><body><pre>" + entities(lines[0]),
        *map(entities, lines[1:]),
        b"</pre></body></html>",
    ],
    "script(1)": lambda lines: [
        b'Script started on 2026-11-29 21:28:53+00:00 [TERM="xterm" TTY="/dev/pts/0"]',
        b"\x1b[?2004h$ strace -f ssh",
        *(line + b"\r" for line in lines),
        b'Script done on 2026-11-29 21:29:53+00:00 [COMMAND_EXIT_CODE="0"]',
    ],
    "a section of GitLab CI": lambda lines: [
        b"section_start:1560896352:trace\r\x1b[0KHeader",
        *lines,
        b"section_end:1560896353:trace\r\x1b[0K",
    ],
    "grep -n -C": lambda lines: [
        b"%d%b" % (number, b":" if b"bind" in line else b"-") + line
        for number, line in enumerate(lines, 1)
    ],
    "grep -h -C, with file names": lambda lines: [
        b"trace.txt" + (b":" if b"bind" in line else b"-") + line for line in lines
    ],
    "a list in JSON": lambda lines: [json.dumps(texts(lines)).encode()],
    "a string in JSON": lambda lines: [json.dumps({"body": "\n".join(texts(lines))}).encode()],
    "Loki's answer": lambda lines: [
        json.dumps(
            {"streams": [{"values": [["1796002133", text] for text in texts(lines)]}]}
        ).encode()
    ],
    "Elasticsearch's answer": lambda lines: [
        json.dumps({"hits": {"hits": [{"_source": {"m": text}} for text in texts(lines)]}}).encode()
    ],
    "one message of rsyslog": lambda lines: [
        b"Nov 29 21:28:53 host app[812]: " + b"#012".join(lines) + b"#012"
    ],
    "Ansible": lambda lines: [
        b"fatal: [n1]: FAILED! => "
        + json.dumps({"rc": 1, "stderr": "\n".join(texts(lines)), "stdout": ""}).encode()
    ],
    "a message with JSON": lambda lines: [
        b"Error: it failed: " + json.dumps({"output": texts(lines)}).encode()
    ],
    "written-out line feeds": lambda lines: [b"\\n".join(lines) + b"\\n"],
    "written-out line ends of Windows": lambda lines: [b"\\r\\n".join(lines)],
    "a string of Python's": lambda lines: [repr("\n".join(texts(lines)) + "\n").encode()],
    "bytes of Python's": lambda lines: [repr(b"\n".join(lines)).encode()],
    "a string of JSON, without its quotes": lambda lines: [
        json.dumps("\n".join(texts(lines)))[1:-1].encode()
    ],
    "PowerShell": lambda lines: [
        b"strace : " + lines[0],
        b"At line:1 char:1",
        b"+ strace -f ssh host 2>&1",
        b"+ ~~~~~~~~~~~~~~~~~~~~~~~",
        b"    + CategoryInfo          : NotSpecified: (:) [], RemoteException",
        b"    + FullyQualifiedErrorId : NativeCommandError",
        *lines[1:],
    ],
    "Markdown with escaped quotes": lambda lines: [
        line.replace(b"_", b"\\_").replace(b'"', b'\\"') for line in lines
    ],
    "wide characters": lambda lines: [
        line.replace(b"(", "\uff08".encode()).replace(b")", "\uff09".encode()) for line in lines
    ],
    "[code] on the first line": lambda lines: [
        b"[code]" + lines[0],
        *lines[1:-1],
        lines[-1] + b"[/code]",
    ],
    "Jira": lambda lines: [b"{noformat}", *lines, b"{noformat}"],
    "a table of Confluence": lambda lines: [b"| " + line + b" |" for line in lines],
    "Windows, with a byte order mark": lambda lines: [
        b"\xef\xbb\xbf" + lines[0] + b"\r",
        *(line + b"\r" for line in lines[1:]),
    ],
}


def texts(lines: list[bytes]) -> list[str]:
    return [line.decode("latin-1") for line in lines]


@pytest.mark.parametrize("name", PASTED)
@pytest.mark.parametrize("file", SMALL)
def test_what_stands_around_a_trace_is_no_part_of_it(file: str, name: str) -> None:
    plain = list(sample(file))
    expected, pasted = analysis(plain), analysis(PASTED[name](plain))

    assert [rule for rule, _, _ in found(pasted)] == [rule for rule, _, _ in found(expected)] != []
    assert pasted.traces[0].sources[0].calls == expected.traces[0].sources[0].calls
    assert pasted.traces[0].sources[0].unparsed == 0


def test_rich_text_is_refused_with_the_command_that_undoes_it() -> None:
    with pytest.raises(sa.TraceError, match="unrtf --text"):
        analysis([b"{\\rtf1\\ansi", *(line + b"\\par" for line in sample(SMALL[0])), b"}"])


ROUNDS = (
    b"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
    b'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
    b'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0',
    b"close(3) = 0",
)


@pytest.mark.parametrize("count", [3, 8, 64, 1000])
@pytest.mark.parametrize("first", [2, 10000])
@pytest.mark.parametrize("time", [b"", b"10:00:00.000001 "])
def test_tasks_that_take_turns_are_no_numbers_of_lines(count: int, first: int, time: bytes) -> None:
    lines = [b"%d %b%b" % (first + at, time, call) for call in ROUNDS for at in range(count)]
    read = analysis(lines)

    assert read.traces[0].sources[0].read_through == []
    assert [finding.process.tid for finding in read.findings] == [first + at for at in range(count)]


@pytest.mark.parametrize("first", [1, 2, 403])
@pytest.mark.parametrize("gap", [b" ", b"\t", b"  "])
def test_lines_that_begin_with_their_numbers_in_another_file(first: int, gap: bytes) -> None:
    calls = [b"7 " + call for call in ROUNDS * 3]
    lines = [b"%3d%b%b" % (number, gap, call) for number, call in enumerate(calls, first)]
    read = analysis(lines)

    assert read.traces[0].sources[0].read_through == ["line numbers"]
    assert [finding.process.tid for finding in read.findings] == [7, 7, 7]


def test_tasks_that_are_inside_of_a_call_are_no_numbers_of_lines() -> None:
    """strace was attached to twelve idle threads, and let go of them."""
    lines = [
        b"%d futex(0x7f1, FUTEX_WAIT, 0, NULL <unfinished ...>" % tid for tid in range(900, 912)
    ]

    assert analysis(lines).traces[0].sources[0].read_through == []
    assert {getattr(event, "tid", None) for event in sa.parse(lines)} == set(range(900, 912))


def test_words_before_one_record_do_not_put_it_behind_the_next() -> None:
    lines = [
        b"done: socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3",
        b"connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
        b'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
    ]
    read = [event.name for event in sa.parse(lines) if isinstance(event, sa.Syscall)]
    assert read == ["socket", "connect"]
