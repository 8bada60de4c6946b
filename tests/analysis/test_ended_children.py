"""Children of which only their end is told: their parent waited for them, or got SIGCHLD."""

from __future__ import annotations

from pathlib import Path

import pytest

from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.input.named import traces

BEGIN = 'execve("/bin/sh", ["sh"], 0x7ffd /* 9 vars */) = 0\ngetpid() = 100\n'
DULL = 'read(3</etc/passwd>, "x", 1) = 1\n'
WAIT = "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 101\n"
SIGNAL = (
    "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=101, si_uid=0, si_status=0, "
    "si_utime=0, si_stime=0} ---\n"
)
WAITED = [
    WAIT,
    SIGNAL,
    SIGNAL.replace("CLD_EXITED", "CLD_KILLED"),
    "wait4(101, NULL, 0, NULL) = 101\n",
    "wait4(-1,  <unfinished ...>\n<... wait4 resumed>NULL, 0, NULL) = 101\n",
    "waitpid(-1, NULL, 0) = 101\n",
    "waitid(P_PID, 101, {si_signo=SIGCHLD, si_code=CLD_DUMPED, si_pid=101, si_uid=0, "
    "si_status=SIGSEGV, si_utime=0, si_stime=0}, WEXITED, NULL) = 0\n",
]
END = "exit_group(0) = ?\n+++ exited with 0 +++\n"


def reason(path: Path, text: str, *, pid: str = "", strict: bool = False) -> str | None:
    """Of a trace with these lines, each with `pid` in front."""
    path.write_text("".join(pid + line for line in text.splitlines(keepends=True)))
    settings = Settings(rules=catalogue(), strict=strict)
    return analyze_traces(traces([str(path)]), settings).traces[0].inconclusive


@pytest.mark.parametrize("pid", ["", "100 "])
@pytest.mark.parametrize("dull", [0, 1200])
@pytest.mark.parametrize("told", WAITED)
def test_a_child_that_ended_and_said_nothing(
    told: str, dull: int, pid: str, tmp_path: Path
) -> None:
    """As early as late, where lines that cannot matter are left out."""
    text = BEGIN + DULL * dull + told + END
    for strict in (False, True):
        said = reason(tmp_path / "t", text, pid=pid, strict=strict)
        assert said is not None
        assert said.startswith("task 101 was made and never seen: strace did not follow (-f)")


@pytest.mark.parametrize(
    "told",
    [
        SIGNAL.replace("CLD_EXITED", "SI_USER"),  # kill(1) sent it
        WAIT.replace("= 101", "= 0"),
        WAIT.replace("= 101", "= -1 ECHILD (No child processes)"),
        WAIT.replace("= 101", "= ? ERESTARTSYS (To be restarted if SA_RESTART is set)"),
    ],
)
def test_nobody_ended(told: str, tmp_path: Path) -> None:
    assert reason(tmp_path / "t", BEGIN + told + END) is None


@pytest.mark.parametrize("number", ["101", "2 /* 101 in strace's PID NS */", "2"])
def test_a_child_that_spoke_is_seen(number: str, tmp_path: Path) -> None:
    """Its clone() was filtered; in a PID namespace it has another number there."""
    signal = SIGNAL.replace("si_pid=101", f"si_pid={number}")
    lines = BEGIN + "101 getuid() = 0\n101 +++ exited with 0 +++\n" + signal + END
    text = "".join(
        line if line.startswith("101 ") else f"100 {line}" for line in lines.splitlines(True)
    )
    assert reason(tmp_path / "t", text) is None


def test_one_that_spoke_does_not_stand_for_two(tmp_path: Path) -> None:
    first = SIGNAL.replace("si_pid=101", "si_pid=2")
    second = SIGNAL.replace("si_pid=101", "si_pid=3")
    lines = BEGIN + "101 getuid() = 0\n101 +++ exited with 0 +++\n" + first + second + END
    text = "".join(
        line if line.startswith("101 ") else f"100 {line}" for line in lines.splitlines(True)
    )
    said = reason(tmp_path / "t", text)
    assert said is not None
    assert said.startswith("task 3 was made and never seen")


def test_a_filter_leaves_children_without_sockets_silent(tmp_path: Path) -> None:
    """With -f -qq -e trace=network: others speak, so strace follows, and ends are not printed."""
    text = (
        "100 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        '100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, '
        "16) = 0\n"
        '100 bind(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16) = 0\n'
        "101 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        f"100 {SIGNAL.replace('101', '102')}"
    )
    assert reason(tmp_path / "t", text) is None


OLD = [
    "--- SIGCHLD (Child exited) ---\n",
    "--- SIGCHLD (Child exited) @ 0 (0) ---\n",
    "--- SIGCHLD (Child exited: 17) ---\n",
]


@pytest.mark.parametrize("pid", ["", "100 "])
@pytest.mark.parametrize("dull", [0, 1200])
@pytest.mark.parametrize("told", OLD)
def test_an_old_signal_tells_of_a_child_without_its_number(
    told: str, dull: int, pid: str, tmp_path: Path
) -> None:
    for strict in (False, True):
        said = reason(tmp_path / "t", BEGIN + DULL * dull + told + END, pid=pid, strict=strict)
        assert said is not None
        assert said.startswith("a child ended (SIGCHLD) and was never seen")


@pytest.mark.parametrize("told", OLD)
def test_an_old_signal_is_of_a_child_that_was_seen_or_named(told: str, tmp_path: Path) -> None:
    child = "101 getpid() = 101\n101 exit_group(0) = ?\n"
    parent = "".join(f"100 {line}\n" for line in (BEGIN + told + END).splitlines())
    assert reason(tmp_path / "t", child + parent) is None
    said = reason(tmp_path / "t", BEGIN + WAIT + told + END)
    assert said is not None
    assert said.startswith("task 101 was made")
