"""ROOM 3b: Steps in, PortUse out: the ports that early binds pin, and the ports needed."""

from strace_analyzer.ports.ledger import PortLedger
from strace_analyzer.ports.scenario import Variation
from strace_analyzer.ports.what_if import Forecast, WhatIf

__all__ = ["Forecast", "PortLedger", "Variation", "WhatIf"]
