"""Immutable values that a build works on. Nothing here does input or output."""
