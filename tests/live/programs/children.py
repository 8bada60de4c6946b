"""Early binds in a thread, in a forked child and in a program that it runs: one each."""

import os
import socket
import subprocess
import sys
import threading

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(128)


def early_bind(address: tuple[str, int]) -> None:
    with socket.socket() as client:
        client.bind(("0.0.0.0", 0))
        client.connect(address)


if len(sys.argv) > 1:
    early_bind(("127.0.0.1", int(sys.argv[1])))
    sys.exit()
thread = threading.Thread(target=early_bind, args=(listener.getsockname(),))
thread.start()
thread.join()
if (child := os.fork()) == 0:
    early_bind(listener.getsockname())
    os._exit(0)
os.waitpid(child, 0)
port = str(listener.getsockname()[1])
subprocess.run([sys.executable, __file__, port], check=True)
