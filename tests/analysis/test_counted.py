"""The table of strace -C against the lines before it."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from analysis.verdicts import said

TO = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
HEADING = "% time     seconds  usecs/call     calls    errors syscall"
RULE = "------ ----------- ----------- --------- --------- ----------------"
ONE = (
    "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
    f"7 connect(3, {TO}) = 0",
    '7 read(3, "x", 9) = 1',
    "7 close(3) = 0",
)


def table(counts: dict[str, int], errors: int = 0) -> list[str]:
    rows = [
        f" 10.00    0.000100          10 {calls:9} {errors or '':>9} {name}"
        for name, calls in counts.items()
    ]
    return [HEADING, RULE, *rows, RULE, f"100.00    0.000200  {sum(counts.values()):20}      total"]


@pytest.mark.parametrize("seed", range(12))
def test_a_table_that_counts_what_no_line_shows(seed: int) -> None:
    chance = random.Random(seed)
    connections = chance.randrange(1, 40)
    lines = list(ONE) * connections
    counts = Counter(line.split()[1].partition("(")[0] for line in lines)
    errors = chance.randrange(3)
    assert said([*lines, *table(dict(counts), errors)]) == ("clean", None)
    name = chance.choice(["bind", "connect", "socket"])
    more = chance.randrange(1, 9)
    verdict, reason = said([*lines, *table(dict(counts + Counter({name: more})), errors)])
    shown = counts[name]
    assert verdict == "inconclusive"
    assert reason == (
        f"only {shown} of {shown + more} {name}() calls that the table at the end counts are shown"
    )


def test_calls_that_change_nothing_may_be_missing() -> None:
    assert said([*ONE, *table({"socket": 1, "connect": 1, "read": 900})]) == ("clean", None)
