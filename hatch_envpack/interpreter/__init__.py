"""Where the packed interpreter comes from, and which of its files come along."""
