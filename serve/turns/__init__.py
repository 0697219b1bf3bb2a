"""One turn of a conversation: what is asked, what happens meanwhile, and what is answered."""
