"""Unwrap pasted lines: return lines as strace printed them, with their original line numbers."""
