"""Jinja2 templates, rendered in a sandbox with limits of its own. Builds without templates import nothing of it."""
