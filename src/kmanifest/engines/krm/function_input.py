"""The input of a KRM function: a ResourceList with the same bytes as that of kustomize.

Many functions are shell scripts that search their input with sed or grep, so the order of its fields and the style of
its annotations count. kustomize prints a resource with sorted fields, reads it again and appends annotations, whose
values it writes in single quotes.
Source: kyaml v0.21.2 kio/byteio_writer.go, Write; kio/byteio_reader.go, decode; fn/runtime/runtimeutil/runtimeutil.go,
setIds.
"""

from collections.abc import Iterable, Mapping

from kmanifest import yaml
from kmanifest.engines.krm.resource_list import with_annotations
from kmanifest.model.annotations import without_annotations
from kmanifest.model.values import Body
from kmanifest.startup.typing import Final

LOCAL_CONFIG: Final = "config.kubernetes.io/local-config"
INDEX_ANNOTATIONS: Final = (
    "config.kubernetes.io/index",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
)
ID_ANNOTATIONS: Final = ("internal.config.kubernetes.io/id", "config.k8s.io/id")


def function_input(config: Body, items: Iterable[Body] | None, dumper: yaml.Dumper) -> bytes:
    """Return the ResourceList for a function. If there are no `items`, the config is the only one.

    The config gets the annotation `local-config`. If the function returns it, that keeps it out of the output.
    """
    mark = {LOCAL_CONFIG: "true"}
    if items is None:
        indexed = [_dump(config, {**mark, **_index(0)}, dumper)]
    else:
        indexed = [_dump(item, _index(index), dumper) for index, item in enumerate(items)]
    lines = ["apiVersion: config.kubernetes.io/v1", "kind: ResourceList"]
    lines += ["items:", *map(_as_item, indexed)] if indexed else ["items: []"]
    lines += ["functionConfig:", "  " + _indented(_dump(config, mark, dumper))]
    return "\n".join((*lines, "")).encode("utf-8", "surrogateescape")


def _index(index: int) -> dict[str, str]:
    """Return the annotations for the index and the id of an item, by which kyaml matches output to input."""
    return {
        **dict.fromkeys(INDEX_ANNOTATIONS, str(index)),
        **dict.fromkeys(ID_ANNOTATIONS, str(index + 1)),
    }


def _dump(body: Body, annotations: Mapping[str, str], dumper: yaml.Dumper) -> str:
    """Return the text of an object with these annotations: those that it has at their positions, and the others last."""
    body = without_annotations(body, ())  # an empty mapping of annotations is left out
    metadata = body.get("metadata")
    existing = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    if isinstance(existing, Mapping) and (replaced := existing.keys() & annotations.keys()):
        body = with_annotations(body, {name: annotations[name] for name in replaced})
        annotations = {name: value for name, value in annotations.items() if name not in replaced}
    return _append_annotations(dumper.dump(body), annotations)


def _append_annotations(text: str, annotations: Mapping[str, str]) -> str:
    """Add annotations after those in the text of an object, which the dumper wrote."""
    if not annotations:
        return text
    lines = text.split("\n")
    start = lines.index("metadata:")
    end = _end_of_block(lines, start, 0)
    added = [f"    {name}: '{value}'" for name, value in annotations.items()]
    for number in range(start, end):
        if lines[number] == "  annotations:":
            end = _end_of_block(lines, number, 2)
            break
    else:
        added.insert(0, "  annotations:")
    return "\n".join((*lines[:end], *added, *lines[end:]))


def _end_of_block(lines: list[str], start: int, indent: int) -> int:
    """Return the number of the first line after a field's value: one with at most the indentation of the field."""
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if line.strip(" ") and len(line) - len(line.lstrip(" ")) <= indent:
            return number
    # The text ends with a newline, so its last line is empty.
    return len(lines) - 1


def _as_item(text: str) -> str:
    return "- " + _indented(text)


def _indented(text: str) -> str:
    """Return a text without its last newline, with all but its first and its empty lines indented."""
    lines = text.removesuffix("\n").split("\n")
    return "\n".join(
        ("  " + line if number and line else line) for number, line in enumerate(lines)
    )
