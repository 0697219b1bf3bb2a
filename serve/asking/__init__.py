"""Questions of programs, which hold their conversations themselves: answered and kept as those of people are."""
