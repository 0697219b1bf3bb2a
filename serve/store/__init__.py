"""What the service remembers: conversations, messages, turns and what happened, in a database."""
