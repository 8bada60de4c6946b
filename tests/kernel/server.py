"""Accept on ports 8001-8005 of every address, v4 and v6; the port decides what happens to a
connection.

8001-8003: hold it until the client closes, then close. 8004: close at once. 8005: send RST at once.
Waits for a line on standard input, prints `listening`, and ends with standard input. UDP needs no
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
    """Close when the client has closed (or reset); what it sends is read and discarded."""
    try:
        if connection.recv(4096):
            return
    except ConnectionError:
        pass
    selector.unregister(connection)
    connection.close()


if __name__ == "__main__":
    main()
