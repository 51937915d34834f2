"""The environment that is packed: installed by uv or pip, described by its distributions."""
