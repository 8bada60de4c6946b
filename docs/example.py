"""The program whose trace docs/pandas.md looks into: three clients fetch from two servers in one
process; one port refuses, one connection is left idle.

    strace -f -yy -ttt -T -e trace=network,desc,process -o docs/example.strace \\
        python3 -S docs/example.py
"""

import socket
import threading
import time


def serve(listener: socket.socket, size: int) -> None:
    while True:
        peer, _ = listener.accept()
        with peer:
            if not peer.recv(1000):
                return
            peer.sendall(b"x" * size)


def fetch(ports: list[int], times: int) -> None:
    for turn in range(times):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", ports[turn % len(ports)])):
                continue
            client.sendall(b"GET /")
            while client.recv(4096):
                pass


listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
ports = [listener.getsockname()[1] for listener in listeners]
servers = [
    threading.Thread(target=serve, args=(listener, size))
    for listener, size in zip(listeners, (2000, 20000), strict=True)
]
clients = [threading.Thread(target=fetch, args=([*ports, 1], 9)) for _ in range(3)]
idle = socket.create_connection(("127.0.0.1", ports[0]))
for thread in servers + clients:
    thread.start()
time.sleep(0.3)
idle.sendall(b"GET /")
idle.close()
for thread in clients:
    thread.join()
for port in ports:
    socket.create_connection(("127.0.0.1", port)).close()
for server in servers:
    server.join()
