"""The rule files -> RULES.md, printed: `python docs/rules_page.py > RULES.md` (make rules).

The page is made of what each rule's class says and shows; tests/house checks that it is fresh.
"""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.rules.catalogue import built_in_rules
from strace_analyzer.rules.rule import Example, Flagged, Rule, documentation, sections

HEAD = """# Rules

Made by `make rules` from the files in `strace_analyzer/rules/`; the same text is printed by
`strace-analyzer rule ID`. In the examples `#!` marks the line that a finding stands at; they are
run as tests.

A finding of any rule is `probable` where the trace hides what could make it harmless: a call that
its options left out, a socket older than the trace, a number that may have been used again. The
report says which. What else is only probable stands under "What it flags".
"""


def page() -> str:
    """The whole of RULES.md."""
    rules = built_in_rules()
    index = [f"- [{rule.id}](#{rule.id}): {rule.title}" for rule in rules]
    parts = [HEAD, "\n".join(index) + "\n", *(section for rule in rules for section in of(rule))]
    return "\n".join(parts)


def of(rule: type[Rule]) -> Iterator[str]:
    """One rule: its docstring's sections, then its examples."""
    yield f"## {rule.id}\n\n{documentation(rule).split(chr(10) * 2, 1)[0]}\n"
    for title, text in sections(rule):
        yield f"**{title}.** {text}\n"
    for example in rule.examples:
        yield shown(example)


def shown(example: Example) -> str:
    """An example with its marks, as in the rule's file."""
    word = "Flagged" if isinstance(example, Flagged) else "Clean"
    marked = example.flagged_lines
    lines = [
        f"{line} #!" if number in marked else line for number, line in enumerate(example.lines, 1)
    ]
    return "\n".join([f"{word}: {example.title}", "", "```", *lines, "```", ""])


if __name__ == "__main__":
    print(page(), end="")
