"""How passages become an answer: choosing sentences, checking support, knowing when to abstain."""
