"""Where people watch agents work: a client that tells a studio what they say, and the studio itself."""
