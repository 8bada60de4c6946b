"""Creates sockets before anybody attaches, and uses them after a line on standard input.

Prints its pid when it is ready. In the order of their numbers: a listener; a TCP socket bound to
any address and port 0; one that is not bound; one bound under IP_BIND_ADDRESS_NO_PORT; a connected
one; the other end of that, accepted. Then two threads make two early binds each. Ends after a
second line.
"""

import os
import socket
import sys
import threading

IP_BIND_ADDRESS_NO_PORT = 24

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(128)
bound = socket.socket()
bound.bind(("0.0.0.0", 0))
unbound = socket.socket()
deferred = socket.socket()
deferred.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
deferred.bind(("0.0.0.0", 0))
connected = socket.create_connection(listener.getsockname())
accepted, _ = listener.accept()
print(os.getpid(), *(s.fileno() for s in (bound, unbound, deferred, connected)), flush=True)


def early_binds() -> None:
    for _ in range(2):
        with socket.socket() as client:
            client.bind(("0.0.0.0", 0))
            client.connect(listener.getsockname())


sys.stdin.readline()
for waiting in (bound, unbound, deferred):
    waiting.connect(listener.getsockname())
connected.send(b"x")
connected.close()
threads = [threading.Thread(target=early_binds) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done", flush=True)
sys.stdin.readline()
