"""The cache: what earlier builds made, under keys that say what it was made from."""
