"""Cases made from a bank: by rules, by a language model, and from what people said about answers."""
