"""The knowledge layer: banks, their indexes, retrieval, extractive answers and citations."""
