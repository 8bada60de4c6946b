"""What the machine says of its ports is kept at the head of a saved trace, and read back; `collect`
brings it with a trace from where there is no Python; `holders` tells it without a trace."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from live.sessions import COMMAND, environment, run
from report.printed import lines

from strace_analyzer.live.collect import script
from strace_analyzer.live.holders import holders
from strace_analyzer.machine.facts import Facts, TracedProcess, read
from strace_analyzer.report.text.holders import page

pytestmark = pytest.mark.live

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a network namespace")
IN_NAMESPACE = ["unshare", "-n", "sh", "-c"]
SET_UP = (
    "ip link set lo up; echo 40000 40019 > /proc/sys/net/ipv4/ip_local_port_range; "
    "echo 40001,40003-40004 > /proc/sys/net/ipv4/ip_local_reserved_ports; "
)
HELD = """
import socket, sys
server = socket.create_server(("127.0.0.1", 80))
held = [socket.create_server(("127.0.0.1", 40003))]

for _ in range(5):
    client = socket.socket(); client.bind(("0.0.0.0", 0)); client.connect(("127.0.0.1", 80))
    held.append(client); held.append(server.accept()[0])
gone = held.pop(1); gone.close()
held.pop(1).close()
print("ready", flush=True)
sys.stdin.read()
"""


def test_facts_are_read_as_they_were_written() -> None:
    facts = Facts({"net.ipv4.ip_local_port_range": "40000\t40019", "kernel": "6.1", "shown": "all"})
    head = [line.encode() for line in facts.lines()]
    again = read([*head, b"7 close(3) = 0\n", b"# strace-analyzer: kernel = 7\n" * 30])
    assert again.port_range == (40000, 40019)
    assert again.values["kernel"] == "6.1"
    assert read([b"7 close(3) = 0\n"] * 30 + head).values == {}


def test_processes_are_read_as_they_were_written() -> None:
    traced = (
        TracedProcess(7, "/usr/bin/python3.11", "a b.py", tuple(range(7, 1007))),
        TracedProcess(4510, "beam.smp", "", (4510,)),
    )
    facts = Facts({"kernel": "6.1"}).with_processes(traced)
    again = read(line.encode() for line in facts.lines())
    assert again.processes == traced
    odd = {"program.x": "a", "program.0": "b", "program.9": "", "threads.8": "8", "program.6": "c"}
    assert Facts({**odd, "threads.6": "6 six -6"}).processes == (TracedProcess(6, "c", "", (6,)),)


@pytest.mark.parametrize("text", ["", "1", "9 1", "0 70000", "a b", "1 2 3", "\u0661 \u0662"])
def test_a_range_that_is_none_is_not_believed(text: str) -> None:
    assert Facts({"net.ipv4.ip_local_port_range": text}).port_range is None


def test_a_saved_trace_brings_its_facts(tmp_path: Path) -> None:
    """Also that it shows everything: with no connection in it, the two reports say the same."""
    done = run(tmp_path, "run", "--save-trace", "saved", "--", "true")
    assert done.stderr.startswith("no connections: ")
    text = (tmp_path / "saved").read_text()
    ours = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert f"# strace-analyzer: net.ipv4.ip_local_port_range = {' '.join(ours)}\n" in text
    for name in ("kernel", "strace", "date"):
        assert f"# strace-analyzer: {name} = " in text
    assert run(tmp_path, "saved").stdout.startswith("no connections: ")


@needs_root
def test_the_range_of_a_saved_trace_is_the_traced_machine_s(tmp_path: Path) -> None:
    words = [*COMMAND, "run", "--save-trace", "saved", "--", sys.executable, "-c", HELD]
    subprocess.run(
        [*IN_NAMESPACE, f'{SET_UP}exec "$@"', "sh", *words],
        cwd=tmp_path, env=environment(tmp_path), check=True, capture_output=True, input=b"",
    )  # fmt: skip
    ports = json.loads(run(tmp_path, "ports", "--format", "json", "saved").stdout)
    (use,) = ports["traces"][0]["ports"]
    assert (use["range"], use["range_source"]) == ([40000, 40019], "host")
    given = run(tmp_path, "ports", "--format", "json", "--port-range", "1024-2047", "saved").stdout
    (use,) = json.loads(given)["traces"][0]["ports"]
    assert (use["range"], use["range_source"]) == ([1024, 2047], "option")


SECRET = b"hunter2-xyzzy"
TRACED = """
import socket, threading, time
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
open("ready", "w").close()
while "\\nTracerPid:\\t0\\n" in open("/proc/self/status").read():
    time.sleep(0.1)
server = socket.create_server(("127.0.0.1", 0))
for _ in range(5):
    with socket.socket() as client:
        client.bind(("0.0.0.0", 0))
        client.connect(server.getsockname())
        server.accept()[0].close()
"""
"""begins when it is traced, which it must be by itself, since its parent has made it before"""
SHELLS = [["dash"], ["busybox", "sh"]]


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("target", ["pid", "collected-parent", "child.py", "chil?.py"])
def test_collect_brings_a_trace_that_check_reads_whole(
    tmp_path: Path, shell: list[str], target: str
) -> None:
    """The process is named by its script, or by its parent, which alone is nothing. A program that
    has the name among its arguments is another."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    (tmp_path / "collect.sh").write_text(run(tmp_path, "collect").stdout)
    (tmp_path / "child.py").write_text(TRACED)
    parent = tmp_path / "collected-parent"
    words = f'"{sys.executable}" -u child.py --token {SECRET.decode()}'
    parent.write_text(f"#!/bin/sh\n{words}\nexit 0\n")
    parent.chmod(0o755)
    follows = ["tail", "-f", "child.py"]
    with (
        subprocess.Popen([str(parent)], cwd=tmp_path) as traced,
        subprocess.Popen(follows, cwd=tmp_path, stdout=subprocess.DEVNULL) as other,
    ):
        while not (tmp_path / "ready").exists():
            time.sleep(0.05)
        if target == "pid":
            target = str(traced.pid)
        done = subprocess.run(
            [*shell, "collect.sh", target, "60"], cwd=tmp_path, capture_output=True, text=True
        )
        other.kill()
    assert done.returncode == 0, done.stderr
    assert str(other.pid) not in done.stderr.split()
    (archive,) = tmp_path.glob("strace-*.tar.gz")
    assert done.stdout.strip() == archive.name
    with tarfile.open(archive) as tar:
        names = {Path(name).name for name in tar.getnames()}
    assert {"trace.txt", "facts.txt", "ss.txt"} <= names
    assert done.stderr.count("\n") == 1  # whom it traces: no shell's "Terminated"
    report = json.loads(run(tmp_path, "--format", "json", archive.name).stdout)
    text = run(tmp_path, archive.name).stdout
    assert re.match(r"\w+: python[\d.]* child.py \(pid \d+\) binds before connecting", text)
    (process,) = [one for one in report["processes"] if one["early_bound"]]
    assert len(process["tids"]) == 2
    assert process["argv_truncated"]
    assert SECRET not in gzip.decompress(archive.read_bytes())
    assert [one["rule"] for one in report["findings"]] == ["bind-any-port-zero"] * 5
    (use,) = report["traces"][0]["ports"]
    assert use["range_source"] == "host"
    assert report["findings"][0]["calls"]["bind"]["source"] == archive.name
    assert list(tmp_path.glob("strace-collect.*")) == []  # nothing is left behind


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ([], 2, "usage: sh collect.sh PID|NAME [SECONDS]"),
        (["1", "soon"], 2, "usage: sh collect.sh PID|NAME [SECONDS]"),
        (["999999999"], 1, "collect: no process 999999999"),
        (["no-such-program-here"], 1, "collect: no process is named no-such-program-here"),
    ],
)
def test_collect_says_what_it_needs(
    tmp_path: Path, shell: list[str], words: list[str], status: int, said: str
) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    (tmp_path / "collect.sh").write_text(script())
    done = subprocess.run(
        [*shell, "collect.sh", *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "collect.sh"]


POSIX = (
    "cat", "date", "echo", "grep", "head", "ls", "mkdir", "printf", "ps", "rm", "rmdir", "sed",
    "sh", "sleep", "strace", "tar", "tr", "uname",
)  # fmt: skip
"""what POSIX has of what the script needs, strace and tar: neither mktemp nor gzip"""


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_collect_needs_only_what_it_says(tmp_path: Path, shell: list[str]) -> None:
    """It may also be that nothing can be written: known before anything is traced."""
    if (found := shutil.which(shell[0])) is None:
        pytest.skip(f"{shell[0]} is not installed")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in POSIX:
        (tools / name).symlink_to(shutil.which(name) or pytest.skip(f"{name} is not installed"))
    (tmp_path / "collect.sh").write_text(script())
    (tmp_path / "scratch").mkdir()
    clients = [sys.executable, str(Path(__file__).parent / "programs" / "many_clients.py")]

    def collect(scratch: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [found, *shell[1:], "collect.sh", str(traced.pid), "1"], cwd=tmp_path,
            capture_output=True, text=True, env={"PATH": str(tools), "TMPDIR": str(scratch)},
        )  # fmt: skip

    with subprocess.Popen(clients, stdout=subprocess.PIPE) as traced:
        assert traced.stdout is not None
        traced.stdout.readline()
        nowhere, done = collect(tmp_path / "none"), collect(tmp_path / "scratch")
        traced.kill()
    assert nowhere.returncode == 1
    assert nowhere.stderr.splitlines()[-1].startswith("collect: cannot make ")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert re.fullmatch(r"strace-\d+-\w+\.tar\n", done.stdout)
    assert list((tmp_path / "scratch").iterdir()) == []
    report = json.loads(run(tmp_path, done.stdout.strip(), "--format", "json").stdout)
    assert sum(process["tcp_connections"] for process in report["processes"]) > 0
    assert "truncated-end" not in {warning["code"] for warning in report["warnings"]}


def test_an_archive_without_a_trace_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("7 close(3) = 0\n")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "one", "one")
        tar.add(tmp_path / "two", "two")
    done = run(tmp_path, "a.tar.gz")
    assert (done.returncode, done.stderr) == (
        2,
        "strace-analyzer: a.tar.gz: no trace.txt in this archive, but one, two: unpack it first\n",
    )
    (tmp_path / "cut.tar.gz").write_bytes((tmp_path / "a.tar.gz").read_bytes()[:60])
    done = run(tmp_path, "cut.tar.gz")
    assert done.returncode == 2
    assert "damaged" in done.stderr
    assert "Traceback" not in done.stderr


def holders_of(start: str, directory: Path) -> tuple[int, str, dict[str, Any]]:
    """What `holders` says of a namespace in which HELD was started: as text, and its JSON."""
    with subprocess.Popen(
        [*IN_NAMESPACE, f"{SET_UP}{start}", sys.executable, HELD],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holding:  # fmt: skip
        assert holding.stdout is not None
        assert holding.stdout.readline() == "ready\n"
        words = ("holders", "--netns", str(holding.pid))
        text = run(directory, *words).stdout
        (found,) = json.loads(run(directory, *words, "--format", "json").stdout)["namespaces"]
        holding.communicate()
    return holding.pid, text, found


@needs_root
def test_holders_tell_who_holds_the_ports_of_a_namespace(tmp_path: Path) -> None:
    pid, text, found = holders_of('exec "$0" -c "$1"', tmp_path)
    assert (found["range"], found["reserved"]) == ([40000, 40019], 3)
    assert (found["held"], found["free"]) == (5, 12)
    upstream = {"address": "127.0.0.1", "port": 80}
    rows = [
        (one["state"], one["peer"], one["ports"], one["sockets"], one["incoming"], one["pids"])
        for one in found["holders"]
    ]
    assert sorted(rows, key=str) == [
        ("ESTAB", None, 0, 4, 80, [pid]),
        ("ESTAB", upstream, 4, 4, None, [pid]),
        ("LISTEN", None, 0, 1, 40003, [pid]),  # which is reserved
        ("LISTEN", None, 0, 1, 80, [pid]),
        ("TIME-WAIT", upstream, 1, 1, None, []),
    ]
    assert found["holders"][1]["command"] == "(kernel)"
    name = found["holders"][0]["command"]
    assert [" ".join(line.split()) for line in text.splitlines()][:11] == [
        "12 of 17 ports free: range 40000-40019, 5 held by TCP sockets, 3 reserved",
        "",
        "PORTS SOCKETS STATE PROCESS DESTINATION",
        f"4 4 ESTAB {name}[{pid}] 127.0.0.1:80",
        "1 1 TIME-WAIT (kernel) 127.0.0.1:80",
        "",
        "Outside the range, or reserved in it: these take none of its ports",
        "SOCKETS STATE PROCESS DESTINATION",
        f"4 ESTAB {name}[{pid}] incoming, on port 80",
        f"1 LISTEN {name}[{pid}] port 80",
        f"1 LISTEN {name}[{pid}] port 40003",
    ]


@needs_root
def test_the_script_of_an_interpreter_is_named(tmp_path: Path) -> None:
    """Many processes of a machine are called python3."""
    script = tmp_path / "sidecar.py"
    script.write_text(HELD)
    pid, text, found = holders_of(f'exec "$0" {script}', tmp_path)
    scripts = {one["script"] for one in found["holders"] if one["pids"]}
    assert scripts == {"sidecar.py"}
    assert [one["script"] for one in found["holders"] if not one["pids"]] == [None]
    assert f" sidecar.py[{pid}]  127.0.0.1:80\n" in text


GONE = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
for _ in range(8):
    server.accept()[0].close()
for client in clients:
    client.close()
server.close()
print(port, flush=True)
sys.stdin.read()
"""


@needs_root
def test_what_a_listener_left_that_is_gone_is_one_row(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*IN_NAMESPACE, 'ip link set lo up; exec "$0" -c "$1"', sys.executable, GONE],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as gone:  # fmt: skip
        assert gone.stdout is not None
        port = int(gone.stdout.readline())
        words = ("holders", "--netns", str(gone.pid))
        text = run(tmp_path, *words).stdout
        (found,) = json.loads(run(tmp_path, *words, "--format", "json").stdout)["namespaces"]
        gone.communicate()
    (row,) = found["holders"]
    assert (row["state"], row["incoming"], row["sockets"]) == ("TIME-WAIT", port, 8)
    assert f"incoming, on port {port}" in text


def test_holders_of_this_namespace_count_what_we_hold(tmp_path: Path) -> None:
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", 0))
        ours.listen()
        (found,) = json.loads(run(tmp_path, "holders", "--format", "json").stdout)["namespaces"]
    mine = [one for one in found["holders"] if os.getpid() in one["pids"]]
    assert [one["state"] for one in mine if one["peer"] is None] == ["LISTEN"]


SHARED = """
import os, socket, subprocess, sys
server = socket.create_server(("127.0.0.1", 80))
server.set_inheritable(True)
child = os.fork()
if child == 0:
    sys.stdin.read()
    os._exit(0)
heir = subprocess.Popen(["sleep", "60"], close_fds=False)
print(child, heir.pid, flush=True)
sys.stdin.read()
heir.kill()
"""


@needs_root
def test_all_who_share_a_socket_are_named(tmp_path: Path) -> None:
    """A child, and a program that it was left to: each of them keeps the port."""
    with subprocess.Popen(
        [*IN_NAMESPACE, 'ip link set lo up; exec "$0" -c "$1"', sys.executable, SHARED],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as shared:  # fmt: skip
        assert shared.stdout is not None
        children = [int(pid) for pid in shared.stdout.readline().split()]
        words = ("holders", "--netns", str(shared.pid))
        text = run(tmp_path, *words).stdout
        (found,) = json.loads(run(tmp_path, *words, "--format", "json").stdout)["namespaces"]
        name = Path(f"/proc/{shared.pid}/comm").read_text().strip()
        shared.communicate()
    (row,) = found["holders"]
    pids = sorted([shared.pid, *children])
    assert (row["state"], row["command"], row["pids"]) == ("LISTEN", f"{name}, sleep", pids)
    assert f"{name}, sleep[{', '.join(map(str, pids))}]" in text


def test_who_could_not_be_asked_is_named_and_threads_of_the_kernel_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """/proc/PID/ns of others may not be read; kthreadd, pid 2, has no descriptors."""
    other = subprocess.Popen(["sleep", "60"])
    hidden = {f"/proc/{other.pid}/ns/net", "/proc/2/ns/net"}
    readlink = os.readlink

    def refuse(path: str) -> str:
        if path in hidden:
            raise PermissionError(13, "Permission denied", path)
        return readlink(path)

    monkeypatch.setattr(os, "readlink", refuse)
    found = holders()
    other.kill()
    other.wait()
    assert ("sleep", other.pid) in found.unasked
    assert "kthreadd" not in {one.command for one in found.unasked}
    said = " ".join(lines(page(found, everything=True)).split())
    assert f"sleep[{other.pid}]" in said
    assert ("root sees them" in said) == (os.geteuid() != 0)


ONLY_BOUND = """
import socket, sys
one = socket.socket()
one.bind(("127.0.0.1", 6140))
print("ready", flush=True)
sys.stdin.read()
"""


@needs_root
def test_a_socket_that_is_only_bound_is_shown_with_its_port(tmp_path: Path) -> None:
    """ss does not list it. Where sock_diag does not either (before Linux 6.8), nobody holds it."""
    with subprocess.Popen(
        [*IN_NAMESPACE, 'exec "$0" -c "$1"', sys.executable, ONLY_BOUND],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as bound:  # fmt: skip
        assert bound.stdout is not None
        assert bound.stdout.readline() == "ready\n"
        text = run(tmp_path, "holders", "--netns", str(bound.pid)).stdout
        bound.communicate()
    if tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 8):
        assert re.search(rf" BOUND +\S+\[{bound.pid}\] +port 6140\n", text)
    else:
        assert "no socket has a local port" in text


def test_the_head_of_a_trace_is_our_own(tmp_path: Path) -> None:
    """It is neither the traced program's output nor another's."""
    done = run(tmp_path, "run", "--save-trace", "saved", "--", "true")
    assert done.returncode == 0
    assert (tmp_path / "saved").read_text().startswith("# strace-analyzer: ")
    report = run(tmp_path, "saved").stdout
    assert "not strace's" not in report
    assert ", all understood." in report
