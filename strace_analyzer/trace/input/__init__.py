"""What the user names -> numbered lines of strace, whatever they were stored in."""
