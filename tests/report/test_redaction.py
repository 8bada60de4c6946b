"""`--redact`: nothing of what it names is left, in any format; what is left means the same."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from report.test_hostile_names import NAMES
from report.test_hostile_names import trace as hostile
from report.written import FORMATS, written
from typer.testing import CliRunner

import strace_analyzer as sa
from strace_analyzer.cli.app import app
from strace_analyzer.errors import ConfigurationError, TraceError
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.formats.registry import (
    following_formats,
    report_format,
    report_formats,
)
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.redaction import KINDS, Redaction, parse_kinds
from strace_analyzer.report.redaction.values import Values
from strace_analyzer.report.saved import saved_report
from strace_analyzer.report.selection import Selected, Selection

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted(path.name for path in (ROOT / "samples").glob("*.strace"))
KEPT = {"0.0.0.0", "127.0.0.1", "::", "::1"}
MARK = "zqmark"
"""in every path and command name of the traces below, and in nothing that we say"""
ADDRESS = "203.0.113.77"
"""in the place of 127.0.0.1, which may stay"""
Analyzed = Callable[[str], sa.Analysis]


def marked(name: str) -> str:
    """A sample whose programs, paths and addresses are no other text's."""
    text = (ROOT / "samples" / name).read_text(errors="surrogateescape")
    programs = {path.rpartition("/")[2] for path in re.findall(r'execve\("([^"]+)"', text)}
    for program in programs:
        text = re.sub(rf'(?<=[/"]){re.escape(program)}(?=[\\">])', MARK + program, text)
    text = re.sub(r'(?<=["<])/(?=\w)', f"/{MARK}/", text)
    return text.replace("127.0.0.1", ADDRESS)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp(MARK)

    def written_once(name: str) -> Path:
        path = folder / f"{MARK}-{name}"
        if not path.exists():
            path.write_text(marked(name), errors="surrogateescape")
        return path

    return written_once


@pytest.fixture(scope="module")
def analyzed(trace: Callable[[str], Path]) -> Analyzed:
    known: dict[str, sa.Analysis] = {}

    def once(name: str) -> sa.Analysis:
        if name not in known:
            known[name] = sa.analyze(trace(name))
        return known[name]

    return once


def redacted(format: str, made: sa.Analysis, *kinds: str) -> str:
    return written(format, made, Selection(redaction=Redaction(kinds)), everything=True)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("format", report_formats())
def test_nothing_is_left_of_a_sample(format: str, name: str, analyzed: Analyzed) -> None:
    report = redacted(format, analyzed(name), *KINDS)
    assert MARK not in report
    assert ADDRESS not in report


@pytest.mark.parametrize("format", report_formats())
def test_without_it_all_is_there(format: str, analyzed: Analyzed) -> None:
    """Else the test above would prove nothing."""
    report = written(format, analyzed("ssh-b-any.strace"), everything=True)
    assert ADDRESS in report
    assert MARK in report


COMMANDS = [
    *(("sockets", "--format", form) for form in ("text", "json", "jsonl", "csv")),
    ("sockets", "--all"),
    ("sockets", "--line", "1"),
    ("sockets", "--line", "36"),
    ("sockets", "--line", "20"),
    *(("ports", "--format", form) for form in ("text", "json", "csv")),
    ("tree",),
    ("tree", "--format", "json"),
    *(("summary", "--by", by) for by in ("process", "file", "destination")),
    ("events", "--raw"),
    ("events", "--argv"),
    ("events", "--format", "csv"),
]


@pytest.mark.parametrize("name", ["ssh-b-any.strace", "python-requests-source-any.strace"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_says_it(
    words: tuple[str, ...], name: str, trace: Callable[[str], Path]
) -> None:
    said = CliRunner().invoke(app, [*words, "--redact", ",".join(KINDS), str(trace(name))])
    assert said.exit_code == 0
    assert MARK not in said.stdout
    assert ADDRESS not in said.stdout
    assert said.stdout.strip()


@pytest.mark.parametrize("format", ["text", "json", "markdown"])
def test_compare_says_neither(format: str, trace: Callable[[str], Path]) -> None:
    sides = [str(trace(f"erlang{v}-inets-httpc-40req.strace")) for v in (23, 25)]
    done = CliRunner().invoke(
        app, ["compare", "--format", format, "--redact", ",".join(KINDS), *sides]
    )
    assert "40 of 40" in done.stdout
    assert MARK not in done.stdout
    assert ADDRESS not in done.stdout


NEEDLES = {
    "terminal": "owned", "bidi": "gnp.", "markup": "onerror", "script": "alert(1)",
    "formula": "HYPERLINK", "workflow": "add-mask", "markdown": "octocat", "template": "7*7",
}  # fmt: skip


@pytest.mark.parametrize("kind", NEEDLES)
def test_whatever_a_program_is_called_it_goes(kind: str) -> None:
    made = sa.analyze(io.BytesIO(hostile(NAMES[kind])))
    assert NEEDLES[kind] in written("json", made)
    for format in report_formats():
        assert NEEDLES[kind] not in redacted(format, made, "commands", "paths"), format


@pytest.mark.parametrize("format", following_formats())
def test_findings_that_are_told_as_they_come_are_redacted_and_told_once(
    format: str, analyzed: Analyzed
) -> None:
    made = analyzed("python-requests-source-any.strace")
    selection = Selection(redaction=Redaction(KINDS))
    form = report_format(format, follow=True)
    assert form.teller is not None
    teller = form.teller(selection)
    lines = [line for finding in made.findings for line in teller.lines(finding)]
    assert 0 < len(lines) <= len(made.findings)
    selected, stream = Selected(made, selection), io.StringIO()
    report = Report(selected, judge(selected, Gate()), Gate())
    teller.rest(report, made.findings, stream)
    whole = "".join(lines) + stream.getvalue()
    assert MARK not in whole
    assert ADDRESS not in whole
    assert '"type": "finding"' not in stream.getvalue()


def test_the_list_of_the_machines_sockets_is_redacted(
    trace: Callable[[str], Path], tmp_path: Path
) -> None:
    listed = tmp_path / "ss"
    listed.write_text(
        f'ESTAB 0 0 10.1.2.3:40000 10.9.9.9:80 users:(("{MARK}d",pid=7,fd=3))\n'
        "TIME-WAIT 0 0 10.1.2.3:40001 10.9.9.9:80\n"
    )
    words = ["ports", "--ss", str(listed), str(trace("ssh-b-any.strace"))]
    said = CliRunner().invoke(app, words).stdout
    assert f"{MARK}d (pid 7)" in said
    assert "TIME-WAIT to 10.9.9.9:80" in said
    said = CliRunner().invoke(app, [*words, "--redact", ",".join(KINDS)]).stdout
    assert re.search(r"cmd-\d+ \(pid 7\)", said)
    assert re.search(r"TIME-WAIT to addr-\d+:80", said)
    assert MARK not in said


def test_only_what_is_asked_for_goes(analyzed: Analyzed) -> None:
    made = analyzed("python-requests-source-any.strace")
    for kinds, address, path in (
        (("addresses",), False, True),
        (("paths",), True, False),
        (("commands",), True, True),
    ):
        report = redacted("json", made, *kinds)
        assert (ADDRESS in report, f"/{MARK}" in report) == (address, path)
        assert json.loads(report)["redacted"] == list(kinds)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_left_means_the_same(name: str, analyzed: Analyzed) -> None:
    before = json.loads(written("json", analyzed(name)))
    after = json.loads(redacted("json", analyzed(name), *KINDS))
    assert after["summary"] == before["summary"]
    for was, now in zip(before["findings"], after["findings"], strict=True):
        told = ("rule", "level", "confidence", "fd", "outcome", "socket", "group")
        assert [now[key] for key in told] == [was[key] for key in told]
        assert [call["line"] for call in now["trail"]] == [call["line"] for call in was["trail"]]
        assert [call["text"].partition("(")[0] for call in now["trail"]] == [
            call["text"].partition("(")[0] for call in was["trail"]
        ]
        if was["peer"]:
            assert now["peer"]["port"] == was["peer"]["port"]


def test_a_value_has_the_same_token_in_every_format(tmp_path: Path) -> None:
    lines = ['7 execve("/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0']
    for at in (3, 1, 2, 3):
        lines += [
            "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
            '7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
            f"7 connect(3, {{sa_family=AF_INET, sin_port=htons({8000 + at}), "
            f'sin_addr=inet_addr("192.0.2.{at}")}}, 16) = 0',
            "7 close(3) = 0",
        ]
    path = tmp_path / "a.strace"
    path.write_text("\n".join(lines) + "\n")
    made = sa.analyze(path)
    shown = json.loads(redacted("json", made, *KINDS))
    peers = {(item["peer"]["port"], item["peer"]["address"]) for item in shown["findings"]}
    assert len(peers) == 3
    for format in ("text", "concise", "markdown", "github", "jsonl"):
        report = redacted(format, made, *KINDS)
        for port, token in peers:
            assert re.search(rf"{token}\b", report), format
            assert f"{token}:{port}" in report or f'"{token}"' in report


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
CALLS = (
    'connect(3, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("{0}")}}, 16) = 0',
    'connect(3, {{sa_family=AF_INET6, sin6_port=htons(80), inet_pton(AF_INET6, "{0}", &sin6_addr)}}, 28) = 0',
    "close(3<TCP:[{0}:4711->127.0.0.1:80]>) = 0",
    "close(3<TCPv6:[[{0}]:4711->[::1]:80]>) = 0",
    'execve("/bin/x", ["x", "http://{0}:80/", "[{0}]:80"], 0x7ffd /* 1 var */) = 0',
    'connect(3, {{sa_family=AF_INET, sin_addr=inet_addr("{hex}")}}, 16) = 0',
)


@example("::ffff:7f00:0", CALLS[0])
@given(ADDRESSES, st.sampled_from(CALLS))
def test_no_address_stays_in_a_call(address: str, call: str) -> None:
    hexadecimal = "".join(f"\\x{ord(char):02x}" for char in address)
    if ip_address(address).version == 6 and "<TCP:[" in call:
        call = call.replace("{0}", "[{0}]")
    text = call.format(address, hex=hexadecimal)
    values = Values(("addresses",))
    told = values.call(text)
    if {address, address.removeprefix("::ffff:")} & {*KEPT, "0:0", "7f00:1"}:
        assert address in told.replace(hexadecimal, address)
        return
    assert not re.search(rf"(?<![\w:.]){re.escape(address)}(?![\w:.])", told)
    assert hexadecimal not in told
    assert values.address(address) in told
    assert told.endswith(" = 0")


@given(ADDRESSES)
def test_a_sentence_has_no_address(address: str) -> None:
    values = Values(("addresses",))
    for sentence in ("{0}", "to {0}: refused.", "to {0}.", "({0}, {0})", "TIME-WAIT to [{0}]:80"):
        said = values.sentence(sentence.format(address))
        assert said == sentence.format(values.address(address))


def test_the_kind_of_an_address_stays() -> None:
    values = Values(("addresses",))
    assert [values.address(known) for known in sorted(KEPT)] == sorted(KEPT)
    assert values.address("192.0.2.1") == "addr-1"
    assert values.address("2001:db8::1") == "::addr6-1"
    assert values.address("2001:0db8:0::1") == "::addr6-1"
    assert values.address("::ffff:192.0.2.1") == "::ffff:addr-1"
    assert values.address("127.0.0.53") == "127.addr-2"
    assert values.address("fe80::1%eth0") == "::addr6-2"


@pytest.mark.parametrize("format", report_formats())
def test_an_address_and_its_port_can_be_told_apart(format: str) -> None:
    """As without tokens: `[2001:db8::7]:8080`; where they stand apart, each for itself."""
    six = 'sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "{}", &sin6_addr), sin6_scope_id=0}}, 28'
    text = (
        '7 execve("/bin/x", ["x"], 0x1 /* 1 var */) = 0\n'
        "7 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        f"7 bind(3, {{sa_family=AF_INET6, sin6_port=htons(0), {six.format('::')}) = 0\n"
        f"7 connect(3, {{sa_family=AF_INET6, sin6_port=htons(8080), {six.format('2001:db8::7')}) = 0\n"
    )
    report = redacted(format, sa.analyze(io.BytesIO(text.encode())), "addresses")
    assert "2001" not in report
    assert re.search(r"addr6-1:\d", report) is None
    if "suppressions" not in format:
        assert "::addr6-1" in report
    if format in ("text", "concise", "markdown", "github", "sarif", "suppressions"):
        assert "[::addr6-1]:8080" in report.replace("\\", "")


PARTS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"\\<>/()[],'), min_size=3
)


@given(st.lists(PARTS.map(lambda name: f"Q{name}Z"), min_size=1, max_size=4))
def test_no_path_stays_in_a_call(names: list[str]) -> None:
    path = "/" + "/".join(names)
    values = Values(("paths",))
    for call in (
        f'connect(3, {{sa_family=AF_UNIX, sun_path="{path}"}}, 110) = 0',
        f'connect(3, {{sa_family=AF_UNIX, sun_path=@"{names[0]}"}}, 110) = 0',
        f"dup2(3<{path}>, 4) = 4<{path}>",
        f"close(3<{path}(deleted)>) = 0",
        f'close(3<UNIX-STREAM:[7->8, "{path}"]>) = 0',
        f'execve("{path}", ["{path}", "--file={path}", "{names[0]}.toml"], 0x7ffd /* 1 var */) = 0',
    ):
        told = values.call(call)
        assert all(name not in told for name in names), told
        assert "path-" in told


def test_a_script_is_a_path_and_a_host_an_address() -> None:
    argv = ("python3", "req.py", "http://db.internal:80/", "-v", "--log=/var/x.log", "1.5")
    assert Values(("paths",)).argv(argv, False)[0] == (
        "python3", "path-1", "http://db.internal:80/", "-v", "--log=path-2", "1.5",
    )  # fmt: skip
    assert Values(("addresses",)).argv(argv, False)[0] == (
        "python3", "req.py", "http://host-1:80/", "-v", "--log=/var/x.log", "1.5",
    )  # fmt: skip
    hosts = ("ssh", "root@db7", "--to=db.example.com:80", "db.internal", "api.jar", "true", "-C")
    assert Values(("addresses",)).argv(hosts, False)[0] == (
        "ssh", "host-1", "--to=host-2:80", "host-3", "api.jar", "true", "-C",
    )  # fmt: skip
    assert Values(("commands",)).argv(argv, False) == (("cmd-1",), True)


def test_names_that_hold_an_address_and_hosts() -> None:
    values = Values(("addresses",))
    assert values.source("10.0.0.7.strace") == "addr-1.strace"
    assert values.command("proxy-10.0.0.7") == "proxy-addr-1"
    assert values.call('uname({sysname="Linux", nodename="db7", ...}) = 0') == (
        'uname({sysname="Linux", nodename="host-1", ...}) = 0'
    )


def test_hexadecimal_strings_and_targets() -> None:
    hexadecimal = "".join(f"\\x{ord(char):02x}" for char in "/srv/secret")
    values = Values(("paths",))
    assert values.call(f"close(3<{hexadecimal}>) = 0") == "close(3<path-1>) = 0"
    assert values.call(f'execve("{hexadecimal}", [], NULL) = 0') == (
        'execve("path-1", [], NULL) = 0'
    )


def test_execve_has_no_words_nor_environment_without_commands() -> None:
    call = 'execve("/bin/zq", ["zq", "-p", "secret"], ["_=/bin/zq", "A=[b]"]) = 0'
    assert Values(("commands",)).call(call) == 'execve("/bin/cmd-1", ["cmd-1", ...], [...]) = 0'


def test_what_strace_says_and_who_holds_a_port() -> None:
    values = Values(KINDS)
    assert values.quote("strace: Can't stat 'secret': No such file or directory") == (
        "strace: Can't stat 'path-1': No such file or directory"
    )
    held = "worker (pid 7): 3,000; TIME-WAIT to 192.0.2.7:80: 20"
    assert values.about_processes(held) == "cmd-1 (pid 7): 3,000; TIME-WAIT to addr-1:80: 20"


def test_a_fingerprint_does_not_prove_a_guess(analyzed: Analyzed) -> None:
    (plain,) = json.loads(written("json", analyzed("ssh-b-any.strace")))["groups"]
    (hidden,) = json.loads(redacted("json", analyzed("ssh-b-any.strace"), "commands"))["groups"]
    (shown,) = json.loads(redacted("json", analyzed("ssh-b-any.strace"), "addresses"))["groups"]
    assert hidden["fingerprint"] != plain["fingerprint"] == shown["fingerprint"]


def test_a_redacted_report_is_no_baseline(analyzed: Analyzed, tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    saved.write_text(redacted("json", analyzed("ssh-b-any.strace"), "commands"))
    with pytest.raises(TraceError, match="--redact commands"):
        saved_report(saved)


def test_what_is_chosen_is_chosen_by_its_own_name(trace: Callable[[str], Path]) -> None:
    words = ["sockets", "--redact", ",".join(KINDS), "--peer", f"{ADDRESS}:2222"]
    said = CliRunner().invoke(app, [*words, str(trace("ssh-b-any.strace"))])
    assert "peer addr-1:2222: connected" in said.stdout


def test_a_word_that_is_no_kind() -> None:
    assert parse_kinds("paths, addresses") == {"paths", "addresses"}
    with pytest.raises(ConfigurationError, match=r"adresses: not one of .*addresses"):
        parse_kinds("adresses")
    with pytest.raises(ConfigurationError, match="nothing to redact"):
        parse_kinds(",")


SECRETIVE = """\
7 execve("/bin/x", ["x", "--token=hunter2"], ["KEY=hunter2"]) = 0
7 openat(AT_FDCWD</home/alice>, "alice.txt", O_RDONLY) = 3</home/alice/alice.txt>
7 read(3</home/alice/alice.txt>, "hunter2", 7) = 7
7 newfstatat(AT_FDCWD</home/alice>, "", {st_mode=S_IFREG|0644}, 0) = 0
7 ioctl(4</dev/mapper/alice<block 253:0>>, BLKGETSIZE64, [1]) = 0
7 add_key("user", "alice", "hunter2", 7, KEY_SPEC_SESSION_KEYRING) = 5
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5<TCP:[9]>
7 connect(5<TCP:[9]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("203.0.113.77")}, 16) = 0
7 close(5<TCP:[203.0.113.77:4711->203.0.113.77:80]>) = 0
"""


@pytest.mark.parametrize("words", [*COMMANDS, ("events", "--raw", "--argv"), ()], ids=" ".join)
def test_nothing_that_is_named_is_left_of_a_trace_with_secrets(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "trace"
    path.write_text(SECRETIVE)
    said = CliRunner().invoke(app, [*words, "--redact", ",".join(KINDS), str(path)])
    assert said.exit_code in (0, 1, 2)
    for secret in ("hunter2", "alice", ADDRESS):
        assert secret not in said.stdout


def test_what_was_printed_is_as_redacted_as_the_arguments(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_text(SECRETIVE)
    said = CliRunner().invoke(app, ["events", "--raw", "--redact", "paths", str(path)]).stdout
    rows = [json.loads(line) for line in said.splitlines()][1:]
    assert rows[1]["raw"] == 'openat(AT_FDCWD<path-3>, "path-4", O_RDONLY) = 3<path-5>'
    assert rows[2]["raw"] == 'read(3<path-5>, ""..., 7) = 7'
    for row in rows:
        assert row["raw"].startswith(f"{row['name']}({', '.join(a['text'] for a in row['args'])}")
    assert "alice" not in said


RETAKEN = (
    '7 execve("/opt/tool/client", ["client", "--to", "db.example.com:80", "-n", "3"], 0x7 /* 3 vars */) = 0\n'
    "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
    '7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0\n'
    '7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0\n'
)
"""without setsockopt(), so that it is to be taken again"""


@pytest.mark.parametrize(
    ("kinds", "ends"),
    [
        ("", "-- client --to db.example.com:80 -n 3"),
        ("paths", "-- client --to db.example.com:80 -n 3"),
        ("commands", "-p 7"),
        ("addresses", "-p 7"),
        ("addresses,paths,commands", "-p 7"),
    ],
)
@pytest.mark.parametrize("directory", ["", "./"])
def test_the_command_that_takes_it_again_can_be_typed(
    tmp_path: Path, kinds: str, ends: str, directory: str
) -> None:
    trace = tmp_path / "trace.txt"
    trace.write_text(RETAKEN.replace('["client', f'["{directory}client'))
    options = ["--redact", kinds] if kinds else []
    said = CliRunner().invoke(app, ["check", str(trace), *options]).stdout
    (line,) = (line for line in said.splitlines() if line.startswith("strace "))
    if directory:
        ends = "-p 7" if "paths" in kinds else ends.replace("client", "./client")
    assert line.endswith(ends)
    assert not re.search(r"(addr|path|cmd|host)-\d", line)


@pytest.mark.parametrize("format", report_formats())
@pytest.mark.parametrize("kinds", ["paths", "addresses,paths,commands"])
def test_no_command_line_has_a_token(tmp_path: Path, format: str, kinds: str) -> None:
    """What is said to be typed can be: what was replaced stands there as a word in capitals."""
    page = (ROOT / "docs" / "writing-rules.md").read_text()
    own = tmp_path / "own.py"
    own.write_text(re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)[0])
    for at in range(30):
        (tmp_path / f"{at}.txt").write_text(RETAKEN)
    lingers = "setsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=30}, 8) = 0"
    (tmp_path / "own.txt").write_text(f"{RETAKEN}7 {lingers}\n7 close(3) = 0\n")
    for traces in (
        ["0.txt"],
        [f"{at}.txt" for at in range(30)],
        ["--merged", "0.txt", "1.txt"],
        ["--rules", "own.py", "--rule", "long-linger", "own.txt"],
    ):
        words = [str(tmp_path / word) if "." in word else word for word in traces]
        done = CliRunner().invoke(app, ["check", *words, "--redact", kinds, "--format", format])
        typed = re.findall(r"\bstrace(?:-analyzer)? [^<\n]*(?:\n    .*)*", done.stdout)
        assert [line for line in typed if re.search(r"(addr|path|cmd|host)-\d", line)] == []
        if format == "text":
            assert typed


INTERFACES = (
    """connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "fe80::9:1", &sin6_addr), sin6_scope_id=if_nametoindex("corpnet7")}, 28) = 0""",
    """setsockopt(3, SOL_SOCKET, SO_BINDTODEVICE, "corpnet7", 8) = 0""",
    """setsockopt(3, SOL_SOCKET, SO_BINDTODEVICE, "corpnet7\\0", 9) = 0""",
    """ioctl(3, SIOCGIFINDEX, {ifr_name="corpnet7", ifr_ifindex=3}) = 0""",
    """sendto(5, [[{nla_len=13, nla_type=IFLA_IFNAME}, "corpnet7"]], 40, 0, NULL, 0) = 40""",
)


@pytest.mark.parametrize("call", INTERFACES)
def test_the_name_of_an_interface_goes_with_the_addresses(call: str) -> None:
    values = Values({"addresses"})
    said = values.call(call)
    assert "corpnet" not in said
    assert (
        values.call(call.replace("corpnet7", "lo")).count("lo") >= call.count("corpnet7")
        or "\\0" in call
    )
    assert "corpnet" not in values.address("0.0.0.0%corpnet7")
    assert Values({"paths"}).call(INTERFACES[0]).count("corpnet7") == 1


@pytest.mark.parametrize(
    "format",
    FORMATS,
)
def test_it_is_in_no_format(format: str) -> None:
    lines = [
        "9 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3",
        "9 " + INTERFACES[1],
        """9 bind(3, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0""",
        "9 " + INTERFACES[0],
        "9 close(3) = 0",
    ]
    made = sa.analyze([line.encode() for line in lines])
    selection = Selection(redaction=Redaction({"addresses"}))
    assert "fe80::9:1" in written(format, made) or format in ("sarif", "junit")
    report = written(format, made, selection, everything=True)
    assert "corpnet" not in report
    assert "fe80::9:1" not in report
