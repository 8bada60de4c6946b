"""Takes a process, gives its runtime and, if the command shows it, the version.

Recognised by the program's name (execve or -Y) and by the paths it ran:
`/usr/lib/erlang/erts-11.1.8/bin/beam.smp` is Erlang/OTP 23, `/usr/lib/jvm/java-17-openjdk/bin/java`
is Java 17.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from strace_analyzer.findings import Process


class Runtime(NamedTuple):
    """`family` is the key of the remedies; `title` is its name in a sentence."""

    family: str
    title: str
    major: int | None = None


_BY_NAME = (
    (r"beam(\.smp)?|erlexec|erl|erl_child_setup|epmd|ejabberd.*|emqx.*|rabbitmq.*", "beam"),
    (r"java\d*|jsvc", "java"),
    (r"node\d*|nodejs", "node"),
    (r"(python|pypy)[\d.]*", "python"),
    (r"ruby[\d.]*|puma.*|unicorn.*", "ruby"),
    (r"ssh|scp|sftp", "ssh"),
    (r"wget2?", "wget"),
    (r"socat\d*", "socat"),
    (r"ncat", "ncat"),
    (r"nc|nc\.openbsd|nc\.traditional|netcat", "nc"),
    (r"iperf3?", "iperf"),
    (r"dig|host|nslookup|delv|named", "bind9"),
    (r"redis-server|valkey-server|redis-cli", "redis"),
    (r"nginx|openresty", "nginx"),
    (r"haproxy", "haproxy"),
    (r"curl", "curl"),
    (r"squid", "squid"),
    (r"envoy", "envoy"),
    (r"dotnet", "dotnet"),
    (r"php(-fpm|-cgi)?[\d.]*", "php"),
    (r"perl[\d.]*", "perl"),
    (r"(tclsh|wish|expect)[\d.]*", "tcl"),
    (r"(lua|luajit|texlua)[\d.-]*", "lua"),
)
_SCRIPTS = (
    (".py", "python"),
    (".pl", "perl"),
    (".php", "php"),
    (".rb", "ruby"),
    (".tcl", "tcl"),
    (".lua", "lua"),
    (".js", "node"),
    (".mjs", "node"),
)

_NAMES = {
    "beam": "Erlang/OTP",
    "go": "Go",
    "java": "Java",
    "node": "Node.js",
    "python": "Python",
    "ruby": "Ruby",
    "dotnet": ".NET",
    "perl": "Perl",
    "php": "PHP",
    "tcl": "Tcl",
    "lua": "Lua",
    "bind9": "BIND 9",
}

_ERTS = re.compile(r"/erts-(\d{1,9}+)(?!\d)(?:\.(\d{1,9}+)(?!\d))?[\d.]*+/")
_OTP_OF_ERTS_5_TO_10 = {6: 17, 7: 18, 8: 19, 9: 20}
_JAVA = re.compile(r"/(?:java|jdk|jre|openjdk|zulu|temurin|corretto)-?(?:1\.)?(\d{1,2})(?!\d)")
_NODE = re.compile(r"/(?:node|nodejs)[/-]?v?(\d{1,2})\.\d")
_PYTHON = re.compile(r"python(\d)\.(\d{1,9}+)(?!\d)")
_GO = re.compile(r"/go-build\d|/go/bin/")
_RUBY = re.compile(r"ruby-?(\d)\.(\d)")


_LINES = {
    "python": "py-spy dump --pid {pid}",
    "java": "asprof -e bind -d 30 -o traces {pid} (async-profiler)",
    "node": "kill -USR1 {pid}, then node inspect -p {pid}",
    "ruby": "rbspy snapshot --pid {pid}",
    "php": "phpspy -p {pid}",
}
"""Tools that name the line of a program in a language whose frames strace -k does not know: the
manuals of py-spy, async-profiler (-e with a native function), Node.js (SIGUSR1), rbspy, phpspy"""


def naming_the_line(command: str | None, process: Process | None) -> str | None:
    """`these frames are the interpreter's: while it runs, py-spy dump --pid 4510 names the line of
    Python`, or `when it runs again, py-spy dump --pid PID ...` if the trace shows its end; None for
    a program that is not run by such an interpreter."""
    runtime = recognise(command, process)
    tool = None if runtime is None else _LINES.get(runtime.family)
    if runtime is None or tool is None:
        return None
    has_ended = process is not None and process.has_ended
    pid = "PID"
    if process is not None and process.tgid is not None and not has_ended:
        pid = str(process.tgid)
    language = _NAMES[runtime.family]
    named = f"{tool.format(pid=pid)} names the line of {language}"
    when = "when it runs again" if has_ended else "while it runs"
    return f"these frames are the interpreter's: {when}, {named}"


def recognise(command: str | None, process: Process | None) -> Runtime | None:
    """The runtime of `command`, or of `process` if it is known; None if nothing tells."""
    programs = process.programs if process is not None else ()
    argv = process.argv if process is not None else ()
    last = programs[-1].rpartition("/")[2] if programs else None
    for name in (command, last):
        family = _family(name) if name else None
        if family is not None:
            return _with_version(family, name or "", (*programs, *argv[:1]))
    if programs and _GO.search(programs[-1]):
        return Runtime("go", _NAMES["go"])
    return None


def _family(name: str) -> str | None:
    for pattern, family in _BY_NAME:
        if re.fullmatch(pattern, name):
            return family
    return next((family for ending, family in _SCRIPTS if name.endswith(ending)), None)


def _with_version(family: str, name: str, paths: Iterable[str]) -> Runtime:
    title = _NAMES.get(family, name)
    for path in reversed([*paths, name]):
        if family == "beam" and (match := _ERTS.search(path)):
            release = _otp(int(match[1]), int(match[2] or 0))
            erts = match[0].strip("/")
            return Runtime(family, f"{title} {release} ({erts})" if release else erts, release)
        if family == "java" and (match := _JAVA.search(path)):
            return Runtime(family, f"{title} {match[1]}", int(match[1]))
        if family == "node" and (match := _NODE.search(path)):
            return Runtime(family, f"{title} {match[1]}", int(match[1]))
        if family == "python" and (match := _PYTHON.search(path)):
            return Runtime(family, f"{title} {match[1]}.{match[2]}", int(match[2]))
        if family == "ruby" and (match := _RUBY.search(path)):
            return Runtime(family, f"{title} {match[1]}.{match[2]}", int(match[1]))
    return Runtime(family, title)


def _otp(major: int, minor: int) -> int | None:
    """The OTP release of an erts version (the release notes of erts): 11 is 23, 12 is 24, and so
    on."""
    if major >= 11:
        return major + 12
    if major == 10:
        return 22 if minor >= 4 else 21
    return _OTP_OF_ERTS_5_TO_10.get(major)
