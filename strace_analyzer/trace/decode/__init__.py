"""From lines to events: parse each line and join the halves of calls."""
