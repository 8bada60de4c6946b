"""Redact single values: addresses, paths, command names, calls as printed, sentences.

It is long because each kind of value is hidden in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.nearest import nearest
from strace_analyzer.report.redaction import texts
from strace_analyzer.report.redaction.tokens import Tokens

ADDRESSES, PATHS, COMMANDS = KINDS = ("addresses", "paths", "commands")
"""The kinds that can be redacted."""

_STANDARD_INPUT = re.compile(r"<\w+>")
_FRAME = re.compile(r"(?P<mark>[> ]*)(?P<binary>/[^( ]*(?: \(deleted\))?)(?P<rest>.*)", re.S)
_SOCKET_NAME = re.compile(r"(?:sun_path=@?|\[\d+(?:->\d+)?,@?)$")
_HOST_NAME = re.compile(r"\b(?:nodename|domainname)=$")
_INTERFACE = re.compile(
    r"(?:\bif_nametoindex\(|\bifr_(?:new)?name=|\bSO_BINDTODEVICE, (?:\[)?"
    r"|_IFNAME\}, |_QDISC\}, )$"
)
"""what precedes the name of a network interface"""
_EXECUTED = re.compile(r"(execveat\([^\"]*|execve\()$")
_ARGV = re.compile(r"(?<=[,\s])\[[^\]\[]*(?:\"(?:[^\"\\]|\\.)*\"[^\]\[]*)*\](?:\.\.\.)?")
_NAMED = re.compile(
    r"(?<!\S)(?P<name>[^\s:;,]++)(?= \(pid \d+)"
    r"|(?<![^\s:;,\[\]])(?P<shown>[^\s:;,\[\]]++)(?=\[\d+\])"
)
_OPTION = re.compile(r"(?P<option>-[\w-]*=)?(?P<value>.*)", re.S)
_HOST_BACKWARDS = re.compile(
    r"(?P<port>\d+:)?(?P<host>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)"
    r"(?P<user>@[\w.+-]+)?(?P<option>=[\w-]*-)?"
)
"""`-option=user@host:port` at the end of a word, for the reversed word: its end is known, while its
beginning would be tried at every letter."""
_ENDINGS = """
bin cfg conf cpp crt css csv db exe go gz html ini jar java js json key log lua md mjs pem php pid
pl pm properties py pyc rb rs sh so sock sql sqlite strace tar toml ts txt war xml yaml yml zip
"""
_FILES = frozenset(_ENDINGS.split())
"""file extensions: a word ending in one of these is not a host"""
_DATA = re.compile(r'sa_data="(?:[^"\\]|\\.)*"')


def parse_kinds(text: str) -> frozenset[str]:
    """Parse `addresses,paths`. Raises ConfigurationError for a word that is not one of KINDS."""
    asked = [word.strip() for word in text.split(",") if word.strip()]
    for word in asked:
        if word not in KINDS:
            raise ConfigurationError(f"{word}: not one of {', '.join(KINDS)}{nearest(word, KINDS)}")
    if not asked:
        raise ConfigurationError(f"nothing to redact was named: {', '.join(KINDS)}")
    return frozenset(asked)


class Values:
    """Redacts values of its `kinds`; a value has the same token for the lifetime of the object."""

    def __init__(self, kinds: Iterable[str], tokens: Tokens | None = None) -> None:
        self.kinds = frozenset(kinds)
        self._tokens = Tokens() if tokens is None else tokens
        self._path_names: dict[str, None] = {}
        self._command_names: dict[str, None] = {}

    def hides(self, kind: str) -> bool:
        """Whether values of this kind are redacted."""
        return kind in self.kinds

    def address(self, text: str) -> str:
        """Redact an internet address."""
        return self._tokens.address(text) if self.hides(ADDRESSES) else text

    def path(self, text: str) -> str:
        """Redact a path; its last part is redacted as a command name if it is known as one."""
        if self.hides(PATHS):
            return self._tokens.of("path", text)
        text = self._plain(text)
        directory, slash, base = text.rpartition("/")
        if self.hides(COMMANDS) and base in self._command_names:
            return f"{directory}{slash}{self.command(base)}"
        return text

    def command(self, text: str) -> str:
        """Redact the name of a program."""
        return self._tokens.of("cmd", text) if self.hides(COMMANDS) else self._plain(text)

    def source(self, name: str) -> str:
        """Redact the name of a trace or of one of its files; `<stdin>` stays."""
        if _STANDARD_INPUT.fullmatch(name):
            return name
        if not self.hides(PATHS):
            return self._plain(name)
        self._path_names.setdefault(name)
        return self.path(name)

    def label(self, text: str) -> str:
        """Redact the host or group of a trace, which comes from its path."""
        is_hidden = self.hides(PATHS) or self.hides(ADDRESSES)
        return self._tokens.of("host", text) if is_hidden else text

    def learn_command(self, name: str) -> None:
        """Note that `name` is a program's: it is redacted in paths and sentences too."""
        self._command_names.setdefault(name)

    def program(self, path: str) -> str:
        """Redact the path of a program that was run."""
        if self.hides(PATHS):
            return self.path(path)
        self.learn_command(path.rpartition("/")[2])
        return self.path(path)

    def argv(self, words: tuple[str, ...], truncated: bool) -> tuple[tuple[str, ...], bool]:
        """Redact a command line; return it, and whether it is truncated. If commands are redacted,
        only the name is left."""
        if not words:
            return words, truncated
        if self.hides(COMMANDS):
            name = self.command(words[0].rpartition("/")[2].lstrip("-"))
            return (name,), truncated or len(words) > 1
        return (self._program_word(words[0]), *map(self._argument, words[1:])), truncated

    def script(self, name: str) -> str:
        """Redact the file name of a script: "" if commands are redacted, as in `argv`."""
        return "" if self.hides(COMMANDS) else self._argument(name)

    def _program_word(self, word: str) -> str:
        return self.path(word) if self.hides(PATHS) and "/" in word else self._plain(word)

    def _argument(self, word: str) -> str:
        """Redact a word that looks like a path (`/etc/x`, `req.py`, `--config=x.toml`) or like a
        host (`db.example.com:80`, `root@db7`)."""
        plain = self._plain(word)
        if self.hides(ADDRESSES):
            plain = self._without_host(plain)
        match = _OPTION.fullmatch(plain)
        if match is None or not self.hides(PATHS):
            return plain
        option, value = match["option"] or "", match["value"]
        looks = "/" in value or _has_ending(value)
        if not looks or "://" in value or value.startswith(("-", "{")):
            return option + texts.paths(value, self.path)
        return option + self.path(value)

    def _plain(self, text: str) -> str:
        """Redact addresses and hosts."""
        if not self.hides(ADDRESSES):
            return text
        return texts.addresses(texts.hosts(text, self._host), self.address)

    def _without_host(self, word: str) -> str:
        """Return `word` without the host at its end."""
        match = _HOST_BACKWARDS.match(word[::-1])
        if match is None:
            return word
        host, option, port = ((match[name] or "")[::-1] for name in ("host", "option", "port"))
        _, dot, last = host.rpartition(".")
        is_name = dot and last.isalpha() and len(last) > 1 and last.lower() not in _FILES
        if not match["user"] and not is_name:
            return word
        return f"{word[: len(word) - match.end()]}{option}{self._host(host)}{port}"

    def _host(self, text: str) -> str:
        known = self.address(text)
        return self._tokens.of("host", text) if known == text and text != "localhost" else known

    def call(self, text: str) -> str:
        """Redact a call as strace printed it."""
        if self.hides(COMMANDS) and text.startswith("execve"):
            text = self._without_words(text)
        if self.hides(ADDRESSES):
            text = _DATA.sub('sa_data="..."', text)
        text = texts.strings(text, self._string)
        if self.hides(ADDRESSES):
            text = texts.addresses(text, self.address)
        if self.hides(COMMANDS):
            text = texts.pids(text, self.command)
        return texts.targets(text, self.path)

    def _without_words(self, text: str) -> str:
        """Reduce argv of execve() to the name, and drop the environment."""
        arrays = list(_ARGV.finditer(text))
        for array in reversed(arrays):
            first = texts.STRING.search(array[0]) if array is arrays[0] else None
            name = "" if first is None else texts.readable(first["text"]).rpartition("/")[2]
            told = f'["{self.command(name.lstrip("-"))}", ...]' if name else "[...]"
            text = text[: array.start()] + told + text[array.end() :]
        return text

    def _string(self, said: str, before: str) -> str:
        if _SOCKET_NAME.search(before):
            return self.socket_name(said)
        if self.hides(ADDRESSES) and _HOST_NAME.search(before):
            return self._host(said)
        if self.hides(ADDRESSES) and _INTERFACE.search(before):
            return self._tokens.interface(said)
        if _EXECUTED.search(before):
            self.learn_command(said.rpartition("/")[2])
            return self.path(said)
        if said in self._command_names:
            return self.command(said)
        return self._argument(said)

    def socket_name(self, name: str) -> str:
        """Redact the name of a UNIX socket, which is both an address and a path."""
        if self.hides(PATHS) or self.hides(ADDRESSES):
            return self._tokens.of("path", name)
        return self.path(name)

    def frame(self, text: str) -> str:
        """Redact a frame of -k: `/usr/lib/libc.so.6(bind+0x7) [0x1027f4]`."""
        match = _FRAME.fullmatch(text)
        if match is None:
            return text
        return f"{match['mark']}{self.path(match['binary'])}{match['rest']}"

    def sentence(self, text: str) -> str:
        """Redact files, addresses and paths in a sentence about a trace."""
        text = self._plain(text)
        if self.hides(PATHS):
            telling = [name for name in self._path_names if not name.isalpha()]
            text = texts.paths(texts.words(text, telling, self.path), self.path)
        return text

    def about_processes(self, text: str) -> str:
        """Redact a sentence that may name programs: `worker (pid 7): 3,000; TIME-WAIT to
        192.0.2.7:80`."""
        if self.hides(COMMANDS):
            text = _NAMED.sub(lambda match: self.command(match[0]), text)
            text = texts.words(text, list(self._command_names), self.command)
        return self.sentence(text)

    def quote(self, text: str) -> str:
        """Redact a line written by strace itself: `strace: Can't stat 'foo': ...`."""
        if self.hides(COMMANDS) or self.hides(PATHS):
            text = re.sub(
                r"(?<!\w)'[^']*'", lambda match: f"'{self._quoted(match[0][1:-1])}'", text
            )
        return self.about_processes(text)

    def wrapping(self, note: str) -> str:
        """Redact the description of a wrapping, `prefix "Nov 30 host7 app[12]: "`: the quoted part
        can name anything."""
        return re.sub(r'"[^"]*"', '"..."', note)

    def _quoted(self, text: str) -> str:
        return self.path(text) if self.hides(PATHS) else self.command(text)


def _has_ending(name: str) -> bool:
    """Whether the name has a file extension: `.py`, `.7z`, but not `.7`."""
    ending = re.fullmatch(r"\w+\n?", name.rpartition(".")[2])
    return "." in name and ending is not None and re.search("[A-Za-z]", ending[0]) is not None
