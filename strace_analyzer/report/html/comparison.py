"""The HTML page of a comparison: the proportion, figures with a bar for each side, then each cause.
It needs no script."""

from __future__ import annotations

from strace_analyzer.plain import number, safe
from strace_analyzer.report.compare import CauseChange, Comparison, figures, headline, kind_of
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.html.assets import colours, rendered

_TONES = {"gone": "good", "new": "error", "larger": "warning", "kept": "doubt"}


def page(made: Comparison) -> str:
    """Return the page."""
    word, level = _verdict(made)
    return rendered(
        "comparison.html.j2",
        [colours()],
        headline=safe(headline(made)).replace(" -> ", " \u2192 "),
        word=word,
        level=level,
        before=safe(made.before.name),
        after=safe(made.after.name),
        figures=[_figure(*row) for row in figures(made)],
        kinds="not compared" if made.obstacle is not None else _kinds(made),
        comparable=made.obstacle is None,
        changes=[_change(change) for change in made.changes],
    )


def _kinds(made: Comparison) -> str:
    """Format `1 gone, 0 new, 2 kept`."""
    return ", ".join(f"{number(len(made.of(kind)))} {kind}" for kind in ("gone", "new", "kept"))


def _verdict(made: Comparison) -> tuple[str, str]:
    """Return the verdict in a word, and its colour; both follow the exit status."""
    if made.obstacle is not None:
        return "not comparable", "doubt"
    if made.exit_status:
        return "worse", "error"
    if made.changes and len(made.of("gone")) == len(made.changes):
        return "gone", "good"
    return ("no worse", "note") if made.changes else ("nothing found", "good")


def _figure(name: str, before: int, after: int) -> JsonObject:
    most = max(before, after, 1)
    return {
        "name": name,
        "before": number(before),
        "after": number(after),
        "before_share": round(100 * before / most, 1),
        "after_share": round(100 * after / most, 1),
    }


def _change(change: CauseChange) -> JsonObject:
    kind = kind_of(change)
    kind = "larger" if change.larger and kind == "kept" else kind
    return {
        "kind": kind,
        "tone": _TONES[kind],
        "level": str(change.level),
        "rule": safe(change.cause.rule),
        "program": safe(change.cause.program),
        "local": change.cause.local,
        "destination": safe(change.cause.destination),
        "before": number(change.before),
        "after": number(change.after),
    }
