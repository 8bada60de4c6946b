"""A connection that is closed first leaves its port in TIME_WAIT, and a child of the program cannot bind it.

Prints the port. Arguments: 1 or 0 for SO_REUSEADDR on the connection, and on the child's socket.
"""

import os
import socket
import sys

CLIENT, SERVER = (word == "1" for word in sys.argv[1:3])


def made(reuses: bool) -> socket.socket:
    """Return a socket with or without SO_REUSEADDR."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuses))
    return one


server = socket.create_server(("127.0.0.1", 6140))
client = made(CLIENT)
client.connect(server.getsockname())
port = client.getsockname()[1]
accepted, _ = server.accept()
client.close()
while accepted.recv(100):
    pass
accepted.close()
if os.fork() == 0:
    try:
        made(SERVER).bind(("0.0.0.0", port))
    except OSError:
        print(port, flush=True)
    os._exit(0)
os.wait()
