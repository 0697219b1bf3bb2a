"""Banks as objects of LlamaIndex; loaded only when asked for."""
