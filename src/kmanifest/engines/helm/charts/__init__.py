"""Charts, loaded from directories and archives."""
