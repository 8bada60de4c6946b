"""`analyze(..., ss=...)` takes what ss(8) prints here, in every form in which Python has it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import strace_analyzer as sa

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("ss") is None, reason="needs ss (apt install iproute2)"),
]


@pytest.fixture
def taken() -> Iterator[str]:
    """The trace of a bind() to a port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        address = f'sin_port=htons({port}), sin_addr=inet_addr("127.0.0.1")'
        yield (
            "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 12\n"
            f"bind(12, {{sa_family=AF_INET, {address}}}, 16) = -1 EADDRINUSE "
            "(Address already in use)\n"
        )


def ss(*options: str) -> bytes:
    return subprocess.run(["ss", *options], check=True, capture_output=True).stdout


def holder(trace: str, **more: Any) -> object:
    (group,) = sa.analyze(trace, **more).groups
    assert group.rule == "port-taken"
    return group.sample.detail("holder_pid")


@pytest.mark.parametrize("options", [("-tanp",), ("-tanpH",), ("-tanpe",), ("-anp", "-t", "-u")])
def test_the_holder_is_named_however_the_list_is_given(
    taken: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    printed = ss(*options)
    text, file, datagram = printed.decode(), tmp_path / "ss.txt", tmp_path / "ss-u.txt"
    file.write_bytes(printed)
    datagram.write_bytes(ss("-uanp"))
    assert holder(taken) is None
    both = (datagram, file)
    lines = text.splitlines()
    for given in (
        file,
        str(file),
        [file],
        both,
        [*map(str, both)],
        text,
        printed,
        bytearray(printed),
        lines,
        tuple(lines),
        text.splitlines(keepends=True),
        printed.splitlines(),
        [text, datagram.read_text()],
    ):
        assert holder(taken, ss=given) == os.getpid(), given


def test_what_lists_no_socket_is_said(taken: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    for given in (empty, [empty], b"", "hello\nworld\n", [b"hello"]):
        with pytest.raises(sa.TraceError, match=r"no socket in it \(give the output of ss"):
            sa.analyze(taken, ss=given)
    with pytest.raises(sa.TraceError, match="absent: No such file or directory"):
        sa.analyze(taken, ss=tmp_path / "absent")
    for given in (40, {}, [], "", [40], {"a": 1}, object()):
        with pytest.raises(TypeError, match="ss is the path of what ss -tanp printed"):
            sa.analyze(taken, ss=given)  # type: ignore[arg-type]
