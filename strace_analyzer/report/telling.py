"""Takes findings as they come, gives the lines that tell of them at once, and at the end those that
are still to be told.

In text and concise form a finding is told once; as JSON lines what is learned later follows as an
`update` with the same id.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from strace_analyzer.findings import Finding
from strace_analyzer.report import concise, document, jsonl
from strace_analyzer.report.gate import Judgement
from strace_analyzer.report.selection import Selected, Selection

_REMEMBERED = 4096
"""Findings of which it is known how they were told last; an update of an older one repeats all."""


class Teller:
    """Base: each finding as one concise line, the first time."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._told: set[int] = set()

    def lines(self, finding: Finding) -> Iterator[str]:
        """The lines to write now that `finding` is known, or is known better."""
        if hash(finding.id) not in self._told and self._selection.admits(finding):
            self._told.add(hash(finding.id))
            yield concise.line(finding)

    def rest(
        self, selected: Selected, judgement: Judgement, provisional: Iterable[Finding]
    ) -> Iterator[str]:
        """The rest of the report at the end of the trace. `provisional` are all findings as they
        were told last, in order."""
        for finding in selected.findings():
            if hash(finding.id) not in self._told:
                yield concise.line(finding)
        yield from concise.remarks(selected)

    @property
    def has_told(self) -> bool:
        """Something has been told."""
        return bool(self._told)


class JsonLines(Teller):
    """Each finding as an object, then what has changed."""

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self._last: OrderedDict[str, Finding] = OrderedDict()

    def lines(self, finding: Finding) -> Iterator[str]:
        key = hash(finding.id)
        if key in self._told:
            update = jsonl.update(self._last.get(finding.id), finding)
            if update is not None:
                yield update
        elif self._selection.admits(finding):
            self._told.add(key)
            yield jsonl.found(finding)
        else:
            return
        self._last[finding.id] = finding
        self._last.move_to_end(finding.id)
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    def rest(
        self, selected: Selected, judgement: Judgement, provisional: Iterable[Finding]
    ) -> Iterator[str]:
        for result in selected.traces:
            yield jsonl.line("trace", document.trace(result))
        shown = selected.findings()
        next_shown = next(shown, None)
        for was, now in zip(provisional, selected.analysis.findings, strict=True):
            is_shown = next_shown is not None and next_shown.id == now.id
            if hash(now.id) in self._told:
                update = jsonl.update(was, now)
                if update is not None:
                    yield update
            elif is_shown:
                yield jsonl.found(now)
            if is_shown:
                next_shown = next(shown, None)
        yield from jsonl.closing(selected, judgement)
