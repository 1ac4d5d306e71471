"""Fast replacements for parts of the standard library that are slow to import, and lazy imports."""
