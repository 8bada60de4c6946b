"""ROOM 3b: Steps in, PortUse out: the ports that early binds pin, and the ports needed."""

from strace_analyzer.ports.ledger import PortLedger
from strace_analyzer.ports.port_range import host_range

__all__ = ["PortLedger", "host_range"]
