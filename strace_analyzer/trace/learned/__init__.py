"""Lark's decisions on a text, kept as an exact pattern for the texts that are like it."""
