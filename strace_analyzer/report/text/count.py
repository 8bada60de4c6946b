"""The last lines of a trace's report: counts, what was read, and where to go next."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Confidence
from strace_analyzer.plain import count, number, shell_word
from strace_analyzer.report.causes import causes, levels
from strace_analyzer.report.gate import Gate, Judgement
from strace_analyzer.report.redaction.tokens import has_token
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.style import FAINT, command, path

_LIFE, _WHY = "One socket's life", "Why"
CALLED = {_LIFE: "one socket's life", _WHY: "the rule's documentation"}
"""what the commands to type next show, in a sentence"""


def counted(section: Section) -> Iterator[RenderableType]:
    """Yield `1 warning (RULE-ID, 40 findings, certain). 1,070 lines, 1,016 calls, all
    understood.`"""
    found = _found(section)
    yield Text(f"{found} {read(section)}" if found else read(section))


def hints(section: Section, without: Collection[str] = ()) -> Iterator[RenderableType]:
    """Yield commands to type next: every finding, one socket's life, the rule's documentation;
    `without` those of these names."""
    if not section.groups:
        return
    words = []
    total = sum(item.count for item in section.groups)
    if total > 1 and not section.everything:
        words.append(f"All {total:,}: --all")
    commands = {said: what for said, what in next_commands(section).items() if said not in without}
    line = "    ".join([*words, *(f"{said}: {' '.join(what)}" for said, what in commands.items())])
    if len(line) <= section.width:
        yield path(line, FAINT)
        return
    yield from (path(word, FAINT) for word in words)
    for said, what in commands.items():
        yield from command(what, section.width, said)


def next_commands(section: Section) -> dict[str, tuple[str, ...]]:
    """What shows more of the worst that was found, by what it is called: the words of a command
    line, those that are files quoted for a shell."""
    if not section.groups:
        return {}
    group = max(section.groups, key=lambda group: (group.level, section.rule(group).leads))
    commands: dict[str, tuple[str, ...]] = {}
    name, line = section.trace.name, group.sample.at.line
    if not name.startswith("<"):  # a stream cannot be read again
        place = named(name, "TRACE", section.is_redacted)
        commands[_LIFE] = ("strace-analyzer", "sockets", place, f"--line {line}")
    file = section.rules[group.rule].file
    own = () if file is None else (f"--rules {named(file, 'FILE', section.is_redacted)}",)
    commands[_WHY] = ("strace-analyzer", "rule", group.rule, *own)
    return commands


def named(file: str, placeholder: str, is_redacted: bool) -> str:
    """A file as a shell takes it, and the command behind it, where it begins like an option;
    `placeholder` where a token stands for it, which nobody can type."""
    if is_redacted and has_token(file):
        return placeholder
    return shell_word(f"./{file}" if file.startswith("-") else file)


def gate_line(
    parts: Sequence[Section], judgement: Judgement, gate: Gate
) -> Iterator[RenderableType]:
    """Yield `exit 0: 1 note, below --fail-on warning`, if findings do not reach the gate; `exit 2:
    ...` if what the traces leave open might."""
    status = judgement.exit_status
    found = _levels(parts)
    if not found or status not in (0, 2) or gate.is_never or any(map(gate.fails, parts)):
        return
    words = " ".join(f"--fail-on {word}" for word in gate.words)
    but = ", but not everything is known" if status else ""
    yield Text(f"exit {status}: {found}, below {words}{but}", style=FAINT)


def _found(section: Section) -> str:
    """Format `1 error, 2 notes (RULE-ID, 44 findings, certain).`"""
    groups = section.judged
    if not groups:
        return ""
    rules = list(dict.fromkeys(group.rule for group in groups))
    what = rules[0] if len(rules) == 1 else f"{len(rules)} rules"
    findings = count(sum(group.count for group in groups), "finding")
    probable = sum(g.count for g in groups if g.confidence is Confidence.PROBABLE)
    total = sum(group.count for group in groups)
    sure = (
        "certain" if not probable else "probable" if probable == total else f"{probable:,} probable"
    )
    return f"{_levels([section])} ({what}, {findings}, {sure})."


def _levels(parts: Sequence[Section]) -> str:
    """Format `1 error, 2 notes`: causes, not findings."""
    return levels(cause for part in parts for cause in causes(part.judged, part))


def read(section: Section) -> str:
    """Format `1,070 lines, 1,016 calls, all understood, read through: "> " quoting, 2 levels.`

    If a sieve left lines out: `2,000,000 lines, 31,204 of them examined, 30,119 calls, all
    understood`. Nothing is claimed about lines that were not examined.
    """
    sources = section.trace.sources
    lines = sum(source.lines for source in sources)
    calls = sum(source.calls for source in sources)
    unparsed = sum(source.unparsed for source in sources)
    foreign = sum(source.foreign for source in sources)
    examined = sum(source.examined for source in sources)
    words = [count(lines, "line")]
    if examined != lines:
        words.append(f"{number(examined)} of them examined")
    words.append(count(calls, "call"))
    if foreign:
        words.append(f"{number(foreign)} not strace's")
    if lines:
        words.append("all understood" if not unparsed else f"{number(unparsed)} not understood")
    wrappings = dict.fromkeys(note for source in sources for note in source.read_through)
    if wrappings:
        words.append(f"read through: {'; '.join(wrappings)}")
    return f"{', '.join(words)}."
