"""Load the keys and values of a generated ConfigMap or Secret: files of `key=value` lines, literals, and whole files.

Source: kustomize v5.8.2 api/kv/kv.go; api/internal/generators/utils.go, ParseFileSource.
"""

import posixpath

from kmanifest.model.deadline import checked
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.remote_bases import shown_entry
from kmanifest.startup.typing import Callable, Final, Iterable, Iterator, Mapping, Sequence

Pair = tuple[str, bytes | str]

# The spaces of Go's unicode.IsSpace. Python's str.isspace has four more control characters.
_SPACES: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_MAX_LINE: Final = 65_535
"""Length in bytes of the longest line that bufio.Scanner returns.

It drops a longer line, and the rest of the file, without an error.
"""


def load_pairs(ctx: Context, sources: Mapping[str, Sequence[str]]) -> list[Pair]:
    """Return the pairs of `envs`, `literals` and `files`, in this order; a value that is not UTF-8 is bytes.

    Raises SourceError, for duplicate keys too. The error names the source and never contains a value.
    """
    pairs: dict[str, bytes | str] = {}
    _add(pairs, "envs", sources, lambda path: _load_env_file(ctx, path))
    _add(pairs, "literals", sources, lambda source: [_parse_literal(source)])
    _add(pairs, "files", sources, lambda source: [_load_file(ctx, source)])
    return list(pairs.items())


def _add(
    pairs: dict[str, bytes | str],
    field: str,
    sources: Mapping[str, Sequence[str]],
    load: Callable[[str], Sequence[Pair]],
) -> None:
    for index, source in enumerate(sources.get(field) or ()):
        try:
            for key, value in load(source):
                if key in pairs:
                    raise SourceError(f"the key {key!r} comes a second time")
                pairs[key] = value
        except KmanifestError as error:
            raise error.within(field=(field, index)) from error


def _parse_literal(source: str) -> Pair:
    key, equals, value = source.partition("=")
    if not equals or not key:
        raise SourceError("expected key=value")
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return key, value


def _load_file(ctx: Context, source: str) -> Pair:
    key, path = split_source(source)
    return key, _text_or_bytes(ctx.read_resolved(ctx.find(path)))


def split_source(source: str) -> tuple[str, str]:
    """Return the key and the path of `path` or `key=path`."""
    key, equals, path = source.partition("=")
    if not equals:
        key, path = base_name(source), source
    elif "=" in path:
        raise SourceError(f"{shown_entry(source)!r}: a key or path may not contain '='")
    elif not key or not path:
        raise SourceError(f"{shown_entry(source)!r}: expected a path, or key=path")
    return key, path


def base_name(path: str) -> str:
    """Return the last name in a path, as Go's path.Base does."""
    if not path:
        return "."
    return posixpath.basename(path.rstrip("/")) or "/"


def _text_or_bytes(content: bytes) -> bytes | str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def _load_env_file(ctx: Context, path: str) -> list[Pair]:
    return list(parse_env(ctx.read_resolved(ctx.find(path))))


def parse_env(content: bytes) -> Iterator[Pair]:
    """Yield the pairs of a file of `key=value` lines.

    A line without `=` is a key with no value, and `#` begins a comment. Spaces before the key are dropped. Quotes,
    and spaces after the value, are kept.
    """
    for number, line in enumerate(_lines(content)):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise SourceError(f"line {number + 1} is not UTF-8") from None
        if number == 0:
            text = text.removeprefix("\ufeff")
        text = text.lstrip(_SPACES)
        if not text or text[0] == "#":
            continue
        key, _, value = text.partition("=")
        if key:
            yield key, value


def _lines(content: bytes) -> Iterable[bytes]:
    lines = content.split(b"\n")
    if not lines[-1]:
        del lines[-1]
    for line in checked(lines):
        if len(line) > _MAX_LINE:
            return
        yield line.removesuffix(b"\r")
