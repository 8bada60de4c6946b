"""Blocks of lines in, those lines out that can matter to the model."""
