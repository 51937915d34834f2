"""Segments: the entries of one distribution, of the interpreter, or of nobody."""
