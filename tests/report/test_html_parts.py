"""The parts of the HTML pages fit: what one of them names is there in another."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from report.written import written

import strace_analyzer as sa
from strace_analyzer.findings import Level
from strace_analyzer.report.selection import Selection

ROOM = files("strace_analyzer.report.html")
WORD = re.compile(r"[A-Za-z][\w-]*")
UPLOT = {"uplot", "u-wrap", "u-under", "u-over"}
"""classes that uPlot gives its elements"""


def every(ending: str) -> str:
    """The text of all files of the room with this ending."""
    return "\n".join(
        path.read_text(encoding="utf-8")
        for path in ROOM.iterdir()
        if path.name.endswith(ending) and not path.name.startswith("uPlot")
    )


def styled() -> set[str]:
    """The classes that stand in selectors of the style."""
    selectors = re.sub(r"\{[^{}]*\}", "{}", every(".css"))
    return set(re.findall(r"\.([A-Za-z][\w-]*)", selectors))


def given() -> set[str]:
    """The classes that stand in the templates as they are, without what Python gives."""
    classes = re.findall(r'class="([^"]*)"', every(".j2"))
    plain = (re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text) for text in classes)
    return {word for text in plain for word in WORD.findall(text)}


def test_every_class_of_the_style_is_in_use() -> None:
    words = set(WORD.findall(every(".j2") + every(".js") + every(".py"))) | UPLOT
    assert len(styled()) > 40
    assert styled() - words == set()


def test_every_class_of_a_template_is_styled_or_read_by_the_script() -> None:
    assert len(given()) > 40
    assert given() - styled() - set(WORD.findall(every(".js"))) == set()


def test_every_colour_is_in_use() -> None:
    names = set(re.findall(r"(--[\w-]+):", every(".css")))
    used = set(re.findall(r"(?:var\(|\")(--[\w-]+)", every(".css") + every(".js")))
    assert len(names) > 15
    assert names == used


def test_every_element_that_the_script_names_is_in_the_page() -> None:
    asked = re.findall(r'getElementById\("([\w-]+)"\)', every(".js"))
    assert len(asked) >= 5
    assert set(asked) <= set(re.findall(r'id="([\w-]+)"', every(".j2")))


def test_every_function_of_the_script_is_called() -> None:
    script = every(".js")
    names = re.findall(r"(?:function |const )(\w+)(?:\(| = \()", script)
    assert len(names) > 10
    assert [name for name in names if len(re.findall(rf"\b{name}\b", script)) < 2] == []


def test_the_script_names_as_many_columns_as_a_socket_has() -> None:
    match = re.search(r"const \[([A-Z, ]+)\] = Array\((\d+)\)", every(".js"))
    assert match is not None
    names = match[1].split(", ")
    assert len(names) == int(match[2])
    unused = [name for name in names if len(re.findall(rf"\b{name}\b", every(".js"))) < 2]
    assert unused == []


HEAD = 'execve("/bin/fetch", ["fetch"], 0x7ffd0 /* 3 vars */) = 0\n'
CONNECT = (
    "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
    'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0\n'
    "connect(3, {sa_family=AF_INET, sin_port=htons(80),"
    ' sin_addr=inet_addr("192.0.2.1")}, 16) = 0\n'
    "close(3) = 0\n"
)
HIDDEN = HEAD + 'openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3\n' * 30
LISTENS = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\nlisten(3, 5) = 0\n"


@pytest.mark.parametrize(
    ("text", "level", "says", "nothing"),
    [
        (HIDDEN, Level.NOTE, "Nothing can be said", False),
        (HEAD + CONNECT, Level.ERROR, "None is shown", False),
        (HEAD + LISTENS, Level.NOTE, "Nothing was found", True),
    ],
    ids=["inconclusive", "below-the-level", "no-connections"],
)
def test_without_a_finding_to_show_it_says_why(
    text: str, level: Level, says: str, nothing: bool, tmp_path: Path
) -> None:
    """The words "Nothing was found" stand only where the trace was looked at and nothing was there."""
    (path := tmp_path / "t.strace").write_text(text, encoding="utf-8")
    page = written("html", sa.analyze(path), Selection(level=level))
    assert says in page
    assert ("Nothing was found" in page) is nothing
