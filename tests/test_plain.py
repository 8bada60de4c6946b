"""What is printed of a traced program's text, and how numbers read."""

from __future__ import annotations

import shutil
import subprocess
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strace_analyzer.plain import count, duration, listed, ranges, safe, shell_word


def test_nothing_of_a_traced_program_can_command_a_terminal() -> None:
    assert safe("a\x1b]0;owned\x07b\r\n") == r"a\x1b]0;owned\x07b\x0d\x0a"


def test_text_cannot_be_turned_around_or_hidden() -> None:
    assert safe("x\u202ecod.exe\u200b") == r"x\u202ecod.exe\u200b"


def test_what_has_no_glyph_is_shown() -> None:
    assert safe("a\U000e0041b\ufe0fc\ue000d\u0378e\u2028f\u00adg\u3164") == (
        r"a\U000e0041b\ufe0fc\ue000d\u0378e\u2028f\xadg\u3164"
    )


def test_of_all_characters_only_those_stay_that_can_be_seen() -> None:
    """By its general category: letters, marks, numbers, punctuation, symbols, spaces."""
    for code in range(0x110000):
        stays = safe(chr(code)) == chr(code)
        assert not stays or category(chr(code))[0] in "LMNPS" or category(chr(code)) == "Zs"


def test_undecodable_bytes_come_out_as_the_bytes_they_were() -> None:
    assert safe(b"caf\xe9".decode("utf-8", "surrogateescape")) == r"caf\xe9"


@pytest.mark.parametrize("shell", ["bash", "zsh", "ksh", "busybox"])
@settings(max_examples=25)
@given(
    st.lists(st.binary(min_size=1, max_size=12) | st.text(min_size=1).map(str.encode), min_size=1)
)
def test_any_word_can_be_copied_from_the_terminal_into_a_shell(
    shell: str, words: list[bytes]
) -> None:
    """What is shown has nothing unseen in it, and the shell reads the bytes that were meant."""
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    meant = [word.replace(b"\0", b"?") for word in words]
    shown = " ".join(shell_word(word.decode("utf-8", "surrogateescape")) for word in meant)
    assert safe(shown) == shown
    line = f"printf '%s\\0' {shown}"
    run = [shell, "sh", "-c", line] if shell == "busybox" else [shell, "-c", line]
    done = subprocess.run(run, capture_output=True, check=True)
    assert done.stdout == b"".join(word + b"\0" for word in meant)


def test_letters_of_any_language_stay() -> None:
    assert safe("Недопустимый 文件 é") == "Недопустимый 文件 é"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0067, "6.7 ms"),
        (0.106, "106 ms"),
        (1.25, "1.25 s"),
        (60, "60 s"),
        (600, "10 min"),
        (11_000, "3.1 h"),
    ],
)
def test_durations_have_the_digits_that_matter(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_agree_with_their_noun() -> None:
    assert count(1, "call") == "1 call"
    assert count(1234, "call") == "1,234 calls"
    assert count(2, "process", "processes") == "2 processes"


def test_neighbouring_numbers_are_folded_and_long_lists_end() -> None:
    assert ranges([19]) == "19"
    assert ranges([7, 5, 6, 19, 20]) == "5-7, 19, 20"
    assert ranges([1, 3, 5, 7, 9, 11]) == "1, 3, 5, 7, ..."


def test_lists_read_as_a_person_would_say_them() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
