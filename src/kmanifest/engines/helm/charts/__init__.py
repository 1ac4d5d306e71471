"""Charts: loading them from directories and archives, and their dependencies."""
