"""How a bank is kept: the catalog, what is derived from it, and the one way to write to them."""
