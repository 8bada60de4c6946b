"""`sockets`, `command`, `rules`, `rule`."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli.running import ERLANG, SSH, run

from strace_analyzer.kernel import tracked_calls
from strace_analyzer.strace_command import OPTIONS

LIFE = """\
TCP socket, fd 3 of ssh[18433]  {path}
  bound to port 0: the kernel gave it a port of its own (0.0.0.0:0 (40037))
  peer 127.0.0.1:2222: connected
     32    [18433]  socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
     36    [18433]  bind(3, {{AF_INET, htons(0), "0.0.0.0"}}) = 0
     37    [18433]  connect(3, {{AF_INET, htons(2222), "127.0.0.1"}}) = 0
     41    [18433]  getsockname(3, {{AF_INET, htons(40037), "127.0.0.1"}}) = 0
     70    [18433]  getsockname(3, {{AF_INET, htons(40037), "127.0.0.1"}}) = 0
     77    [18433]  close(3) = 0

"""


@pytest.mark.parametrize("line", ["32", "36", "77"])
def test_a_line_is_traced_back_to_its_socket(line: str) -> None:
    done = run("sockets", SSH, "--line", line)
    title, _, life = done.stdout.partition("\n\n")
    assert title.startswith(f"{SSH}:{line}  [18433]  ")
    assert (done.returncode, life) == (0, LIFE.format(path=SSH))


CAME_IN = """\
# strace-analyzer: program.7 = /usr/sbin/nginx
# strace-analyzer: threads.7 = 7
7 bind(9<TCP:[0.0.0.0:1]>, {sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 connect(9<TCP:[0.0.0.0:1]>, {sa_family=AF_INET, sin_port=htons(8), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
7 accept4(5<TCP:[73245]>, {sa_family=AF_INET, sin_port=htons(42346), sin_addr=inet_addr("127.0.0.1")}, [112 => 16], 0) = 11<TCP:[74870]>
7 close(11<TCP:[74870]>) = 0
7 accept4(5<TCP:[127.0.0.1:8090]>, NULL, NULL, 0) = 12<TCP:[127.0.0.1:8090->127.0.0.1:37164]>
7 read(12<TCP:[127.0.0.1:8090->127.0.0.1:37164]>, "", 65536) = 0
"""


def test_a_connection_that_came_in_is_told_as_such(tmp_path: Path) -> None:
    """Without what only fits one that went out; its protocol is that of its own note."""
    (tmp_path / "saved").write_text(CAME_IN)
    said = run("sockets", "saved", "--line", "5", cwd=tmp_path).stdout
    assert said[said.index("TCP socket") :].splitlines()[:4] == [
        "TCP socket, fd 11 of nginx[7]  saved",
        "  on the port of its listener",
        "  peer 127.0.0.1:42346",
        "  an incoming connection, from accept()",
    ]
    rows = [line.split() for line in run("sockets", "saved", cwd=tmp_path).stdout.splitlines()]
    assert ["5", "nginx[7]", "11", "TCP", "-", "127.0.0.1:42346", "incoming", "-"] in rows
    assert [row[3:5] for row in rows if row[:1] == ["7"]] == [["TCP", "127.0.0.1:8090"]]


def test_a_line_without_a_socket_call_is_said() -> None:
    said = run("sockets", SSH, "--line", "1").stdout.splitlines()
    assert said[1:] == ["  not a socket call: execve() of /usr/bin/ssh"]


def test_sockets_are_listed_and_chosen_by_peer_and_descriptor() -> None:
    whole = run("sockets", ERLANG, "--fd", "19").stdout.splitlines()
    assert whole[0].split() == ["LINE", "PROCESS", "FD", "KIND", "LOCAL", "PEER", "STATE", "OPEN"]
    assert whole[1].split() == [
        "395", "beam.smp[4510]", "19", "TCP", "0.0.0.0:0", "(34937)", "127.0.0.1:8001",
        "connected", "12.4", "ms",
    ]  # fmt: skip
    assert whole[-1] == "40 sockets. One in full: --line N"
    chosen = run("sockets", ERLANG, "--peer", ":8001").stdout.splitlines()
    assert chosen[-1] == "14 sockets. One in full: --line N"
    assert run("sockets", ERLANG, "--fd", "999").stdout == "no internet socket\n"


def test_sockets_as_data() -> None:
    (row,) = csv.DictReader(io.StringIO(run("sockets", "--format", "csv", SSH).stdout))
    (life,) = json.loads(run("sockets", "--format", "json", SSH).stdout)["sockets"]
    assert (row["command"], row["fd"], row["peer_port"]) == ("ssh", "3", "2222")
    assert (life["binding"], life["local"]["assigned_port"]) == ("ephemeral", 40037)


NETWORK = (
    "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
    "recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketpair sendfile sendfile64"
)
PROCESS = "clone clone2 clone3 execve execveat exit exit_group fork vfork wait4 waitid"
"""what %network and %process stand for (strace -e trace=%network, 6.1)"""
MAKE_DESCRIPTORS = (
    "bpf creat epoll_create epoll_create1 eventfd eventfd2 fanotify_init fsmount fsopen fspick "
    "inotify_init inotify_init1 landlock_create_ruleset memfd_create memfd_secret mq_open open "
    "open_by_handle_at open_tree openat openat2 perf_event_open pidfd_open pipe pipe2 signalfd "
    "signalfd4 timerfd_create userfaultfd"
)
"""their numbers end at a close() that is traced; a number that is given out anew is no socket's"""


LEAN_LACKS = (
    "ioctl read readv recv recvfrom recvmmsg recvmsg send sendfile sendfile64 sendmmsg sendmsg sendto "
    "shutdown socketpair write writev"
)


@pytest.mark.parametrize(
    ("words", "classes", "left_out"),
    [((), f"{NETWORK} {PROCESS}", ""), (("--lean",), PROCESS, LEAN_LACKS)],
)
def test_the_command_line_shows_every_call_that_the_model_follows(
    words: tuple[str, ...], classes: str, left_out: str
) -> None:
    line = shlex.split(run("command", *words).stdout)
    assert line[: len(OPTIONS) + 1] == ["strace", *OPTIONS]
    _, pattern = line[-3].split("/")
    shown = {name for name in tracked_calls() if re.search(pattern, name)} | {*classes.split()}
    expected = tracked_calls() & {*MAKE_DESCRIPTORS.split(), *left_out.split()}
    assert tracked_calls() - shown == expected


AROUND = """
import ctypes, os, socket
libc = ctypes.CDLL(None)
reading, writing = os.pipe()
os.write(writing, b"x"), os.read(reading, 1)
os.writev(writing, [b"x"]), os.readv(reading, [bytearray(1)])
os.dup2(libc.dup(reading), 77), os.dup2(reading, 78, inheritable=False)
libc.fcntl(reading, 1), libc.unshare(0), libc.setns(-1, 0)
libc.syscall(425, 0, 0), libc.syscall(426, -1, 0, 0, 0, 0), libc.syscall(438, -1, 0, 0)
os.sendfile(writing, os.open("/etc/passwd", os.O_RDONLY), 0, 1)
server = socket.create_server(("127.0.0.1", 0))
with socket.socket() as client:
    client.connect(server.getsockname())
    accepted = server.accept()
    client.getpeername(), client.send(b"x"), client.shutdown(2), client.getsockopt(1, 4)
os.closerange(500, 510)
os.posix_spawn("/bin/true", ["true"], {}), os.wait()
"""
"""numbers from 424 on are the same for all architectures: io_uring_setup, io_uring_enter,
pidfd_getfd (Documentation/process/adding-syscalls.rst)"""
SHOWN = (
    "execve close dup dup3 fcntl unshare setns io_uring_setup pidfd_getfd socket bind listen "
    "accept4 connect getsockname getpeername getsockopt setsockopt wait4 exit_group"
)
NEVER_SHOWN = "io_uring_enter openat mmap mbind poll"
WITH_DATA = "read write readv writev sendfile sendto shutdown"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(
    ("words", "shown", "not_shown"),
    [((), f"{SHOWN} {WITH_DATA}", ""), (("--lean",), SHOWN, WITH_DATA)],
)
def test_strace_shows_the_calls_that_the_command_line_means(
    tmp_path: Path, words: tuple[str, ...], shown: str, not_shown: str
) -> None:
    """And neither io_uring_enter() nor what reads and maps files, of which there are many."""
    line = run("command", *words, "--", sys.executable, "-c", AROUND).stdout
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    calls = set(re.findall(r" (\w+)\(", (tmp_path / "trace.txt").read_text()))
    assert {*shown.split()} - calls == set()
    assert calls & {*not_shown.split(), *NEVER_SHOWN.split()} == set()


PROGRAMS = [
    "java -jar /opt/app/server.jar --port 8080",
    "python3 -m http.server",
    "node --enable-source-maps /srv/app/server.js",
]


@pytest.mark.parametrize("lean", [(), ("--lean",)])
@pytest.mark.parametrize("target", ["", "--pid 4194304", *(f"-- {one}" for one in PROGRAMS)])
def test_the_command_line_is_short_enough_to_be_pasted(lean: tuple[str, ...], target: str) -> None:
    (line,) = run("command", *lean, *target.split()).stdout.splitlines()
    assert len(line) <= 200
    assert line.endswith(target.replace("--pid", "-p") or "-p PID")


def test_the_command_line_is_quoted_for_a_shell() -> None:
    done = run("command", "--", "echo", "a b", "$HOME")
    assert shlex.split(done.stdout)[-4:] == ["--", "echo", "a b", "$HOME"]
    assert done.stdout.endswith("-- echo 'a b' '$HOME'\n")


def test_the_command_line_attaches_to_every_pid() -> None:
    assert run("command", "--pid", "7", "--pid", "8").stdout.endswith(" -p 7 -p 8\n")
    assert run("command", "--pid", "7", "--", "true").returncode == 2


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_strace_takes_the_command_line(tmp_path: Path) -> None:
    line = run("command", "--", "true").stdout
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "execve(" in (tmp_path / "trace.txt").read_text()


def test_the_catalogue_has_a_line_for_each_rule() -> None:
    lines = run("rules").stdout.splitlines()
    assert lines[0].split() == ["RULE", "WHAT", "IT", "FLAGS"]
    assert any(line.startswith("bind-any-port-zero  ") for line in lines)


def test_a_rule_is_documented_with_its_examples() -> None:
    text = run("rule", "bind-any-port-zero").stdout
    for heading in (
        "What it flags", "Why it matters", "What to do instead", "When it is fine", "References",
    ):  # fmt: skip
        assert f"\n{heading}\n" in text
    assert "\nFlagged: blocking connect\n" in text
    assert "\n-> bind(3, {sa_family=AF_INET" in text


def test_a_rule_that_does_not_exist_names_the_nearest() -> None:
    done = run("rule", "bind-any-port")
    assert (done.returncode, done.stderr) == (
        2,
        "strace-analyzer: no such rule: bind-any-port; did you mean 'bind-any-port-zero'?\n",
    )
