"""One report on many traces: each trace is reduced to a digest, and digests are summed."""
