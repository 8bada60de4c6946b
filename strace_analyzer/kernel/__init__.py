"""ROOM 2, events in and steps out: what each call did to the kernel's descriptors and sockets."""

from strace_analyzer.kernel.catalogue import tracked_calls
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.step import DoubtAt, Step
from strace_analyzer.kernel.tracker import Tracker

__all__ = ["Doubt", "DoubtAt", "Step", "Tracker", "tracked_calls"]
