"""Terminals, pipes that break, and Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time

from cli.running import COMMAND, EARLY_BIND, ERLANG, ROOT, environment


def on_a_terminal(*words: str, columns: int = 100, **more: str) -> tuple[str, int]:
    """What `strace-analyzer WORDS` writes to a terminal, and its status."""
    master, slave = pty.openpty()
    size = environment(TERM="xterm-256color", COLUMNS=str(columns), **more)
    process = subprocess.Popen(
        [*COMMAND, *words], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=size
    )
    os.close(slave)
    written = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the last writer has gone
            break
        if not piece:
            break
        written += piece
    os.close(master)
    return written.decode(), process.wait()


def test_a_terminal_as_standard_input_gets_a_short_help() -> None:
    text, status = on_a_terminal()
    assert status == 2
    assert text.startswith("strace-analyzer: no trace: give a file, or pipe strace into it")
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == "strace-analyzer: no trace: give a file, or pipe strace into it"
    assert "  strace -f CMD 2>&1 | strace-analyzer         or at once" in lines
    assert lines[-1] == "strace-analyzer --help says more"


def test_a_terminal_gets_colours() -> None:
    text, status = on_a_terminal(str(ERLANG))
    assert status == 1
    assert "\x1b[1;33mwarning: \x1b[0m" in text  # a bar may come before, where reading is slow


def test_no_color_is_respected() -> None:
    text, _ = on_a_terminal(str(ERLANG), NO_COLOR="1")
    assert "\x1b[1;33m" not in text
    assert "warning: " in text


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--format", "json", str(ERLANG)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() in (0, 1)


def test_ctrl_c_ends_the_input_and_the_report_still_comes() -> None:
    process = subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(EARLY_BIND.encode())
    process.stdin.flush()
    _until_it_waits(process.pid)
    process.send_signal(signal.SIGINT)
    report = process.stdout.read().decode()
    process.stdin.close()
    begin, _, rest = report.partition("\n\n")
    assert begin == "inconclusive: interrupted after 5 lines; all that can be said:"
    assert rest.startswith("note: the traced program binds before connecting: ")
    assert process.stderr.read() == b""
    assert process.wait() == 130


def test_what_the_writer_says_after_ctrl_c_is_still_read() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--format", "concise"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
    )
    first, rest = EARLY_BIND[:60], EARLY_BIND[60:]
    assert process.stdin is not None
    process.stdin.write(first.encode())
    process.stdin.flush()
    _until_it_waits(process.pid)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(rest.encode(), timeout=120)
    assert output.decode() == (
        "<stdin>:3: note: bind-any-port-zero: process[?] fd 3 -> 192.0.2.7:80\n"
    )


def _until_it_waits(pid: int) -> None:
    """Until the process sleeps in select(), having read what there is."""
    for _ in range(600):
        with open(f"/proc/{pid}/wchan") as wchan, open(f"/proc/{pid}/stat") as stat:
            where, state = wchan.read(), stat.read().rpartition(")")[2].split()[0]
        if state == "S" and ("select" in where or "poll" in where):
            return
        time.sleep(0.05)
    raise AssertionError("it never waited for input")
