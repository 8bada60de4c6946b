"""Small Analyses built by hand: consecutive early binds, as many as a test needs, and their
context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from strace_analyzer.analysis import Analysis, TraceResult
from strace_analyzer.findings import (
    CallRecord,
    Confidence,
    Endpoint,
    Finding,
    Group,
    Level,
    LocalAddress,
    Location,
    PeerCount,
    PortUse,
    Process,
    ProcessRef,
    SocketKind,
    SocketLife,
    Unknown,
    Warning,
    added,
    failed_call,
)
from strace_analyzer.kernel.option_calls import OptionCall
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.input.accounting import Accounting

SOURCE = "crawler.strace"
ARGV = ("/opt/otp23/erts-11.1.8/bin/beam.smp", "--", "-root", "/opt/otp23")


def call(role: str, line: int, text: str, **more: object) -> CallRecord:
    """Return one call of a proof; `more` are fields of CallRecord."""
    record = CallRecord(
        role=role,
        source=SOURCE,
        line=line,
        end_line=line,
        tid=702,
        fd=9,
        time="10:00:01.000000",
        seconds=1.0 + line / 1000,
        duration=0.00002,
        name=text.partition("(")[0],
        result=0,
        errno=None,
        text=text,
    )
    return record._replace(**more)  # type: ignore[arg-type]


def early_bind(line: int, peer: Endpoint | None = None, **more: object) -> Finding:
    """Return a certain finding whose socket() is on line `line` and bind() two lines further;
    `more` are its fields."""
    peer = peer or Endpoint("192.0.2.8", 8001)
    trail = (
        call("socket", line, "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 9<TCP:[4711]>", result=9),
        call(
            "setsockopt",
            line + 1,
            "setsockopt(9<TCP:[4711]>, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
            option=OptionCall("SO_REUSEADDR", 1),
        ),
        call(
            "bind",
            line + 2,
            "bind(9<TCP:[4711]>, {sa_family=AF_INET, sin_port=htons(0), "
            'sin_addr=inet_addr("0.0.0.0")}, 16) = 0 <0.000024>',
        ),
        call(
            "getsockname",
            line + 3,
            "getsockname(9<TCP:[0.0.0.0:40123]>, {sa_family=AF_INET, sin_port=htons(40123), "
            'sin_addr=inet_addr("0.0.0.0")}, [112 => 16]) = 0',
            address=Endpoint("0.0.0.0", 40123),
        ),
        call(
            "connect",
            line + 4,
            f"connect(9<TCP:[0.0.0.0:40123]>, {{sa_family=AF_INET, sin_port=htons({peer.port}), "
            f'sin_addr=inet_addr("{peer.address}")}}, 16) = -1 EINPROGRESS (Operation now in '
            "progress)",
            result=-1,
            errno="EINPROGRESS",
        ),
        call(
            "outcome",
            line + 5,
            "getsockopt(9<TCP:[0.0.0.0:40123]>, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
            option=OptionCall("SO_ERROR", ""),
        ),
        call("close", line + 6, "close(9<TCP:[0.0.0.0:40123]>) = 0"),
    )
    finding = Finding(
        id=f"t1:bind-any-port-zero:{SOURCE}:{line + 2}",
        rule="bind-any-port-zero",
        level=Level.WARNING,
        confidence=Confidence.CERTAIN,
        trace="t1",
        process=ProcessRef("t1:700", 700, 702, "beam.smp"),
        namespace=0,
        fd=9,
        at=Location(SOURCE, line + 2),
        socket=SocketKind("AF_INET", "SOCK_STREAM", "TCP"),
        local=LocalAddress("0.0.0.0", 0, 40123),
        peer=peer,
        outcome=Outcome.CONNECTED,
        held_seconds=0.0067,
        trail=trail,
        reuse=True,
        group="g1",
    )
    return finding._replace(**more)  # type: ignore[arg-type]


def group(findings: Sequence[Finding], id: str = "g1") -> Group:
    """Return the group of these findings, which have in common what a group has."""
    first = findings[0]
    peers: dict[Endpoint, list[Finding]] = {}
    for finding in findings:
        if finding.peer is not None:
            peers.setdefault(finding.peer, []).append(finding)
    return Group(
        id=id,
        fingerprint="0123456789abcdef",
        rule=first.rule,
        level=first.level,
        confidence=first.confidence,
        trace=first.trace,
        process=first.process,
        call_site=None,
        peers=tuple(
            PeerCount(
                peer,
                len(to),
                sum(f.outcome is Outcome.CONNECTED for f in to),
                tuple(sorted({f.fd for f in to})),
                tuple(f.at.line for f in to)[:8],
            )
            for peer, to in sorted(peers.items(), key=lambda item: -len(item[1]))
        ),
        count=len(findings),
        connected=sum(f.outcome is Outcome.CONNECTED for f in findings),
        failed=sum(f.outcome is Outcome.FAILED for f in findings),
        fds=tuple(sorted({f.fd for f in findings})),
        first=first.at,
        last=findings[-1].at,
        message="",
        advice="",
        cause=first.cause,
        without_bind=first.without_bind,
        kept=first,
        namespace=first.namespace,
        failed_calls=added(
            one
            for finding in findings
            if finding.rule == "ephemeral-ports-exhausted"
            for one in failed_call(finding)
        ),
    )


def process(**more: object) -> Process:
    """Return the Erlang node 700 with its three threads; `more` are fields of Process. Connections
    that were tried and did not fail count as made."""
    made = Process(
        id="t1:700",
        trace="t1",
        tgid=700,
        tids=(700, 701, 702),
        parent=None,
        command="beam.smp",
        argv=ARGV,
        argv_truncated=False,
        programs=("/opt/otp23/bin/erl", ARGV[0]),
        sockets=5,
        tcp_connections=3,
        early_bound=3,
        connected=3,
        failed=0,
        destinations=2,
        findings={"bind-any-port-zero": 3},
    )
    if "tcp_connections" in more and "connected" not in more:
        more["connected"] = int(str(more["tcp_connections"])) - int(str(more.get("failed", 0)))
    return made._replace(**more)  # type: ignore[arg-type]


def port_use(**more: object) -> PortUse:
    """Return usage of three ports where two would have been enough; `more` are fields of
    PortUse."""
    made = PortUse(
        namespace=0,
        range=(32768, 60999),
        range_source="assumed",
        total_connections=3,
        total_pinned=3,
        peak_pinned=1,
        peak_needed=1,
        peak_pinned_with_time_wait=3,
        peak_needed_with_time_wait=2,
        peak_time=1.2,
        headroom=28229,
        headroom_without_bind=28230,
        connections_per_second=None,
        sustainable_as_is=470.5,
        sustainable_without_bind_per_destination=470.5,
        censored=0,
        by_process=(),
        destinations=(),
    )
    return made._replace(**more)  # type: ignore[arg-type]


def trace(**more: object) -> TraceResult:
    """Return a trace of 120 lines, all understood; `more` are fields of TraceResult."""
    made = TraceResult(
        id="t1",
        name=SOURCE,
        clock="time-of-day",
        seconds=2.5,
        sources=(Accounting(SOURCE, lines=120, call_lines=118, exits=2, calls=110),),
        ports=(),
        tcp_connections=3,
        quotes=(),
        inconclusive=None,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def analysis(
    findings: Sequence[Finding] = (),
    *,
    traces: Sequence[TraceResult] | None = None,
    groups: Sequence[Group] | None = None,
    processes: Sequence[Process] | None = None,
    sockets: Sequence[SocketLife] = (),
    unknown: Sequence[Unknown] = (),
    warnings: Sequence[Warning] = (),
) -> Analysis:
    """Return an Analysis of these findings, in one group unless `groups` is given."""
    if groups is None:
        groups = [group(findings)] if findings else []
    return Analysis(
        traces=tuple(traces or [trace()]),
        groups=tuple(groups),
        findings=tuple(findings),
        processes=tuple(processes if processes is not None else [process()]),
        sockets=tuple(sockets),
        unknown=tuple(unknown),
        warnings=tuple(warnings),
        rules=catalogue(),
        failures=(),
    )


def crawler() -> Analysis:
    """Return three early binds to two destinations, and their cost in ports."""
    other = Endpoint("192.0.2.8", 8000)
    findings = [early_bind(10), early_bind(30), early_bind(50, other)]
    return analysis(findings, traces=[trace(ports=(port_use(),))])
