"""Other projects, used as their own documentation shows."""
