"""Validation: what the API server refuses, found without a server, at the line that sets the field."""
