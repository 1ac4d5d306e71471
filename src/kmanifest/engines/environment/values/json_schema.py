"""The field `schema`: a JSON Schema for what types can't express, such as ranges, patterns and fixed choices."""

from collections.abc import Iterable

from kmanifest.engines.environment.values.faults import MAX_FAULTS, find_near, raise_all
from kmanifest.engines.environment.values.layers import FileLocator, find_file
from kmanifest.engines.environment.values.merging import MergedValues
from kmanifest.engines.environment.values.reading import read_values
from kmanifest.engines.environment.values.schema_steps import check_steps
from kmanifest.model.errors import (
    FieldPath,
    KmanifestError,
    LimitError,
    SourceError,
)
from kmanifest.pipeline.context import Context
from kmanifest.startup.typing import Any, Final

_MAX_MESSAGE: Final = 300
_PATTERN_SIZE: Final = 1 << 20


def check_schema(ctx: Context, schema_file: str, values: MergedValues) -> None:
    """Raise SourceError if the values do not match the schema in a file. It is located in the layer that set the value.

    `schema_file`: a path as written in kmanifest.yaml. References lead to parts of the same file only. Patterns have no
    lookaround and no backreferences, so they need linear time. Raises MissingError without a file if there is no schema,
    SourceError or LimitError in it. Several faults are the `causes` of the first one.
    """
    path = find_file(ctx, schema_file) or ""
    content = ctx.read_resolved(path)
    locate = FileLocator(ctx, path, content)
    try:
        schema = read_values(content, path, ctx.options.limits)
        check_steps(schema, values.value, max_steps=ctx.options.limits.max_steps)
        problems = _problems(schema, values.value)
    except KmanifestError as error:
        raise locate.attribute(error) from error
    raise_all(_to_error(problem, values, schema_file) for problem in problems)


def _problems(schema: Any, value: Any) -> Iterable[Any]:
    """Return the errors of the validator, ordered by the path of the value. Raises SourceError for an invalid schema."""
    import jsonschema_rs  # few environments have a schema

    try:
        validator = jsonschema_rs.validator_for(
            schema,
            retriever=_refuse,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_SIZE),
        )
        return sorted(validator.iter_errors(value), key=_sort_key)[:MAX_FAULTS]
    except jsonschema_rs.ValidationError as error:
        message = f"invalid schema: {_short(error.message)}"
        raise SourceError(message).within(field=tuple(error.instance_path)) from None
    except jsonschema_rs.ReferencingError as error:
        raise SourceError(f"invalid schema: {_short(str(error))}") from None
    except ValueError as error:  # 255 levels of mappings and lists
        raise LimitError(f"the values or their schema can't be checked: {error}") from None


def _refuse(_: str) -> Any:
    raise SourceError("no other file is read")  # jsonschema-rs makes an error with the URI of it


def _sort_key(problem: Any) -> tuple[list[tuple[bool, str | int]], str]:
    steps = [(isinstance(step, str), step) for step in problem.instance_path]
    return steps, problem.message


def _to_error(problem: Any, values: MergedValues, schema_file: str) -> KmanifestError:
    path: FieldPath = tuple(problem.instance_path)
    unexpected = getattr(problem.kind, "unexpected", None)
    if unexpected:
        path = (*path, unexpected[0])
    message = f"{_short(problem.message)} ({schema_file})"
    return SourceError(message, near=_near(problem), location=values.locate(path))


def _near(problem: Any) -> list[str]:
    """Return the choices of an `enum` that are like the value."""
    options = getattr(problem.kind, "options", None)
    value = problem.instance
    if not isinstance(options, list) or not isinstance(value, str):
        return []
    return find_near(value, (option for option in options if isinstance(option, str)))


def _short(message: str) -> str:
    """Return a message without the rest of a long value."""
    first = message.partition("\n")[0]
    return first if len(first) <= _MAX_MESSAGE else first[:_MAX_MESSAGE] + "..."
