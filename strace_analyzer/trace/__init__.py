"""Room 1: from what strace printed to events. The interface is events.py; reader.py is the entry
point."""
