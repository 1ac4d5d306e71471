"""Load YAML as kustomize does: resource files as kyaml with go-yaml v3, its own files as go-yaml v2.

The plainest documents, which are most, are read line by line (`simple`). All others are read with the parser
(`readers`), PyYAML's binding of libyaml, which takes 20 ms to import.
"""

from kmanifest.model.errors import KmanifestError, LimitError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.model.values import Value, null_key
from kmanifest.startup.typing import TYPE_CHECKING, Any
from kmanifest.yaml.resolve import resolve_v2, resolve_v3
from kmanifest.yaml.simple import NOT_SIMPLE, read_simple
from kmanifest.yaml.split import check_size, split_documents

if TYPE_CHECKING:
    from kmanifest.yaml.readers import ResourceReader


class ScalarCache(dict[str, Any]):
    """The values of plain scalars by their text, shared by the files of one build."""

    __slots__ = ()


def load_documents(
    data: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    scalar_cache: ScalarCache | None = None,
    allow_other_keys: bool = False,
    keep_quotes: bool = False,
) -> list[Value]:
    """The documents of a resource file in order, None for an empty one.

    Numbers and dates whose printed text differs from the file are IntText, FloatText and TimeText. The key of
    a null that is not written as `null` holds how it is written: see `null_key`. An alias is the same object as its
    anchor. Files that are loaded with the same `scalar_cache` share the values of plain scalars. A key that is not a
    string is an error, unless `allow_other_keys` makes it an OtherKey. With `keep_quotes`, a quoted string is
    a ScalarNode. Raises SourceError with line, column and
    document, or LimitError.
    Source: kyaml kio/byteio_reader.go, ByteReader.Read; kyaml yaml/rnode.go, DeAnchor and MarshalJSON.
    """
    scalar_cache = ScalarCache() if scalar_cache is None else scalar_cache
    reader: ResourceReader | None = None
    documents: list[Value] = []
    for index, part in enumerate(split_documents(data, limits)):
        value: Any = (
            NOT_SIMPLE
            if keep_quotes
            else read_simple(part.data, scalar_cache, resolve_v3, null_key, limits.max_depth)
        )
        if value is NOT_SIMPLE:
            reader = reader or _resource_reader(
                limits, allow_other_keys=allow_other_keys, keep_quotes=keep_quotes
            )
            reader.lines_before = part.line
            try:
                value = reader.first_document(part.data)
            except KmanifestError as error:
                raise _in_file(error, part.line, index) from error.__cause__
        documents.append(value)
    _check_strings(data, documents, limits)
    return documents


def load_values(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Value:
    """The first document of a kustomization or values file, None if it is empty.

    Integers are int, other numbers float, dates str. All keys are strings. Raises SourceError or LimitError.
    Source: sigs.k8s.io/yaml v1.6.0 yaml.go, YAMLToJSON; go.yaml.in/yaml/v2 decode.go.
    """
    check_size(data, limits)
    value: Value = read_simple(data, {}, resolve_v2, None, limits.max_depth)
    if value is NOT_SIMPLE:
        from kmanifest.yaml.readers import ValuesReader

        value = ValuesReader(limits).first_document(data)
    _check_strings(data, [value], limits)
    return value


def _resource_reader(
    limits: Limits, *, allow_other_keys: bool, keep_quotes: bool
) -> "ResourceReader":
    from kmanifest.yaml.readers import ResourceReader

    return ResourceReader(limits, allow_other_keys=allow_other_keys, keep_quotes=keep_quotes)


def _check_strings(data: bytes, documents: list[Value], limits: Limits) -> None:
    """Refuse strings longer than `limits.max_string`. A file of at most that many bytes needs no check."""
    if len(data) <= limits.max_string:
        return
    stack: list[Any] = list(documents)
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack.extend(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, str) and len(value) > limits.max_string:
            raise LimitError(
                f"a string of more than {limits.max_string} characters (limit max_string)"
            )


def _in_file(error: KmanifestError, lines: int, document: int) -> KmanifestError:
    """`error` with its location in the whole file.

    Its location counts from the start of a document. That document has `lines` lines before it and the index
    `document`.
    """
    location = error.location
    line = location.line + lines if location.line else 0
    return type(error)(error.message, location=location._replace(line=line, document=document))
