"""The service over HTTP: one file of routes for each noun."""
