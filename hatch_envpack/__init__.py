"""Pack a Python project, its dependencies and the interpreter into one file that runs anywhere."""

__version__ = "0.1.0"
