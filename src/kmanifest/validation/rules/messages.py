"""The server's messages about a field, without the field itself.

Source: k8s.io/apimachinery v0.36.3 pkg/util/validation/field/errors.go, ErrorBody and the constructors.
"""

from kmanifest.startup.typing import Any, Final, Iterable

REQUIRED: Final = "Required value"
NOT_NEGATIVE: Final = "must be greater than or equal to 0"
POSITIVE: Final = "must be greater than zero"


def show(value: Any) -> str:
    """Return a value as the server prints it: JSON without blanks, and 80 for 80.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def required(detail: str = "") -> str:
    """Return the message for a field that has no value."""
    return f"{REQUIRED}: {detail}" if detail else REQUIRED


def invalid(value: Any, detail: str) -> str:
    """Return the message for a value that breaks a rule."""
    return f"Invalid value: {show(value)}: {detail}"


def forbidden(detail: str) -> str:
    """Return the message for a field that must not be set."""
    return f"Forbidden: {detail}"


def duplicate(value: Any) -> str:
    """Return the message for a value that may occur once."""
    return f"Duplicate value: {show(value)}"


def not_found(value: Any, detail: str = "") -> str:
    """Return the message for a name that refers to nothing."""
    return f"Not found: {show(value)}: {detail}" if detail else f"Not found: {show(value)}"


def unsupported(value: Any, supported: Iterable[str]) -> str:
    """Return the message for a value that is not one of those that are allowed."""
    names = ", ".join(show(name) for name in supported)
    return f"Unsupported value: {show(value)}: supported values: {names}"


def too_long(limit: int) -> str:
    """Return the message for a string of more bytes than allowed."""
    return f"Too long: may not be more than {limit} bytes"


def too_many(count: int, limit: int) -> str:
    """Return the message for a list of more items than allowed."""
    return f"Too many: {count}: must have at most {limit} items"


def between(low: int, high: int) -> str:
    """Return the detail for a number out of a range."""
    return f"must be between {low} and {high}, inclusive"


def at_most(length: int) -> str:
    """Return the detail for a name that is too long, in characters."""
    return f"must be no more than {length} characters"


def by_pattern(text: str, pattern: str, *examples: str) -> str:
    """Return the detail for a string that does not fit a pattern."""
    if not examples:
        return f"{text} (regex used for validation is '{pattern}')"
    # The comma before `or` is the server's.
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"
