"""What a person types into a Python prompt or a notebook: sources of every kind, items and slices,
what is shown of them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
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


def test_what_is_shown_at_a_prompt_is_short() -> None:
    analysis = sa.analyze(ERLANG)
    shown = [analysis, analysis.findings, analysis.sockets, *analysis.traces, *analysis.groups,
             *analysis.processes, analysis.findings[0], analysis.sockets[0], *analysis.warnings,
             *analysis.unknown, *analysis.findings[0].trail]  # fmt: skip
    assert max(len(repr(item)) for item in shown) <= 200
    assert repr(analysis.findings[0]) == (
        f"<Finding {ERLANG.name}:{analysis.findings[0].at.line}: warning bind-any-port-zero, "
        f"beam.smp[4510] fd {analysis.findings[0].fd} -> {analysis.findings[0].peer}>"
    )


def test_a_notebook_shows_the_groups_and_nothing_that_a_program_wrote_as_markup() -> None:
    text = ERLANG.read_text().replace("/beam.smp", "/<b>beam")
    html = sa.analyze(text)._repr_html_()
    assert "bind-any-port-zero" in html
    assert "<b>" not in html
    assert set(re.findall(r"</?([a-z]+)", html)) == {"p", "table", "tr", "th", "td"}


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
