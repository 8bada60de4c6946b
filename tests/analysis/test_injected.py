"""Results that strace made up (-e inject=): named as such, wherever they stand, and no all-clear."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from typer.testing import CliRunner

from strace_analyzer.cli.app import app

TO = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}'
ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}'
NO_PORT = "SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4"
BEFORE = f"""\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
setsockopt(3, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0
connect(3, {TO}, 16) = 0
close(3) = 0
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
"""
CALLS = {
    "socket": "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)",
    "bind": f"bind(3, {ANY}, 16)",
    "connect": f"connect(3, {TO}, 16)",
    "listen": "listen(3, 5)",
    "setsockopt": f"setsockopt(3, {NO_PORT})",
    "close": "close(3)",
    "dup": "dup(3)",
}
ANSWERS = (
    "0 (INJECTED)",
    "0 (INJECTED: retval, args)",
    "-1 EADDRINUSE (Address already in use) (INJECTED)",
    "-1 EADDRNOTAVAIL (Cannot assign requested address) (INJECTED)",
)
NOT_MADE_UP = ("0 (DELAYED)", "0 (INJECTED: args)")


def report(text: str, folder: Path, *words: str) -> tuple[int, dict[str, object], str]:
    path = folder / "t.strace"
    path.write_text(text)
    data = CliRunner().invoke(app, ["check", "--format", "json", *words, str(path)])
    page = CliRunner().invoke(app, ["check", *words, str(path)])
    return data.exit_code, json.loads(data.stdout), " ".join(page.stdout.split())


@pytest.mark.parametrize(("name", "answer"), list(product(CALLS, ANSWERS)))
def test_a_result_that_strace_made_up_is_said_for_the_whole_trace(
    name: str, answer: str, tmp_path: Path
) -> None:
    text = f"{BEFORE}{CALLS[name]} = {answer}\n"
    status, whole, page = report(text, tmp_path)
    decides = name not in ("close", "dup")
    code = "injected-socket-call" if decides else "injected"
    (warning,) = [one for one in whole["warnings"] if one["code"].startswith("injected")]
    assert (warning["code"], warning["count"]) == (code, 1)
    assert f"strace made 1 result up ({name}; -e inject)" in page
    assert whole["summary"]["verdict"] != "clean" or not decides
    assert status != 0 or not decides
    found = {finding["rule"] for finding in whole["findings"]}
    assert not found & {"ephemeral-ports-exhausted", "port-taken", "address-not-available"}
    strict, again, _ = report(text, tmp_path, "--strict")
    assert (strict, again["warnings"]) == (status, whole["warnings"])


@pytest.mark.parametrize(("name", "answer"), list(product(("socket", "close"), NOT_MADE_UP)))
def test_a_call_that_was_delayed_or_given_other_arguments_was_made(
    name: str, answer: str, tmp_path: Path
) -> None:
    _, whole, _ = report(f"{BEFORE}{CALLS[name]} = {answer}\n", tmp_path)
    assert not [one for one in whole["warnings"] if one["code"].startswith("injected")]


def test_a_failure_and_a_call_of_the_proof_are_named(tmp_path: Path) -> None:
    refused = "-1 ECONNREFUSED (Connection refused) (INJECTED)"
    text = (
        f"{BEFORE}bind(3, {ANY}, 16) = 0\n"
        f"connect(3, {TO}, 16) = {refused}\nconnect(3, {TO}, 16) = 0 (INJECTED)\nclose(3) = 0\n"
    )
    _, whole, page = report(text, tmp_path)
    (failure,) = whole["failures"]
    assert (failure["errno"], failure["explanation"]) == ("ECONNREFUSED", "injected")
    (finding,) = whole["findings"]
    made_up = {call["line"]: call["injected"] for call in finding["trail"]}
    assert made_up == {5: False, 6: False, 7: True, 8: True, 9: False}
    assert "= 0 (INJECTED) strace's answer, not the kernel's" in page
    assert "TIME_WAIT" not in page
