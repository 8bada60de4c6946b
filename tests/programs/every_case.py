"""One deterministic program: each case binds, or does not, and connects over the loopback.

Traced under every option set of strace, it must give the findings that tests/test_option_sets.py
lists. It makes no socket before fd 50 is taken, so that the numbers do not depend on how it was
started.
"""

import os
import socket
import threading

ANY4, ANY6 = ("0.0.0.0", 0), ("::", 0)
NO_PORT = 24

server = socket.create_server(("127.0.0.1", 0), backlog=16)
target = server.getsockname()
nobody = socket.create_server(("127.0.0.1", 0))
refused = nobody.getsockname()
nobody.close()
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(("127.0.0.1", 0))


def move(client: socket.socket, number: int) -> socket.socket:
    """Return the same socket under another number."""
    os.dup2(client.fileno(), number, inheritable=False)
    kind, family = client.type, client.family
    client.close()
    return socket.socket(family, kind, fileno=number)


def fresh(
    number: int, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM
) -> socket.socket:
    return move(socket.socket(family, kind), number)


def accept() -> None:
    server.accept()[0].close()


# 51: the core case; 52: IPv6 dual stack to a mapped address; 53: not blocking; 54: refused
core = fresh(51)
core.bind(ANY4)
core.getsockname()
core.connect(target)
accept()
core.close()

dual = fresh(52, socket.AF_INET6)
dual.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
dual.bind(ANY6)
dual.connect(("::ffff:127.0.0.1", target[1]))
accept()
dual.close()

quick = fresh(53)
quick.bind(ANY4)
quick.setblocking(False)
quick.connect_ex(target)
accept()
quick.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
quick.close()

failed = fresh(54)
failed.bind(ANY4)
failed.connect_ex(refused)
failed.connect(target)  # the refusal gave the port back: clean
accept()
failed.close()

# 55: bound here, connected in a child; 56: in a thread; 57: bound under 57, connected under 58
parents = fresh(55)
parents.bind(ANY4)
child = os.fork()
if child == 0:
    parents.connect(target)
    os._exit(0)
os.waitpid(child, 0)
accept()
parents.close()

threads = fresh(56)
threads.bind(ANY4)
thread = threading.Thread(target=threads.connect, args=(target,))
thread.start()
thread.join()
accept()
threads.close()

first = fresh(57)
first.bind(ANY4)
os.dup2(57, 58, inheritable=False)
first.close()
second = socket.socket(fileno=58)
second.connect(target)
accept()
second.close()

# Clean: 60 never bound, 61 under IP_BIND_ADDRESS_NO_PORT, 62 UDP, 63 a number used again, 64 a
# listener
plain = fresh(60)
plain.connect(target)
accept()
plain.close()

deferred = fresh(61)
deferred.setsockopt(socket.IPPROTO_IP, NO_PORT, 1)
deferred.bind(ANY4)
deferred.connect(target)
accept()
deferred.close()

datagram = fresh(62, kind=socket.SOCK_DGRAM)
datagram.bind(ANY4)
datagram.connect(sink.getsockname())
datagram.send(b") = -1 EADDRINUSE <unfinished ...>")
datagram.close()

used = fresh(63)
used.bind(ANY4)
used.close()
again = fresh(63)
again.connect(target)
accept()
again.close()

listener = fresh(64)
listener.bind(ANY4)
listener.listen(1)
listener.close()

# 65: a specific address, the milder rule; 66: its option set after the bind, too late
address = fresh(65)
address.bind(("127.0.0.1", 0))
address.connect(target)
accept()
address.close()

late = fresh(66)
late.bind(ANY4)
late.setsockopt(socket.IPPROTO_IP, NO_PORT, 1)
late.connect(target)
accept()
late.close()
