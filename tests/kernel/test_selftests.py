"""What the kernel's own selftests ask, asked of it here, and of the model: each result is one that it
allows, and who has a port is who the kernel refused it for."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from kernel.network import PORTS, PROGRAM, TESTS, Network
from kernel.reading import play
from kernel.selftests import ADDRESSES, KINDS, REUSE
from kernel_model.contradicted import contradictions

import strace_analyzer as sa

pytestmark = pytest.mark.kernel


def gave(net: Network, trace: Path, *words: str) -> dict[str, object]:
    """What each call of a program of selftests.py gave; its trace is one without contradictions."""
    done = subprocess.run(
        [
            *("nsenter", "-t", str(net.client), "-n", "--"),
            *("strace", "-f", "-ttt", "-T", "-o", str(trace)),
            *(*PROGRAM, "kernel.selftests", *words),
        ],
        cwd=TESTS,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert contradictions(trace) == Counter()
    assert "impossible-result" not in [unknown.code for unknown in sa.analyze(trace).unknown]
    result: dict[str, object] = json.loads(done.stdout)
    return result


REACHES = {
    "v4 any": ({4}, None),
    "v4 loopback": ({4}, "loopback"),
    "v6 any": ({4, 6}, None),
    "v6 any V6ONLY": ({6}, None),
    "v6 loopback": ({6}, "loopback"),
    "v6 loopback V6ONLY": ({6}, "loopback"),
    "mapped any": ({4}, None),
    "mapped loopback": ({4}, "loopback"),
}
"""the families that a port bound there is taken in, and the address if it is one alone"""


def conflict(one: str, other: str) -> bool:
    """docs/kernel.md, "A port that is taken"."""
    (families, address), (others, another) = REACHES[one], REACHES[other]
    return bool(families & others) and (address is None or another is None or address == another)


@pytest.mark.parametrize("reuse", REUSE)
@pytest.mark.parametrize("kind", KINDS)
def test_bind_wildcard(kind: str, reuse: str, net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    found = gave(net, trace, "bind_wildcard", kind, reuse)["found"]
    assert isinstance(found, list)
    assert len(found) == len(ADDRESSES) ** 2
    refused = []
    for first, results in found:
        held = {0: first}
        for number, (address, result) in enumerate(results, 1):
            in_the_way = {at for at, other in held.items() if conflict(other, address)}
            expected = "EADDRINUSE" if in_the_way and reuse == "none" else "ok"
            assert result == expected, (kernel, held, address)
            if result == "ok":
                held[number] = address
            else:
                refused.append(in_the_way)
    # and the tool names one of the sockets that are in the way: our own, by descriptor
    taken = [one for one in sa.analyze(trace).findings if one.rule == "port-taken"]
    assert len(taken) == len(refused)
    assert {one.cause for one in taken} <= {"own-socket", "own-dual-stack"}
    lowest = min((one.fd for one in taken), default=0) - 1
    for one, in_the_way in zip(sorted(taken, key=lambda one: one.at.line), refused, strict=True):
        holder = one.detail("holder_fd")
        assert isinstance(holder, int)
        assert holder - lowest in in_the_way


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", ["v4", "v6"])
def test_ip_local_port_range(
    family: str, kind: str, net: Network, kernel: str, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    got = gave(net, trace, "ip_local_port_range", family, kind)
    invalid = {name: got.pop(name) for name in ("2 bytes", "8 bytes", "low above high")}
    assert set(invalid.values()) == {"EINVAL"}, kernel
    assert got.pop("told") == [0, 54321 << 16 | 12345, 0], kernel
    after = got.pop("after")
    assert isinstance(after, int)
    assert 40010 <= after <= 40019, kernel
    for outside in (got.pop("below"), got.pop("above")):  # more than one port: it is not clamped
        assert isinstance(outside, list)
        assert len(outside) > 1, kernel
        assert all(PORTS[0] <= port <= PORTS[1] for port in outside), kernel
    assert got == {
        "single": [40050, 40000, 40099],
        "eight": [*["ok"] * 8, "EADDRINUSE"],
        "ports": [*range(40000, 40008)],
        "before": 0,
    }, kernel
    played = play(trace)
    assert played.predicted == played.happened
    assert [refusal.call for refusal in played.happened] == ["bind"]


SEQUENCES = {
    "connected": "EISCONN EISCONN EINVAL EINVAL EINVAL ok ok ok",
    "listening": "ok ok EINVAL EISCONN",
    "listener dissolved by connect(AF_UNSPEC)": "ok EINVAL (ok EISCONN|EINVAL EINVAL)",
    "listener that was bound, shut down": "ok ok ok EISCONN ok EINVAL ok (ok|EINVAL)",
    "listener shut down listens again": "ok ok ok ok EINVAL",
    "going on": "EALREADY EALREADY EINVAL EINVAL",
    "going on, shut down": "ok ok ENOTCONN ok EISCONN",
    "going on, SHUT_RD": "ok ok (ok|EINVAL)",
    "going on, SHUT_RD, not bound again": "ok (ok|EINVAL)",
    "going on, SHUT_WR": "ok ok (ok|EINVAL)",
    "going on, SHUT_WR, not bound again": "ok (ok|EINVAL)",
    "going on, dissolved": "ok ok ok",
    "connection made": "ok EISCONN EINVAL",
    "refused in the background": "ECONNREFUSED ok ECONNREFUSED ok EINVAL",
    "closed by both": "ok EISCONN ok EINVAL ok ok",
    "accepted": "EINVAL EISCONN EINVAL ok ok",
    "copies": "ok EINVAL ok EISCONN",
    "datagrams": "ok ok EINVAL ENOTSUP ok ok EINVAL ok",
}

"""regular expressions of what the calls give. Two builds of Linux 6.18.44 differ in whether a socket
that was let go of while it listened or was under way can connect or listen at once: the model
allows both."""

EARLY = 12
"""connected 1, listener shut down 1, going on 1, then after each shutdown 1 + 1 + 1, dissolved 2,
refused 2, closed by both 1, copies 1"""


def test_sequences(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    got = gave(net, trace, "sequences")
    assert list(got) == list(SEQUENCES)
    given = {name: " ".join(map(str, results)) for name, results in got.items()}
    differ = {name: one for name, one in given.items() if not re.fullmatch(SEQUENCES[name], one)}
    assert differ == {}, kernel
    played = play(trace)
    assert played.predicted == played.happened == []
    # of the binds with port 0 that worked, these were followed by a connect() that made use of it
    assert {one.rule for one in sa.analyze(trace).findings} == {"bind-any-port-zero"}
    assert len(sa.analyze(trace).findings) == EARLY
