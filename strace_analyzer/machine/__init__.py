"""Takes what a machine says about its own sockets (ss(8), /proc/net), as text, gives rows."""

from strace_analyzer.machine.listing import Listing, parse, together
from strace_analyzer.machine.sockets import MachineSocket, Owner

__all__ = ["Listing", "MachineSocket", "Owner", "parse", "together"]
