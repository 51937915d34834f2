"""The digests of all files of a pack, and comparing them."""
