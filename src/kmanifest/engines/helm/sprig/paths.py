"""Functions for paths as strings.

Source: Go 1.26 src/path/path.go; on Linux src/path/filepath does the same.
"""

from kmanifest.engines.helm.gotemplate.values import Function, Functions
from kmanifest.model.deadline import checked


def functions() -> Functions:
    """Return the functions, and those for paths of the operating system, which are the same."""
    table = {
        "base": Function(base, ("string",), "string"),
        "clean": Function(clean, ("string",), "string"),
        "dir": Function(directory, ("string",), "string"),
        "ext": Function(extension, ("string",), "string"),
        "isAbs": Function(lambda path: path.startswith("/"), ("string",), "bool"),
    }
    return {**table, **{f"os{name[0].upper()}{name[1:]}": each for name, each in table.items()}}


def base(path: str) -> str:
    """Return the last part of a path."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def directory(path: str) -> str:
    """Return all but the last part of a path, cleaned."""
    head, slash, _ = path.rpartition("/")
    return clean(head + slash)


def extension(path: str) -> str:
    """Return the last dot of the last part and what follows it; "" if there is no dot."""
    _, dot, after = path.rpartition("/")[2].rpartition(".")
    return dot + after if dot else ""


def clean(path: str) -> str:
    """Return the shortest equivalent path, computed from the string alone."""
    rooted = path.startswith("/")
    parts: list[str] = []
    for part in checked(path.split("/")):
        if part in ("", "."):
            continue
        if part != "..":
            parts.append(part)
        elif parts and parts[-1] != "..":
            parts.pop()
        elif not rooted:
            parts.append(part)
    return "/" * rooted + "/".join(parts) or "."
