"""Lark's decisions on a text, kept as an exact pattern for similar texts."""
