"""The archive's layout, writer and index."""
