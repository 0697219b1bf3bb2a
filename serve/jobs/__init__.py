"""Uploads, and the work of taking them into banks: kept, done one after another for each bank, never lost."""
