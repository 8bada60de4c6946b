"""A destination has one spelling in every format, and destinations stand in one order: by how many
went there, then by address and port as numbers."""

from __future__ import annotations

import re

import pytest
from report.printed import printed
from report.written import FORMATS, written

import strace_analyzer as sa
from strace_analyzer.findings import Endpoint

V4 = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("%s")}, 16'
V6 = '{sa_family=AF_INET6, sin6_port=htons(%d), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "%s", &sin6_addr), sin6_scope_id=0}, 28'


def trace(*peers: tuple[str, int]) -> sa.Analysis:
    """An early-bound connection to each."""
    lines = ['9 execve("/usr/bin/java", ["java", "A"], 0x7ffd /* 9 vars */) = 0']
    for address, port in peers:
        form, any_, domain = (
            (V6, "::", "AF_INET6") if ":" in address else (V4, "0.0.0.0", "AF_INET")
        )
        lines += [
            f"9 socket({domain}, SOCK_STREAM, IPPROTO_TCP) = 3",
            f"9 bind(3, {form % (0, any_)}) = 0",
            f"9 connect(3, {form % (port, address)}) = 0",
            "9 close(3) = 0",
        ]
    return sa.analyze([line.encode() for line in lines])


@pytest.fixture(scope="module")
def mapped() -> sa.Analysis:
    return trace(("::ffff:192.0.2.7", 80), ("192.0.2.7", 80))


@pytest.mark.parametrize("format", FORMATS)
def test_a_mapped_address_is_the_address_that_it_is(mapped: sa.Analysis, format: str) -> None:
    report = written(format, mapped)
    assert "192.0.2.7" in report
    quoted = r"htons\(80\), (?:\\?\"|&#34;|&quot;)::ffff:192"  # the call itself, as it was printed
    said = re.sub(quoted, "", report)
    said = re.sub(r"inet_pton\(AF_INET6, \\*\"::ffff:192", "", said)
    assert "ffff:192" not in said


def test_it_is_one_destination(mapped: sa.Analysis) -> None:
    (group,) = mapped.groups
    assert [(str(peer.peer), peer.count) for peer in group.peers] == [("192.0.2.7:80", 2)]
    assert "  192.0.2.7:80            2 " in re.sub(" {12,}", " " * 12, printed(mapped))


PEERS = (("192.0.2.100", 80), ("192.0.2.9", 443), ("2001:db8::1", 80), ("192.0.2.9", 80), ("192.0.2.10", 80), ("192.0.2.100", 80))  # fmt: skip
ORDER = ("192.0.2.100:80", "192.0.2.9:80", "192.0.2.9:443", "192.0.2.10:80", "[2001:db8::1]:80")


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_the_order_is_one_of_numbers(format: str) -> None:
    made = trace(*PEERS)
    (use,) = made.traces[0].ports
    assert tuple(str(Endpoint(one.address, one.port)) for one in use.destinations) == ORDER
    report = written(format, made)
    cells = re.findall(r"^(?:  |\| |\s*<tr><td>)(\S+:\d+)(?: |<)", report, re.M)
    assert [cell.replace("\\", "") for cell in cells][: len(ORDER)] == list(ORDER)
