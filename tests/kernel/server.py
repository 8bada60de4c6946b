"""Accepts on ports 8001-8005 of every address, v4 and v6; what it does with a connection is the
port's.

8001-8003: holds it until the client closes, then closes. 8004: closes at once. 8005: sends RST at
once. Waits for a line on standard input, says `listening`, ends with standard input. UDP needs no
server.
"""

import selectors
import socket
import struct
import sys

HOLD = (8001, 8002, 8003)
CLOSE = 8004
RESET = 8005


def main() -> None:
    sys.stdin.readline()
    selector = selectors.DefaultSelector()
    for port in (*HOLD, CLOSE, RESET):
        listener = socket.create_server(
            ("::", port), family=socket.AF_INET6, backlog=4096, dualstack_ipv6=True
        )
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ, port)
    selector.register(sys.stdin, selectors.EVENT_READ, "end")
    print("listening", flush=True)
    while True:
        for key, _ in selector.select():
            if key.data == "end":
                return
            if key.data is None:
                answer(selector, key.fileobj)
            else:
                accept(selector, key.fileobj, key.data)


def accept(selector: selectors.BaseSelector, listener: socket.socket, port: int) -> None:
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return
    if port == RESET:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if port in HOLD:
        selector.register(connection, selectors.EVENT_READ)
    else:
        connection.close()


def answer(selector: selectors.BaseSelector, connection: socket.socket) -> None:
    """When the client closed (or reset), so do we; what it sends is read and forgotten."""
    try:
        if connection.recv(4096):
            return
    except ConnectionError:
        pass
    selector.unregister(connection)
    connection.close()


if __name__ == "__main__":
    main()
