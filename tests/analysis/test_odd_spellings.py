"""Deciding calls in spellings that strace does not print, or prints of calls that it does not know:
read, or the trace is inconclusive; never clean."""

from __future__ import annotations

import io
import random
import re
from pathlib import Path

import pytest

import strace_analyzer as sa
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.analysis.deciding import DECIDING, READ_IN_PART, deciding_call
from strace_analyzer.analysis.numbered import EVERYWHERE, TABLES, calls_numbered
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.reader import stream_trace

ADDRESS = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}'
CALLS = {
    "accept": "accept(3, NULL, NULL) = 5",
    "accept4": "accept4(3, NULL, NULL, SOCK_CLOEXEC) = 5",
    "bind": f"bind(3, {ADDRESS}, 16) = 0",
    "connect": f"connect(3, {ADDRESS}, 16) = 0",
    "dup": "dup(3) = 5",
    "dup2": "dup2(3, 5) = 5",
    "dup3": "dup3(3, 5, O_CLOEXEC) = 5",
    "listen": "listen(3, 128) = 0",
    "setsockopt": "setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0",
    "socket": "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5",
}
SPELLINGS = {
    "a blank": lambda call: call.replace("(", " (", 1),
    "a tab": lambda call: call.replace("(", "\t(", 1),
    "blanks on both sides": lambda call: call.replace("(", "  ( ", 1),
    "capitals": lambda call: call.partition("(")[0].upper() + call[call.index("(") :],
    "a capital": str.capitalize,
    "strace's name": lambda call: f"strace: {call}",
    "another name": lambda call: f"tracer: {call}",
    "the kernel's name": lambda call: f"__sys_{call}",
    "a letter lost": lambda call: call[1:],
    "no parenthesis": lambda call: call.replace("(", " ", 1),
    "not returned": lambda call: re.sub(r"= \d+$", "= ?", call),
}
CHANGED = ("capitals", "a capital", "the kernel's name", "a letter lost", "no parenthesis")
"""Spellings in which the name itself is another."""
FIRST = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
REST = (
    'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0\n'
    "close(3) = 0\n"
)


def verdict(text: str, *, strict: bool = True) -> str:
    settings = Settings(rules=tuple(catalogue()), strict=strict)
    analysis = analyze_traces([stream_trace("t", io.BytesIO(text.encode()))], settings)
    return judge(Selected(analysis), parse_gate((), ())).verdict


def trace(lines: str, pid: str) -> str:
    return "".join(f"{pid}{line}\n" for line in lines.splitlines())


def is_read(call: str, pid: str) -> bool:
    """Its line alone is read as the call that it is."""
    events = list(sa.parse(trace(FIRST + call, pid).splitlines()))
    return events[-1].__class__ is sa.Syscall and events[-1].name == call.partition("(")[0]


def reads(text: str, name: str) -> bool:
    """All calls of this name are there, with their results."""
    found = [event for event in sa.parse(text.splitlines()) if isinstance(event, sa.Syscall)]
    return sum(call.name == name and call.result.value is not None for call in found) == text.count(
        f"{name}("
    ) + len(re.findall(rf"{name}[ \t]+\(", text))


@pytest.mark.parametrize("pid", ["", "7 ", "[pid     7] ", "7 10:00:00.000100 "], ids=repr)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_in_an_odd_spelling_is_read_or_told(name: str, spelling: str, pid: str) -> None:
    odd = SPELLINGS[spelling](CALLS[name])
    is_capital = spelling in ("capitals", "a capital")
    if spelling in CHANGED and not is_capital and not re.search(r"htons|SOCK_STREAM|SOL_", odd):
        pytest.skip("nothing is left that only a call shows")
    text = trace(FIRST + odd + "\n" + REST, pid)
    assert verdict(text) != "clean" or reads(text, name)


@pytest.mark.parametrize("name", sorted(READ_IN_PART.keys() - {"socketcall"}))
def test_each_call_that_is_read_in_part_is_spelled_here(name: str) -> None:
    assert name in CALLS


NUMBERS = [
    (f"{form}{number + base}" if form == "SYS_" else f"{form}{number + base:x}", name)
    for table, base in [(EVERYWHERE, 0), (EVERYWHERE, 110), (EVERYWHERE, 4000)]
    + [(table, 0) for table in TABLES.values()]
    + [(TABLES["x32"], 1 << 30), (TABLES["x86-64"], 1 << 30)]
    for number, name in table.items()
    for form in ("syscall_0x", "SYS_")
]


@pytest.mark.parametrize(("spelled", "name"), NUMBERS)
def test_the_number_of_a_deciding_call_is_told(spelled: str, name: str) -> None:
    assert name in calls_numbered(spelled)
    assert name in DECIDING
    line = f"{spelled}(0x3, 0x7ffc1b2a, 0x10, 0, 0, 0)"
    assert verdict(f"{FIRST}{line} = 4\n{REST}") == "inconclusive"
    assert verdict(f"{FIRST}{line} = -1 ENOSYS (Function not implemented)\n{REST}") == "clean"


@pytest.mark.parametrize("name", ["syscall_0x14e", "SYS_334", "syscall_0x1d0", "read", "SYS_x"])
def test_another_number_is_not(name: str) -> None:
    assert calls_numbered(name) == ()
    assert verdict(f"{FIRST}{name}(0x7f1, 0x20, 0, 0x5, 0, 0) = 0\n{REST}") == "clean"


HEADERS = Path("/usr/include/x86_64-linux-gnu/asm")


@pytest.mark.parametrize(
    ("table", "header"),
    [("x86-64", "unistd_64.h"), ("x32", "unistd_x32.h"), ("i386", "unistd_32.h")],
)
def test_the_numbers_are_those_of_the_kernel(table: str, header: str) -> None:
    if not (HEADERS / header).exists():
        pytest.skip("no kernel headers for x86 here")
    text = (HEADERS / header).read_text()
    said = dict(re.findall(r"#define __NR_(\w+) \(?(?:__X32_SYSCALL_BIT \+ )?(\d+)", text))
    numbers = {name: int(number) for name, number in said.items()}
    for number, name in (TABLES[table] | {k: v for k, v in EVERYWHERE.items() if k != 417}).items():
        assert numbers[name] == number
    known = {*TABLES[table].values(), *EVERYWHERE.values()}
    if table != "x32":
        assert {name for name in DECIDING if name in numbers} <= known


FILLER = '7 read(4</etc/hosts>, "127.0.0.1\\tlocalhost\\n"..., 4096) = 4096\n' * 9000


@pytest.mark.parametrize("spelling", ["a blank", "strace's name", "not returned", *CHANGED])
@pytest.mark.parametrize("name", ["bind", "connect", "dup2", "listen", "socket"])
def test_far_behind_the_beginning_it_is_told_too(name: str, spelling: str) -> None:
    if name in ("dup2", "listen") and spelling in (
        "the kernel's name",
        "a letter lost",
        "no parenthesis",
    ):
        pytest.skip("nothing is left that only a call shows")
    odd = trace(FIRST + SPELLINGS[spelling](CALLS[name]) + "\n" + REST, "7 ")
    text = trace(FIRST + REST, "7 ") + FILLER + odd + FILLER
    fast = verdict(text, strict=False)
    assert fast == verdict(text)
    assert fast != "clean" or reads(odd, name)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("+++ exited with 0 +++", "clean"),
        ("+++ killed by SIGKILL +++", "clean"),
        (
            "--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER} ---\n7 +++ killed by SIGTERM +++",
            "clean",
        ),
        ('read(4, "", 9) = 0', "inconclusive"),
        ('--- SIGCHLD {si_signo=SIGCHLD} ---\n7 read(4, "", 9) = 0', "inconclusive"),
        ("read(4,  <unfinished ...>", "inconclusive"),
    ],
)
@pytest.mark.parametrize("filler", ["", FILLER])
def test_a_call_that_did_not_return_ends_its_task(end: str, expected: str, filler: str) -> None:
    made = trace(FIRST + REST, "7 ") + filler
    odd = (
        f"7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4\n7 bind(4, {ADDRESS}, 16) = ?\n7 {end}\n"
    )
    assert verdict(made + odd, strict=False) == verdict(made + odd) == expected


PROSE = (
    "could not bind (address in use)",
    "we connect (see above) to the server",
    "Binding (3 of 4) done",
    "socket (man 2) says otherwise",
    "some word (x) = 3",
)


@pytest.mark.parametrize("words", PROSE)
def test_what_somebody_says_is_no_call(words: str) -> None:
    assert deciding_call(words) is None
    assert verdict(f"{FIRST}{words}\n{REST}") == "clean"


@pytest.mark.parametrize(
    "line",
    [
        f'sendto(4, "x", 1, 0, {ADDRESS}, 16',
        f"<... recvfrom resumed>{ADDRESS}, [16",
        f"getsockname(3, {ADDRESS}, [16",
    ],
)
def test_an_address_of_another_call_decides_nothing(line: str) -> None:
    assert deciding_call(line) is None


@pytest.mark.parametrize("seed", range(20))
def test_the_rest_of_a_line_with_an_address_is_told(seed: int) -> None:
    chance = random.Random(seed)
    line = CALLS[chance.choice(["bind", "connect"])]
    cut = line[chance.randrange(1, line.index("sin_port")) :]
    assert verdict(FIRST + cut + "\n" + REST) != "clean"


NOTATIONS = {
    "blanks": "{name} {args} = {result}",
    "a colon": "{name}: {args} = {result}",
    "brackets": "{name}[{args}] = {result}",
    "braces": "{name} {{{args}}} = {result}",
    "an arrow": "{name} {args} -> {result}",
    "a word": "{name} {args} returned {result}",
    "empty parentheses": "{name}() {args}: {result}",
    "the kernel's name": "sys_{name} {args} => {result} <0.000012>",
    "a pid": "[pid    71] {name} {args} = {result}",
    "a time": "10:00:00.123456 {name} {args} = {result}",
}
"""Calls as other tools and people write them: nothing in them is strace's syntax."""
OTHERS = {
    "close": ("9", "0"),
    "epoll_wait": ("5, [], 8, -1", "-1 EINTR (Interrupted system call)"),
    "futex": ("0x7f0c1d2e, FUTEX_WAIT_PRIVATE, 2, NULL", "?"),
    "mmap2": ("NULL, 4096, PROT_READ", "0x7f0c1d2e3000"),
    "read": ("fd=4, 0x7ffd12, 100", "100"),
    "write": ('1, "a = b", 5', "5"),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("notation", NOTATIONS)
def test_lines_in_another_notation_are_not_understood(notation: str, name: str) -> None:
    args, result = OTHERS[name]
    line = NOTATIONS[notation].format(name=name, args=args, result=result)
    assert verdict("close(3) = 0\n" + f"{line}\n" * 20 + "getpid() = 4\n") == "inconclusive"
    assert verdict(FIRST + line + "\n" + REST) == "clean" or name == "close"


SAID = (
    "read 10 of 20 lines: 7",
    "time: 3",
    "time step 3 = 0.5",
    "open files = 12",
    "sync done, 3 of 4",
    "poll 3 = ok",
    "total = 0x12",
)


@pytest.mark.parametrize("words", SAID)
def test_results_that_a_program_prints_are_no_calls(words: str) -> None:
    assert verdict("close(3) = 0\n" + f"{words}\n" * 20 + "getpid() = 4\n") == "no-connections"


@pytest.mark.parametrize("address", ["0x7ffd12", "0x7ffd12, 0x10", "0x7ffd12, 28", "0x7ffd12, 16"])
@pytest.mark.parametrize("number", ["3", "3<TCP:[812]>", "0x3"])
@pytest.mark.parametrize("name", ["bnd", "conect", "bind2", "onnect"])
def test_a_misspelt_call_with_a_pointer_is_told_wherever_it_stands(
    name: str, number: str, address: str
) -> None:
    address += ", 16" if "," not in address else ""
    odd = f"7 {name}({number}, {address}) = 0\n"
    text = trace(FIRST, "7 ") + FILLER + odd + trace(REST, "7 ") + FILLER
    assert verdict(text, strict=False) == verdict(text) == "inconclusive"
    read = odd.replace(name, "read")
    text = trace(FIRST, "7 ") + FILLER + read + trace(REST, "7 ") + FILLER
    assert verdict(text, strict=False) == verdict(text) == "clean"


@pytest.mark.parametrize("before", ["__", "sys_", "__sys_", "__x64_sys_", "__ia32_sys_", "libc_"])
@pytest.mark.parametrize("name", ["bind", "connect", "dup2", "listen", "clone", "clone2", "fork"])
def test_a_name_of_the_kernel_or_of_another_tracer_is_told(name: str, before: str) -> None:
    assert verdict(f"{FIRST}{before}{name}(3, 0x7f1) = 9\n{REST}") == "inconclusive"
    assert verdict(f"{FIRST}{before}getpid(3, 0x7f1) = 9\n{REST}") == "clean"
