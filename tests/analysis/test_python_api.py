"""What a person types into a Python prompt or a notebook: sources of every kind, items and slices,
what is shown of them."""

from __future__ import annotations

import gzip
import io
import os
import re
from collections.abc import Iterable, Iterator, Sized
from enum import Enum
from pathlib import Path

import pytest

import strace_analyzer as sa

ROOT = Path(__file__).resolve().parents[2]
SSH = ROOT / "samples" / "ssh-b-any.strace"
ERLANG = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"


@pytest.mark.parametrize(
    "source",
    [
        lambda: SSH,
        lambda: str(SSH),
        lambda: [SSH],
        lambda: SSH.open("rb"),
        lambda: SSH.open(encoding="utf-8"),
        lambda: io.BytesIO(SSH.read_bytes()),
        lambda: io.StringIO(SSH.read_text()),
        lambda: SSH.read_text(),
        lambda: SSH.read_bytes(),
        lambda: SSH.read_text().splitlines(),
        lambda: SSH.read_text().splitlines(keepends=True),
        lambda: SSH.read_bytes().splitlines(),
    ],
)
def test_every_source_gives_the_same_finding(source) -> None:
    analysis = sa.analyze(source())
    assert [(one.rule, one.at.line) for one in analysis.findings] == [("bind-any-port-zero", 36)]


@pytest.mark.parametrize("source", [7, None, {"a": 1}, [1, 2], object()])
def test_what_is_no_source_says_what_is_wanted(source) -> None:
    with pytest.raises(
        TypeError, match="takes a path, a list of paths, an open file, or the lines"
    ):
        sa.analyze(source)


def test_lines_that_are_made_one_by_one_say_who_takes_them() -> None:
    with pytest.raises(TypeError, match="not generator: make a list of it, or feed an Analyzer"):
        sa.analyze(line for line in SSH.open())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "said"), [("", "not an empty str"), ([], "not an empty list"), ((), "empty tuple")]
)
def test_what_is_empty_is_no_source(source, said: str, tmp_path: Path, monkeypatch) -> None:
    """Least of all the current directory."""
    (tmp_path / "t.strace").write_bytes(SSH.read_bytes())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match=said):
        sa.analyze(source)
    with pytest.raises(sa.TraceError, match="'' names no file"):
        sa.analyze([""])
    with pytest.raises(sa.TraceError, match="<lines>: empty"):
        sa.analyze(b"")


@pytest.mark.parametrize("mode", ["r", "rb"])
def test_an_open_file_has_its_name(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "t.gz"
    path.write_bytes(gzip.compress(SSH.read_bytes()))
    with SSH.open(mode) as file:
        analysis = sa.analyze(file)
    assert [analysis.traces[0].name, analysis.findings[0].at.source] == [str(SSH)] * 2
    with gzip.open(path, mode) as unpacked:
        assert sa.analyze(unpacked).traces[0].name == str(path)
    assert sa.analyze(io.BytesIO(SSH.read_bytes())).traces[0].name == "<stream>"
    with os.fdopen(os.open(SSH, os.O_RDONLY), mode) as by_number:
        assert sa.analyze(by_number).traces[0].name == "<stream>"


def test_a_line_alone_is_read_as_one() -> None:
    assert sa.analyze("7 socket(AF_INET, SOCK_STREAM, 0) = 3").traces[0].name == "<lines>"


def test_items_and_slices_are_those_of_a_tuple() -> None:
    found = sa.analyze(ERLANG).findings
    whole = tuple(found)
    assert len(found) == len(whole) == 40
    for index in (0, 39, -1, -40):
        assert found[index] == whole[index]
    for part in (slice(3), slice(-3, None), slice(5, 30, 7), slice(None, None, -1), slice(9, 9),
                 slice(30, 2, -5), slice(100, 200)):  # fmt: skip
        assert found[part] == whole[part]
    with pytest.raises(IndexError):
        found[40]


def every_record(item: object) -> Iterator[object]:
    """`item`, and all records that can be had from it."""
    yield item
    names = [name for name in dir(item) if not name.startswith("_")]
    module = type(item).__module__
    if isinstance(item, (sa.Analysis, tuple, list, dict)) or module.startswith("strace_analyzer"):
        inside: list[object] = [
            value for name in names if not callable(value := getattr(item, name))
        ]
        if isinstance(item, (tuple, list, Sized)) and not isinstance(item, (str, bytes)):
            inside += list(item)  # type: ignore[call-overload]
        for one in inside:
            if not isinstance(one, (Enum, type, int, str, bytes)):
                yield from every_record(one)


def is_ours(item: object) -> bool:
    return type(item).__module__.startswith("strace_analyzer")


FAILING = """7 1.0 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 1.5 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) \
= -1 EADDRNOTAVAIL (Cannot assign requested address)
7 2.0 close(3) = 0
"""


@pytest.mark.parametrize("source", [ERLANG, SSH, ROOT / "samples" / "python-fork-family", FAILING])
def test_what_is_shown_at_a_prompt_is_short(source: Path | str) -> None:
    """Of every record that an analysis leads to."""
    records = [*filter(is_ours, every_record(sa.analyze(source)))]
    assert {"Analysis", "TraceResult", "PortUse", "Process", "Accounting", "TraceInput"} <= {
        type(one).__name__ for one in records
    }
    assert [repr(one) for one in records if len(repr(one)) > 200] == []


def test_what_is_shown_names_what_it_is() -> None:
    analysis = sa.analyze(ERLANG)
    first = analysis.findings[0]
    assert repr(first) == (
        f"<Finding {ERLANG.name}:{first.at.line}: warning bind-any-port-zero, "
        f"beam.smp[4510] fd {first.fd} -> {first.peer}>"
    )
    shown = f"{sa.analyze(SSH)!r} {sa.analyze(SSH).processes[0]!r} {sa.analyze(SSH).traces[0]!r}"
    assert "1 process, " in shown
    assert "1 socket, 1 connection, 1 bound early>" in shown
    assert "79 lines, 1 connection>" in shown
    family = sa.analyze(ROOT / "samples" / "python-fork-family")
    assert f"{len(family.processes)} processes" in repr(family)


def test_frames_are_named_and_not_printed() -> None:
    assert repr(sa.frames(sa.analyze(SSH))) == (
        "<Frames, rows: sockets 1, findings 1, processes 1, ports 1; events on demand>"
    )


def test_a_notebook_shows_the_groups_and_nothing_that_a_program_wrote_as_markup() -> None:
    text = ERLANG.read_text().replace("/beam.smp", "/<b>beam")
    html = sa.analyze(text)._repr_html_()
    assert "bind-any-port-zero" in html
    assert "<b>" not in html
    assert set(re.findall(r"</?([a-z]+)", html)) == {"p", "table", "tr", "th", "td"}
    listed = sa.analyze(text).findings._repr_html_()
    assert listed.count("<li>&lt;Finding ") == 20
    assert listed.endswith("<p>and 20 more</p>")


def test_groups_say_what_the_command_line_says() -> None:
    (group,) = sa.analyze(ERLANG).groups
    assert group.message.startswith("beam.smp (pid 4510) binds before connecting")
    assert group.advice.startswith("Erlang")


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+.*|unknown", sa.__version__)


SCRIPT = """\
7 execve("/usr/bin/python3", ["python3", "{script}", "{argument}"], 0x7ffd /* 9 vars */) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 bind(3, {{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}}, 16) = 0
7 connect(3, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}}, 16) = 0
"""


def test_fingerprints_tell_scripts_apart_and_not_their_arguments() -> None:
    def of(script: str, argument: str) -> str:
        (group,) = sa.analyze(SCRIPT.format(script=script, argument=argument)).groups
        return group.fingerprint

    assert of("a.py", "1") == of("a.py", "2") == of("/srv/a.py", "3")
    assert of("a.py", "1") != of("b.py", "1")


@pytest.mark.parametrize("one", ["t.strace", "close(3) = 0\nclose(4) = 0\n", b"t.strace", b""])
def test_parse_takes_lines_and_no_string(one: str | bytes) -> None:
    """Each character of it would be a line that is not strace's."""
    with pytest.raises(TypeError, match=r"open\(path, 'rb'\), or text\.splitlines\(\)"):
        sa.parse(one)


@pytest.mark.parametrize(
    "lines", [["close(3) = 0"], (b"close(3) = 0\n",), io.BytesIO(b"close(3) = 0\n"),
              io.StringIO("close(3) = 0\n")],
)  # fmt: skip
def test_parse_takes_any_iterable_of_lines(lines: Iterable[str | bytes]) -> None:
    assert [event.name for event in sa.parse(lines)] == ["close"]


@pytest.mark.parametrize(
    "given", ["40000-40100", (40100, 40000), (1, 2, 3), ("1", "2"), (1, 70000)]
)
def test_what_is_no_port_range_says_what_is_wanted(given: object) -> None:
    with pytest.raises(TypeError, match=r"port_range is two ports, \(low, high\), and not "):
        sa.analyze([b"9 close(3) = 0"], port_range=given)  # type: ignore[arg-type]
