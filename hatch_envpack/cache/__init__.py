"""What builds keep for the builds after them."""
