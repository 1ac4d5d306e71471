"""Check the arguments of public functions. A wrong type is a TypeError that names the parameter and what it takes.

The modules that a build imports import this one only inside functions, because the command passes what it has checked
itself.
"""

from kmanifest.model.errors import SourceError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Callable, Iterator, Mapping, TypeAlias

Expected: TypeAlias = "type | tuple[str, ...] | Callable[[Any], bool]"
"""The type that a parameter takes: a class, the names of a protocol's methods, or a function that accepts the value."""


def check_argument(parameter: str, value: object, expected: Expected, description: str) -> None:
    """Raise TypeError unless an argument has the type that its parameter takes.

    `description` completes the sentence "PARAMETER must be".
    """
    if isinstance(expected, type):
        fits = isinstance(value, expected)
    elif isinstance(expected, tuple):
        is_class = isinstance(value, type)
        fits = not is_class and all(callable(getattr(value, name, None)) for name in expected)
    else:
        fits = expected(value)
    if not fits:
        raise argument_error(parameter, value, description)


def argument_error(parameter: str, value: object, description: str) -> TypeError:
    """Return the error for an argument of a wrong type."""
    got = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
    return TypeError(f"{parameter} must be {description}, not {got}")


def as_path(path: Any, parameter: str = "path") -> str:
    """Return a path as a string. A path object gets slashes, also on Windows. Raises TypeError for other types."""
    if isinstance(path, str):
        return path
    text = path.as_posix() if hasattr(path, "as_posix") else None
    if text is None and hasattr(path, "__fspath__"):
        text = path.__fspath__()
    if not isinstance(text, str):
        raise argument_error(parameter, path, "a str or os.PathLike[str]")
    return text


def as_files(files: Any) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the content of each file in a mapping. Raises TypeError for other types."""
    check_argument("files", files, Mapping, "a mapping of paths to str or bytes")
    for path, content in files.items():
        name = as_path(path, "a path in files")
        if isinstance(content, str):
            yield name, _encode(name, content)
        elif isinstance(content, bytes):
            yield name, content
        else:
            raise argument_error(f"the content of {name!r}", content, "str or bytes")


def _encode(name: str, content: str) -> bytes:
    try:
        return content.encode()
    except UnicodeEncodeError:
        raise SourceError("the content has a character that is not valid Unicode").within(
            file=name
        ) from None


def check_limits(limits: Limits) -> None:
    """Raise TypeError unless each limit is a number that can be a limit.

    A float such as 50.0, as some configuration files give it, would otherwise be no limit for the compiled backend.
    """
    for name, value in zip(Limits._fields, limits, strict=True):
        if name == "deadline":
            if value.__class__ not in (int, float) or not 0 <= value < float("inf"):
                raise TypeError(f"limits.deadline must be seconds, or 0 for none, not {value!r}")
        elif value.__class__ is not int or value < 0:
            raise TypeError(f"limits.{name} must be an int that is not negative, not {value!r}")
