"""Findings in, one Group per cause out: same rule, process, call site, level and confidence, and
the detail by which the rule separates its findings (Rule.apart)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from strace_analyzer.alike import one_of
from strace_analyzer.analysis.figures import FindingCounts
from strace_analyzer.findings import Finding, Group
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.rules.rule import Rule, sections
from strace_analyzer.rules.store import IN_MEMORY

Key = tuple[object, ...]


def group_key(finding: Finding) -> Key:
    """What all findings of one group have in common."""
    return (
        finding.rule,
        finding.trace,
        finding.process.id,
        call_site(finding),
        finding.level,
        finding.confidence,
        finding.cause,
        finding.without_bind,
        finding.outcome is Outcome.FAILED,
    )


def call_site(finding: Finding) -> str | None:
    """The program's innermost own frame in the stack of the defining call (-k); None without
    frames."""
    call = finding.calls.get("bind") or finding.calls.get("connect")
    if call is None or not call.stack:
        return None
    for frame in call.stack:
        library = frame.lstrip("> ").split("(", 1)[0].rsplit("/", 1)[-1]
        if not library.startswith(("libc.", "libc-", "libpthread", "ld-linux", "ld-musl")):
            return frame.lstrip("> ").strip()
    return call.stack[0].lstrip("> ").strip()


@dataclass(slots=True, kw_only=True)
class _Collected(FindingCounts):
    group: Group
    """without what is still counted"""
    sample: Finding | int
    """itself, or its number: those of very many groups are read again when they are asked for"""


class Groups:
    """Collects findings that have their final level; memory grows with causes and peers only, by
    little for each: the samples of all but the first groups are not kept."""

    def __init__(
        self,
        rules: Iterable[type[Rule]] = (),
        read: Callable[[int], Finding] | None = None,
        in_memory: int = IN_MEMORY,
    ) -> None:
        """`read` gives a finding again by its number, where they have numbers."""
        self._numbers: dict[Key, int] = {}
        """by what its findings have in common, which group it is, from 0 on"""
        self._collected: list[_Collected] = []
        self._rules = {rule.id: rule for rule in rules}
        self._read = read
        self._in_memory = in_memory

    def id_of(self, finding: Finding) -> str:
        """The id of the group that `finding` belongs to; it must have been added."""
        return _id(self._numbers[self._key(finding)])

    def _key(self, finding: Finding) -> Key:
        rule = self._rules.get(finding.rule)
        apart = None if rule is None or rule.apart is None else finding.detail(rule.apart)
        return (*group_key(finding), apart)

    def add(self, finding: Finding, number: int = 0) -> None:
        """Count `finding`, which is read again as the `number`th, in its group."""
        key = self._key(finding)
        at = self._numbers.get(key)
        some = self._read is None or len(self._collected) < self._in_memory
        sample = finding if some else number
        if at is None:
            at = self._numbers[key] = len(self._collected)
            rule = self._rules.get(finding.rule)
            fails = rule is not None and rule.is_failure
            begun = self._begun(finding, _id(at))
            self._collected.append(_Collected(has_failed_calls=fails, group=begun, sample=sample))
        group = self._collected[at]
        if group.add(finding):
            group.sample = sample

    def _begun(self, first: Finding, id: str) -> Group:
        rule, site = self._rules.get(first.rule), call_site(first)
        process = first.process
        return Group(
            id=id,
            fingerprint=one_of(fingerprint(first, site, process.command)),
            rule=one_of(first.rule),
            level=first.level,
            confidence=first.confidence,
            trace=one_of(first.trace),
            process=process._replace(command=one_of(process.command)),
            call_site=one_of(site),
            peers=(),
            count=0,
            connected=0,
            failed=0,
            fds=(),
            first=first.at,
            last=first.at,
            message="" if rule is None else rule.title,
            advice="" if rule is None else one_of(_advice(rule)),
            cause=one_of(first.cause),
            without_bind=one_of(first.without_bind),
            kept=_nothing,
        )

    def take(self) -> list[Group]:
        """The groups, when all is added: worst first, then those with the most findings, then in
        order of first sight. They are kept here no longer, but for their ids."""
        collected = iter(self._collected)
        self._collected = []
        groups = [self._finished(group) for group in collected]
        return sorted(groups, key=lambda group: (-group.level, -group.count))

    def _finished(self, group: _Collected) -> Group:
        kept: Finding | Callable[[], Finding]
        if isinstance(group.sample, Finding):
            kept = group.sample
        else:
            assert self._read is not None
            kept = partial(self._read, group.sample)
        return group.applied(group.group, kept)


def _id(at: int) -> str:
    return f"g{at + 1}"


def _nothing() -> Finding:
    """Of a group that is not finished."""
    raise LookupError


def fingerprint(finding: Finding, site: str | None, program: str | None) -> str:
    """A hash that stays the same from run to run, of the rule, the program (with its script if it
    is an interpreter), the call site, the address family and the cause; no pid, line, time or port.
    """
    said = f"{finding.rule}|{program}|{site}|{finding.socket.domain}|{finding.cause}"
    return sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _advice(rule: type[Rule]) -> str:
    """The section `What to do instead` of the rule's documentation, on one line."""
    return " ".join(dict(sections(rule)).get("What to do instead", "").split())
