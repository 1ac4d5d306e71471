"""Load charts from directories and archives."""
