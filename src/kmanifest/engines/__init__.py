"""One package for each language. Engines do not import each other."""
