"""The catalogue of rules, and the documentation of one rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.report.text.style import (
    FAINT,
    GOOD,
    HEADING,
    LEVELS,
    headline,
    indented,
    path,
    table,
)
from strace_analyzer.rules.rule import Example, Flagged, Rule, documentation, sections

BLANK = Text("")


def catalogue_page(rules: Sequence[type[Rule]]) -> Iterator[RenderableType]:
    """Yield a line per rule."""
    grid = table("RULE", "~WHAT IT FLAGS")
    for rule in rules:
        grid.add_row(Text(rule.id, style=HEADING), rule.title)
    yield grid
    yield BLANK
    yield Text("One rule's documentation and examples: strace-analyzer rule ID", style=FAINT)


def rule_page(rule: type[Rule]) -> Iterator[RenderableType]:
    """Yield title, the sections of the docstring, and the examples with flagged lines marked."""
    yield headline(rule.id, LEVELS[rule.level], rule.title)
    yield BLANK
    yield indented(Text(_joined(documentation(rule).split("\n\n", 1)[0])))
    for title, text in sections(rule):
        yield BLANK
        yield Text(title, style=HEADING)
        for paragraph in text.split("\n\n"):
            yield indented(Text(_joined(paragraph)))
    for example in rule.examples:
        yield BLANK
        yield from _example(example)


def _example(example: Example) -> Iterator[RenderableType]:
    word, style = (
        ("Flagged", LEVELS[Rule.level]) if isinstance(example, Flagged) else ("Clean", GOOD)
    )
    yield headline(word, style, example.title)
    marked = example.flagged_lines
    for number, line in enumerate(example.lines, 1):
        mark = "->" if number in marked else "  "
        yield path(f"{mark} {line}", HEADING if number in marked else "")


def _joined(paragraph: str) -> str:
    """Join a paragraph into one line, to be wrapped at the terminal's width and not the source
    file's."""
    return " ".join(line.strip() for line in paragraph.splitlines())
