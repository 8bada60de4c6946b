"""Every place of a trace where text of others stands, with text that is made to do harm, in every
format: no byte that a terminal obeys, no formula, markup or command of CI comes out of any of them."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from report.test_hostile_names import _UNSAFE, NAMES

from strace_analyzer.cli import main
from strace_analyzer.report.formats.names import EventsName, TreeName
from strace_analyzer.report.formats.registry import report_formats, table_formats

ANY = 'sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")'
WEB = 'sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")'
SIX = (
    'sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "fe80::7",'
    ' &sin6_addr), sin6_scope_id=if_nametoindex("%s")'
)
PLACES = {
    "command name (-Y)": "8<%s> socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
    "path of a program": '7 execve("/opt/%s", ["x"], 0x7ffd /* 9 vars */) = 0',
    "argument": '7 execve("/opt/x", ["x", "%s", "--%s"], 0x7ffd /* 9 vars */) = 0',
    "argument of a script": '7 execve("/usr/bin/python3", ["python3", "%s"], 0x7ffd /* 9 vars */) = 0',
    "UNIX socket": '7 connect(9, {sa_family=AF_UNIX, sun_path="%s"}, 110) = -1 ENOENT (No such file)',
    "abstract UNIX socket": '7 bind(9, {sa_family=AF_UNIX, sun_path=@"%s"}, 110) = 0',
    "UNIX socket (-yy)": '7 sendto(9<UNIX-STREAM:[7,"%s"]>, "x", 1, 0, NULL, 0) = 1',
    "path of a descriptor (-y)": "7 fstat(8</run/%s>, {st_mode=S_IFREG|0644, st_size=1, ...}) = 0",
    "file": '7 openat(AT_FDCWD, "/etc/%s", O_RDONLY) = 8',
    "control group": '7 openat(AT_FDCWD, "/sys/fs/cgroup/%s/cgroup.procs", O_WRONLY) = 8',
    "network namespace": '7 openat(AT_FDCWD, "/run/netns/%s", O_RDONLY) = 8\n7 setns(8, 0) = 0',
    "device": '7 setsockopt(3, SOL_SOCKET, SO_BINDTODEVICE, "%s", 5) = 0',
    "scope of an address": "7 connect(5, {" + SIX + "}, 28) = -1 ENETUNREACH (%s)",
    "words of an error": "7 bind(3, {" + ANY + "}, 16) = -1 EADDRINUSE (%s)",
    "name of an error": "7 connect(3, {" + WEB + "}, 16) = -1 E%s (x)",
    "remark of strace": "7 socket(AF_UNIX, SOCK_STREAM /* %s */, 0) = 9",
    "flag that is not known": "7 socket(AF_INET, SOCK_STREAM|0x8 /* SOCK_%s */, 0) = 6",
    "binary of a frame (-k)": " > /usr/lib/%s(bind+0x7) [0x1027f4]",
    "function of a frame (-k)": " > /usr/bin/x(%s+0x7) [0x1027f4]",
    "signal": "7 --- SIG%s {si_signo=SIGUSR1, si_code=SI_USER, si_pid=1, si_uid=0} ---",
    "strace's own error": "strace: Can't stat '%s': No such file or directory",
    "system call": "7 %s(1, 2) = 0",
    "line of another program": "%s",
    "log line of another program": 'Dec  1 12:00:00 host app[12]: "%s"',
    "string": '7 write(1, "%s", 8) = 8',
    "host": '7 uname({sysname="Linux", nodename="%s", ...}) = 0',
    "environment": '7 execve("/opt/x", ["x"], ["A=%s"]) = 0',
}
"""Where it stands: a line behind the bind() of an early bind, or several."""


def as_printed(text: str, place: str) -> bytes:
    """Strings as strace prints them, with escapes; what others print as it is, but on one line."""
    raw = text.encode("utf-8", "surrogateescape")
    if '"%s' in PLACES[place] or "/%s" in PLACES[place]:
        shown = (chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in raw)
        return "".join(shown).encode("latin-1")
    return re.sub(rb"[\r\n]", b"", raw)


def trace(texts: dict[str, bytes]) -> bytes:
    """An early bind, and behind its bind() the places with these texts in them; before all the one
    that names a process of which nothing else is known."""
    head = f"""\
7 execve("/opt/x", ["x"], 0x7ffd /* 9 vars */) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 5
7 socket(AF_UNIX, SOCK_STREAM, 0) = 9
7 bind(3, {{{ANY}}}, 16) = 0
"""
    tail = f"""\
7 connect(3, {{{WEB}}}, 16) = -1 EINPROGRESS (Operation now in progress)
7 connect(3, {{{WEB}}}, 16) = 0
7 close(3) = 0
7 bind(5, {{sa_family=AF_INET6, sin6_port=htons(0), inet_pton(AF_INET6, "::", &sin6_addr)}}, 28) = 0
7 exit_group(0) = ?
7 +++ exited with 0 +++
"""
    lines = {place: PLACES[place].encode().replace(b"%s", said) for place, said in texts.items()}
    first = lines.pop("command name (-Y)", b"")
    return b"\n".join([first, head.encode(), *lines.values(), tail.encode()])


COMMANDS = [
    *(["check", "--all", "--format", form] for form in report_formats()),
    *(["check", "--merged", "--format", form] for form in ("text", "json", "html", "markdown")),
    *(["sockets", "--format", form] for form in table_formats() if form != "parquet"),
    ["sockets", "--all"],
    ["ports"],
    *(["summary", "--by", by, "--format", form]
      for by in ("process", "file", "syscall") for form in ("text", "csv")),
    *(["tree", "--format", form] for form in get_args(TreeName)),
    *(["events", "--raw", "--argv", "--format", form] for form in get_args(EventsName) if form != "parquet"),
]  # fmt: skip
_FORMULA = ("=", "+", "@", "\t", "\r")


class Page(HTMLParser):
    """What elements a page has, and what is said outside of its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.acts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.acts += [name for name, value in attrs if name.startswith("on")]
        self.acts += [value or "" for name, value in attrs if name in ("src", "href")]


def assert_sound(form: str, said: str) -> None:
    """Nothing in it is more than text."""
    assert _UNSAFE.findall(said) == []
    match form:
        case "csv":
            rows = csv.reader(io.StringIO(said))
            assert [cell for row in rows for cell in row if cell.startswith(_FORMULA)] == []
        case "html":
            page = Page()
            page.feed(said)
            assert "img" not in page.tags
            assert [act for act in page.acts if not act.startswith("#")] == []
            assert re.findall(r"<script>alert|alert\(1\)<", said) == []
        case "markdown":
            text = re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", said, flags=re.S | re.M)
            text = re.sub(r"`[a-z0-9-]+`|</?(details|summary)>", "", text)
            assert re.findall(r"(?<!\\)[<`]\w|(?<!\\)\]\(|@octocat", text) == []
        case "github":
            ours = ("::notice ", "::warning ", "::error ", "strace-analyzer: ")
            assert [line for line in said.splitlines() if not line.startswith(ours)] == []
        case "junit":
            ET.fromstring(said)
        case "json" | "sarif" | "trace-events":
            json.loads(said)
        case "jsonl":
            for line in said.splitlines():
                json.loads(line)


@pytest.mark.slow
@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_it_stays_text_wherever_it_stands(
    words: list[str], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.strace"
    path.write_bytes(trace({place: as_printed(NAMES[kind], place) for place in PLACES}))
    assert main([*words, str(path)]) in (0, 1, 2)
    said = capsys.readouterr()
    assert said.out
    assert_sound(words[-1], said.out)
    assert _UNSAFE.findall(said.err) == []
    assert [line for line in said.err.splitlines() if line.startswith("::")] == []


@pytest.mark.parametrize("place", PLACES)
def test_every_place_reaches_a_report(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the tests above would prove little: a plain word there is found in what `events` says."""
    path = tmp_path / "t.strace"
    path.write_bytes(trace({place: b"ZQMARK"}))
    main(["events", "--raw", "--argv", str(path)])
    assert "ZQMARK" in capsys.readouterr().out
