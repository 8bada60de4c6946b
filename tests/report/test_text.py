"""The text report, whole: every form that it takes, as a pipe of 100 columns gets it."""

from __future__ import annotations

from dataclasses import replace

from report.fixtures import SOURCE, analysis, crawler, early_bind, group, process, trace
from report.printed import printed

import strace_analyzer as sa
from strace_analyzer.analysis import Analysis
from strace_analyzer.findings import (
    Confidence,
    Endpoint,
    Finding,
    Level,
    ProcessRef,
    Unknown,
    Warning,
)
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.trace.input.accounting import Accounting

ONE_PROCESS = """\
warning: beam.smp (pid 700) binds before connecting: 3 of its 3 outgoing TCP connections

  bind() to 0.0.0.0 port 0 takes a local port away from every destination and every process.
  Without it the kernel lets connections to different destinations share ports.

  DESTINATION     EARLY-BOUND  CONNECTED  FD  BIND LINES
  192.0.2.8:8001            2          2  9   12, 32
  192.0.2.8:8000            1          1  9   52

  LOCAL PORTS TAKEN          BY BIND()             WITHOUT IT
  open at the same time              1                      1
  with 60 s of TIME_WAIT             3                      2
  ports run out at        470/s in all  470/s per destination
  of 28,232, 32768-60999, assumed

  Fix    Erlang/OTP 23 (erts-11.1.8): use OTP 24 or later, without {ip,any}.
         Until then: add {raw,0,24,<<1:32/native>>} to the socket options.
         SO_REUSEADDR, which is set here (line 11), does not help.

  Proof  crawler.strace, thread 702 (of 3), first of 3
     10  socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 9
     11  setsockopt(9, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0     does not help
     12  bind(9, {AF_INET, htons(0), "0.0.0.0"}) = 0             IP_BIND_ADDRESS_NO_PORT not set
     13  getsockname(9, {AF_INET, htons(40123), "0.0.0.0"}) = 0  port 40123 is taken
     14  connect(9, {AF_INET, htons(8001), "192.0.2.8"}) = EINPROGRESS
     15  getsockopt(9, SOL_SOCKET, SO_ERROR, [0], [4]) = 0       connected
     16  close(9) = 0                                            held 6.7 ms, then likely TIME_WAIT

1 warning (bind-any-port-zero, 3 findings, certain). 120 lines, 110 calls, all understood.
All 3: --all
One socket's life: strace-analyzer sockets crawler.strace --line 12
Why: strace-analyzer rule bind-any-port-zero
"""


def test_one_process_is_reported_in_full() -> None:
    assert printed(crawler()) == ONE_PROCESS


NARROW_PROOF = """\
  Proof  crawler.strace, thread 702 (of 3), first of 3
     10  socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 9
     11  setsockopt(9, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
           does not help
     12  bind(9, {AF_INET, htons(0), "0.0.0.0"}) = 0
           IP_BIND_ADDRESS_NO_PORT not set
     13  getsockname(9, {htons(40123), "0.0.0.0"}) = 0
           port 40123 is taken
     14  connect(9, {AF_INET, htons(8001)...) = EINPROGRESS
     15  getsockopt(9, SOL_SOCKET, SO_ERROR, [0], [4]) = 0
           connected
     16  close(9) = 0
           held 6.7 ms, then likely TIME_WAIT
"""


def test_a_narrow_terminal_gets_remarks_below_the_calls() -> None:
    report = printed(crawler(), width=60)
    assert NARROW_PROOF in report
    assert "One socket's life:\n  strace-analyzer sockets crawler.strace --line 12\n" in report
    assert [line for line in report.splitlines() if len(line) > 60] == []


ALL = """\
LEVEL    PROCESS                  BIND  CONNECT   FD  DESTINATION               OUTCOME         HELD
warning  beam.smp[700]              12       14    9  192.0.2.8:8001            connected     6.7 ms
warning  beam.smp[700]              32       34    9  192.0.2.8:8001            connected     6.7 ms
warning  beam.smp[700]              52       54    9  192.0.2.8:8000            connected     6.7 ms
"""


def test_all_lists_every_finding() -> None:
    assert printed(crawler(), everything=True).endswith("\n" + ALL)


def test_a_file_name_is_never_wrapped() -> None:
    long = "/var/log/" + "very-long-name/" * 9 + "trace.strace"
    at = early_bind(10).at._replace(source=long)
    report = printed(analysis([early_bind(10, at=at)], traces=[trace(name=long)]))
    assert f"  Proof  {long}\n         thread 702 (of 3)\n" in report
    assert f"  strace-analyzer sockets \\\n    {long} \\\n    --line 12\n" in report


def test_nothing_of_the_trace_can_command_the_terminal() -> None:
    evil = "\x1b]0;owned\x07"
    process_ref = ProcessRef("t1:700", 700, 702, f"beam{evil}")
    made = analysis(
        [early_bind(10, process=process_ref, at=early_bind(10).at._replace(source=f"a{evil}"))],
        traces=[trace(name=f"a{evil}", quotes=(f"strace: {evil}",))],
        processes=[process(command=f"beam{evil}", argv=(evil,))],
    )
    report = printed(made, everything=True)
    assert r"beam\x1b]0;owned\x07" in report
    assert "\x1b" not in report
    assert "\x07" not in report


CLEAN = """\
clean: 25 outgoing TCP connections by 3 processes, none bound early

  PROGRAM     PROCESSES  TCP CONNECTIONS  HOW THE LOCAL PORT WAS CHOSEN
  curl                2               13  by connect()
  nginx (23)          1               12  4 by connect(); 8 bound with IP_BIND_ADDRESS_NO_PORT

  Nothing suggests that the options of this trace hid a call that matters here.
120 lines, 110 calls, all understood.
"""


def curl(pid: int, connections: int) -> object:
    return process(
        id=f"t1:{pid}", tgid=pid, command="curl", tcp_connections=connections, early_bound=0
    )


def test_clean_says_what_was_seen() -> None:
    nginx = process(
        id="t1:23", tgid=23, command="nginx", tcp_connections=12, early_bound=0, no_port=8
    )
    assert printed(analysis(processes=[curl(21, 6), curl(22, 7), nginx])) == CLEAN


def test_a_socket_that_was_not_seen_made_is_not_said_to_have_a_port_of_connect() -> None:
    older = process(tcp_connections=3, early_bound=0, not_told=1)
    assert "  2 by connect(); 1 not shown by this trace\n" in (printed(analysis(processes=[older])))


def test_only_lines_that_were_looked_at_are_understood() -> None:
    source = Accounting(SOURCE, lines=1200, call_lines=118, exits=2, calls=110)
    report = printed(analysis(traces=[trace(sources=(source,))], processes=[curl(21, 6)]))
    assert report.splitlines()[-1] == (
        "1,200 lines, 120 of them examined, 110 calls, all understood."
    )


NO_CONNECTIONS = """\
no connections: 1 process, 5 internet sockets, no outgoing TCP connection

120 lines, 110 calls, all understood.
"""


def test_no_connections_says_so_first() -> None:
    assert printed(analysis(processes=[process(tcp_connections=0)])) == NO_CONNECTIONS


def test_no_process_says_so_too() -> None:
    assert printed(analysis(processes=[])).splitlines()[0] == (
        "no connections: no outgoing connection was made; those that come in take no local port"
    )


def test_clean_of_one_rule_does_not_deny_what_another_finds() -> None:
    bound = process(tcp_connections=3, early_bound=3)
    assert printed(analysis(processes=[bound])).splitlines()[0] == (
        "clean: 3 outgoing TCP connections by 1 process, no finding of what was asked for"
    )


class LongLinger(sa.Rule):
    """A connection is closed while SO_LINGER makes close() wait.

    Why it matters:
        The call blocks. Nobody is served meanwhile. Nor is this sentence shown.

    What to do instead:
        Do not wait.
    """

    id = "long-linger"
    title = "close() waits"

    def step(self, step: sa.Step) -> tuple[Finding, ...]:
        return ()


def test_a_rule_that_says_no_more_is_told_in_the_words_of_its_docstring() -> None:
    own = [early_bind(at, rule="long-linger", level=Level.NOTE) for at in (10, 30)]
    report = printed(replace(analysis(own), rules=(LongLinger,)))
    assert report.startswith(
        "note: beam.smp (pid 700): close() waits, 2 times\n\n"
        "  The call blocks.\n  Nobody is served meanwhile.\n\n"
        "  DESTINATION     TIMES  CONNECTED  FD  BIND LINES\n"
    )
    assert "\n  Fix    Do not wait.\n" in report


class Silent(LongLinger):
    """Nothing but an id and a title."""

    id = "silent"


def test_a_rule_without_documentation_has_no_fix() -> None:
    report = printed(replace(analysis([early_bind(10, rule="silent")]), rules=(Silent,)))
    assert report.startswith("warning: beam.smp (pid 700): close() waits\n\n  DESTINATION")
    assert "Fix" not in report


INCONCLUSIVE = """\
inconclusive: no early bind was seen (6 outgoing TCP connections by 1 process), but this trace does
not show all

  PROGRAM    PROCESSES  TCP CONNECTIONS  HOW THE LOCAL PORT WAS CHOSEN
  curl (21)          1                6  no bind() was seen

  Not known  calls made through io_uring are invisible to strace (2 times, process 21, first on line
             12)

120 lines, 110 calls, all understood.
"""


def test_what_is_unknown_is_said() -> None:
    at = early_bind(10).at
    reason = "calls made through io_uring are invisible to strace"
    unknown = Unknown("io-uring", reason, 2, "t1", "t1:21", None, at, at)
    assert printed(analysis(processes=[curl(21, 6)], unknown=[unknown])) == INCONCLUSIVE


def test_a_blind_trace_comes_with_the_command_that_sees() -> None:
    reason = "the options of this trace hid bind() and connect()"
    report = printed(analysis(traces=[trace(inconclusive=reason)], processes=[]))
    assert report.startswith(f"inconclusive: {reason}; nothing can be said\n")
    (command,) = [line for line in report.splitlines() if line.startswith("strace -fyyttT")]
    assert command.endswith("' -p PID")
    assert "-e '%process,%network,/" in command


def test_a_blind_trace_says_so_before_what_was_found_in_it() -> None:
    reason = "the options of this trace hid connect()"
    held = early_bind(10, rule="bound-unused", level=Level.NOTE)
    report = printed(analysis([held], traces=[trace(inconclusive=reason)]))
    lines = report.splitlines()
    assert lines[:2] == [f"inconclusive: {reason}; all that can be said:", ""]
    assert lines[2].startswith("note: ")


PROBABLE = """\
probable warning: beam.smp (pid 700) binds before connecting: 1 of its 3 outgoing TCP connections,
but this trace cannot prove it

  bind() to 0.0.0.0 port 0 takes a local port away from every destination and every process.
  Without it the kernel lets connections to different destinations share ports.

  DESTINATION     EARLY-BOUND  CONNECTED  FD  BIND LINES
  192.0.2.8:8001            1          1  9   12

  What it hides  close, dup  is it the same socket?        (a reused number would be harmless)
                 setsockopt  IP_BIND_ADDRESS_NO_PORT set?  (that would be harmless)

"""


def test_a_probable_finding_says_what_the_trace_hides() -> None:
    doubts = frozenset({"setsockopt-hidden", "descriptor-calls-hidden", "fd-reuse"})
    finding = early_bind(10, confidence=Confidence.PROBABLE, doubts=doubts)
    warning = Warning("setsockopt-hidden", "t1", 1, "may-overreport", "no setsockopt()", "again")
    report = printed(analysis([finding], warnings=[warning]))
    assert report.startswith(PROBABLE)
    assert "IP_BIND_ADDRESS_NO_PORT: not visible\n" in report
    assert report.count("Take it again with") == 1
    assert "Not known" not in report  # it stands under What it hides
    assert report.splitlines()[-3] == (
        "1 warning (bind-any-port-zero, 1 finding, probable). 120 lines, 110 calls, all understood."
    )


def test_certain_and_probable_are_one_cause() -> None:
    doubts = frozenset({"setsockopt-hidden"})
    more = [
        early_bind(line, confidence=Confidence.PROBABLE, doubts=doubts, group="g2")
        for line in (10, 30)
    ]
    sure = early_bind(50)
    report = printed(analysis([sure, *more], groups=[group([sure]), group(more, "g2")]))
    assert report.startswith(
        "warning: beam.smp (pid 700) binds before connecting: 3 of its 3 outgoing TCP connections, "
        "2 of them\nprobable\n"
    )
    assert "  192.0.2.8:8001            3          3  9   12, 32, 52\n" in report
    assert report.count("  Proof  ") == 1
    assert "     52  bind(" in report  # the certain one
    assert report.count("  What it hides  setsockopt") == 1
    assert "\n1 warning (bind-any-port-zero, 3 findings, 2 probable). " in report


RAN_OUT = """\
error: local ports ran out for beam.smp (pid 700): 2 connect() calls failed EADDRNOTAVAIL, first on
line 14

  The kernel had no local port left to give.

  DESTINATION     FAILED  FD  LINES
  192.0.2.8:8001       2  9   14, 34

  LOCAL PORTS TAKEN       BY BIND()  WITHOUT IT
  open at the same time           1           1
  with 60 s of TIME_WAIT          3           2
  of a range that is not known (not 32768-60999): --port-range gives it

  Fix    Sockets of this trace that are bound to port 0 hold the ports: fix those binds first.
         Without the early binds these connections would have fitted.

"""


def ran_out(line: int) -> Finding:
    """A connect() on line `line` + 4 that found no port."""
    failed = early_bind(line).calls["connect"]._replace(errno="EADDRNOTAVAIL", result=-1, time=None)
    return early_bind(
        line, rule="ephemeral-ports-exhausted", level=Level.ERROR, outcome=Outcome.FAILED,
        trail=(failed,), at=early_bind(line).at._replace(line=line + 4),
        cause="early-binds", without_bind="would-fit", group="g2",
    )  # fmt: skip


def test_calls_that_found_no_port_are_counted_as_failed() -> None:
    made = crawler()
    dry = [ran_out(10), ran_out(30)]
    report = printed(replace(made, findings=tuple(dry), groups=(group(dry, "g2"),)))
    assert report.startswith(RAN_OUT)


def test_what_the_binds_cost_is_told_once() -> None:
    made = crawler()
    dry = [ran_out(10), ran_out(30)]
    both = replace(made, findings=(*made.findings, *dry), groups=(group(dry, "g2"), *made.groups))
    report = printed(both)
    assert report.count("LOCAL PORTS TAKEN") == 1
    assert report.count("  Proof  ") == 2


FLEET = """\
warning: 5 processes bind before connecting: 11 of 18 outgoing TCP connections

  PROGRAM            PROCESSES  OFFENDING  TCP CONNECTIONS  EARLY-BOUND  FAILED
  python3 worker.py          4          4               12           12       0
  ssh                        1          1                1            1       0
  curl                       1          0                5            0       0

   1  warning   python3 worker.py  4 processes, 10 connections to 1 destination
      worst     pid 803 (4), 802 (3), 801 (2), ... 1 more: --all
      Fix       Python: leave out source_address=('0.0.0.0', 0), ('', 0) or local_addr: the default
                None does not bind.
      Proof     crawler.strace, line 312 bind, 314 connect
   2  note      ssh  1 connection to 1 destination
      Fix       ssh: leave out -b 0.0.0.0 (BindAddress in ssh_config).
      Proof     crawler.strace, line 902 bind, 904 connect

1 warning, 1 note (bind-any-port-zero, 11 findings, certain). 120 lines, 110 calls, all understood.
All 11: --all
One socket's life: strace-analyzer sockets crawler.strace --line 12
Why: strace-analyzer rule bind-any-port-zero
"""


def fleet() -> Analysis:
    """Four Python workers with one to four findings each, one ssh with a note, one clean curl."""
    findings, groups, processes = [], [], []
    for at, pid in enumerate((800, 801, 802, 803)):
        worker = process(
            id=f"t1:{pid}", tgid=pid, tids=(pid,), command="python3",
            argv=("python3", "/srv/worker.py"), programs=("/usr/bin/python3",),
        )  # fmt: skip
        ref = ProcessRef(worker.id, pid, pid, "python3")
        lines = range(10 + 100 * at, 10 + 100 * at + 20 * at + 1, 20)
        own = [early_bind(line, process=ref, group=f"g{at}") for line in lines]
        findings += own
        groups.append(group(own, f"g{at}"))
        processes.append(worker)
    note = early_bind(900, process=ProcessRef("t1:9", 9, 9, "ssh"), group="g9", level=Level.NOTE)
    ssh = process(id="t1:9", tgid=9, command="ssh", tcp_connections=1, early_bound=1, argv=())
    return analysis(
        [*findings, note],
        groups=[*groups, group([note], "g9")],
        processes=[*processes, ssh, curl(10, 5)],
    )


def test_many_processes_are_grouped_by_program_and_cause() -> None:
    assert printed(fleet()) == FLEET


def test_notes_beside_something_worse_get_a_line_per_rule() -> None:
    failed = [
        early_bind(line, level=Level.NOTE, outcome=Outcome.FAILED, group="g2") for line in (70, 90)
    ]
    made = crawler()
    made = replace(
        made, findings=(*made.findings, *failed), groups=(*made.groups, group(failed, "g2"))
    )
    report = printed(made)
    line = "note: bind-any-port-zero: 2 findings by beam.smp, which failed to connect; first on line 72"
    assert f"\n\n{line}\n\n1 warning, 1 note (" in report


def test_a_note_alone_is_shown_in_full_and_does_not_fail() -> None:
    report = printed(analysis([early_bind(10, level=Level.NOTE)]))
    assert report.startswith("note: beam.smp (pid 700) binds before connecting: 1 of its 3 ")
    assert "  Proof  crawler.strace" in report
    assert report.splitlines()[-1] == "exit 0: 1 note, below --fail-on warning"


SEVERAL = """\
TRACE           VERDICT         TCP CONNECTIONS  FINDINGS  LINES
crawler.strace  warning                       3         3    120
other.strace    no connections                0         -    120

── crawler.strace ──────────────────────────────────────────────────────────────────────────────────
warning: beam.smp (pid 700) binds before connecting: 3 of its 3 outgoing TCP connections
"""


def test_several_traces_are_summed_up_and_never_added_up() -> None:
    made = crawler()
    made = replace(made, traces=(*made.traces, trace(id="t2", name="other.strace")))
    report = printed(made)
    assert report.startswith(SEVERAL)
    assert "── other.strace" not in report


def test_straces_own_errors_are_quoted() -> None:
    quote = "strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted"
    report = printed(analysis(traces=[trace(quotes=(quote,))], processes=[]))
    assert report.endswith(f"\n  strace itself said\n    {quote}\n")


def test_ipv6_destinations_are_in_brackets() -> None:
    report = printed(analysis([early_bind(10, Endpoint("2001:db8::1", 80))]))
    assert "  [2001:db8::1]:80            1          1  9   12\n" in report
