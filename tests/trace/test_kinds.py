"""What is not strace's output is named: the tests give a few lines or bytes of each kind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import subprocess
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

import strace_analyzer as sa
from strace_analyzer.trace.input.kinds import KINDS, FileKind, kind_of

TWICE = "compressed data once more"
EXAMPLES = {
    "an ELF binary": b"\x7fELF\x02\x01\x01\x00",
    **{
        f"text in {name}": "bind(3, 0x0, 16) = 0\n".encode(name)
        for name in ("UTF-32", "UTF-16", "UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE")
    },
    "data of perf record": b"PERFILE2h\x00",
    "a capture of packets (pcap)": b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00",
    "a zip archive": b"PK\x03\x04\x14\x00",
    "a 7z archive": b"7z\xbc\xaf\x27\x1c",
    "NUL bytes": bytes(100),
    TWICE: gzip.compress(gzip.compress(b"close(3) = 0\n")),
    "an image": b"\x89PNG\r\n\x1a\n",
    "a PDF": b"%PDF-1.7\n",
    "text with other line ends than line feeds": b"bind(3, 0x0, 16) = 0\x0bclose(3) = 0\x0b",
    "the JSON report of strace-analyzer": b'{"schema": 1,\n "tool": {}}\n',
    "bytes of Python's": b"b'bind(3, 0x0, 16) = 0\\n'\n",
    "lines in single quotes": b"  'bind(3, 0x0, 16) = 0',\n",
    "strings of source code, a line in each": b'    "bind(3, 0x0, 16) = 0\\n" +\n    "close(3) = 0\\n";\n',
    "a list of Python's": b"['bind(3, 0x0, 16) = 0', 'close(3) = 0']\n",
    "JSON": b'[\n  {"pid": 812, "call": "bind"}\n]\n',
    "a dump of bytes": b"00000000  62 69 6e 64 28 33 2c 20  30 78 30 2c 20 31 36 29  |bind(3, 0x0, 16)|\n",
    "text in base64": b"MTg0MzMgZXhlY3ZlKCIvdXNyL2Jpbi9zc2giLCBbInNzaCIsICItcCIsICIyMjIyIiwg\n",
    "percent-encoded text": b"bind%283%2C%20%7Bsa_family%3DAF_INET%7D%2C%2016%29%20%3D%200\n",
    "rich text (RTF)": b"{\\rtf1\\ansi\n",
    "XML": b"<line><![CDATA[bind(3, 0x0, 16) = 0]]></line>\n",
    "a web page": b"<!DOCTYPE html>\n<html><body></body></html>\n",
    "the output of perf trace": b"""\
     0.000 ( 0.013 ms): cat/29114 openat(dfd: CWD, filename: 0x2f6dc8c0, flags: RDONLY) = 3
     0.046 ( 0.005 ms): cat/29114 connect(fd: 3, uservaddr: 0x7ffc, addrlen: 16) = 0
         ? (         ): cat/29114  ... [continued]: read()) = 832
""",
    "the output of perf script": b"""\
             cat 29114 [001] 81022.004: syscalls:sys_enter_openat: dfd: 0xffffff9c
             cat 29114 [001] 81022.005:  syscalls:sys_exit_openat: 0x3
""",
    "a log of gVisor's strace": b"""\
I0331 17:08:04.123456   1 strace.go:570] [   1:   1] sh E openat(AT_FDCWD /, 0x7f, O_RDONLY, 0o0)
I0331 17:08:04.123466   1 strace.go:608] [   1:   1] sh X openat(AT_FDCWD /, 0x7f) = 3 (0x3) (10us)
""",
    "the output of dtruss": b"""\
SYSCALL(args) \t\t = return
open("/dev/dtracehelper\\0", 0x2, 0x7FFF5CDB4A70)\t\t = 3 0
close(0x3)\t\t = 0 0
""",
    "the output of truss": b"""\
 812: openat(AT_FDCWD,"/etc/libmap.conf",O_RDONLY,00) = 3 (0x3)
 812: connect(3,{ AF_INET 192.0.2.7:80 },16)\t ERR#61 'Connection refused'
 812: close(3)\t\t\t\t = 0 (0x0)
""",
    "the output of truss of Solaris": b"""\
execve("/usr/bin/curl", 0x08047BF4, 0x08047C00)  argc = 2
so_socket(PF_INET, SOCK_STREAM, IPPROTO_IP, "", SOV_DEFAULT) = 4
connect(4, 0x08047A20, 16, SOV_DEFAULT)         Err#150 EINPROGRESS
close(4)                                        = 0
""",
    "the output of kdump": b"""\
   812 cat      CALL  openat(AT_FDCWD,0x7f,0<O_RDONLY>)
   812 cat      NAMI  "/etc/hosts"
   812 cat      RET   openat 3
""",
    "the output of ltrace": b"""\
__libc_start_main(0x40c600, 2, 0x7ffd, 0x4143e0 <unfinished ...>
strrchr("ls", '/')                               = nil
malloc(5)                                        = 0x55
+++ exited (status 0) +++
""",
    "a log of auditd": b"type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2\n",
    "the output of bpftrace": b"Attaching 2 probes...\nbind 812 nginx\n",
    "an ftrace log": b"# tracer: nop\n#\n  cat-812 [001] .... 1.2: sys_bind(fd: 3)\n",
    "the output of sysdig": b"""\
1 17:08:04.123456789 0 cat (812) > open
2 17:08:04.123456799 0 cat (812) < open fd=3
""",
    "the output of tcpdump": b"""\
17:08:04.123456 IP 192.0.2.1.40000 > 192.0.2.7.80: Flags [S], seq 1, win 64240, length 0
17:08:04.124456 IP6 2001:db8::1.40000 > 2001:db8::7.80: Flags [S], seq 1, length 0
""",
    "the output of ss": b"State    Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n",
    "/proc/net/tcp": b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n",
    "the output of netstat": b"Active Internet connections (servers and established)\n",
    "a document in Markdown": b"# A tool\n\nSee [it](x.md).\n\n## Use\n" + b"Text.\n" * 30,
    "a Python traceback": b'Traceback (most recent call last):\n  File "x.py", line 1\n',
    "a log of Process Monitor": b"""\
\xef\xbb\xbf"Time of Day","Process Name","PID","Operation","Path","Result","Detail"
"10:00:00.1234567 AM","curl.exe","812","TCP Connect","a:49152 -> b:80","SUCCESS","Length: 0"
"10:00:00.2234567 AM","curl.exe","812","TCP Send","a:49152 -> b:80","SUCCESS","Length: 80"
""",
    "a table (CSV or the like)": b'pid,command,calls\n812,sh,3\n813,"ps, top",4\n',
    "a log of another program": b"""\
2026-12-01 12:00:00,123 [main] INFO  server started
2026-12-01 12:00:01,123 [main] WARN  the pool is full
    at Pool.take(Pool.java:71)
""",
    "prose": b"""\
Dear all,

we saw that it is slow to connect. It ran out of ports, I think.
The trace is attached; see the end of it.
""",
}


def test_each_kind_has_an_example() -> None:
    assert list(EXAMPLES) == [kind.name for kind in KINDS]


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_no_trace_is_named(name: str) -> None:
    with pytest.raises(sa.TraceError) as raised:
        sa.analyze(io.BytesIO(EXAMPLES[name]))
    assert f": not the output of strace, but {name}" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a table", "pid;command\n1;sh\n2;ps\n"),
        ("a table", "pid\tcommand\tuser\n1\tsh\t\n"),
        ("a table", "pid,command\r\n" + "1,sh\r\n" * 4000),  # its beginning ends amid a row
        ("a log", "Dec  1 12:00:00 host app[12]: started\nDec  1 12:00:01 host app[12]: ended\n"),
        ("a log", '192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326\n'),
        ("a log", "[INFO] resolving\n[WARNING] not found\n"),
        ("a log", "2026-12-01T12:00:00.1Z stdout F listening\n"),
        ("prose", "The port is in use. It\u2019s the client\u2019s, not ours.\n"),
    ],
)
def test_tables_logs_and_prose_have_many_forms(name: str, text: str) -> None:
    with pytest.raises(sa.TraceError) as raised:
        sa.analyze(io.BytesIO(text.encode()))
    assert f": not the output of strace, but {name}" in str(raised.value)


TRACED = """\
socket(2, 1, 0)                                  = 3
bind(3, 0x7ffe40, 16, 0x7f1)                     = 0
connect(3, 0x7ffc9a2d6a20, 16, 0x7ffc9a2d6a20)   = 0
close(3)                                         = 0
"""
DTRUSS = re.sub(r" +=(.*)", r"\t\t =\1 0", TRACED)
GVISOR = "I0101 10:00:00.000001   1 strace.go:605] [   1] curl X "


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("the output of ltrace", TRACED + 'strlen("hello")          = 5\n'),
        ("the output of ltrace", TRACED + "+++ exited (status 0) +++\n"),
        ("the output of dtruss", f"hello\nworld\nSYSCALL(args) \t\t = return\n{DTRUSS}"),
        ("the output of dtruss", DTRUSS),
        ("the output of truss of Solaris", TRACED + "pollsys(0x08, 1, 0x0)     Err#4 EINTR\n"),
        ("a log of gVisor's strace", re.sub("(?m)^", GVISOR, TRACED.rstrip()) + "\n"),
        (
            "a document in Markdown",
            "# A tool\n\n## Use\n\nSee [more](more.md).\n\n```console\n$ strace -f curl\n"
            "bind(3, ...) = 0\nclose(3) = 0\n```\n" + "It says why.\n" * 60,
        ),
    ],
)
def test_another_tracers_network_calls_are_not_taken_for_straces(name: str, text: str) -> None:
    """Nor the examples of a document."""
    for source in (io.BytesIO(text.encode()), io.BytesIO(text.replace("\n", "\r\n").encode())):
        with pytest.raises(sa.TraceError) as raised:
            sa.analyze(source)
        assert f": not the output of strace, but {name}" in str(raised.value)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS if not kind.is_archive and kind.name != TWICE],
    ids=lambda kind: kind.name,
)
def test_a_program_that_prints_it_can_still_be_traced(kind: FileKind) -> None:
    """Its standard output stands before strace's lines, as with 2>&1."""
    calls = (
        b"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        b'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0\n'
        b"connect(3, {sa_family=AF_INET, sin_port=htons(80), "
        b'sin_addr=inet_addr("192.0.2.7")}, 16) = 0\n'
        b"close(3) = 0\n+++ exited with 0 +++\n"
    )
    analysis = sa.analyze(io.BytesIO(EXAMPLES[kind.name] + b"\n" + calls))
    assert [finding.rule for finding in analysis.findings] == ["bind-any-port-zero"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"Dear all,\n  see open(2).\n",
        b"close(3)                                = 0\nclose(4)                                = 0\n",
        b'execve("/bin/true", ["true"], 0x7ffc /* 3 vars */) = 0\n',
        b"812   17:08:04.1 bind(3, NULL, 0) = -1 EINVAL (Invalid argument)\n",
    ],
)
def test_other_text_is_of_no_kind(text: bytes) -> None:
    assert kind_of(text) is None


def test_a_zip_with_a_trace_that_is_not_compressed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "trace.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(
            "trace", "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3\nclose(3) = 0\n" * 9
        )

    with pytest.raises(sa.TraceError, match="a zip archive"):
        sa.analyze(file)


CALLS = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
setsockopt(9, SOL_SOCKET, SO_REUSEADDR, [1], 4) = -1 EBADF (Bad file descriptor)
close(3) = 0
"""


@pytest.mark.parametrize(
    ("first", "form", "last"),
    [
        ("", '        "{}\\n" +\n', ""),
        ("", '+ "{}\\n"\n', ""),
        ("", '"{}\\n"\n', ""),
        ("", '    "{}",\n', ""),
        ('String trace = "getpid() = 7\\n"\n', '    + "{}\\n"\n', '    + "getpid() = 7\\n";\n'),
        ("", 'out.add("{}");\n', ""),
    ],
)
def test_what_the_advice_for_strings_of_source_code_gives_can_be_read(
    first: str, form: str, last: str, tmp_path: Path
) -> None:
    escaped = (line.replace('"', '\\"') for line in CALLS.splitlines())
    text = first + "".join(form.format(line) for line in escaped) + last
    kind = kind_of(text.encode())
    assert kind is not None
    assert kind.name == "strings of source code, a line in each"
    command = kind.advice.removeprefix("take them off: ")
    done = subprocess.run(
        ["sh", "-c", command], input=text, capture_output=True, text=True, check=True
    )
    assert done.stdout.replace("getpid() = 7\n", "") == CALLS
    assert len(sa.analyze(io.BytesIO(done.stdout.encode())).findings) == 1


@pytest.mark.parametrize("name", [name for name in EXAMPLES if "UTF-" in name])
def test_what_iconv_gives_can_be_read(name: str) -> None:
    encoding = name.removeprefix("text in ")
    kind = kind_of(CALLS.encode(encoding))
    assert kind is not None
    assert kind.name == name
    done = subprocess.run(
        ["sh", "-c", kind.advice.removeprefix("convert it: ")],
        input=CALLS.encode(encoding), capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.decode() == CALLS


@pytest.mark.parametrize("end", ["\v", "\f", "\x1e", "\0", "\x85", "\u2028", "\u2029"])
def test_what_the_advice_for_other_line_ends_gives_can_be_read(end: str) -> None:
    text = CALLS.replace("\n", end).encode()
    kind = kind_of(text)
    assert kind is not None
    assert kind.name == "text with other line ends than line feeds"
    command = kind.advice.removeprefix("make them line feeds: ").removesuffix(" | strace-analyzer")
    done = subprocess.run(
        ["sh", "-c", command.replace(" FILE", "")], input=text, capture_output=True, check=True
    )
    assert done.stdout.decode() == CALLS


@pytest.mark.parametrize("form", ['        "{}\\n" +\n', 'out.add("{}");\n'])
def test_strings_of_source_code_that_cannot_be_unwrapped_are_named(form: str) -> None:
    text = "".join(form.format(line.replace('"', '\\"')) for line in CALLS.splitlines())
    with pytest.raises(sa.TraceError, match="strings of source code"):
        sa.analyze(io.BytesIO(text.encode()))


@pytest.mark.parametrize("packed", [gzip, bz2, lzma])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bytes(1 << 20), "NUL bytes"),
        (gzip.compress(b"close(3) = 0\n", mtime=0), TWICE),
    ],
    ids=["NUL bytes", "twice"],
)
def test_what_is_compressed_is_named_as_what_it_is(
    content: bytes, said: str, packed: ModuleType, tmp_path: Path
) -> None:
    """To tarfile many NUL bytes are an archive without anything in it."""
    file = tmp_path / "trace"
    file.write_bytes(packed.compress(content))
    with pytest.raises(sa.TraceError, match=f"not the output of strace, but {said}"):
        sa.analyze(file)
