"""Systems that can be evaluated: banks, an agent in Python, any OpenAI-compatible endpoint."""
