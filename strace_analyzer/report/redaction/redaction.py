"""Redact the records of a report.

It is long because it has a function for each kind of record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from strace_analyzer.analysis import Analysis, TraceResult
from strace_analyzer.analysis.groups import fingerprint
from strace_analyzer.findings import (
    CallRecord,
    Detail,
    Endpoint,
    Failure,
    Finding,
    Group,
    LocalAddress,
    Location,
    PortUse,
    Process,
    ProcessLife,
    ProcessRef,
    SocketLife,
    Unknown,
    Warning,
)
from strace_analyzer.machine import Listing
from strace_analyzer.report.redaction.mapped import Mapped
from strace_analyzer.report.redaction.tokens import Tokens
from strace_analyzer.report.redaction.values import COMMANDS, KINDS, PATHS, Values
from strace_analyzer.report.suppression import Suppressed
from strace_analyzer.rules import Rule

_PROGRAM = "_program"
"""suffix of the names of details that are program names"""
_SCRIPT = "_script"
"""suffix of the names of details that are file names of scripts"""
_FILE = "_file"
"""suffix of the names of details that are files of the trace"""


class Redaction:
    """Replaces values of its `kinds` in records; a value has the same token for the lifetime of the
    object. If commands or paths are redacted, fingerprints are computed from the result, since
    otherwise one could confirm a guessed name."""

    def __init__(self, kinds: Iterable[str], tokens: Tokens | None = None) -> None:
        self.values = Values(kinds, tokens)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are replaced, in the order of KINDS."""
        return tuple(kind for kind in KINDS if self.values.hides(kind))

    def analysis(self, made: Analysis) -> Analysis:
        """Return everything redacted. Findings and sockets are redacted on access, in any order:
        the values in them were given their tokens beforehand."""
        self._learn(made)
        return replace(
            made,
            traces=tuple(map(self.trace, made.traces)),
            groups=tuple(map(self.group, made.groups)),
            findings=Mapped(made.findings, self.finding),
            processes=tuple(map(self.process, made.processes)),
            sockets=Mapped(made.sockets, self.life),
            unknown=tuple(map(self.unknown, made.unknown)),
            warnings=tuple(map(self.warning, made.warnings)),
            lives=tuple(map(self.process_life, made.lives)),
            failed_calls=tuple(map(self.failure, made.failed_calls)),
            rules=tuple(map(self._rule, made.rules)),
            failures=tuple(
                one._replace(source=self.values.source(one.source), error=_kind_of(one.error))
                for one in made.failures
            ),
        )

    @property
    def _names_nothing(self) -> bool:
        return self.values.hides(COMMANDS) or self.values.hides(PATHS)

    def _learn(self, made: Analysis) -> None:
        """Assign tokens in an order that does not depend on the format."""
        for trace in made.traces:
            self.values.source(trace.name)
            for account in trace.sources:
                self.values.source(account.name)
        for process in made.processes:
            self._learn_process(process.command, process.programs)
        for life in made.lives:
            self._learn_process(life.command, [program.path for program in life.programs])
        for trace in made.traces:
            self.trace(trace)
        for process in made.processes:
            self.process(process)
        for finding in made.findings:
            self.finding(finding)

    def _learn_process(self, command: str | None, programs: Iterable[str]) -> None:
        for name in (command, *(path.rpartition("/")[2] for path in programs)):
            if name:
                self.values.learn_command(name)

    def trace(self, made: TraceResult) -> TraceResult:
        """Redact a trace, its files and its ports."""
        values = self.values
        started, is_cut = values.argv(made.started, False)
        return replace(
            made,
            name=values.source(made.name),
            started=() if is_cut else started,
            sources=tuple(
                replace(
                    account,
                    name=values.source(account.name),
                    read_through=list(map(values.wrapping, account.read_through)),
                    damage=self._sentence(account.damage),
                    refused=self._sentence(account.refused),
                    faults=[one._replace(error=_kind_of(one.error)) for one in account.faults],
                )
                for account in made.sources
            ),
            ports=tuple(map(self.ports, made.ports)),
            quotes=tuple(map(values.quote, made.quotes)),
            inconclusive=self._sentence(made.inconclusive),
            forecasts=made.forecasts,
        )

    def ports(self, use: PortUse) -> PortUse:
        """Redact the ports of one network namespace."""
        address = self.values.address
        return use._replace(
            destinations=tuple(to._replace(address=address(to.address)) for to in use.destinations),
            by_address=tuple(by._replace(address=address(by.address)) for by in use.by_address),
        )

    def finding(self, made: Finding) -> Finding:
        """Redact a finding and its calls."""
        return made._replace(
            id=made.id.replace(made.at.source, self.values.source(made.at.source)),
            process=self._process_ref(made.process),
            at=self._location(made.at),
            local=self._local(made.local),
            peer=self._endpoint(made.peer),
            trail=tuple(map(self.call, made.trail)),
            details=tuple((name, self._detail(name, value)) for name, value in made.details),
        )

    def group(self, made: Group) -> Group:
        """Redact a group and its sample. Its texts are made anew by its rule."""
        sample, site = self.finding(made.sample), made.call_site
        site = None if site is None else self.values.frame(site)
        return replace(
            made,
            fingerprint=fingerprint(sample, site, sample.process.command)
            if self._names_nothing
            else made.fingerprint,
            process=self._process_ref(made.process),
            call_site=site,
            peers=tuple(
                replace(peer, peer=self._endpoint(peer.peer) or peer.peer) for peer in made.peers
            ),
            first=self._location(made.first),
            last=self._location(made.last),
            message="",
            advice="",
            kept=sample if isinstance(made.kept, Finding) else partial(self._sample, made),
        )

    def _sample(self, made: Group) -> Finding:
        return self.finding(made.sample)

    def suppressed(self, made: Suppressed) -> Suppressed:
        """Redact the effect of a suppression; it has the fingerprint of its groups, or none."""
        groups = tuple(map(self.group, made.groups))
        entry = made.entry._replace(reason=self.values.about_processes(made.entry.reason))
        if self._names_nothing:
            entry = entry._replace(fingerprint=groups[0].fingerprint if groups else "")
        return made._replace(entry=entry, groups=groups)

    def process(self, made: Process) -> Process:
        """Redact a process and its command line."""
        argv, truncated = self.values.argv(made.argv, made.argv_truncated)
        return made._replace(
            command=self._command(made.command),
            argv=argv,
            argv_truncated=truncated,
            programs=tuple(map(self.values.program, made.programs)),
        )

    def process_life(self, made: ProcessLife) -> ProcessLife:
        """Redact a process and everything it ran."""
        programs = []
        for program in made.programs:
            argv, truncated = self.values.argv(program.argv, program.argv_truncated)
            programs.append(
                program._replace(
                    path=self.values.program(program.path),
                    argv=argv,
                    argv_truncated=truncated,
                    source=self.values.source(program.source),
                )
            )
        return made._replace(command=self._command(made.command), programs=tuple(programs))

    def life(self, made: SocketLife) -> SocketLife:
        """Redact a socket and its calls."""
        return made._replace(
            process=self._process_ref(made.process),
            local=self._local(made.local),
            peer=self._endpoint(made.peer),
            opened=self._location(made.opened),
            closed=None if made.closed is None else self._location(made.closed),
            trail=tuple(map(self.call, made.trail)),
        )

    def call(self, record: CallRecord) -> CallRecord:
        """Redact a call as printed, and its stack."""
        return record._replace(
            source=self.values.source(record.source),
            text=self.values.call(record.text),
            stack=tuple(map(self.values.frame, record.stack)),
        )

    def unknown(self, made: Unknown) -> Unknown:
        """Redact something that the trace cannot tell."""
        return replace(
            made,
            reason=self.values.sentence(made.reason),
            first=self._location(made.first),
            last=self._location(made.last),
        )

    def warning(self, made: Warning) -> Warning:
        """Redact something that the trace's options hid."""
        return replace(made, message=self.values.sentence(made.message))

    def failure(self, made: Failure) -> Failure:
        """Redact socket calls that failed in the same way."""
        return made._replace(
            address=self._endpoint(made.address),
            path=None if made.path is None else self.values.socket_name(made.path),
            first=self._location(made.first),
            last=self._location(made.last),
        )

    def listing(self, made: Listing) -> Listing:
        """Redact the sockets of a machine."""
        address = self.values.address
        return made._replace(
            sockets=tuple(
                one._replace(
                    address=address(one.address),
                    peer_address=address(one.peer_address),
                    owners=tuple(
                        owner._replace(
                            command=self.values.command(owner.command),
                            script=self.values.script(owner.script) if owner.script else "",
                        )
                        for owner in one.owners
                    ),
                )
                for one in made.sockets
            )
        )

    def _rule(self, rule: type[Rule]) -> type[Rule]:
        """Redact the file that contains a user's own rule."""
        if rule.file is None or not self.values.hides(PATHS):
            return rule
        return type(
            rule.__name__, (rule,), {"file": self.values.path(rule.file), "__doc__": rule.__doc__}
        )

    def _detail(self, name: str, value: Detail) -> Detail:
        if isinstance(value, tuple):
            return tuple(tuple(map(self._cell, row)) for row in value)
        if not isinstance(value, str):
            return value
        if name.endswith(_FILE):
            return self.values.source(value)
        if name.endswith(_SCRIPT):
            return self.values.script(value)
        return (
            self.values.command(value)
            if name.endswith(_PROGRAM)
            else self.values.about_processes(value)
        )

    def _cell(self, value: str | float) -> str | float:
        return self.values.about_processes(value) if isinstance(value, str) else value

    def _process_ref(self, ref: ProcessRef) -> ProcessRef:
        return ref._replace(command=self._command(ref.command))

    def _command(self, name: str | None) -> str | None:
        return None if name is None else self.values.command(name)

    def _location(self, at: Location) -> Location:
        return at._replace(source=self.values.source(at.source))

    def _local(self, at: LocalAddress) -> LocalAddress:
        return at if at.address is None else at._replace(address=self.values.address(at.address))

    def _endpoint(self, at: Endpoint | None) -> Endpoint | None:
        return None if at is None else at._replace(address=self.values.address(at.address))

    def _sentence(self, text: str | None) -> str | None:
        return None if text is None else self.values.sentence(text)


def _kind_of(error: str) -> str:
    """`ValueError`: what else it says may be words of the trace."""
    return error.partition(":")[0]
