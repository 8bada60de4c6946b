"""ROOM 2, events in and steps out: what each call did to the kernel's descriptors and sockets."""

from strace_analyzer.kernel.step import Doubt, Step
from strace_analyzer.kernel.tracker import Tracker, tracked_calls

__all__ = ["Doubt", "Step", "Tracker", "tracked_calls"]
