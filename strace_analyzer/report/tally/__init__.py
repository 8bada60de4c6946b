"""Rows of events -> calls, errors and times, by what the user asks for (`summary`)."""
