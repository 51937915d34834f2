"""Which shared libraries the pack has to bring along, and where each file finds them."""
