"""The service in OpenAI's protocol: chat completions, models and embeddings."""
