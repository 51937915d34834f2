"""The consumer's side: a pack becomes a folder. It imports nothing of what builds packs."""
