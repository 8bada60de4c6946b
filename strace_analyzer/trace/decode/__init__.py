"""Lines in, events out: what stands on a line, and halves of calls joined."""
