"""Whatever is printed for people fits a page of 60 to 200 columns, and is ASCII where the locale is.

What is longer is a single word (a file name, a pattern of system calls), or the command line of
strace that takes a trace again, which is there to be copied whole.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from strace_analyzer.cli import main
from strace_analyzer.report.text import listing, sockets

ROOT = Path(__file__).resolve().parents[2]
ERLANG = "samples/erlang23-inets-httpc-40req-yy-tt-T.strace"
FIXED = "samples/erlang25-inets-httpc-40req.strace"
NODE = "samples/node-http-anyaddr.strace"
THREADS = "samples/python-threads-halves.strace"
NGINX = "samples/nginx-proxy-pass-mix.strace"
WIDTHS = (60, 61, 79, 99, 100, 120, 200)
COMMANDS = [
    ("check", ERLANG),
    ("check", "--all", THREADS),
    ("check", "--all", NODE),
    ("check", NODE, NGINX),
    ("check", "--merged", ERLANG, NODE, NGINX),
    ("check", "--merged", "--all", ERLANG, NODE, NGINX, THREADS, FIXED),
    ("check", "{filtered}"),
    ("check", "{six}", "--all"),
    ("sockets", NGINX),
    ("sockets", "{six}"),
    ("sockets", "--line", "403", ERLANG),
    ("sockets", "--line", "403", "--all", ERLANG),
    ("ports", ERLANG),
    ("ports", "--what-if", "40000-40100", ERLANG),
    ("tree", ERLANG),
    ("tree", NGINX),
    ("summary", ERLANG),
    ("summary", "--by", "file", ERLANG),
    ("summary", "--by", "destination", ERLANG),
    ("compare", ERLANG, FIXED),
]
SIX = "".join(
    f"""\
{pid} execve("/usr/local/bin/a-program-with-a-long-name", ["a-program-with-a-long-name"], 0x7ffd /* 9 vars */) = 0
{pid} socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 1003
{pid} bind(1003, {{sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}}, 28) = 0
{pid} getsockname(1003, {{sa_family=AF_INET6, sin6_port=htons(45678), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8:1234:5678:9abc:def0:1234:5678", &sin6_addr), sin6_scope_id=0}}, [28]) = 0
{pid} connect(1003, {{sa_family=AF_INET6, sin6_port=htons(8443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8:1234:5678:9abc:def0:1234:56{pid % 100}", &sin6_addr), sin6_scope_id=0}}, 28) = 0
"""
    for pid in range(1234567, 1234571)
)  # fmt: skip
FILTERED = """\
4417 bind(19, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
4417 connect(19, {sa_family=AF_INET, sin_port=htons(8001), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
"""


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Traces that are in no sample: long names and addresses; most calls filtered out."""
    made = {}
    for name, text in (("six", SIX), ("filtered", FILTERED)):
        made[name] = str(tmp_path / name)
        Path(made[name]).write_text(text)
    return made


@pytest.mark.parametrize(
    "words", COMMANDS, ids=lambda words: " ".join(words).replace("samples/", "")
)
def test_no_line_is_longer_than_the_page_is_wide(
    words: tuple[str, ...],
    places: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    for width in WIDTHS:
        monkeypatch.setenv("COLUMNS", str(width))
        assert main([word.format(**places) for word in words]) in (0, 1, 2)
        said = capsys.readouterr().out
        assert said.count("\n") > 1
        for line in said.splitlines():
            is_to_be_copied = line.startswith("strace -f")
            longest = max(map(len, line.split()), default=0)
            assert len(line) <= width or is_to_be_copied or longest + 14 > width, (width, line)


HEADING = re.compile(r"\s*[A-Z][A-Z /%()<=>._0-9-]*")
TABLES = [words for words in COMMANDS if words[0] not in ("tree", "sockets")]


@pytest.mark.parametrize("words", TABLES, ids=lambda words: " ".join(words).replace("samples/", ""))
def test_a_heading_is_never_folded_inside_a_word(
    words: tuple[str, ...],
    places: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)

    def headings(width: int) -> set[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        main([word.format(**places) for word in words])
        said = capsys.readouterr().out
        assert "\u2026" not in said
        return {
            word for line in said.splitlines() if HEADING.fullmatch(line) for word in line.split()
        }

    wide = headings(300)
    for width in (*range(60, 80), 99, 100, 120):
        assert headings(width) <= wide, width


def test_what_a_trace_hides_is_named_in_whole_words(
    places: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for width in range(65, 101, 5):
        monkeypatch.setenv("COLUMNS", str(width))
        main([places["filtered"]])
        assert "setsockopt  IP_BIND_ADDRESS_NO_PORT " in capsys.readouterr().out, width


def test_the_legend_of_a_chart_is_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    for width in (60, 80, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        main(["ports", ERLANG])
        assert "otherwise held, or in TIME_WAIT" in capsys.readouterr().out, width


@pytest.mark.parametrize("words", [COMMANDS[at] for at in (0, 4, 10, 12, 14, 16, 19)], ids=" ".join)
def test_in_the_locale_c_all_of_it_is_ascii(words: tuple[str, ...]) -> None:
    known = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-m", "strace_analyzer", *words]
    for name in ("C", "POSIX"):
        done = subprocess.run(
            command, cwd=ROOT, env={**known, "LC_ALL": name}, capture_output=True, check=False
        )
        assert done.stdout.count(b"\n") > 1
        assert done.stdout.isascii()
    utf = {**known, "LC_ALL": "C.UTF-8"}
    said = subprocess.run(command, cwd=ROOT, env=utf, capture_output=True, check=False).stdout
    assert len(said.decode().splitlines()) == len(done.stdout.decode().splitlines())


def test_the_tree_is_drawn_with_what_the_locale_has() -> None:
    known = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-m", "strace_analyzer", "tree", NGINX]
    drawn = {}
    for name in ("C", "C.UTF-8"):
        done = subprocess.run(
            command, cwd=ROOT, env={**known, "LC_ALL": name}, capture_output=True, check=True
        )
        drawn[name] = done.stdout.decode().splitlines()
    assert drawn["C"][1].startswith("  |-18221 nginx")
    assert drawn["C.UTF-8"][1].startswith("  \u251c\u250018221 nginx")


@pytest.mark.parametrize("width", range(60, 201))
def test_rows_of_findings_and_sockets_stand_under_their_headings(width: int) -> None:
    """At every width: each short cell is below its heading, on the left or on the right."""
    for module, cells in (
        (listing, ("warning", "curl[7]", "3", "4", "5", "-", "192.0.2.7:80", "failed")),
        (listing, ("note?", "beam.smp[4510]", "40300", "40500", "19", "6.7 ms", "-", "connected")),
        (sockets, ("3", "curl[7]", "5", "TCP", "-", "192.0.2.7:80", "failed", "-")),
    ):
        heads, rows = (module._row(names, width) for names in (module._HEADINGS, cells))
        assert len(heads) == len(rows)
        for name, cell in zip(module._HEADINGS, cells, strict=True):
            (at,) = (n for n, line in enumerate(heads) if re.search(rf"\b{name}\b", line))
            head = re.search(rf"\b{name}\b", heads[at])
            found = [
                match
                for match in re.finditer(rf"(?<!\S){re.escape(cell)}(?!\S)", rows[at])
                if head and (match.start() == head.start() or match.end() == head.end())
            ]
            assert found, (width, name, heads[at], rows[at])
