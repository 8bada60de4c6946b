"""A server makes its listener inheritable, starts a program, closes the listener and tries to bind
its port again. The argument is the port; prints the error."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys

port = int(sys.argv[1])
listener = socket.create_server(("127.0.0.1", port))
listener.set_inheritable(True)
helper = subprocess.Popen(["sleep", "60"], close_fds=False)
listener.close()
again = socket.socket()
again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    again.bind(("127.0.0.1", port))
except OSError as error:
    print(errno.errorcode[error.errno or 0], flush=True)
helper.kill()
helper.wait()
