"""A trace of which one deciding line was damaged is never clean, unless the call can still be read.

A short round of all that fuzz.one_line makes; `make fuzz` goes through the whole of it.
"""

from __future__ import annotations

from random import Random

import pytest
from fuzz.one_line import LAYOUTS, Layout, damaged, lost, traced, verdict

SOME = 60
"""Of some 8,000 of each layout."""
NAMES = [layout.name for layout in LAYOUTS]
LOST = (
    "13140 10:35:53.889744 connect({}) = 013140 10:35:53.889835 close(9)          = 0",
    "13140 10:35:53.889744 setsoc...",
    "13140 10:35:53.889744 conne",
    "13140 10:35:53.889744 conne13140 10:35:53.889835 getuid() = 0",
    "13140 10:35:53.889744 close(4",
    "13140 10:35:53.889744 clo",
    "13140 10:35:53.889744 clxse(4) = 0",
    "13140 10:35:53.889744 isten(3, 5) = 0",
    "13140 10:35:53.889744 du p2(4, 7) = 7",
    "13140 10:35:53.889744 listen3, 5) = 0",
    "13140 10:35:53.889744 , 7) = 7",
    "13140 10:35:53.889744 <... d",
    "13140 10:35:53.889744 conmect({}) = -1 EINPROGRESS (Operation now in progress)",
)
ADDRESS = '3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
HARMLESS = (
    "13140 10:35:53.889744 close(77, ~",
    "13140 10:35:53.889744 close(4</etc/hosts>",
    "13140 10:35:53.889744 wri",
    "13140 10:35:53.889744 mmaq(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f00",
)


@pytest.mark.parametrize("layout", LAYOUTS, ids=NAMES)
def test_what_is_damaged_is_clean_before(layout: Layout) -> None:
    assert verdict(traced(layout)[0]) == "clean"


@pytest.mark.parametrize("layout", LAYOUTS, ids=NAMES)
def test_a_call_that_is_lost_is_never_clean(layout: Layout) -> None:
    chance = Random(layout.name)
    for what, text in chance.sample(list(damaged(layout)), SOME):
        assert verdict(text) not in ("clean", "no-connections") or not lost(layout, text), what


def with_line(line: str) -> list[str]:
    """The healthy trace with one more line, while descriptors 3 and 4 are sockets."""
    (layout,) = (layout for layout in LAYOUTS if layout.name == "-f -tt")
    lines, deciding = traced(layout)
    return [*lines[: deciding[-3]], line.format(ADDRESS), *lines[deciding[-3] :]]


@pytest.mark.parametrize("line", LOST)
def test_what_is_left_of_a_call_is_told(line: str) -> None:
    assert verdict(with_line(line)) == "inconclusive"


@pytest.mark.parametrize("line", ['")}}, 16) = 0', '")}}, [16]) = 4', '"ind({}) = 0'])
def test_what_is_left_of_an_address_is_no_string(line: str) -> None:
    (layout,) = (layout for layout in LAYOUTS if layout.name == "plain")
    lines, deciding = traced(layout)
    at = deciding[2]
    assert verdict([*lines[:at], line.format(ADDRESS), *lines[at + 1 :]]) == "inconclusive"


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_left_of_another_is_harmless(line: str) -> None:
    assert verdict(with_line(line)) == "clean"
