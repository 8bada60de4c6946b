"""Makes early binds to listeners of its own on 127.0.0.1: NUMBER PAUSE PORT...

NUMBER times bind to any address and port 0, then connect to the ports in turn, PAUSE seconds
apart; each time the client closes first, so that its port stays in TIME_WAIT.
"""

import socket
import sys
import time

number, pause, ports = int(sys.argv[1]), float(sys.argv[2]), list(map(int, sys.argv[3:]))
servers = [socket.create_server(("127.0.0.1", port), backlog=128) for port in ports]
for turn in range(number):
    server = servers[turn % len(servers)]
    client = socket.socket()
    client.bind(("0.0.0.0", 0))
    client.connect(server.getsockname())
    accepted = server.accept()[0]
    client.close()
    accepted.close()
    time.sleep(pause)
