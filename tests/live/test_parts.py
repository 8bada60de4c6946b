"""The parts of the live room by themselves: what strace's words mean, when a stream ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from strace_analyzer.live import refusals
from strace_analyzer.live.copy import Copied, Copy
from strace_analyzer.live.fifo import fifo
from strace_analyzer.live.refusals import TracingError, explain, not_permitted
from strace_analyzer.live.stop import Stop, stopped_by_signals
from strace_analyzer.live.strace import check_options, show_everything
from strace_analyzer.live.stream import Patience, Stream
from strace_analyzer.strace_command import strace_command

QUICK = Patience(idle=0.05, total=0.5)


# the command line


def test_seccomp_goes_with_a_program_only() -> None:
    assert "--seccomp-bpf" in strace_command(program=["true"])
    assert "--seccomp-bpf" not in strace_command(program=["true"], seccomp=False)
    assert "--seccomp-bpf" not in strace_command(pids=[5])


def test_stacks_and_options_of_the_user_s_own_come_last() -> None:
    words = strace_command(pids=[5, 6], output=None, stacks=True, more=["-s", "999"])
    assert words[:6] == ["strace", "-fyyttT", "-s0", "-v", "-k", "-e"]
    assert words[7:] == ["-s", "999", "-p", "5", "-p", "6"]


@pytest.mark.parametrize("option", ["-o", "-ofile", "-p", "-D", "--output=x", "-ff", "-c"])
def test_options_that_would_take_the_trace_away(option: str) -> None:
    with pytest.raises(TracingError, match="needs that one for itself"):
        check_options([option])


@pytest.mark.parametrize(
    ("options", "all_is_shown"),
    [
        ([], True),
        (["-v"], True),
        (["-s", "999"], True),
        (["-e", "trace=bind"], False),
        (["-z"], False),
    ],
)
def test_options_that_hide(options: list[str], all_is_shown: bool) -> None:
    check_options(options)
    assert show_everything(options) is all_is_shown


# what stands in the way


@pytest.fixture
def someone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Who asks, and on which machine: change it before asking."""
    facts = {"CapEff": "0", "Uid": "1000", "scope": "0", "euid": "1000"}
    scope = tmp_path / "ptrace_scope"

    def status(pid: int) -> dict[str, str]:
        scope.write_text(facts["scope"])
        return facts

    monkeypatch.setattr(refusals, "_YAMA", scope)
    monkeypatch.setattr(refusals, "process_status", status)
    monkeypatch.setattr(os, "geteuid", lambda: int(facts["euid"]))
    return facts


@pytest.mark.parametrize(
    ("facts", "pid", "words"),
    [
        ({"scope": "3"}, 5, "nobody may trace here until the machine is restarted"),
        ({"euid": "0"}, None, "root without CAP_SYS_PTRACE, as in a container: start it with"),
        ({"Uid": "0"}, 5, "it belongs to root: run strace-analyzer as that user or as root"),
        ({"Uid": "987654"}, 5, "it belongs to uid 987654: run strace-analyzer as that user"),
        ({"scope": "2"}, None, "kernel.yama.ptrace_scope is 2: only root may trace"),
        ({"scope": "1"}, 5, "kernel.yama.ptrace_scope is 1: only root may attach"),
        ({}, 5, "it is protected (setuid, file capabilities, or not dumpable)"),
        ({"CapEff": "000001ffffffffff"}, 5, "the kernel protects it"),
        ({}, None, "ptrace() is forbidden here (seccomp or SELinux)"),
    ],
)
def test_why_it_is_not_permitted(
    facts: dict[str, str], pid: int | None, words: str, someone: dict[str, str]
) -> None:
    someone.update(facts)
    refusals.process_status(0)
    assert words in not_permitted(pid)


@pytest.mark.parametrize(
    ("said", "pid", "line"),
    [
        (
            "strace: attach: ptrace(PTRACE_SEIZE, 5): No such process",
            5,
            "5: no such process: it has ended",
        ),
        (
            "/usr/bin/strace: Stack traces (-k/--stack-trace option) are not supported by this build",
            None,
            "this strace was built without stack traces (-k): leave out --stacks",
        ),
        ("strace: exotic trouble", None, "strace cannot trace: exotic trouble"),
        ("", None, "strace gave up without a word"),
    ],
)
def test_what_strace_s_words_mean(said: str, pid: int | None, line: str) -> None:
    assert explain(said.splitlines(), pid) == line


# the end of a stream


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.close()


def test_a_fifo_that_its_writer_never_opened(stop: Stop) -> None:
    with fifo() as pipe, subprocess.Popen(["true"]) as writer:
        pidfd = os.pidfd_open(writer.pid)
        assert Stream(pipe.fd, stop, QUICK, pidfd).read() == b""
        os.close(pidfd)


def test_a_fifo_is_read_to_its_end(stop: Stop) -> None:
    with fifo() as pipe, subprocess.Popen(["sh", "-c", f"echo one >{pipe.path}"]) as writer:
        pidfd = os.pidfd_open(writer.pid)
        assert Stream(pipe.fd, stop, QUICK, pidfd).read() == b"one\n"
        os.close(pidfd)


def test_a_fifo_is_private_and_leaves_nothing() -> None:
    with fifo() as pipe:
        directory = Path(pipe.path).parent
        assert directory.stat().st_mode & 0o777 == 0o700
        assert not os.get_inheritable(pipe.fd)
    assert not directory.exists()


def test_after_a_stop_what_still_comes_is_read(stop: Stop) -> None:
    reading, writing = os.pipe()
    stream = Stream(reading, stop, QUICK)
    os.write(writing, b"one\n")
    stop.press()
    assert stream.read(100) == b"one\n"
    assert stream.read(100) == b""  # nothing came for a while
    os.close(writing)
    os.close(reading)


def test_after_a_stop_a_writer_that_never_ends_is_left(stop: Stop) -> None:
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        assert endless.stdout is not None
        stop.press()
        stream = Stream(endless.stdout.fileno(), stop, QUICK)
        while stream.read(1 << 16):
            pass
        assert endless.poll() is None
        endless.kill()


def test_signals_press_and_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    told: list[int] = []
    with stopped_by_signals(and_then=told.append) as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.pressed
    assert told == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_ctrl_c_means_it() -> None:
    with stopped_by_signals() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.pressed
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.pressed
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_clock_presses_too() -> None:
    with stopped_by_signals() as stop:
        stop.press_after(0.01)
        until = time.monotonic() + 10
        while not stop.pressed and time.monotonic() < until:
            time.sleep(0.01)
        assert stop.pressed


def test_a_copy_that_cannot_be_written_does_not_end_the_stream() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one\n")
    os.close(writing)
    copy = Copy(Path("/dev/full"))
    copied = Copied(os.fdopen(reading, "rb", buffering=0), copy)
    assert copied.read() == b"one\n"
    assert copy.failure == "cannot write /dev/full any further: No space left on device"
    copy.close()
