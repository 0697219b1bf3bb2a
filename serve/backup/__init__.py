"""Copies of everything that a service keeps, made while it runs, and put back into an empty place."""
