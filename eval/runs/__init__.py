"""Runs: every case asked of a system and measured, side by side, resumable and reproducible."""
