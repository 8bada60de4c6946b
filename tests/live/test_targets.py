"""`attach` to what the person means: to nginx by its master, by name, to a control group."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from live.servers import ask, children, nginx
from live.sessions import (
    COMMAND,
    PATIENCE,
    assert_nothing_is_left,
    environment,
    findings,
    program,
    run,
    start,
    tracer,
    until,
)

from strace_analyzer.live.running import running
from strace_analyzer.live.targets import Targets, belongs, untraced

pytestmark = pytest.mark.live

needs_nginx = pytest.mark.skipif(
    shutil.which("nginx") is None or os.geteuid() != 0, reason="needs nginx, and root"
)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[int]:
    with nginx(tmp_path) as pid:
        yield pid


def watched(scratch: Path, web: int, *words: str, all_of_it: bool) -> tuple[dict, str, int]:  # type: ignore[type-arg]
    """The JSON report of `attach` over twelve requests, what it said, and its exit status."""
    watching = start(scratch, "attach", "--format", "json", *words)
    whole = [web, *children(web)] if all_of_it else [web]
    until(lambda: all(map(tracer, whole)), "being traced")
    ask(web, 12)
    watching.send_signal(signal.SIGINT)
    output, errors = watching.communicate(timeout=PATIENCE)
    assert_nothing_is_left(scratch)
    return json.loads(output), errors, watching.returncode


@needs_nginx
def test_the_master_alone_is_no_all_clear(web: int, tmp_path: Path) -> None:
    """160 connections of its workers are none of the master's: who is not traced is named, as it
    begins and in the report."""
    report, errors, status = watched(tmp_path, web, str(web), all_of_it=False)
    workers = ", ".join(map(str, children(web)))
    words = (
        f"nginx (2 processes: {workers}), below pid {web}, ran already and are not traced: "
        f"attach --tree {web}"
    )
    assert f"strace-analyzer: {words}\n" in errors
    (warning,) = report["warnings"]
    assert (warning["code"], warning["count"]) == ("children-not-traced", 2)
    assert warning["message"] == words
    assert warning["remedy"] == f"attach to them too: strace-analyzer attach --tree {web}"
    assert (report["summary"]["verdict"], status) == ("inconclusive", 2)


@needs_nginx
@pytest.mark.parametrize("how", ["--tree", "--tree --lean", "--name"])
def test_nginx_with_its_workers(web: int, tmp_path: Path, how: str) -> None:
    option, *more = how.split()
    if option == "--name" and len(Targets(names=["nginx"]).processes()) != 3:
        pytest.skip("another nginx runs here")
    target = str(web) if option == "--tree" else "nginx"
    report, errors, status = watched(tmp_path, web, option, target, *more, all_of_it=True)
    assert (report["summary"]["verdict"], status) == ("clean", 0)
    made = {p["tgid"]: p["tcp_connections"] for p in report["processes"]}
    assert sum(made.values()) == 12
    assert set(made) <= {web, *children(web)}
    assert f"attaching to nginx (3 processes: {web}, " in errors
    assert (
        "one measured example, a node server, took 13 to 18 s for 800 requests instead of"
        " 0.5 to 0.9 s" in errors
    )
    assert ("--lean" in errors) is not bool(more)


class Family(NamedTuple):
    """The program of family.py: its ids, the root first."""

    process: subprocess.Popen[str]
    pids: tuple[int, ...]

    def go_on(self) -> None:
        """Let it make another child, which says when it is done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert [self.process.stdout.readline() for _ in range(2)][-1] == "said on standard output\n"


@pytest.fixture
def family() -> Iterator[Family]:
    with subprocess.Popen(
        program("family.py"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        pids = tuple(map(int, process.stdout.readline().split()))
        yield Family(process, pids)
        for pid in reversed(pids):
            os.kill(pid, signal.SIGKILL)


def test_a_tree_and_the_children_of_later(family: Family, tmp_path: Path) -> None:
    watching = start(tmp_path, "attach", "--format", "json", "--tree", str(family.pids[0]))
    until(lambda: all(map(tracer, family.pids)), "being traced")
    family.go_on()
    watching.send_signal(signal.SIGINT)
    output, _ = watching.communicate(timeout=PATIENCE)
    assert len(findings(output)) == 3
    assert json.loads(output)["warnings"] == []


def test_who_is_below_and_not_traced(family: Family) -> None:
    root, child, grandchild = family.pids
    below = untraced([root], tracer=1)
    assert [(one.pid, one.root) for one in below] == [(child, root), (grandchild, root)]
    assert [(one.pid, one.root) for one in untraced([root, child], 1)] == [(grandchild, root)]
    assert untraced(family.pids, 1) == ()


def test_the_parts_of_what_was_asked_for(family: Family) -> None:
    root, child, grandchild = family.pids
    assert Targets(trees=[child]).processes() == (child, grandchild)
    assert Targets(pids=[grandchild], trees=[root]).processes() == (grandchild, root, child)
    assert set(family.pids) <= set(Targets(names=["family.py"]).processes())
    assert set(family.pids) <= set(Targets(names=["fam?ly*"]).processes())
    assert os.getpid() not in Targets(names=["*"]).processes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "attach to what? PID, --tree PID, --name NAME or --cgroup PATH"),
        (("--name", "no-such-program"), "--name no-such-program: no such process runs here"),
        (("--cgroup", "/no/such"), "--cgroup /no/such: no process is in it"),
        (("--tree", "4194304"), "4194304: no such process: it has ended, or never was"),
    ],
)
def test_who_is_not_there(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run(tmp_path, "attach", *words)
    assert (done.stderr, done.returncode) == (f"strace-analyzer: {said}\n", 2)


AT = [
    ("/system.slice/nginx.service", ("", "/system.slice/nginx.service"), True),
    ("/system.slice", ("", "/system.slice/nginx.service"), True),
    ("system.slice/", ("", "/system.slice/nginx.service"), True),
    ("/sys/fs/cgroup/system.slice", ("", "/system.slice/nginx.service"), True),
    ("/sys/fs/cgroup/memory/web", ("memory", "/web"), True),
    ("/sys/fs/cgroup/cpu/web", ("cpu,cpuacct", "/web/one"), True),
    ("/sys/fs/cgroup/memory/web", ("pids", "/web"), False),
    ("/system", ("", "/system.slice/nginx.service"), False),
    ("0123456789ab", ("", "/system.slice/docker-0123456789abcdef.scope"), True),
    ("0123456789ab", ("memory", "/docker/0123456789abcdef"), True),
    ("0123456789ab", ("", "/kubepods/cri-containerd-0123456789abcdef.scope/init"), True),
    ("0123456789ab", ("", "/docker/f0123456789ab"), False),
    ("0123", ("", "/docker/0123456789abcdef"), False),
]


@pytest.mark.parametrize(("asked", "at", "is_in"), AT)
def test_the_path_of_a_control_group(asked: str, at: tuple[str, str], is_in: bool) -> None:
    assert belongs(at, asked) is is_in


def test_a_control_group(family: Family, tmp_path: Path) -> None:
    """One that is made for it, of whichever version there is."""
    made = control_group()
    if made is None:
        pytest.skip("needs root, and a control group hierarchy that can be written")
    try:
        for pid in family.pids:
            (made / "cgroup.procs").write_text(str(pid))
        assert sorted(Targets(cgroups=[str(made)]).processes()) == sorted(family.pids)
        done = run(tmp_path, "attach", "--for", "10ms", "--cgroup", str(made))
        assert "attaching to python" in done.stderr
        assert "(3 processes: " in done.stderr
        assert done.returncode == 0
    finally:
        for pid in family.pids:
            (made.parent / "cgroup.procs").write_text(str(pid))
        made.rmdir()


def control_group() -> Path | None:
    """A new directory below the group of this process, where that can be made."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        top = Path("/sys/fs/cgroup", controllers.split(",")[-1].removeprefix("name="))
        made = top / path.strip("/") / f"strace-analyzer-{os.getpid()}"
        try:
            made.mkdir()
        except OSError:
            continue
        if (made / "cgroup.procs").exists():
            return made
        made.rmdir()
    return None


def test_a_process_that_calls_itself_what_proc_has_lines_for() -> None:
    """A name may hold any byte but NUL (proc_pid_comm(5)); only a newline ends a line of /proc."""
    name = b"a\rPPid:\t1\x0b\x85\xff"
    rename = (
        "import os, sys; open('/proc/self/comm', 'wb').write(os.read(0, 15)); "
        "print(flush=True); os.read(0, 1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", rename], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as named:
        assert named.stdin is not None
        assert named.stdout is not None
        named.stdin.write(name)
        named.stdin.flush()
        named.stdout.readline()
        (found,) = [one for one in running() if one.pid == named.pid]
        named.stdin.close()
    assert found.comm.encode("utf-8", "surrogateescape") == name
    assert found.parent == os.getpid()


def test_who_attaches_from_below_what_is_traced_is_not_told_of_itself(tmp_path: Path) -> None:
    """`attach $$`, and with its tree: we are the shell's child, and so is what waits for us."""
    words = " ".join([*COMMAND, "attach", "--for", "1s"])
    script = f"echo $$; env {words} $$; env {words} --tree $$"
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    shell = done.stdout.split()[0]
    assert done.stderr.count(f"(pid {shell})") == 2
    assert "not traced" not in done.stderr + done.stdout
    assert "strace-analyzer itself" not in done.stderr


def test_no_time_is_no_time_to_attach_for(tmp_path: Path) -> None:
    done = run(tmp_path, "attach", "--for", "0s", str(os.getpid()))
    assert done.returncode == 2
    assert "nothing can be seen in no time" in " ".join(done.stderr.replace("│", " ").split())
