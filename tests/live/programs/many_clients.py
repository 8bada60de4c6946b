"""Sixteen threads that connect to the process itself and close, again and again; none binds."""

from __future__ import annotations

import socket
import threading
import time

server = socket.create_server(("127.0.0.1", 0), backlog=128)


def connect() -> None:
    while True:
        socket.create_connection(server.getsockname()).close()
        time.sleep(0.02)


def accept() -> None:
    while True:
        server.accept()[0].close()


for work in [accept] + 16 * [connect]:
    threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
