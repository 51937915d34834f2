"""Targets to test packs on: bare Linux roots, and a host on which folders are hidden."""
