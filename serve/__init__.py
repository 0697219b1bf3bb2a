"""The top layer: the command line."""
