"""`--ss FILE`: the list of the traced machine's sockets names the holders of ports."""

from __future__ import annotations

import json
import tarfile
from itertools import permutations
from pathlib import Path

import pytest
from cli.running import run

TAKEN = """\
socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 12
bind(12, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)
close(12) = 0
"""
RAN_OUT = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)
"""
LISTED = """\
State     Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
LISTEN    0      511          0.0.0.0:6140       0.0.0.0:*     users:(("nginx",pid=812,fd=6))
TIME-WAIT 0      0          192.0.2.1:40000    192.0.2.7:80
TIME-WAIT 0      0          192.0.2.1:40001    192.0.2.7:80
ESTAB     0      0          192.0.2.1:40002    192.0.2.8:80    users:(("worker",pid=7,fd=9))
"""


def listing(directory: Path, text: str = LISTED) -> Path:
    file = directory / "ss.txt"
    file.write_text(text)
    return file


def test_it_names_who_has_the_port(tmp_path: Path) -> None:
    report = run("--ss", listing(tmp_path), given=TAKEN).stdout
    assert "\n  nginx (pid 812, fd 6) has it: a listener.\n" in report
    assert "Stop the holder" in report


def test_where_no_process_is_named_nobody_is_said_to_have_it(tmp_path: Path) -> None:
    text = LISTED.replace('users:(("nginx",pid=812,fd=6))', "")
    report = " ".join(run("--ss", listing(tmp_path, text), given=TAKEN).stdout.split())
    assert (
        "According to the list of the machine's sockets, a listener has it; the list does" in report
    )
    assert "ss -tanp 'sport = :6140'" in report
    waiting = text.replace("LISTEN ", "TIME-WAIT ").replace("0.0.0.0:* ", "192.0.2.9:80 ")
    report = " ".join(run("--ss", listing(tmp_path, waiting), given=TAKEN).stdout.split())
    assert "has left connections in TIME_WAIT" in report


def test_it_names_who_has_the_ports_that_ran_out(tmp_path: Path) -> None:
    report = run("--ss", listing(tmp_path), "--port-range", "40000-40002", given=RAN_OUT).stdout
    rows = [" ".join(line.split()) for line in report.splitlines()]
    assert "TIME-WAIT to 192.0.2.7:80 2" in rows
    assert "worker (pid 7) 1" in rows
    assert "To find the holder" not in report
    fix = " ".join(report.partition("  Fix  ")[2].split())
    assert "TIME-WAIT to 192.0.2.7:80 has 2 of these ports: closed connections still" in fix


def test_of_several_processes_too_the_fix_begins_with_who_has_the_ports(tmp_path: Path) -> None:
    tried = (
        "{0} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        '{0} connect(3, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}}, '
        "16) = -1 EADDRNOTAVAIL (Cannot assign requested address)\n"
    )
    given = "".join(f'{pid} execve("/bin/wget", ["wget"], 0x7ffd) = 0\n' for pid in (21, 22))
    given += "".join(tried.format(pid) * 4 for pid in (21, 22))
    mine = 'ESTAB 0 0 192.0.2.1:{} 192.0.2.7:80 users:(("sidecar",pid=9,fd=6))\n'
    text = LISTED + "".join(mine.format(port) for port in range(40003, 40009))
    report = run("--ss", listing(tmp_path, text), "--port-range", "40000-40008", given=given).stdout
    assert "Fix       sidecar (pid 9) has 6 of these ports: look there first." in report


def test_the_account_of_ports_shows_it_too(tmp_path: Path) -> None:
    made = 'socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\nconnect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0\n'
    done = run("ports", "--ss", listing(tmp_path), "--port-range", "40000-40002", given=made)
    rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
    at = rows.index("HOLDER OF LOCAL PORTS, BY --ss PORTS")
    assert rows[at + 1 : at + 3] == ["TIME-WAIT to 192.0.2.7:80 2", "worker (pid 7) 1"]


def test_a_file_without_sockets_is_an_error(tmp_path: Path) -> None:
    done = run("--ss", listing(tmp_path, "hello\n"), given=TAKEN)
    assert done.returncode == 2
    assert "no socket in it (give the output of ss -tanp)" in done.stderr


UDP = """\
State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
UNCONN 0      0            0.0.0.0:6140      0.0.0.0:*    users:(("dnsd",pid=31,fd=5))
ESTAB  0      0          192.0.2.1:40001   192.0.2.9:53   users:(("resolver",pid=32,fd=6))
"""


def test_a_datagram_socket_s_port_is_another_s(tmp_path: Path) -> None:
    """TCP's holder of the same number is no holder of it."""
    asked = TAKEN.replace("SOCK_STREAM", "SOCK_DGRAM")
    report = run("--ss", listing(tmp_path, LISTED + UDP), given=asked).stdout
    assert "\n  dnsd (pid 31, fd 5) has it: a bound socket.\n" in report
    report = run("--ss", listing(tmp_path, LISTED), given=asked).stdout
    assert "nginx" not in report
    assert "ss -uanp 'sport = :6140'" in report
    assert "TCP socket" not in report


def test_several_lists_are_one_whatever_their_order(tmp_path: Path) -> None:
    """TCP's and UDP's, and one of /proc/net, which names no process and has the same sockets."""
    proc = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 00000000:17FC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41\n"
        "   1: 010200C0:9C42 080200C0:0050 01 00000000:00000000 00:00000000 00000000     0        0 42\n"
    )
    files = []
    for name, text in (("tcp", LISTED), ("udp", UDP), ("proc", proc)):
        files.append(tmp_path / name)
        files[-1].write_text(text)
    datagram = TAKEN.replace("SOCK_STREAM", "SOCK_DGRAM")
    words = ("ports", "--format", "json", "--port-range", "40000-40002")
    made = 'socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\nconnect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0\n'
    for order in permutations(files):
        asked = [word for file in order for word in ("--ss", file)]
        assert "nginx (pid 812, fd 6) has it: a listener." in run(*asked, given=TAKEN).stdout
        assert "dnsd (pid 31, fd 5) has it" in run(*asked, given=datagram).stdout
        [use] = json.loads(run(*words, *asked, given=made).stdout)["traces"][0]["ports"]
        assert sorted((one["holder"], one["ports"]) for one in use["holders"]) == [
            ("TIME-WAIT to 192.0.2.7:80", 2),
            ("resolver (pid 32)", 1),
            ("worker (pid 7)", 1),
        ]
    files[1].write_text("nonsense\n")
    done = run("--ss", files[0], "--ss", files[1], given=TAKEN)
    assert (done.returncode, f"--ss {files[1]}: no socket in it" in done.stderr) == (2, True)


def test_json_names_the_holders_of_both_protocols(tmp_path: Path) -> None:
    words = ("ports", "--format", "json", "--port-range", "40000-40002")
    made = 'socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\nconnect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0\n'
    done = run(*words, "--ss", listing(tmp_path, LISTED + UDP), given=made)
    [use] = json.loads(done.stdout)["traces"][0]["ports"]
    assert use["holders"] == [
        {"protocol": "TCP", "holder": "TIME-WAIT to 192.0.2.7:80", "ports": 2},
        {"protocol": "TCP", "holder": "worker (pid 7)", "ports": 1},
        {"protocol": "UDP", "holder": "resolver (pid 32)", "ports": 1},
    ]
    assert json.loads(run(*words, given=made).stdout)["traces"][0]["ports"][0]["holders"] is None


@pytest.mark.parametrize("directory", ["", "strace-collect/"])
def test_the_list_beside_the_trace_in_an_archive(directory: str, tmp_path: Path) -> None:
    """As `collect` makes it."""
    (tmp_path / "calls").write_text(TAKEN)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "calls", f"{directory}trace.txt")
        archive.add(listing(tmp_path), f"{directory}ss.txt")
    report = run(tmp_path / "a.tar.gz").stdout
    assert "\n  nginx (pid 812, fd 6) has it: a listener.\n" in report
    other = LISTED.replace("nginx", "haproxy")
    said = run("--ss", listing(tmp_path, other), tmp_path / "a.tar.gz").stdout
    assert "haproxy (pid 812, fd 6) has it" in said


def test_a_list_without_the_holder_is_said_to_be_one(tmp_path: Path) -> None:
    """It was looked at: a table of nobody is no table without rows."""
    other = LISTED.splitlines()[0] + "\nLISTEN 0 5 0.0.0.0:22 0.0.0.0:*\n"
    report = " ".join(run("--ss", listing(tmp_path, other), given=TAKEN).stdout.split())
    assert "neither this trace nor the list of the machine's sockets shows whose" in report
    rows = run("ports", "--ss", listing(tmp_path, other), given=TAKEN).stdout.splitlines()
    assert ["nobody", "0"] in [row.split() for row in rows]


@pytest.mark.parametrize(
    "heading", [LISTED.splitlines()[0], "  sl  local_address rem_address   st"]
)
def test_a_list_of_no_socket_is_an_answer(heading: str, tmp_path: Path) -> None:
    """Nobody is listed. ss leaves out sockets that are only bound; what lists them is named."""
    done = run("--ss", listing(tmp_path, f"{heading}\n"), given=TAKEN)
    assert done.returncode == 1
    report = " ".join(done.stdout.split())
    assert "neither this trace nor the list of the machine's sockets shows whose" in report
    assert "a TCP socket that is only bound: strace-analyzer holders does" in report
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        (tmp_path / "trace.txt").write_text(TAKEN)
        archive.add(tmp_path / "trace.txt", "trace.txt")
        archive.add(tmp_path / "ss.txt", "ss.txt")
    assert "nor the list of the machine's" in run(tmp_path / "a.tar.gz").stdout


@pytest.mark.parametrize("text", ["", "no such thing\n", f"{LISTED.splitlines()[0]}\nnonsense\n"])
def test_what_is_no_list_of_sockets_is_refused(text: str, tmp_path: Path) -> None:
    done = run("--ss", listing(tmp_path, text), given=TAKEN)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no socket in it" in done.stderr


TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:{port:04X} 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0000000000000000 100 0 0 10 0
"""
"""/proc/net/tcp6 of a machine with one listener, on [::]"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LISTED, "nginx (pid 812, fd 6) has it: a listener."),
        (
            TCP6.format(port=6140),
            "According to the list of the machine's sockets, a listener has it",
        ),
        (TCP6.format(port=6141), "neither this trace nor the list of the machine's sockets shows"),
    ],
    ids=["ss", "tcp6", "tcp6 without it"],
)
def test_a_family_of_ff_has_one_list(tmp_path: Path, text: str, says: str) -> None:
    """Whichever process of the family asks: they are of one machine."""
    for pid in (700, 701):
        (tmp_path / f"t.{pid}").write_text(TAKEN + "+++ exited with 1 +++\n")
    given = ("check", "--ss", listing(tmp_path, text), str(tmp_path / "t"))
    report = " ".join(run(*given).stdout.split())
    assert report.count("error: port 6140 is taken") == 1
    assert "2 bind() calls failed EADDRINUSE, first on line 2" in report
    assert report.count(says) == 1


def test_ports_in_time_wait_by_proc_net_tcp6_are_the_cause(tmp_path: Path) -> None:
    rows = "".join(
        f"{n:4}: 00000000000000000000000001000000:{40000 + n:04X} "
        "00000000000000000000000001000000:0050 06 00000000:00000000 03:0000040D 00000000     0"
        "        0 0 3 0000000000000000\n"
        for n in range(100)
    )
    six = RAN_OUT.replace("AF_INET,", "AF_INET6,", 1).replace(
        'sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16',
        "sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), "
        'inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28',
    )
    head = TCP6.splitlines(keepends=True)[0]
    asked = ("--ss", listing(tmp_path, head + rows), "--port-range", "40000-40099")
    report = json.loads(run(*asked, "--format", "json", given=six).stdout)
    (found,) = report["findings"]
    assert (found["cause"], found["details"]["machine"]) == (
        "time-wait",
        [["TIME-WAIT to [::1]:80", 100]],
    )
