"""Benchmarks: side by side with other projects, reproducible by anyone."""
