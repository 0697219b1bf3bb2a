"""One small file for each document format."""
