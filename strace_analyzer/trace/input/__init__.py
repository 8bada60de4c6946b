"""From what the user names to numbered lines of strace, whatever they were stored in."""
