"""The proof: a pack is unpacked somewhere else and used."""
