"""The stages in their order: a project or an environment becomes a pack."""
