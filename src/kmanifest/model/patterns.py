"""A bound for regular expressions, which RE2 compiles in one call that nothing can end."""

from kmanifest.model.errors import LimitError
from kmanifest.startup.typing import Final

MAX_PATTERN: Final = 10_000
"""The maximum length of a regular expression in characters. RE2 can need seconds to compile longer ones."""


def check_pattern(pattern: str) -> None:
    """Raise LimitError if a regular expression is too long."""
    if len(pattern) > MAX_PATTERN:
        raise LimitError(f"a regular expression of more than {MAX_PATTERN} characters")
