"""Makes early binds to a listener of its own, then prints so on both outputs: N PAUSE STATUS.

Binds N times to any address and port 0 and then connects, each on a socket of its own, with PAUSE
seconds after each.
"""

import os
import socket
import sys
import time

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(128)
number, pause, status = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
print("begun", flush=True)
for _ in range(number):
    with socket.socket() as client:
        client.bind(("0.0.0.0", 0))
        client.connect(listener.getsockname())
        listener.accept()[0].close()
    time.sleep(pause)
print("said on standard output", flush=True)
print("said on standard error", file=sys.stderr, flush=True)
os._exit(status)
