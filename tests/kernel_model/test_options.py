"""setsockopt(): every row of SETTERS, in every form in which strace prints level, option and value."""

from __future__ import annotations

import pytest
from kernel_model.following import TCP, follow

from strace_analyzer.kernel.option_calls import SETTERS
from strace_analyzer.kernel.socket_state import Options

ROWS = {
    (0, 15): ("SOL_IP, IP_FREEBIND, [1], 4", Options(transparent=True)),
    (0, 19): ("SOL_IP, IP_TRANSPARENT, [1], 4", Options(transparent=True)),
    (0, 24): ("SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4", Options(no_port=True)),
    (0, 51): ("SOL_IP, 0x33 /* IP_??? */, [2621693120], 4", Options(port_range=(39999, 40003))),
    (1, 2): ("SOL_SOCKET, SO_REUSEADDR, [1], 4", Options(reuse_address=True)),
    (1, 13): ("SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8", Options(linger_zero=True)),
    (1, 15): ("SOL_SOCKET, SO_REUSEPORT, [1], 4", Options(reuse_port=True)),
    (41, 26): ("SOL_IPV6, IPV6_V6ONLY, [1], 4", Options(ipv6_only=True)),
    (41, 75): ("SOL_IPV6, IPV6_TRANSPARENT, [1], 4", Options(transparent=True)),
    (41, 78): ("SOL_IPV6, IPV6_FREEBIND, [1], 4", Options(transparent=True)),
}


def options_after(*calls: str) -> Options:
    trace = "\n".join(f"setsockopt(3, {call}) = 0" for call in calls)
    return follow(f"socket({TCP}) = 3\n{trace}\nlisten(3, 5) = 0").last.options


def test_every_option_is_here() -> None:
    assert set(ROWS) == set(SETTERS)


@pytest.mark.parametrize(("arguments", "options"), ROWS.values(), ids=[a for a, _ in ROWS.values()])
def test_an_option_is_set(arguments: str, options: Options) -> None:
    if "0x33" in arguments:  # IP_LOCAL_PORT_RANGE: high << 16 | low
        arguments = arguments.replace("2621693120", str(40003 << 16 | 39999))
    assert options_after(arguments) == options


@pytest.mark.parametrize(
    "arguments",
    [
        "SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4",
        "0, 24, [1], 4",
        "0, 0x18, [1], 4",
        "0 /* SOL_IP */, 0x18 /* IP_BIND_ADDRESS_NO_PORT */, [1], 4",
        "SOL_IP, 0x18 /* IP_??? */, [1], 4",
        r'SOL_IP, IP_BIND_ADDRESS_NO_PORT, "\1\0\0\0", 4',
        r'SOL_IP, IP_BIND_ADDRESS_NO_PORT, "\x01", 1',
    ],
)
def test_the_same_option_in_other_forms(arguments: str) -> None:
    assert options_after(arguments) == Options(no_port=True)


@pytest.mark.parametrize(
    ("first", "second", "options"),
    [
        ("SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4", "SOL_IP, IP_BIND_ADDRESS_NO_PORT, [0], 4",
         Options()),
        ("SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8",
         "SOL_SOCKET, SO_LINGER, {onoff=1, linger=5}, 8", Options()),
        ("SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8",
         "SOL_SOCKET, SO_LINGER, {l_onoff=0, l_linger=0}, 8", Options()),
        ("SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8",
         "SOL_SOCKET, SO_LINGER, 0x7ffd1, 8", Options(linger_zero=True)),
        ("SOL_IP, IP_LOCAL_PORT_RANGE, [-1639932353], 4", "SOL_IP, IP_LOCAL_PORT_RANGE, [0], 4",
         Options()),
        ("SOL_IP, IP_LOCAL_PORT_RANGE, [-1639932353], 4",
         "SOL_IP, IP_LOCAL_PORT_RANGE, 0x7ffd1, 4", Options(port_range=(40511, 40512))),
        ("SOL_SOCKET, SO_REUSEADDR, [1], 4", "SOL_SOCKET, SO_REUSEADDR, 0x7ffd1, 4",
         Options(reuse_address=True)),
        ("SOL_SOCKET, SO_REUSEADDR, [1], 4", "SOL_SOCKET, SO_REUSEADDR, [1, 2], 8",
         Options(reuse_address=True)),
    ],
)  # fmt: skip
def test_an_option_is_changed(first: str, second: str, options: Options) -> None:
    assert options_after(first, second) == options


@pytest.mark.parametrize(
    "call",
    [
        "setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = -1 ENOPROTOOPT (Protocol not)",
        "setsockopt(3, SOL_IPV6, 24, [1], 4) = 0",
        "setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = 0",
        "setsockopt(3, SOL_FOO, 24, [1], 4) = 0",
        "setsockopt(3, SOL_IP, IP_FOO, [1], 4) = 0",
        "setsockopt(3<UNIX-STREAM:[1]>, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
    ],
)
def test_a_call_that_sets_nothing_of_ours(call: str) -> None:
    followed = follow(f"socket({TCP}) = 3\n{call}")
    assert "setsockopt" not in [step.role for step in followed.steps]


def test_the_trail_keeps_eight_options_at_most() -> None:
    calls = "\n".join("setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0" for _ in range(12))
    trail = follow(f"socket({TCP}) = 3\n{calls}").last.trail
    assert [item.call.span.first for item in trail] == [1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "value",
    [
        '"", 0',  # the kernel takes no value for 0
        r'"\0\0\0\0\1\0\0\0", 8',  # of eight bytes it reads four
        r'"\0\1", 2',  # of two bytes one
    ],
)
def test_a_value_that_the_kernel_reads_as_zero(value: str) -> None:
    name = "SOL_IP, IP_BIND_ADDRESS_NO_PORT"
    assert options_after(f"{name}, [1], 4", f"{name}, {value}") == Options()


def test_a_value_that_is_not_shown_is_neither_set_nor_cleared_for_certain() -> None:
    """-s 0 prints a value of one byte as an empty string, whatever it is."""
    for before in ("[1], 4", "[0], 4"):
        followed = follow(f"""
            socket({TCP}) = 3
            setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, {before}) = 0
            setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, ""..., 1) = 0
            """)
        assert (followed.last.options.no_port, followed.last.doubts) == (
            False,
            {"setsockopt-hidden"},
        )


def test_a_setsockopt_that_failed_tells_nothing() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 0x8, 4) = -1 EFAULT (Bad address)
        """)
    assert followed.last.doubts == frozenset()
