"""The evaluation layer: cases with gold citations."""
