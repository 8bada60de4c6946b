"""Gives what is said when there is nothing to read."""

NOTHING = "no trace: give a file, or pipe strace into it"
SHORT_HELP = """
  strace -f -yy -tt -T -o trace.txt CMD        take a trace (better: strace-analyzer command -- CMD)
  strace-analyzer trace.txt                    analyse it
  strace -f CMD 2>&1 | strace-analyzer         or at once

strace-analyzer --help says more"""
