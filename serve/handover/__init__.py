"""Handing over to people: when they are called, the inbox in which they answer, and what is learnt from it."""
