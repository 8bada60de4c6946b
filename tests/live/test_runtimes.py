"""`attach` to programs that run: a JVM with many threads, a server that is only connected to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

import pytest
from live.servers import ask, server
from live.sessions import PATIENCE, assert_nothing_is_left, findings, program, start, tracer, until

pytestmark = pytest.mark.live

THREADS, TIMES = 64, 3
ANSWERS = """
require("http").createServer((_, answer) => answer.end("answered")).listen(8080, "127.0.0.1")
"""


@contextmanager
def java() -> Iterator[subprocess.Popen[str]]:
    """Threads.java, all threads of which wait to be told."""
    source = program("Threads.java")[1]
    words = ["java", "-Xshare:auto", source, str(THREADS), str(TIMES)]
    with subprocess.Popen(words, stdin=PIPE, stdout=PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def tids(pid: int) -> list[int]:
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


def tracers(pid: int) -> set[int] | None:
    """Who traces its threads, 0 for nobody; None where one of them has just ended."""
    try:
        return {tracer(tid) for tid in tids(pid)}
    except FileNotFoundError:
        return None


def is_traced(pid: int) -> bool:
    """All of it is."""
    return 0 not in (tracers(pid) or {0})


def told(process: subprocess.Popen[str]) -> None:
    """Let it go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.jvm
@pytest.mark.parametrize("lean", [(), ("--lean",)], ids=["all", "lean"])
def test_every_thread_of_a_jvm(lean: tuple[str, ...], tmp_path: Path) -> None:
    """Each early bind of each thread is found, once, and is the one process's; and it goes on."""
    with java() as process:
        pid = process.pid
        assert len(tids(pid)) >= 68
        watching = start(tmp_path, "attach", "--format", "json", *lean, str(pid))
        until(lambda: is_traced(pid), "all threads being traced")
        told(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        watching.send_signal(signal.SIGINT)
        output, _ = watching.communicate(timeout=PATIENCE)
        until(lambda: tracers(pid) == {0}, "being left alone")
        told(process)
        assert process.wait(PATIENCE) == 0
    found = findings(output)
    assert len(found) == THREADS * TIMES
    assert {finding["process"]["tgid"] for finding in found} == {pid}
    assert len({finding["process"]["tid"] for finding in found}) == THREADS
    assert {(finding["confidence"], finding["outcome"]) for finding in found} == {
        ("certain", "connected")
    }
    (group,) = [one for one in json.loads(output)["groups"] if one["rule"] == found[0]["rule"]]
    assert group["process"] == f"t1:{pid}"
    assert {finding["process"]["command"] for finding in found} == {"java"}
    assert "Socket.bind(null)" in group["advice"]
    assert_nothing_is_left(tmp_path)


@pytest.mark.skipif(
    shutil.which("node") is None or os.geteuid() != 0, reason="needs node, and root"
)
@pytest.mark.parametrize("lean", [(), ("--lean",)], ids=["all", "lean"])
def test_a_server_that_is_only_connected_to(lean: tuple[str, ...], tmp_path: Path) -> None:
    """It does use internet sockets: that no outgoing connection was made is all that is said."""
    with server(["node", "-e", ANSWERS]) as pid:
        watching = start(tmp_path, "attach", *lean, str(pid))
        until(lambda: is_traced(pid), "being traced")
        ask(pid, 20)
        watching.send_signal(signal.SIGINT)
        output, _ = watching.communicate(timeout=PATIENCE)
    assert output.splitlines()[0] == (
        "no connections: no outgoing connection was made; those that come in take no local port"
    )
    assert watching.returncode == 0
