"""Pieces of lines, for tests that put any lines together."""

from hypothesis import strategies as st

SCRAPS = st.sampled_from(
    [
        *(b"812 ", b"[pid   812] ", b"[pid 900] ", b"14:29:55.722395 ", b"     0.000123 "),
        *(b"close(3", b")", b" = 0", b"read(3, ", b'"a\\"b"', b", 16", b" <unfinished ...>"),
        *(b"<... read resumed>", b"<... close resumed> ", b"--- SIGCHLD {} ---", b" = ?"),
        *(b"+++ exited with 0 +++", b"strace: Process 900 attached", b" <detached ...>"),
        *(b" > /bin/a(f+0x1) [0x2]", b" | 00000  61", b"hello", b'write(1, "hi", 2hi', b"\x1b[0m"),
        *(b" <pid changed to 812 ...>", b"+++ superseded by execve in pid 900 +++", b"\t", b" "),
        *(
            b"% time     seconds  usecs/call     calls    errors syscall",
            b"------ ------",
            b"total",
        ),
        *(b" => {parent_tid=[3]}, 88) = 3", b"\xff\x00", b"(", b"{", b"]", b"vfork() = 900"),
    ]
)
