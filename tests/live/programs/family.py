"""A process with a child and a grandchild. Prints the ids of the three; after a line on standard
input, creates another child that binds early."""

import os
import subprocess
import sys
import time

reading, writing = os.pipe()
if (child := os.fork()) == 0:
    if (grandchild := os.fork()) == 0:
        time.sleep(600)
    os.write(writing, str(grandchild).encode())
    time.sleep(600)
print(os.getpid(), child, int(os.read(reading, 20)), flush=True)
sys.stdin.readline()
subprocess.run(
    [sys.executable, os.path.join(os.path.dirname(__file__), "early_binds.py"), "3", "0", "0"]
)
sys.stdin.readline()
