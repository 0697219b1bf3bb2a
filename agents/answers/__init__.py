"""Answers made by language models, grounded in banks, for the commands ask and chat."""
