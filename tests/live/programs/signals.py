"""Counts the signals it receives until a second has passed without one, then prints them in order.

The first argument is a file that is created when it is ready.
"""

import pathlib
import signal
import sys
import time

got: list[str] = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT):
    signal.signal(number, lambda number, frame: got.append(signal.Signals(number).name))
pathlib.Path(sys.argv[1]).touch()
seen, until = 0, time.monotonic() + 20
while time.monotonic() < until:
    time.sleep(0.05)
    if len(got) > seen:
        seen, until = len(got), time.monotonic() + 1
print(*got, flush=True)
sys.exit(len(got))
