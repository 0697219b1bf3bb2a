"""Questions of programs, which keep their conversations themselves: answered as a conversation's are, and not kept."""
