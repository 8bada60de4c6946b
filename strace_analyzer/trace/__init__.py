"""Room 1: what strace printed -> events. The door is events.py; reader.py is its front."""
