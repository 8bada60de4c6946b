"""What the trace cannot show, this machine can: who has the port that the traced program wants."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest
from live.namespaces import traced, unwrapped
from live.sessions import PATIENCE, PROGRAMS, findings, program, run, start, tracer, until

pytestmark = pytest.mark.live

BINDS = """
import socket, sys
try:
    socket.socket().bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    print(error.errno)
"""


def test_run_names_the_holder_of_a_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, fd = server.getsockname()[1], server.fileno()
        done = run(tmp_path, "run", "--", sys.executable, "-c", BINDS, str(port))
    report = " ".join(done.stderr.split())
    assert f"port {port} is taken" in report
    assert f"(pid {os.getpid()}, fd {fd}) has it: a listener." in report


def test_run_names_the_script_of_the_holder(tmp_path: Path) -> None:
    script = tmp_path / "sidecar.py"
    serves = "import socket; s = socket.create_server(('127.0.0.1', 0)); "
    script.write_text(f"{serves}print(s.getsockname()[1], flush=True); input()")
    holder = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        port = holder.stdout.readline().strip()
        done = run(tmp_path, "run", "--", sys.executable, "-c", BINDS, port)
        holder.kill()
    report = " ".join(done.stderr.split())
    assert f" sidecar.py (pid {holder.pid}, fd 3) has it: a listener." in report


def test_attach_names_the_holder_when_the_process_has_gone(tmp_path: Path) -> None:
    """Others of its network namespace are there still, and can be asked."""
    waits = f"import sys; sys.stdin.readline(){BINDS}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen(
            [sys.executable, "-c", waits, str(server.getsockname()[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        tracing = start(tmp_path, "attach", str(process.pid))
        until(lambda: tracer(process.pid), "strace to attach")
        process.communicate("\n", timeout=PATIENCE)
        report, _ = tracing.communicate(timeout=PATIENCE)
        fd = server.fileno()
    assert f"(pid {os.getpid()}, fd {fd}) has it: a listener." in " ".join(report.split())


NO_PORT_LEFT = """
import errno, os, socket, sys
server = socket.create_server(("127.0.0.1", 80), backlog=64)
held = []
while True:
    one = socket.socket()
    try:
        one.bind(("0.0.0.0", 0))
    except OSError:
        break
    one.connect(server.getsockname())
    held.append((one, server.accept()))
pid = os.fork()
if pid:
    os.waitpid(pid, 0)
    os.read(0, 1)
    sys.exit()
for one, (other, _) in held:
    one.close(), other.close()
print(os.getpid(), os.getppid(), flush=True)
os.read(0, 1)
for _ in range(3):
    if os.fork() == 0:
        try:
            socket.socket().connect(server.getsockname())
        except OSError as error:
            print(errno.errorcode[error.errno], flush=True)
        os._exit(0)
    os.wait()
"""
"""in a range of ten ports, all of them with the parent, its child is to ask for one more, in
processes of their own; ports in TIME_WAIT are not used again"""


@pytest.mark.kernel
def test_attach_to_the_victim_of_another_process(tmp_path: Path) -> None:
    """In a network namespace that has no free port, not even for a look at it: who has them is
    said first, and the settings at the head of the saved trace are those that are in force there."""
    inside = (
        "ip link set lo up; echo 40000 40009 >/proc/sys/net/ipv4/ip_local_port_range; "
        'echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse; exec "$@"'
    )
    words = ["unshare", "-n", "sh", "-c", inside, "sh", sys.executable, "-c", NO_PORT_LEFT]
    with subprocess.Popen(words, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        victim, holder = map(int, process.stdout.readline().split())
        name = Path(f"/proc/{holder}/comm").read_text().strip()
        tracing = start(tmp_path, "attach", str(victim), "--save-trace", "saved")
        until(lambda: tracer(victim), "strace to attach")
        process.stdin.write("\n")
        process.stdin.flush()
        assert [process.stdout.readline() for _ in range(3)] == ["EADDRNOTAVAIL\n"] * 3
        report, _ = tracing.communicate(timeout=PATIENCE)
        process.communicate(timeout=PATIENCE)
    said = " ".join(report.split())
    assert "local ports ran out for " in said
    assert f"Fix {name} (pid {holder}) has 10 of these ports: look there first." in said
    head = (tmp_path / "saved").read_text()
    assert "# strace-analyzer: net.ipv4.ip_local_port_range = 40000 40009\n" in head
    assert "# strace-analyzer: net.ipv4.tcp_tw_reuse = 0\n" in head


@pytest.mark.parametrize("lean", [False, True])
def test_a_listener_that_python_made_inheritable(tmp_path: Path, lean: bool) -> None:
    """set_inheritable() calls ioctl(FIONCLEX): with the whole list of calls the heir is known, with
    the lean one it is told as a possibility. TIME_WAIT it cannot be: both set SO_REUSEADDR."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--lean"] if lean else []
    line = run(tmp_path, "command", *options, "--", *program("hands_on.py", port)).stdout
    done = subprocess.run(
        shlex.split(line), cwd=tmp_path, text=True, capture_output=True, timeout=PATIENCE
    )
    assert done.stdout == "EADDRINUSE\n"
    (found,) = findings(run(tmp_path, "--format", "json", "trace.txt").stdout, "port-taken")
    cause = "unknown" if lean else "inherited-listener"
    assert (found["cause"], found["confidence"]) == (cause, "probable" if lean else "certain")
    heir = "may_hold" if lean else "holder"
    assert found["details"][f"{heir}_program"] == "sleep"
    report = " ".join(run(tmp_path, "trace.txt").stdout.split())
    assert ("Or sleep (pid " in report) == lean
    assert ("inherited the descriptor and did not make it" in report) != lean


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("client", "server", "remedy"),
    [
        (0, 0, "SO_REUSEADDR on both sockets, before bind() here and before connect()"),
        (1, 0, "SO_REUSEADDR before bind(), which the socket of that connection has set"),
        (0, 1, "SO_REUSEADDR is set here: the socket of that connection must have it too"),
        (1, 1, None),
    ],
)
def test_a_connection_that_is_gone_has_the_port_still(
    client: int, server: int, remedy: str | None, tmp_path: Path
) -> None:
    """Closed first, it is in TIME_WAIT; the kernel gives the port where both have SO_REUSEADDR."""
    traced(tmp_path, "trace", [sys.executable, PROGRAMS / "gone_port.py", client, server])
    said = unwrapped(run(tmp_path, "trace").stdout)
    assert (remedy is None) == ("is taken" not in said)
    if remedy is not None:
        assert "had the local end of an outgoing connection to 127.0.0.1:6140 on this port" in said
        assert "that is probably in TIME_WAIT" in said
        assert remedy in said
