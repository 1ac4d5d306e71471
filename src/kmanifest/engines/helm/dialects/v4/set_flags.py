"""How Helm 4 reads `--set` and related flags. A text that ends in brackets is accepted; `--set-json` accepts an object.

Source: helm v4.3.1 pkg/strvals/parser.go, in which an error that wraps the end of the text counts as the end;
pkg/cli/values/options.go.
"""

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.engines.helm.values import set_flags
from kmanifest.engines.helm.values.layers import merge_maps
from kmanifest.engines.helm.values.set_flags import (
    Convert,
    FlagReader,
    JsonFlagReader,
    LiteralFlagReader,
    Table,
)
from kmanifest.model.errors import SourceError


class _FlagReader(FlagReader):
    may_end_in_index = True


class _JsonFlagReader(JsonFlagReader):
    may_end_in_index = True


class _LiteralFlagReader(LiteralFlagReader):
    may_end_in_index = True


def set_typed(text: str, values: Table) -> None:
    """Set the values of a `--set` argument."""
    _FlagReader(text, set_flags.typed_value).read(values)


def set_strings(text: str, values: Table) -> None:
    """Set the values of a `--set-string` argument."""
    _FlagReader(text, str).read(values)


def set_files(text: str, values: Table, read: Convert) -> None:
    """Set the values of a `--set-file` argument. Each value is a path; `read` returns the content of the file."""
    _FlagReader(text, read).read(values)


def set_literal(text: str, values: Table) -> None:
    """Set the value of a `--set-literal` argument. Everything after the first `=` is the value."""
    _LiteralFlagReader(text, str).read(values)


def set_json(text: str, values: Table) -> None:
    """Set the values of a `--set-json` argument: an object to merge, or keys with JSON values."""
    if text.strip().startswith("{"):
        values.update(merge_maps(values, _object(text)))
        return
    try:
        _JsonFlagReader(text, str).read(values)
    except SourceError as error:
        raise SourceError(text) from error


def _object(text: str) -> Table:
    from kmanifest.engines.helm.sprig.json_reader import decode  # only `--set-json` needs it

    try:
        value, problem = decode(text)
    except GoError as error:
        raise SourceError(f"JSON: {text}") from error
    if problem:
        raise SourceError(f"JSON: {text}")
    return value  # type: ignore[no-any-return]  # an object: the text starts with a brace
