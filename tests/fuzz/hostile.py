"""Lines that are hard to read: in each kind, one piece is repeated as often as requested."""

from __future__ import annotations

from collections.abc import Callable

EARLY_BIND = b"""\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
7 close(3) = 0
"""


def repeated(before: bytes, piece: bytes, behind: bytes = b"") -> Callable[[int], bytes]:
    return lambda times: before + piece * times + behind


LINES: dict[str, Callable[[int], bytes]] = {
    "braces": lambda n: b"7 bind(3, " + b"{" * n + b"}" * n + b", 16) = 0",
    "open braces": repeated(b"7 bind(3, ", b"{"),
    "brackets": lambda n: b"7 read(3, " + b"[" * n + b"]" * n + b", 16) = 0",
    "parentheses": lambda n: b"7 read(3, " + b"(" * n + b")" * n + b", 16) = 0",
    "open parentheses": repeated(b"7 read", b"("),
    "quotes": repeated(b"7 read(3, ", b'"', b", 16) = 0"),
    "backslashes": repeated(b'7 read(3, "', b"\\", b", 16) = 0"),
    "arguments": repeated(b"7 read(3", b", 1", b") = 0"),
    "angle brackets": lambda n: b"7 read(3" + b"<" * n + b">" * n + b", 1) = 0",
    "quoting": repeated(b"", b"> ", b"7 read(3, 1, 1) = 0"),
    "pids": repeated(b"", b"[pid "),
    "halves": repeated(b"7 ", b"<... "),
    "resumed": repeated(b"7 ", b"<... read resumed>"),
    "unfinished": repeated(b"7 read(3", b" <unfinished ...>"),
    "results": repeated(b"7 read(3)", b" = 3"),
    "records": repeated(b"7 ", b"close(5) = 0  [pid 1] "),
    "blanks": repeated(b"7", b" ", b"read(3) = 0"),
    "blanks before the result": repeated(b"7 read(3)", b" ", b"= 0"),
    "blanks before no result": repeated(b"7 read(3)", b" ", b"x 0"),
    "digits": repeated(b"", b"7", b" read(3) = 0"),
    "digits of a descriptor": repeated(b"7 close(", b"7", b") = 0"),
    "digits of a result": repeated(b"7 dup(3) = ", b"7"),
    "fractions": repeated(b"7 ", b"1.", b" read(3) = 0"),
    "times": repeated(b"7 ", b"14:29:55 ", b"read(3) = 0"),
    "comments": repeated(b"7 read(3", b" /* ", b") = 0"),
    "flags": repeated(b"7 read(A", b"|A", b") = 0"),
    "fields": repeated(b"7 read({a", b"=a", b"}) = 0"),
    "changes": repeated(b"7 read(3, {a=1}", b" => {b=1}", b") = 0"),
    "HTML": repeated(b"7 read(3, &quot;", b"&quot;&lt;", b") = 0"),
    "JSON": repeated(b'{"log":"', b'\\"', b'7 read(3) = 0\\n","stream":"stderr"}'),
    "quoted-printable": repeated(b"7 read(3=3D", b"=3D", b") =3D 0"),
    "colours": repeated(b"", b"\x1b[", b"7 read(3) = 0"),
    "titles": repeated(b"", b"\x1b]", b"7 read(3) = 0"),
    "notices": repeated(b"", b"Process ", b" attached"),
    "whole notices": repeated(b"", b"strace: Process 1 attached"),
    "words": repeated(b"", b"hello ", b"connect(3, 1, 2) = 0"),
    "letters": repeated(b"", b"a", b"("),
    "marks": repeated(b"", b"+++ "),
    "signals": repeated(b"7 --- SIGCHLD {", b"a=1, ", b"} ---"),
    "stack": repeated(b" > ", b"/a", b"(f+0x1) [0x2]"),
    "dump": repeated(b" | 00000 ", b" 61"),
    "exit": repeated(b"7 +++ exited with ", b"1", b" +++"),
    "file names": repeated(b"", b"a:1:", b"7 read(3) = 0"),
    "ports": repeated(b"7 connect(3, {sa_family=AF_INET", b", sin_port=htons(80)", b"}, 16) = 0"),
    "paths": repeated(b'7 connect(3, {sa_family=AF_UNIX, sun_path="', b"\\0", b'"}, 16) = 0'),
    "peers": repeated(b"7 close(3<TCP:[", b"1.2.3.4:5->", b"]>) = 0"),
    "argv": repeated(b'7 execve("/bin/a", [', b'"a", ', b'"b"], 0x1) = 0'),
    "messages": repeated(
        b"7 sendmsg(3, {msg_name=NULL, msg_iov=[",
        b'{iov_base="a", iov_len=1}, ',
        b"], msg_iovlen=1}, 0) = 1",
    ),
    "passed descriptors": repeated(
        b"7 recvmsg(3, {msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, "
        b"cmsg_data=[",
        b"5, ",
        b"6]}]}, 0) = 1",
    ),
    "polled": repeated(b"7 poll([", b"{fd=3, events=POLLIN}, ", b"], 1, -1) = 1"),
    "closed": lambda n: b"7 close_range(3, %d, 0) = 0" % n,
    "NUL": repeated(b"7 read(3, ", b"\x00", b") = 0"),
    "no UTF-8": repeated(b"7 read(3, ", b"\xff\x85", b") = 0"),
}


def tasks(number: int) -> bytes:
    """Return `number` tasks, each inside a call that never returns."""
    return b"".join(b"%d read(0,  <unfinished ...>\n" % tid for tid in range(100, 100 + number))


def strangers(number: int) -> bytes:
    """Return second halves without first halves."""
    said = b'<... read resumed>"x", 1) = 1'
    return b"".join(b"%d %b\n" % (tid, said) for tid in range(100, 100 + number))


def sockets(number: int) -> bytes:
    """Return `number` sockets that are open at once."""
    made = b"7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = %d\n"
    return b"".join(made % fd for fd in range(10, 10 + number))


def bound(number: int) -> bytes:
    """Return `number` findings, to different destinations, all open at once."""
    one = EARLY_BIND.replace(b"7 close(3) = 0\n", b"")
    return b"".join(
        one.replace(b"= 3\n", b"= %d\n" % fd)
        .replace(b"(3,", b"(%d," % fd)
        .replace(b"192.0.2.7", b"10.%d.%d.%d" % (fd >> 16 & 255, fd >> 8 & 255, fd & 255))
        for fd in range(10, 10 + number)
    )


TEXTS: dict[str, Callable[[int], bytes]] = {
    "lines": lambda n: b"7 close(9) = -1 EBADF (Bad file descriptor)\n" * n,
    "tasks and unfinished calls": tasks,
    "calls that were never begun": strangers,
    "open sockets": sockets,
    "findings and destinations": bound,
    "foreign lines": lambda n: b"hello world\n" * n,
    "lines that are not understood": lambda n: b"7 bind(3, {sa_fam\n" * n,
    "connections one after another": lambda n: EARLY_BIND * n,
    "empty lines": lambda n: b"\n" * n,
    "carriage returns": lambda n: b"7 close(9) = 0\r\n" * n,
}
"""Whole lines, repeated as often as requested."""
