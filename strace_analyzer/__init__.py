"""Finds the processes and descriptors in strace output that bind() to a wildcard address before connect()."""
