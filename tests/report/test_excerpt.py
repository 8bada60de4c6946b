"""How a proof quotes a call: short, and always with its result."""

from __future__ import annotations

import pytest

from strace_analyzer.report.excerpt import excerpt


@pytest.mark.parametrize(
    ("text", "short"),
    [
        pytest.param(
            "connect(19<TCP:[0.0.0.0:34937->10.0.0.1:80]>, {sa_family=AF_INET, "
            'sin_port=htons(8001), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS '
            "(Operation now in progress) <0.000450>",
            'connect(19, {AF_INET, htons(8001), "127.0.0.1"}) = EINPROGRESS',
            id="annotation, field names, address length, errno words and duration go",
        ),
        pytest.param(
            "bind(5, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0',
            'bind(5, {AF_INET6, htons(0), "::"}) = 0',
            id="IPv6",
        ),
        pytest.param(
            r'bind(3, {sin_port=htons(0), sin_addr=inet_addr("\x30\x2e\x30")}, 16) = 0',
            'bind(3, {htons(0), "0.0"}) = 0',
            id="-xx is decoded",
        ),
        pytest.param("exit_group(0)                = ?", "exit_group(0) = ?", id="no result"),
        pytest.param(
            'write(1, "a) = 5 b", 8) = 8', 'write(1, "a) = 5 b", 8) = 8', id="a result in a string"
        ),
        pytest.param("connect(3, {sa_fam", "connect(3, {sa_fam", id="a line that was cut"),
        pytest.param(
            "fcntl(7</tmp/a<b>c>, F_DUPFD, 0) = 8</tmp/a<b>c>",
            "fcntl(7, F_DUPFD, 0) = 8",
            id="annotations within annotations",
        ),
    ],
)
def test_a_call_is_quoted_short(text: str, short: str) -> None:
    assert excerpt(text, 80) == short


def test_a_call_that_is_too_long_loses_its_last_arguments_first() -> None:
    text = "setsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8) = 0"
    assert excerpt(text, 66) == "setsockopt(3, SOL_SOCKET, SO_LINGER, ...) = 0"


def test_the_length_of_an_address_is_never_quoted() -> None:
    text = 'getsockname(3, {AF_INET, htons(40037), "127.0.0.1"}, [128 => 16]) = 0'
    assert excerpt(text, 80) == 'getsockname(3, {AF_INET, htons(40037), "127.0.0.1"}) = 0'


def test_the_result_is_kept_however_narrow_it_gets() -> None:
    assert excerpt('sendto(3, "abcdefghijklmnopqrstuvwxyz", 26) = -1 EPIPE (Broken pipe)', 30) == (
        'sendto(3, "abcdefg...) = EPIPE'
    )


def test_a_traced_string_cannot_command_the_terminal() -> None:
    assert excerpt('write(1, "\x1b[2J", 4) = 4') == r'write(1, "\x1b[2J", 4) = 4'
