"""Read a settings file, and name the line of a key in errors about it."""

import os
import re
import tomllib

from kmanifest.cli.flags import Flag, UsageError
from kmanifest.io.local_tree import find_repository_top
from kmanifest.startup.typing import Any, Iterator, NamedTuple

MAX_BYTES = 1 << 20
_HEADER = re.compile(r"\s*\[\[?([^\]]*)\]\]?")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


class Position(NamedTuple):
    """A line of the settings file; 0 if it is not known."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class SettingsFile(NamedTuple):
    """The settings of a file.

    - `path`: as the user sees it
    - `data`: its tables
    - `text`: its content, for the lines of keys
    - `is_named`: whether the user named it, so that it may widen what a run may do
    - `prefix`: the tables around the settings, `tool.kmanifest` in a pyproject.toml
    """

    path: str
    data: dict[str, Any]
    text: str
    is_named: bool
    prefix: tuple[str, ...] = ()

    def position(self, path: tuple[str, ...]) -> Position:
        """The line of the key at `path`."""
        wanted = (*self.prefix, *path)
        return Position(
            self.path, next((line for line, key in _keys(self.text) if key == wanted), 0)
        )

    def error(self, path: tuple[str, ...], problem: str) -> UsageError:
        """An error about the key at `path`."""
        return UsageError(f"{self.position(path)}: {'.'.join(path)}: {problem}")

    def resolve(self, path: tuple[str, ...], flag: Flag, text: str) -> str:
        """A path in the file, relative to the current directory.

        Raises UsageError if the file belongs to the project and the path leads out of the project.
        """
        if flag.name == "set-file":
            return ",".join(
                key + equals + (self._resolve_path(path, value) if equals else "")
                for key, equals, value in (
                    item.partition("=") for item in re.split(r"(?<!\\),", text)
                )
            )
        return self._resolve_path(path, text)

    def _resolve_path(self, path: tuple[str, ...], text: str) -> str:
        if text in ("", "-"):
            return text
        if "://" in text:
            if self.is_named:
                return text
            raise self.error(path, f"a file of the project can't name the URL {text}")
        directory = os.path.dirname(os.path.abspath(self.path))
        target = os.path.join(directory, text)
        if not self.is_named and not _is_inside(target, _project_root(directory)):
            raise self.error(
                path, f"a file of the project can't name a file outside of the project: {text}"
            )
        return text if os.path.isabs(text) else os.path.relpath(target)


def _project_root(directory: str) -> str:
    """The root of the git repository of a directory, or the directory itself."""
    return find_repository_top(os.path.realpath(directory)) or directory


def _is_inside(path: str, directory: str) -> bool:
    real, root = os.path.realpath(path), os.path.realpath(directory)
    return real == root or real.startswith(os.path.join(root, ""))


def load_settings_file(path: str, *, is_named: bool) -> SettingsFile | None:
    """Load the settings of a file; None for a pyproject.toml without `[tool.kmanifest]`.

    Raises UsageError if the file can't be read or is not TOML.
    """
    shown = os.path.relpath(path) if os.path.isabs(path) and not is_named else path
    try:
        with open(path, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{shown}: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"{shown}: has more than {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown}: is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_syntax_error(shown, str(error))) from error
    except RecursionError:
        raise UsageError(f"{shown}: is nested too deeply") from None
    if os.path.basename(path) != "pyproject.toml":
        return SettingsFile(shown, data, text, is_named)
    tool = data.get("tool")
    settings = tool.get("kmanifest") if isinstance(tool, dict) else None
    if settings is None and not is_named:
        return None
    if not isinstance(settings, dict):
        raise UsageError(f"{shown}: there is no table [tool.kmanifest]")
    return SettingsFile(shown, settings, text, is_named, ("tool", "kmanifest"))


def _syntax_error(path: str, message: str) -> str:
    """The message of the TOML parser, with the position at the front."""
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    if match is None:
        return f"{path}: {message}"
    problem, line, column = match.groups()
    return f"{path}:{line}:{column}: {problem[:1].lower()}{problem[1:]}"


def _keys(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The keys at the beginnings of lines, and the headers of tables, with the numbers of their lines."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            yield number, table
        elif key := _KEY.match(line):
            path = (*table, *_parts(key[1]))
            for length in range(len(table) + 1, len(path) + 1):
                yield number, path[:length]


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(key))
