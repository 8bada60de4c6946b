"""A forking, threading client: prefork.py. The parent binds a socket early and a child connects it.

Makes the sample python-fork-family: run it under `strace -ff`. Everything is on the loopback.
"""

import os
import socket
import threading

ANY = ("0.0.0.0", 0)

listener = socket.create_server(("127.0.0.1", 0), backlog=8)
target = listener.getsockname()


def serve(connections: int) -> None:
    for _ in range(connections):
        peer, _ = listener.accept()
        peer.recv(64)
        peer.sendall(b"pong")
        peer.close()


def ask(client: socket.socket) -> None:
    client.connect(target)
    client.sendall(b"ping")
    client.recv(64)
    client.close()


def bound() -> socket.socket:
    client = socket.socket()
    client.bind(ANY)
    return client


server = threading.Thread(target=serve, args=(5,))
server.start()

inherited = bound()
first = os.fork()
if first == 0:
    ask(inherited)  # bound by the parent, connected by the child: one finding
    worker = threading.Thread(target=lambda: ask(bound()))  # by a thread of the child: another
    worker.start()
    worker.join()
    os._exit(0)
inherited.close()
os.waitpid(first, 0)

second = os.fork()
if second == 0:
    ask(socket.socket())  # never bound: clean
    noport = socket.socket()
    noport.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: clean
    noport.bind(ANY)
    ask(noport)
    os._exit(0)
os.waitpid(second, 0)

early = bound()
late = os.dup(early.fileno())
early.close()
ask(socket.socket(fileno=late))  # bound by one number, connected by another: a third finding
server.join()
