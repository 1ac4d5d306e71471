"""Copies and hashable forms of the values in records of options, which are parts of cache keys."""

from kmanifest.startup.typing import Any, Mapping


def copy_value(value: Any) -> Any:
    """Return a copy of mappings and lists that shares nothing that can be changed."""
    if isinstance(value, Mapping):
        return {key: copy_value(item) for key, item in value.items()}
    return [copy_value(item) for item in value] if isinstance(value, list) else value


def hashable(value: Any) -> Any:
    """Return a hashable form of a value. It distinguishes 1, 1.0 and True, as YAML does."""
    if isinstance(value, Mapping):
        return ("map", *((key, hashable(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", *map(hashable, value))
    return type(value).__name__, repr(value)
