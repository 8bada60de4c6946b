"""What no kernel does is noticed; and in every trace there is, each such call has its reason in what
the trace does not show, so that none is a fault of the model."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernel_model.contradicted import contradictions
from kernel_model.following import ANY, FIXED, GOING_ON, TCP, WEB, follow
from shared_folder import CASES, CORPUS, ROOT, TRACES, TRACES2

from strace_analyzer.errors import TraceError

CLOSE = "7 close(9) = 0\n"
"""without one, that numbers are used again is seen by nothing"""
OPEN = f"7 socket({TCP}) = 3\n"
BOUND = f"{OPEN}7 bind(3, {ANY}) = 0\n"
LISTENING = f"{BOUND}7 listen(3, 5) = 0\n"
CONNECTED = f"{OPEN}7 connect(3, {WEB}) = 0\n"
IMPOSSIBLE = {
    "bound twice": f"{BOUND}7 bind(3, {ANY}) = 0",
    "connected while it listens": f"{LISTENING}7 connect(3, {WEB}) = 0",
    "connected anew": f"{CONNECTED}7 connect(3, {WEB.replace('80', '81')}) = {GOING_ON}",
    "connected twice": f"{CONNECTED}7 connect(3, {WEB}) = 0",
    "listening while connected": f"{CONNECTED}7 listen(3, 5) = 0",
    "bound twice, by name, and shut down between": (
        f"{OPEN}7 bind(3, {FIXED}) = 0\n7 connect(3, {WEB}) = 0\n"
        f"7 shutdown(3, SHUT_WR) = 0\n7 bind(3, {ANY}) = 0"
    ),
    "accepting without listening": f"{BOUND}7 accept(3, NULL, NULL) = 4",
}
EINVAL = "-1 EINVAL (Invalid argument)"
POSSIBLE = {
    "refused to be bound twice": f"{BOUND}7 bind(3, {ANY}) = {EINVAL}",
    "listening twice": f"{LISTENING}7 listen(3, 9) = 0",
    "told that it is connected by the next call": (
        f"{OPEN}7 connect(3, {WEB}) = {GOING_ON}\n7 connect(3, {WEB}) = 0"
    ),
    "closed and made again": f"{BOUND}7 close(3) = 0\n{BOUND}",
    "bound again after shutdown() ended the attempt": (
        f"{BOUND}7 connect(3, {WEB}) = {GOING_ON}\n7 shutdown(3, SHUT_RD) = 0\n7 bind(3, {ANY}) = 0"
    ),
    "listening after shutdown() ended the attempt": (
        f"{OPEN}7 connect(3, {WEB}) = {GOING_ON}\n7 shutdown(3, SHUT_RDWR) = 0\n7 listen(3, 5) = 0"
    ),
    "bound again after both have closed, the peer unseen": (
        f"{CONNECTED}7 shutdown(3, SHUT_WR) = 0\n7 bind(3, {ANY}) = 0"
    ),
    "accepting": f"{LISTENING}7 accept(3, NULL, NULL) = 4",
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_what_cannot_be(kind: str) -> None:
    assert follow(CLOSE + IMPOSSIBLE[kind]).unknown[0] == "impossible-result"
    assert "impossible-result" not in follow(IMPOSSIBLE[kind]).unknown


@pytest.mark.parametrize("kind", POSSIBLE)
def test_what_can_be(kind: str) -> None:
    assert follow(CLOSE + POSSIBLE[kind]).unknown == []


EXPLAINED = {
    "ff-xthread-r.ff": ({"number-given-twice": 13}, "no clock tells the order of the files"),
    "u-uring.strace": ({"number-given-twice": 4}, "io_uring closes and makes numbers unseen"),
    "m61-enetclose.strace": ({"impossible-result": 1}, "dup2() is not traced: another socket"),
    "m61-z.strace": ({"impossible-result": 1}, "-z hides the connect that failed: a new bind"),
}
"""The traces in which the model was contradicted, how often, and what they do not show."""


def every_trace() -> list[Path]:
    """Samples, given traces and cases, the corpus and what was pasted; families are one each."""
    given = [
        path
        for folder in (ROOT / "samples", TRACES, TRACES2, CASES, CORPUS)
        for path in folder.rglob("*.strace*")
        if path.is_file() and path.parent.suffix != ".ff"
    ]
    families = [*TRACES.glob("*.ff"), *TRACES2.glob("*.ff"), ROOT / "samples/python-fork-family"]
    return sorted([*given, *families, *(ROOT / "tests/pasted").glob("*.txt")])


@pytest.mark.labels
@pytest.mark.corpus
@pytest.mark.slow
def test_the_kernel_of_every_trace_is_ours() -> None:
    found, read = {}, 0
    for path in every_trace():
        try:
            counts = contradictions(path)
        except TraceError:
            continue  # an excerpt without a call
        read += 1
        if counts:
            found[path.name] = dict(counts)
    assert read > 350
    assert found == {name: counts for name, (counts, _) in EXPLAINED.items()}
