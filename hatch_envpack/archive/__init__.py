"""The archive's layout, writer and reader."""
