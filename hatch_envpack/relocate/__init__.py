"""Fixers: what changes in a file on its way into the archive so that it works in any place."""
