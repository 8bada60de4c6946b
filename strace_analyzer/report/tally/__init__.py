"""Sum rows of events for `summary`: calls, errors and times, by what the user asks for."""
