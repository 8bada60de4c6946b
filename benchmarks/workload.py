"""A loopback workload and its ground truth: workload.py TRUTH_FILE ROUNDS THREADS.

Takes the file to write one line `TAG pid tid fd` per socket to, and how much to do. The tags
BAD4, BAD6, BADNB, BADTHREAD, BADDUP and BADFORK are TCP sockets bound to any address and port 0
and then connected; BADUDP is UDP, NOPORT has IP_BIND_ADDRESS_NO_PORT set, and every OK* is
something that looks alike.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading

ANY4, ANY6 = ("0.0.0.0", 0), ("::", 0)
MIX = {
    "OK": 30,
    "BAD4": 8,
    "BAD6": 3,
    "BADNB": 3,
    "BADUDP": 3,
    "BADTHREAD": 2,
    "BADDUP": 2,
    "NOPORT": 2,
    "OKADDRESS": 4,
    "OKLISTEN": 3,
    "OKREUSE": 4,
    "NOISE": 6,
}


def serve(family: socket.AddressFamily, host: str) -> tuple[str, int]:
    """Start an echo-like server with two threads; return its address."""
    server = socket.socket(family)
    server.bind((host, 0))
    server.listen(128)

    def answer() -> None:
        while True:
            with contextlib.suppress(OSError), server.accept()[0] as peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    for _ in range(2):
        threading.Thread(target=answer, daemon=True).start()
    return server.getsockname()[:2]


def talk(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.recv(4096)


class Workload:
    """The servers, the truth file, and one method per kind of socket."""

    def __init__(self, truth: str) -> None:
        self.truth = os.open(truth, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.four = serve(socket.AF_INET, "127.0.0.1")
        self.six = serve(socket.AF_INET6, "::1")

    def one(self, kind: str) -> None:
        """Create one socket of this kind, use it, write its truth and close it."""
        if kind == "NOISE":
            subprocess.run(["ls", "-l", "/usr/lib"], stdout=subprocess.DEVNULL, check=True)
            return
        family = socket.AF_INET6 if kind == "BAD6" else socket.AF_INET
        client = socket.socket(
            family, socket.SOCK_DGRAM if kind == "BADUDP" else socket.SOCK_STREAM
        )
        number = client.fileno()
        with client:
            self.use(kind, client)
            tid = threading.get_native_id()
            os.write(self.truth, f"{kind} {os.getpid()} {tid} {number}\n".encode())

    def use(self, kind: str, client: socket.socket) -> None:
        if kind == "OKADDRESS":
            client.bind(("127.0.0.1", 0))
        elif kind == "NOPORT":
            client.setsockopt(socket.IPPROTO_IP, 24, 1)
        if kind not in ("OK", "OKADDRESS"):
            client.bind(ANY6 if kind == "BAD6" else ANY4)
        if kind == "OKLISTEN":
            client.listen(1)
        elif kind == "OKREUSE":
            client.close()
            with socket.socket() as again:
                self.connect(again)
        elif kind == "BADUDP":
            client.connect(("127.0.0.1", 9))
            client.send(b"x")
        elif kind == "BADTHREAD":
            thread = threading.Thread(target=self.connect, args=(client,))
            thread.start()
            thread.join()
        elif kind == "BADDUP":
            with client.dup() as copy:
                self.connect(copy)
        elif kind == "BADFORK":
            child = os.fork()
            if child == 0:
                self.connect(client)
                os._exit(0)
            os.waitpid(child, 0)
        elif kind == "BADNB":
            client.setblocking(False)
            client.connect_ex(self.four)
            client.setblocking(True)
            talk(client)
        elif kind == "BAD6":
            client.connect(self.six)
            talk(client)
        else:
            self.connect(client)

    def connect(self, client: socket.socket) -> None:
        client.connect(self.four)
        talk(client)


def main(truth: str, rounds: int, threads: int) -> None:
    workload = Workload(truth)
    kinds, weights = list(MIX), list(MIX.values())

    def work(seed: int) -> None:
        for kind in random.Random(seed).choices(kinds, weights, k=rounds):
            workload.one(kind)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for _ in range(5):
        workload.one("BADFORK")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
