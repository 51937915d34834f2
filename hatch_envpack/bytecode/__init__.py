"""Bytecode: every module compiled once, valid whatever the time stamps say."""
