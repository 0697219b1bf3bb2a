"""Metrics that a language model judges, with its reason; a judge that fails is counted and named."""
