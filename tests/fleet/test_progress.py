"""The bar of many traces: how many are done, how fast, what remains. Nothing without a terminal."""

from __future__ import annotations

import os
import re
import subprocess

from cli.running import COMMAND, environment, run
from fleet.many import SAMPLES

WORDS = ["check", "--merged", "--jobs", "1", *map(str, SAMPLES)]


def test_it_says_how_many_how_fast_and_what_remains() -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [*COMMAND, *WORDS],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=environment(TERM="xterm", COLUMNS="120"),
    ):
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 1 << 16):
                shown += piece
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    total = len(SAMPLES)
    counts = [int(done) for done in re.findall(rf"Traces .*? +(\d+)/{total} ", text)]
    assert counts == sorted(counts)
    assert counts[-1] > 0
    assert re.search(rf"/{total} [0-9.,]+/s, [0-9.,]+ MB/s (\d:\d\d:\d\d|-:--:--)", text)


def test_it_is_not_shown_where_nobody_looks() -> None:
    assert run(*WORDS).stderr == ""
