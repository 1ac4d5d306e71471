"""`--deadline` and `--limits`: the limits of a run, from the command line and from a file."""

from kmanifest.cli.durations import parse_duration
from kmanifest.cli.flags import UsageError
from kmanifest.model.limits import Limits
from kmanifest.startup.typing import Any, Final, Mapping

_MAX_BYTES: Final = 1 << 16


def read_limits(values: Mapping[str, Any], defaults: Limits, *, has_deadline: bool) -> Limits:
    """The limits that the flags set; `--deadline` comes before the file."""
    path, deadline = values["limits"], values["deadline"]
    limits = _load_limits(path, defaults) if path else defaults
    if has_deadline:
        problem = f"illegal flag value --deadline {deadline}; expected seconds"
        return limits._replace(deadline=_to_seconds(deadline, problem))
    return limits


def _load_limits(path: str, defaults: Limits) -> Limits:
    """The limits in a file. A number is a limit of `Limits`; `deadline` may also be a duration."""
    changes: dict[str, Any] = {}
    for name, value in _load_table(path).items():
        if name not in Limits._fields:
            raise UsageError(f"{path}: {name}: unknown limit{_suggestion(name)}")
        if name == "deadline":
            problem = f"{path}: deadline: expected seconds or a duration, got {value!r}"
            is_number = value.__class__ in (int, float)
            changes[name] = _to_seconds(f"{value:f}" if is_number else str(value), problem)
        elif value.__class__ is not int or value < 0:
            raise UsageError(
                f"{path}: {name}: expected an integer that is not negative, got {value!r}"
            )
        else:
            changes[name] = value
    return defaults._replace(**changes)


def _load_table(path: str) -> Mapping[str, Any]:
    try:
        with open(path, "rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"can't read --limits {path}: {error.strerror or error}") from error
    if len(content) > _MAX_BYTES:
        raise UsageError(f"{path}: has more than {_MAX_BYTES} bytes")
    table = _load_toml(path, content) if path.endswith(".toml") else _load_yaml(path, content)
    if table is None:
        return {}
    if not isinstance(table, Mapping):
        raise UsageError(f"{path}: expected a table of limits")
    return table


def _load_toml(path: str, content: bytes) -> Any:
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from error


def _load_yaml(path: str, content: bytes) -> Any:
    from kmanifest import yaml
    from kmanifest.model.errors import KmanifestError

    try:
        return yaml.load_values(content)
    except KmanifestError as error:
        raise UsageError(f"{path}:{error.location.line or 1}: {error.message}") from error


def _to_seconds(text: str, problem: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = -1.0
    if not text or not 0 <= seconds < 1e6:
        raise UsageError(problem)
    return seconds


def _suggestion(name: str) -> str:
    from kmanifest.model.errors import near_names

    near = near_names(name, Limits._fields, most=1)
    return f" (did you mean {near[0]}?)" if near else f"; limits are {', '.join(Limits._fields)}"
