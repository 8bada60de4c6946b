"""ROOM 4, what was found in; text, JSON, tables out: one file a format."""
