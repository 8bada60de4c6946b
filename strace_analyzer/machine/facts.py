"""What a machine says about its ports and the traced processes, and the comment lines that keep it
at the head of a trace: `# strace-analyzer: net.ipv4.ip_local_port_range = 32768 60999`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

SYSCTLS = (
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.ip_autobind_reuse",
    "net.core.somaxconn",
)
"""What decides how many ports there are and how soon they are free again (ip(7), tcp(7),
Documentation/networking/ip-sysctl.rst)"""
PORT_RANGE, RESERVED, TW_REUSE = SYSCTLS[:3]
DEFAULT_RANGE = (32768, 60999)
"""net.ipv4.ip_local_port_range unless changed, since Linux 4.2 (docs/kernel.md)."""
_LINE = re.compile(
    r"[^\"'(]{0,200}?# strace-analyzer: (?P<name>[a-z0-9_.-]{1,60}) = (?P<value>.{0,8000})"
)
"""A mail or a log may put text in front, but no string and no argument of a call."""
_MOST = 8000
"""characters of a value: the ids of a thousand threads"""
_SOONEST = 20
"""lines at the head of a trace that are searched for facts"""


class TracedProcess(NamedTuple):
    """A process that was running when tracing began. `program` is the path of its executable, or
    its command name; `script` is what an interpreter runs in it, "" for none. Its arguments are not
    kept."""

    pid: int
    program: str
    script: str
    threads: tuple[int, ...]


class Facts(NamedTuple):
    """Facts by name, in the words of sysctl(8). Also `kernel`, `strace`, `date`; `shown`, which is
    `all` if the trace shows every call that matters; `script`, what the interpreter runs that
    strace started; and for each process that was running `program.PID`, `script.PID` and
    `threads.PID`."""

    values: dict[str, str]

    @property
    def port_range(self) -> tuple[int, int] | None:
        """net.ipv4.ip_local_port_range, None if missing or invalid."""
        words = self.values.get(PORT_RANGE, "").split()
        if len(words) != 2 or not all(word.isascii() and word.isdecimal() for word in words):
            return None
        low, high = (int(word[:6]) for word in words)
        return (low, high) if 1 <= low <= high <= 65535 else None

    @property
    def autobind_reuse(self) -> bool:
        """net.ipv4.ip_autobind_reuse is 1."""
        return self.values.get("net.ipv4.ip_autobind_reuse") == "1"

    @property
    def tw_reuse(self) -> int | None:
        """net.ipv4.tcp_tw_reuse, None if missing or invalid."""
        value = self.values.get(TW_REUSE, "")
        return int(value) if value in ("0", "1", "2") else None

    @property
    def nothing_hidden(self) -> bool:
        """The options of strace left nothing out: what the trace does not show did not happen."""
        return self.values.get("shown") == "all"

    @property
    def something_hidden(self) -> bool:
        """The user's own options of strace may have left out calls that matter."""
        return self.values.get("shown") == "in part"

    @property
    def started_script(self) -> str:
        """`python3 bills.py`: what the interpreter runs that strace started; "" for none."""
        return self.values.get("script", "")

    @property
    def processes(self) -> tuple[TracedProcess, ...]:
        """The processes that were running when tracing began; invalid entries are skipped."""
        found = []
        for name, program in self.values.items():
            kind, _, pid = name.partition(".")
            if kind != "program" or not _is_number(pid) or not program:
                continue
            threads = self.values.get(f"threads.{pid}", "").split()
            found.append(
                TracedProcess(
                    int(pid),
                    program,
                    self.values.get(f"script.{pid}", ""),
                    tuple(int(tid) for tid in threads if _is_number(tid)),
                )
            )
        return tuple(found)

    def with_processes(self, processes: Iterable[TracedProcess]) -> Facts:
        """The same facts, with those processes."""
        more: dict[str, str] = {}
        for one in processes:
            more[f"program.{one.pid}"] = one.program
            if one.script:
                more[f"script.{one.pid}"] = one.script
            more[f"threads.{one.pid}"] = " ".join(map(str, one.threads))
        return Facts({**self.values, **more})

    def in_network(self, there: Facts | None) -> Facts:
        """The same facts with the sysctls of `there`, another network namespace, in place of these;
        unknown ones are left out."""
        if there is None:
            return self
        rest = {name: value for name, value in self.values.items() if name not in SYSCTLS}
        known = {name: there.values[name] for name in SYSCTLS if name in there.values}
        return Facts({**known, **rest})

    def lines(self) -> Iterator[str]:
        """The comment lines, which `read` understands."""
        for name, value in self.values.items():
            yield f"# strace-analyzer: {name} = {' '.join(value.split())[:_MOST]}\n"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) > 0


def read(head: Iterable[bytes]) -> Facts:
    """The facts among the first lines of a trace; empty if there are none."""
    found: dict[str, str] = {}
    for number, line in enumerate(head):
        match = _LINE.fullmatch(_of_docker(line).decode("utf-8", "replace").strip())
        if match is not None:
            found[match["name"]] = match["value"]
        elif number >= _SOONEST:
            break
    return Facts(found)


def _of_docker(line: bytes) -> bytes:
    """The text of a line that docker's json-file driver keeps in `log`; any other line
    unchanged."""
    if not line.startswith(b'{"'):
        return line
    try:
        kept = json.loads(line)["log"]
    except (ValueError, KeyError):
        return line
    return kept.encode("utf-8", "replace") if isinstance(kept, str) else line


def of_this_machine(**more: str) -> Facts:
    """The facts of this thread's network namespace, and `more`; what cannot be read is left out."""
    found: dict[str, str] = {}
    for name in SYSCTLS:
        try:
            text = Path("/proc/sys", name.replace(".", "/")).read_text(encoding="ascii")
        except OSError:
            continue
        found[name] = " ".join(text.split())
    found["kernel"] = os.uname().release
    return Facts({**found, **more})
