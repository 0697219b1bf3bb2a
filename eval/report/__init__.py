"""Runs as a web page that stands alone: tables, plots, and every failure with the step that caused it."""
