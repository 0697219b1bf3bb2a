"""The agent layer: answers made by language models, grounded in banks."""
