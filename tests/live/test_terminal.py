"""A terminal session, driven by tmux: the live view while it runs, then the report."""

from __future__ import annotations

import gzip
import re
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from live.sessions import COMMAND, ROOT, assert_nothing_is_left, program, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]


class Terminal:
    """A terminal of 100 columns and 40 lines with a shell in it."""

    def __init__(self, scratch: Path) -> None:
        self._tmux = ["tmux", "-S", str(scratch / "tmux"), "-f", "/dev/null"]
        shell = f"cd {shlex.quote(str(scratch))}; exec env PS1='$ ' TMPDIR={scratch} sh"
        size = ["-x", "100", "-y", "40"]
        subprocess.run(
            [*self._tmux, "new-session", "-d", *size, "-e", f"PYTHONPATH={ROOT}", shell], check=True
        )
        self.shows(r"^\$")

    def type(self, *keys: str) -> None:
        """Press keys: words as they are, or their names (C-c, Enter)."""
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def screen(self) -> str:
        """What can be read on it."""
        done = subprocess.run(
            [*self._tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True
        )
        return done.stdout

    def shows(self, pattern: str) -> str:
        """Wait until it shows something; gives the screen."""
        screen: str = until(
            lambda: (text := self.screen()) if re.search(pattern, self.screen(), re.M) else None,
            f"{pattern} on the screen:\n{self.screen()}",
        )
        return screen

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=True)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.close()


OURS = shlex.join(COMMAND)


def words(name: str, *arguments: object) -> str:
    return shlex.join(program(name, *arguments))


def test_a_pipe_shows_its_state_its_findings_and_the_report(
    terminal: Terminal, tmp_path: Path
) -> None:
    """However slow this is, the pipe stays open until it has been seen."""
    until_seen = "until test -e seen; do sleep 0.1; done"
    traced = f"strace -f {words('early_binds.py', 8, 0, 0)} 2>&1; {until_seen}"
    terminal.type(f"{{ {traced}; }} | {OURS}", "Enter")
    terminal.shows(
        r"lines?, [\d,]+/s \| \d sockets? open \| \d+ of 28,232 ports pinned \| 8 findings"
    )
    terminal.shows(r"^<stdin>:\d+: bind-any-port-zero: python")
    (tmp_path / "seen").touch()
    screen = terminal.shows(r"^exit 0: 1 note, below --fail-on warning$")
    headline = "binds before connecting: 8 of its 8 outgoing TCP connections"
    assert headline in " ".join(screen.split())  # a long path of the checkout wraps it
    assert "ports pinned" not in screen  # the view is gone


def test_attach_shows_a_board_and_ctrl_c_brings_the_report(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.type(f"{words('early_binds.py', 1000, 0.1, 0)} >out 2>&1 &", "Enter")
    terminal.type(f"{OURS} attach $!", "Enter")
    screen = terminal.shows(r"^Findings +\d+ +\d+ findings?$")
    assert re.search(r"^Lines +[\d,]+ +[\d,]+/s +for 0:\d\d$", screen, re.M)
    assert re.search(r"^Ports pinned +\d+ +━+$", screen, re.M)
    assert re.search(r"^<strace>:\d+: bind-any-port-zero: python", screen, re.M)
    terminal.type("C-c")
    screen = terminal.shows(r"^1 note \(bind-any-port-zero, ")
    assert "Ctrl-C ends it" not in screen
    terminal.type("clear; jobs; kill %1", "Enter")
    assert "Running" in terminal.shows(r"Running")
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize(
    ("begun", "typed"),
    [
        ("{program} >out 2>&1 &", "attach $!"),
        ("strace -f -o trace {program} >out 2>&1 &", "--follow trace"),
    ],
    ids=["attach", "follow"],
)
def test_a_flood_is_one_line_and_a_row_that_counts(
    begun: str, typed: str, terminal: Terminal
) -> None:
    """Hundreds of findings of one program to one destination."""
    terminal.type(begun.format(program=words("early_binds.py", 2000, 0.02, 0)), "Enter")
    terminal.type(f"clear; until test -e out; do sleep 0.1; done; {OURS} {typed}", "Enter")
    row = r"^(python\S*\[\d+\] +127\.0\.0\.1:\d+) +bind-any-port-zero +({number})$"
    once = re.search(
        row.format(number=r"[1-9]\d"), terminal.shows(row.format(number=r"\d\d")), re.M
    )
    assert once is not None
    screen = terminal.shows(row.format(number=rf"(?!{once[2]}$)\d\d+"))
    assert [found[0] for found in re.findall(row.format(number=r"\d+"), screen, re.M)] == [once[1]]
    assert len(re.findall(r"^\S+:\d+: bind-any-port-zero: python", screen, re.M)) == 1
    terminal.type("C-c")
    assert "COUNT" not in terminal.shows(r"^1 note \(bind-any-port-zero, \d+ findings")
    terminal.type("kill %1", "Enter")


def test_run_says_nothing_between_the_program_s_own_lines(terminal: Terminal) -> None:
    terminal.type(f"{OURS} run -- {words('early_binds.py', 4, 0.3, 0)}", "Enter")
    screen = terminal.shows(r"^1 note \(bind-any-port-zero, ")
    lines = [line for line in screen.splitlines() if line]
    said = lines.index("begun")
    assert lines[said + 1 : said + 3] == ["said on standard output", "said on standard error"]
    assert "ports pinned" not in screen


def test_run_shows_its_state_where_the_program_s_output_goes_elsewhere(terminal: Terminal) -> None:
    terminal.type(f"{OURS} run -- {words('early_binds.py', 8, 0.5, 0)} >out", "Enter")
    terminal.shows(r"lines?, [\d,]+/s \| 1 socket open \| \d+ of [\d,]+ ports pinned \| \d find")
    screen = terminal.shows(r"^1 warning \(bind-any-port-zero, ")
    assert "said on standard error" in screen  # nothing of the program's is overwritten


def test_quiet_shows_nothing(terminal: Terminal) -> None:
    terminal.type(f"{OURS} run --quiet -- {words('early_binds.py', 4, 0.3, 0)} >out", "Enter")
    seen = []
    until(lambda: seen.append(terminal.screen()) or "1 note (" in seen[-1], "the report")
    assert not any("ports pinned" in screen for screen in seen)


def test_ctrl_c_in_a_terminal_reaches_the_program_once(terminal: Terminal, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    terminal.type(f"{OURS} run -- {words('signals.py', ready)}; echo status $?", "Enter")
    until(ready.exists, "the program's start")
    terminal.type("C-c")
    screen = terminal.shows(r"^status \d")
    assert re.search(r"^(\^C)?SIGINT$", screen, re.M)
    assert "no connections" in screen
    assert "status 1" in screen


def test_ctrl_c_ends_a_piped_session_with_the_report(terminal: Terminal) -> None:
    terminal.type(f"strace -f {words('early_binds.py', 1000, 0.2, 0)} 2>&1 | {OURS}", "Enter")
    terminal.shows(r"^<stdin>:\d+: bind-any-port-zero: python")
    terminal.type("C-c")
    screen = terminal.shows(r"^exit 0: 1 note, below --fail-on warning$")
    assert "binds before connecting" in screen


@pytest.mark.parametrize(
    "command", ["check --format concise --rule bound-unused", "events -o events.jsonl"]
)
def test_a_long_file_has_a_bar_with_rate_and_time(terminal: Terminal, command: str) -> None:
    sample = str(ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace")
    typed = f"{words('slow_disk.py')} {command} {shlex.quote(sample)}; echo status $?"
    terminal.type(typed, "Enter")
    terminal.shows(r"^Reading [━╸]+ +[\d.]+/118.3 kB [\d.]+ kB/s 0:00:\d\d$")
    assert "Reading" not in terminal.shows(r"^status 0$")


def test_the_bar_of_a_compressed_file_is_that_of_the_bytes_stored(
    terminal: Terminal, tmp_path: Path
) -> None:
    """As much of it as is taken in, out of what there is: the time that remains can be told."""
    sample = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
    file = tmp_path / "long.strace.gz"
    file.write_bytes(gzip.compress(sample.read_bytes() * 2, compresslevel=0))
    words_of = "check --format concise --rule bound-unused"
    typed = f"{words('slow_disk.py')} {words_of} {shlex.quote(str(file))}"
    terminal.type(typed, "Enter")
    terminal.shows(r"^Reading [━╸]+ +[\d.]+/236.7 kB [\d.]+ kB/s 0:00:\d\d$")
    terminal.type("C-c")
    assert "interrupted after" in terminal.shows(r"interrupted after [\d,]+ lines \(\d+ %\)")


def test_a_long_archive_has_a_bar(terminal: Terminal, tmp_path: Path) -> None:
    sample = ROOT / "samples" / "erlang23-inets-httpc-40req-yy-tt-T.strace"
    file = tmp_path / "strace-x.tar.gz"
    with tarfile.open(file, "w:gz", compresslevel=0) as archive:
        archive.add(sample, "strace-x/trace.txt")
    words_of = "check --format concise --rule bound-unused"
    terminal.type(f"{words('slow_disk.py')} {words_of} {shlex.quote(str(file))}", "Enter")
    bar = r"^Reading [━╸]+ +[\d.]+/\d+.\d kB [\d.]+ kB/s 0:00:\d\d$"
    assert "Reading" in terminal.shows(bar)
