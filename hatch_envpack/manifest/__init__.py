"""What the pack says about itself."""
