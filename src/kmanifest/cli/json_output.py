"""Resources as JSON: one list for `kubectl apply -f -`, or one document for each resource.

A list of kind List is what `kubectl get -o json` prints and `kubectl apply` reads. Keys are in alphabetical order, as Go
prints them.
"""

import json
from collections.abc import Iterator

from kmanifest.model.changes import plain_copy
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import LimitError, SourceError
from kmanifest.model.resource import Resource
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Any

_INDENT = "    "
_HEAD = b'{\n  "apiVersion": "v1",\n  "items": ['
_TAIL = b'],\n  "kind": "List"\n}\n'


def list_chunks(rendered: Rendered) -> Iterator[bytes]:
    """Return one list of all resources, in their order, as chunks of UTF-8. All are printed before this returns."""
    texts = list(documents(rendered))
    return _join(texts)


def _join(texts: list[str]) -> Iterator[bytes]:
    yield _HEAD
    for index, text in enumerate(texts):
        indented = text.rstrip("\n").replace("\n", f"\n{_INDENT}")
        yield f"{',' if index else ''}\n{_INDENT}{indented}".encode()
    if texts:
        yield b"\n  "
    yield _TAIL


def documents(rendered: Rendered) -> Iterator[str]:
    """Yield each resource as JSON. Raises LimitError if they exceed `max_output`, SourceError for what JSON does not have."""
    size = 0
    for resource in rendered.read_only_resources:
        check_time()
        text = _document(resource)
        size += len(text)
        if size > rendered.limits.max_output:
            raise LimitError(
                f"the output has more than {rendered.limits.max_output} characters (max_output)"
            )
        yield text


def _document(resource: Resource) -> str:
    try:
        return dump_json(plain_copy(resource.body))
    except ValueError as error:
        origin = resource.origin
        problem = f"{resource.id} can't be printed as JSON: {error}"
        raise SourceError(problem).within(file=origin.file, document=origin.document) from error


def dump_json(value: Any) -> str:
    """Return plain values as JSON with a line break at the end. Raises ValueError for a number that JSON does not have."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n"
