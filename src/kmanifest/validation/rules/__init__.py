"""Semantic rules: what the server's own code refuses, and no schema shows. Each module has a table by type."""
