"""What was found in, one form of the report out: a file for each format, found by its name."""
