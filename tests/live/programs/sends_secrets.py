"""Sends and receives a word over TCP, UDP and a UNIX socket, passes a descriptor, and runs a child
with it, once standard input says so."""

import os
import socket
import subprocess
import sys

SECRET = sys.stdin.buffer.readline().strip()  # not on the command line of this test
with socket.create_server(("127.0.0.1", 0)) as server:
    client = socket.socket()
    client.bind(("0.0.0.0", 0))
    client.connect(server.getsockname())
    incoming, _ = server.accept()
    client.sendall(SECRET)
    os.write(client.fileno(), SECRET)
    os.writev(client.fileno(), [SECRET, SECRET])
    client.sendmsg([SECRET])
    incoming.recv(len(SECRET))
    os.read(incoming.fileno(), 3)
    incoming.recvmsg(9999)
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagram.sendto(SECRET, ("127.0.0.1", 9))
    one, other = socket.socketpair()
    socket.send_fds(one, [SECRET], [client.fileno()])
    socket.recv_fds(other, 99, 1)
    subprocess.run(["true", SECRET], env={"WORD": os.fsdecode(SECRET)})
