"""What to do about it: in words for the runtime and its version, where the command shows them."""

from __future__ import annotations

import io

import pytest
from report.fixtures import analysis, early_bind, group, port_use, process
from report.printed import printed

import strace_analyzer as sa
from strace_analyzer.findings import Finding, PortUse, Process, ProcessRef
from strace_analyzer.rules import catalogue
from strace_analyzer.rules.remedies import BINDING
from strace_analyzer.rules.runtimes import recognise
from strace_analyzer.rules.words import Advice, Case, program

RULES = {rule.id: rule for rule in catalogue()}


def advised(finding: Finding, of: Process | None = None, ports: PortUse | None = None) -> Advice:
    """What its rule says to do about it."""
    return RULES[finding.rule].advice(Case(group([finding]), of, ports))


def ran(command: str, *programs: str, argv: tuple[str, ...] = ()) -> str | None:
    """The runtime's title as it is recognised."""
    runtime = recognise(command, process(command=command, programs=programs, argv=argv))
    return runtime.title if runtime is not None else None


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/usr/lib/erlang/erts-11.1.8/bin/beam.smp", "Erlang/OTP 23 (erts-11.1.8)"),
        ("/usr/lib/erlang/erts-13.1.5/bin/beam.smp", "Erlang/OTP 25 (erts-13.1.5)"),
        ("/usr/lib/erlang/erts-10.7/bin/beam.smp", "Erlang/OTP 22 (erts-10.7)"),
        ("/usr/lib/erlang/erts-10.2/bin/beam.smp", "Erlang/OTP 21 (erts-10.2)"),
        ("/usr/lib/erlang/erts-9.3/bin/beam", "Erlang/OTP 20 (erts-9.3)"),
        ("/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "Java 17"),
        ("/usr/lib/jvm/java-1.8.0-openjdk/bin/java", "Java 8"),
        ("/home/a/.nvm/versions/node/v20.11.0/bin/node", "Node.js 20"),
        ("/usr/bin/python3.11", "Python 3.11"),
        ("/usr/bin/python3", "Python"),
        ("/usr/bin/ruby3.1", "Ruby 3.1"),
        ("/tmp/go-build123/b001/exe/main", "Go"),
        ("/usr/bin/ssh", "ssh"),
        ("/usr/bin/dig", "BIND 9"),
        ("/opt/acme/crawler", None),
    ],
)
def test_a_runtime_is_known_by_what_it_ran(path: str, title: str | None) -> None:
    assert ran(path.rpartition("/")[2], path) == title


def test_a_script_is_known_by_its_ending() -> None:
    assert ran("worker.py") == "Python"


def sentences(command: str, path: str, finding: Finding | None = None) -> tuple[str, ...]:
    ref = ProcessRef("t1:700", 700, 702, command)
    found = finding or early_bind(10, process=ref, reuse=False)
    return advised(found, process(command=command, programs=(path,), argv=())).sentences


def test_an_old_erlang_is_told_to_upgrade_and_what_to_do_until_then() -> None:
    assert sentences("beam.smp", "/usr/lib/erlang/erts-11.1/bin/beam.smp") == (
        "use OTP 24 or later, without {ip,any}.",
        "Until then: add {raw,0,24,<<1:32/native>>} to the socket options.",
    )


def test_a_new_erlang_binds_only_when_told_to() -> None:
    assert sentences("beam.smp", "/usr/lib/erlang/erts-14.2/bin/beam.smp") == (
        "leave {ip,any} and {ip,{0,0,0,0}} out of the socket options.",
    )


@pytest.mark.parametrize(
    ("command", "path", "says"),
    [
        ("tclsh", "/usr/bin/tclsh8.6", "none in the script: `socket HOST PORT` of Tcl 8.6 always"),
        ("expect", "/usr/bin/expect", "none in the script"),
        ("perl", "/usr/bin/perl", "IO::Socket::INET does not bind for it"),
        ("php", "/usr/bin/php8.2", "leave out socket_bind() before socket_connect()"),
        ("php-fpm8.2", "/usr/sbin/php-fpm8.2", "bindto sets IP_BIND_ADDRESS_NO_PORT"),
        ("ruby", "/usr/bin/ruby3.1", "TCPSocket.new(host, port, local_host)"),
        ("lua5.4", "/usr/bin/lua5.4", "tcp:bind('*', 0)"),
        ("luajit", "/usr/bin/luajit", "tcp:bind('*', 0)"),
    ],
)
def test_interpreters_get_their_own_remedy(command: str, path: str, says: str) -> None:
    assert says in " ".join(sentences(command, path))


def test_an_unknown_program_gets_the_general_remedy() -> None:
    assert sentences("crawler", "/opt/crawler") == (
        "remove the bind(): connect() chooses address and port by itself.",
        "Where the API demands a local address: set IP_BIND_ADDRESS_NO_PORT (Linux 4.2) before "
        "bind().",
    )


def test_folk_remedies_are_named_where_they_are_in_use() -> None:
    assert sentences("ssh", "/usr/bin/ssh", early_bind(10))[-1] == (
        "SO_REUSEADDR, which is set here (line 11), does not help."
    )


@pytest.mark.parametrize(
    ("cause", "begins"),
    [
        ("early-binds", "sockets of this trace that are bound to port 0 hold the ports"),
        ("time-wait", "closed connections still hold ports for 60 s"),
        ("one-destination", "one destination has used every port"),
        ("another-process", "keep connections open and reuse them"),
        ("unknown", "keep connections open and reuse them"),
    ],
)
def test_exhaustion_is_answered_by_its_cause(cause: str, begins: str) -> None:
    found = early_bind(10, rule="ephemeral-ports-exhausted", cause=cause, without_bind="would-fit")
    advice = advised(found, process())
    assert advice.sentences[0].startswith(begins)


@pytest.mark.parametrize(
    ("cause", "without", "last"),
    [
        (
            "early-binds",
            "would-fit",
            "Without the early binds these connections would have fitted.",
        ),
        (
            "time-wait",
            "would-not-fit",
            "Without the early binds these connections would not all have fitted either.",
        ),
        (
            "early-binds",
            "unknown",
            "Whether the failed connections would have fitted without the early binds depends on "
            "where they were to go, which the trace does not show.",
        ),
        (
            "another-process",
            "unknown",
            "Then check again with the output of ss -tanp (--ss FILE) and the range "
            "(--port-range LO-HI).",
        ),
    ],
)
def test_exhaustion_says_whether_the_binds_matter(cause: str, without: str, last: str) -> None:
    found = early_bind(10, rule="ephemeral-ports-exhausted", cause=cause, without_bind=without)
    assert advised(found, process(), port_use()).sentences[-1] == last


@pytest.mark.parametrize(("failures", "all_fit"), [(1, True), (8, True), (9, False), (180, False)])
def test_many_failed_calls_may_not_have_fitted_together(failures: int, all_fit: bool) -> None:
    """Each of them alone would have, among 20 ports of which 12 are needed."""
    more = {"cause": "early-binds", "without_bind": "would-fit"}
    rule = "ephemeral-ports-exhausted"
    found = [early_bind(10 * number, rule=rule, **more) for number in range(1, failures + 1)]
    ports = port_use(range=(40000, 40019), most_needed=12)
    last = RULES[rule].advice(Case(group(found), process(), ports)).sentences[-1]
    sure = "Without the early binds these connections would have fitted."
    perhaps = "Without the early binds fewer of these calls would have failed, perhaps none"
    assert last.startswith(sure if all_fit else perhaps)


def test_who_may_hold_the_ports_is_a_reason_and_no_remedy() -> None:
    found = early_bind(10, rule="ephemeral-ports-exhausted", cause="another-process")
    assert not [text for text in advised(found, process()).sentences if "nother process" in text]
    report = printed(analysis([found]))
    assert "another process may hold the rest" in report.partition("  Fix  ")[0]


def test_every_remedy_is_a_sentence() -> None:
    for remedy in BINDING.values():
        for sentence in (*remedy.sentences(None), *remedy.sentences(99)):
            assert sentence.endswith(".")
            assert "\n" not in sentence


@pytest.mark.parametrize(
    ("command", "argv", "name"),
    [
        ("python3", ("python3", "-u", "/srv/worker.py", "8"), "python3 worker.py"),
        ("python3", ("python3", "-m", "http.client"), "python3 http.client"),
        ("python3", ("python3", "-c", "import socket"), "python3"),
        ("java", ("java", "-Xmx1g", "-cp", ".", "Main"), "java Main"),
        ("java", ("java", "-jar", "/srv/api.jar"), "java api.jar"),
        ("curl", ("curl", "http://x"), "curl"),
    ],
)
def test_an_interpreter_is_called_by_its_script(
    command: str, argv: tuple[str, ...], name: str
) -> None:
    assert program(command, process(command=command, argv=argv)) == name


@pytest.mark.parametrize(
    ("argv", "cut", "name"),
    [
        (("python3", "/srv/payments/wor", "8"), {1}, "python3"),
        (("python3", "/srv/worker.py", "--token=abc"), {2}, "python3 worker.py"),
        (("java", "-jar", "/srv/payments/ap"), {2}, "java"),
        (("python3", ""), {1}, "python3"),
    ],
)
def test_the_beginning_of_a_script_s_path_is_no_name(
    argv: tuple[str, ...], cut: set[int], name: str
) -> None:
    made = process(command=argv[0], argv=argv, argv_truncated=True, argv_cut=frozenset(cut))
    assert program(argv[0], made) == name


SCTP = """\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_{0}) = 3
7 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
7 bind(3, {{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("{2}")}}, 16) = {1}
7 connect(3, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}}, 16) = 0
7 close(3) = 0
"""


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.9"])
@pytest.mark.parametrize("result", ["0", "-1 EADDRINUSE (Address already in use)"])
@pytest.mark.parametrize(("protocol", "shares"), [("SCTP", False), ("DCCP", True), ("TCP", True)])
def test_sctp_sockets_share_no_ports_and_are_not_told_that_they_would(
    address: str, result: str, protocol: str, shares: bool
) -> None:
    """Of DCCP, whose sockets have their ports by the code of TCP, it is true (docs/kernel.md)."""
    made = sa.analyze(io.BytesIO(SCTP.format(protocol, result, address).encode()))
    said = " ".join(printed(made).split())
    assert ("use one sctp socket" not in said.lower()) == shares
    assert ("set ip_bind_address_no_port" in said.lower()) == shares
    assert ("share ports" in said or "destinations share it" in said) == shares
    assert "UDP" not in said
