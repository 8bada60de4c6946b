"""The parts of the HTML pages fit: what one of them names is there in another."""

from __future__ import annotations

import re
from importlib.resources import files

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
