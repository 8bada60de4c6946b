"""What the Python API, the formats for CI and the proof say of programs that really ran, and what is
said of a file that is no ordinary trace."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from os.path import basename
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from live.namespaces import ASKS, PYTHON, asks, traced, unwrapped
from live.sessions import run

import strace_analyzer as sa

pytestmark = [pytest.mark.live, pytest.mark.kernel]


# ------------------------------------------------------------------ Python


def test_python_takes_what_is_at_hand(forty: Path) -> None:
    def found(source: object) -> list[int]:
        return [one.at.line for one in sa.analyze(source).findings]

    lines = forty.read_text().splitlines()
    binds = [at for at, line in enumerate(lines, 1) if " bind(" in line and "htons(0)" in line]
    assert len(binds) == 40
    with forty.open() as text, forty.open("rb") as binary:
        for source in (forty, str(forty), forty.read_bytes(), lines, text, binary):
            assert found(source) == binds
    with pytest.raises(TypeError, match="takes a path, a list of paths, an open file"):
        sa.analyze(40)


def test_python_shows_what_a_prompt_has_room_for(forty: Path) -> None:
    analysis = sa.analyze(forty)
    found = analysis.findings
    assert (len(found), len(found[:3]), found[-1]) == (40, 3, found[39])
    assert re.fullmatch(
        rf"<Finding forty:{found[0].at.line}: warning bind-any-port-zero, "
        r"python[\d.]*\[\d+\] fd \d+ -> 127\.0\.0\.1:8001>",
        repr(found[0]),
    )
    assert all(len(repr(each)) <= 200 for each in (analysis, *found, *analysis.processes))
    html = analysis._repr_html_()
    assert "<table>" in html
    assert "127.0.0.1:8001" in html
    (group,) = analysis.groups
    said = unwrapped(run(forty.parent, "forty").stdout)
    assert group.message in said
    assert unwrapped(group.advice.removeprefix("Python: ")).split(". ")[0] in said
    assert f"strace-analyzer {sa.__version__}" in run(forty.parent, "--version").stdout


# ------------------------------------------------------------------ CI


def test_github_and_junit_stand_at_the_first_bind(one: Path) -> None:
    lines = one.read_text().splitlines()
    first = next(at for at, line in enumerate(lines, 1) if " bind(" in line and "htons(0)" in line)
    gate = ("--fail-on", "bind-any-port-zero")
    github = run(one.parent, "--format", "github", *gate, "one")
    assert github.stdout.startswith(
        f"::error file=one,line={first},title=bind-any-port-zero (certain)::python"
    )
    junit = run(one.parent, "--format", "junit", *gate, "one")
    failed = [case.get("name") for case in ET.fromstring(junit.stdout).iter("testcase")
              if case.find("failure") is not None]  # fmt: skip
    assert (failed, github.returncode, junit.returncode) == (["bind-any-port-zero"], 1, 1)


@pytest.mark.parametrize("format", ["text", "github", "junit"])
@pytest.mark.parametrize(
    ("gate", "status", "said"),
    [
        ([], 0, ""),
        (["--fail-on", "bind-any-port-zero"], 1, ""),
        (["--min-connections", "9"], 0, ""),
        (["--min-connections", "10"], 1,
         "strace-analyzer: one made 9 outgoing TCP connections, --min-connections asks for 10\n"),
        (["--fail-on", "never", "--min-connections", "10"], 1,
         "strace-analyzer: one made 9 outgoing TCP connections, --min-connections asks for 10\n"),
    ],
)  # fmt: skip
def test_the_gate(format: str, gate: list[str], status: int, said: str, one: Path) -> None:
    done = run(one.parent, "--format", format, *gate, "one")
    assert (done.returncode, done.stderr) == (status, said)


# ------------------------------------------------------------------ fingerprints


def test_fingerprints_tell_two_scripts_of_one_interpreter_apart(tmp_path: Path) -> None:
    """And not where they lie or what they are given."""
    for place, name in (("a", "bills.py"), ("b", "bills.py"), ("a", "mails.py")):
        (tmp_path / place).mkdir(exist_ok=True)
        shutil.copy(ASKS, tmp_path / place / name)

    def of(place: str, number: int) -> tuple[str, str]:
        words = asks(number, 0, 8001, script=Path(place))
        (group,) = sa.analyze(traced(tmp_path, "trace", words)).groups
        return group.fingerprint, group.message.partition(" (pid")[0]

    bills, again, mails = of("a/bills.py", 2), of("b/bills.py", 3), of("a/mails.py", 2)
    assert bills == again
    assert bills[0] != mails[0]
    assert [bills[1].split()[-1], mails[1].split()[-1]] == ["bills.py", "mails.py"]


def test_what_run_saves_tells_them_apart_though_it_shows_no_words(tmp_path: Path) -> None:
    """-s 0 takes the words of execve() too: what is run stands at the head, without its words."""
    found = {}
    for name in ("bills.py", "mails.py"):
        shutil.copy(ASKS, tmp_path / name)
        saved = tmp_path / f"{name}.trace"
        words = asks(2, 0, 8001, script=Path(name))
        options = ("--save-trace", saved.name, "--format", "json", "--")
        said = run(tmp_path, "run", *options, *map(str, words))
        (live,) = json.loads(said.stderr)["groups"]
        (group,) = sa.analyze(saved).groups
        assert live["fingerprint"] == group.fingerprint
        assert f"# strace-analyzer: script = {basename(words[0])} {name}\n" in saved.read_text()
        found[name] = group.fingerprint

    assert found["bills.py"] != found["mails.py"]


def test_without_the_script_the_fingerprint_is_of_the_interpreter_and_of_no_script(
    tmp_path: Path,
) -> None:
    """The line of `command`: what was accepted of one script, where it is known, hides nothing of a
    trace that does not say which one it is of."""
    found = set()
    for name in ("bills.py", "mails.py"):
        shutil.copy(ASKS, tmp_path / name)
        words = asks(2, 0, 8001, script=Path(name))
        line = run(tmp_path, "command", "--", *map(str, words)).stdout
        subprocess.run(line, shell=True, cwd=tmp_path, check=True, capture_output=True)
        (group,) = sa.analyze(tmp_path / "trace.txt").groups
        assert name not in group.message
        found.add(group.fingerprint)
        python = basename(words[0])
        asked = run(tmp_path, "--format", "suppressions", "trace.txt").stdout
        assert f"# This fits every script of {python}, as the trace does not show" in asked
        for more in (("--all",), ("--format", "html"), ("--format", "markdown")):
            said = " ".join(run(tmp_path, *more, "trace.txt").stdout.split())
            assert f"the same for every script of {python}, as the trace does not show" in said
        (known,) = sa.analyze(traced(tmp_path, "trace", words)).groups
        assert known.fingerprint not in found
        assert "This fits" not in run(tmp_path, "--format", "suppressions", "trace").stdout
    assert len(found) == 1


# ------------------------------------------------------------------ stacks

NODE = """
const net = require("net");
const server = net.createServer(incoming => incoming.end()).listen(8001, "127.0.0.1", () => {
  const client = net.connect({port: 8001, host: "127.0.0.1", localAddress: "0.0.0.0"});
  client.resume().on("close", () => process.exit(0));
});
"""
JAVA = """
import java.net.*;
public class Once {
    public static void main(String[] words) throws Exception {
        ServerSocket server = new ServerSocket(8001, 9, InetAddress.getLoopbackAddress());
        Socket client = new Socket();
        client.bind(new InetSocketAddress(0));
        client.connect(server.getLocalSocketAddress());
        client.close();
    }
}
"""


@pytest.mark.parametrize(
    ("words", "source", "named"),
    [
        pytest.param([PYTHON, "{0}"], None,
                     "py-spy dump --pid {pid} names the line of Python", id="python"),
        pytest.param(["node", "{0}"], NODE,
                     "kill -USR1 {pid}, then node inspect -p {pid} names the line of Node.js",
                     id="node"),
        pytest.param(["java", "-Xint", "{0}"], JAVA,
                     "asprof -e bind -d 30 -o traces {pid} (async-profiler) names the line of Java",
                     id="java", marks=pytest.mark.jvm),
    ],
)  # fmt: skip
def test_a_stack_of_an_interpreter_says_what_names_the_line(
    words: list[str], source: str | None, named: str, tmp_path: Path
) -> None:
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    file = tmp_path / "Once.java"
    file.write_text(ASKS.read_text() if source is None else source)
    line = [word.format(file) for word in words] + (["1", "0", "8001"] if source is None else [])
    traced(tmp_path, "trace", line, options="-k -e trace=%network,execve,close")
    said = unwrapped(run(tmp_path, "trace").stdout)
    assert "called from" in said
    assert f"when it runs again, {named.format(pid='PID')}" in said


# ------------------------------------------------------------------ what is no ordinary trace


def test_the_counts_of_strace_are_named_as_such(tmp_path: Path) -> None:
    traced(tmp_path, "counted", ["busybox", "true"], options="-c")
    done = run(tmp_path, "counted")
    assert unwrapped(done.stdout).startswith(
        "inconclusive: this is the summary of strace -c, which counts the calls and shows none"
    )
    assert done.returncode == 2


ZSTD = shutil.which("zstd")
WITHOUT_LIBRARY = [
    sys.executable, "-c",
    "import sys; sys.modules['zstandard'] = None; from strace_analyzer.cli import main; sys.exit(main())",
]  # fmt: skip
"""the command line as it is where that library was never installed"""


@pytest.mark.skipif(ZSTD is None, reason="needs the program zstd")
def test_a_zst_is_read_with_the_program_or_the_line_is_named_that_helps(
    one: Path, tmp_path: Path
) -> None:
    subprocess.run([str(ZSTD), "-qf", "-k", str(one)], check=True)
    done = run(one.parent, "one.zst", command=WITHOUT_LIBRARY)
    assert "9 of its 9 outgoing TCP connections" in done.stdout
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run(one.parent, "one.zst", command=WITHOUT_LIBRARY, PATH=str(empty))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "strace-analyzer: one.zst: compressed with zstd: install the program zstd, or: "
        f"{sys.executable} -m pip install zstandard\n"
    )
