"""Widely used packages that nobody here wrote, packed and used."""
