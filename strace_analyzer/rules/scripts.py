"""Takes an interpreter's command line, gives the position of the script that it runs.

Follows the manuals of the interpreters: python(1), ruby(1), perl(1), php(1), node(1), java(1),
bash(1), dash(1). An argument must never be mistaken for the script: after an unknown option, none
is named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple


class _Manual(NamedTuple):
    """The options of one interpreter. An option in none of these fields is unknown."""

    values: frozenset[str] = frozenset()
    """long options (including Java's `-cp`) that take the next word"""
    names: frozenset[str] = frozenset()
    """long options whose value is the script"""
    flags: str = r"(?!)"
    """a pattern of long options that take no word of their own"""
    letters: str = ""
    """one-letter options that take no value; one word may contain several"""
    value_letters: str = ""
    """one-letter options that take the rest of their word, or else the next word"""
    name_letters: str = ""
    """the same, with the script as their value"""
    rest_letters: str = ""
    """one-letter options that take the rest of their word, but never the next"""
    number_letters: str = ""
    """one-letter options that may be followed by digits, and then by other letters"""
    is_shell: bool = False
    """`+x` is an option too, and a value is always the next word: `-euo pipefail`"""


_PYTHON = _Manual(
    values=frozenset({"--check-hash-based-pycs", "--jit"}),
    flags=r"--(help|version).*",
    letters="3bBdEhiIOPqRsStuvVx?",
    value_letters="WXQ",
    name_letters="m",
)
_RUBY = _Manual(
    values=frozenset(
        {"--encoding", "--external-encoding", "--internal-encoding", "--enable", "--disable"}
    ),
    flags=r"--(yjit|rjit|mjit|jit|zjit|enable-|disable-).*|--(debug|verbose|copyright|version|help)",
    letters="acdhlnpsSUvwy",
    value_letters="CEIrX",
    rest_letters="FKTWix0",
)
_PERL = _Manual(
    letters="acfhnpsStTuUvwWX",
    value_letters="ImM",
    rest_letters="CDFVdix",
    number_letters="0l",
)
_PHP = _Manual(
    values=frozenset({"--php-ini", "--define", "--zend-extension", "--server", "--docroot"}),
    names=frozenset({"--file"}),
    flags=r"--(no-php-ini|no-header|interactive|profile-info|syntax-check|strip|ini|version)",
    letters="aCeHhilmnqsvw",
    value_letters="cdzSt",
    name_letters="f",
)
_NODE = _Manual(
    values=frozenset(
        {
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
            "-C",
            "--conditions",
            "--env-file",
            "--env-file-if-exists",
            "--title",
            "--icu-data-dir",
            "--openssl-config",
            "--unhandled-rejections",
            "--input-type",
            "--disable-warning",
            "--redirect-warnings",
        }
    ),
    flags=r"--(no-|trace-|inspect|harmony|perf-|report-on-|use-|preserve-symlinks).*"
    r"|--experimental-(?!loader|default-type|sea-config|config-file).*"
    r"|--(enable-source-maps|expose[-_]gc|throw-deprecation|pending-deprecation|watch|prof|cpu-prof"
    r"|heap-prof|abort-on-uncaught-exception|frozen-intrinsics|insecure-http-parser|jitless"
    r"|report-uncaught-exception|interpreted-frames-native-stack|zero-fill-buffers|permission)",
)
_JAVA = _Manual(
    values=frozenset(
        {
            "-cp",
            "-classpath",
            "--class-path",
            "-p",
            "--module-path",
            "--upgrade-module-path",
            "--add-modules",
            "--limit-modules",
            "--enable-native-access",
            "--add-exports",
            "--add-opens",
            "--add-reads",
            "--patch-module",
            "--source",
        }
    ),
    names=frozenset({"-jar", "-m", "--module"}),
    flags=r"-(?!d$|-describe-module).*",
)
_SHELL = _Manual(
    values=frozenset({"--rcfile", "--init-file"}),
    flags=r"--(login|norc|noprofile|posix|restricted|verbose|debugger|noediting|pretty-print)",
    letters="abefhiklmnprtuvxBCEHIPTV",
    value_letters="oO",
    is_shell=True,
)
_MANUALS = (
    (r"(python|pypy)[\d.]*", _PYTHON),
    (r"ruby[\d.]*", _RUBY),
    (r"perl[\d.]*", _PERL),
    (r"php[\d.]*", _PHP),
    (r"(node|nodejs)[\d.]*", _NODE),
    (r"java[\d.]*", _JAVA),
    (r"(bash|sh|dash)[\d.]*", _SHELL),
)


def script_in(
    command: str, argv: Sequence[str], cut: Collection[int] = frozenset()
) -> tuple[int, str] | None:
    """The position in `argv` and the text of the word that names the script, module or class that
    `command` runs. None if `command` is not an interpreter, if the program is in an argument (`-c`,
    `-e`) or on standard input, or if an option is unknown. A word in `cut` counts as unknown if the
    missing part may belong to the option's name."""
    manual = next((known for name, known in _MANUALS if re.fullmatch(name, command)), None)
    return None if manual is None else _script(manual, argv, cut)


def is_interpreter(command: str) -> bool:
    """Whether `command` runs a script, module or class that its command line names."""
    return any(re.fullmatch(name, command) for name, _ in _MANUALS)


def _script(manual: _Manual, argv: Sequence[str], cut: Collection[int]) -> tuple[int, str] | None:
    at = 1
    while at < len(argv):
        word = argv[at]
        if word == "--":
            return _word(argv, at + 1) if manual is not _PHP else None  # standard input
        if word[:1] not in ("-", "@", "+" if manual.is_shell else "-"):
            return at, word
        if at in cut and not {"=", ":"} & set(word):
            return None
        option, equals, value = word.partition("=")
        if option in manual.names:
            return (at, value) if equals else _word(argv, at + 1)
        taken = _long(manual, option, word) if _is_long(manual, word) else _short(manual, word)
        if taken is None:
            return None
        if isinstance(taken, str):
            return (at, taken) if taken else _word(argv, at + 1)
        at += 1 + taken
    return None


def _is_long(manual: _Manual, word: str) -> bool:
    return word.startswith("--") or not (manual.letters or manual.value_letters)


def _word(argv: Sequence[str], at: int) -> tuple[int, str] | None:
    return (at, argv[at]) if at < len(argv) else None


def _long(manual: _Manual, option: str, word: str) -> int | None:
    """How many words the option takes besides itself; None if that is unknown."""
    if option in manual.values:
        return 0 if "=" in word else 1
    if "=" in word and word.startswith("--") and option not in ("--eval", "--print", "--run"):
        return 0
    return 0 if re.fullmatch(manual.flags, word) else None


def _short(manual: _Manual, word: str) -> int | str | None:
    """The same for a word of letters; the script's name if it is in this word, "" if it is the
    next."""
    words, rest = 0, word[1:]
    if not rest or word[0] == "@":
        return None
    while rest:
        letter, rest = rest[0], rest[1:]
        if letter in manual.name_letters:
            return rest
        if letter in manual.rest_letters:
            return words
        if letter in manual.value_letters:
            if not manual.is_shell:
                return words if rest else 1
            words += 1
        elif letter in manual.number_letters:
            rest = rest.lstrip("0123456789")
        elif letter not in manual.letters:
            return None
    return words
