"""What is in a pack, read from the pack alone, and no more of it than is needed."""
