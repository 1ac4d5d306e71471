"""Annotations as kustomize treats them: as a map of strings, in which it also keeps what a build needs to know.

Source: kustomize v5.8.2 api/resource/resource.go (RemoveBuildAnnotations), kyaml/yaml/rnode.go (setMapInMetadata),
api/resource/origin.go, kyaml/kio/kioutil/kioutil.go.
"""

from collections.abc import Mapping, Sequence

from kmanifest import yaml
from kmanifest.model.errors import SourceError
from kmanifest.model.fieldpath import remove
from kmanifest.model.resource import PreviousId, Resource, string_map
from kmanifest.startup.typing import Final

ORIGIN: Final = "config.kubernetes.io/origin"
TRANSFORMATIONS: Final = "alpha.config.kubernetes.io/transformations"
LOCAL_CONFIG: Final = "config.kubernetes.io/local-config"
INTERNAL: Final = "internal.config.kubernetes.io/"
_PATH: Final = ("metadata", "annotations")

# What kustomize takes out of every object that it prints, also where a user wrote it.
BUILD_ANNOTATIONS: Final = frozenset(
    INTERNAL + name
    for name in (
        "previousKinds",
        "previousNames",
        "previousNamespaces",
        "prefixes",
        "suffixes",
        "allowNameChange",
        "allowKindChange",
        "refBy",
        "generatorBehavior",
        "needsHashSuffix",
        "path",
        "index",
        "seqindent",
        "id",
        "annotations-migration-resource-id",
        "helm-generated",
    )
) | {"config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"}


def with_annotations(resource: Resource, annotations: Mapping[str, str]) -> Resource:
    """The resource with exactly these annotations; without the field where there are none."""
    if annotations:
        return resource.put(_PATH, dict(annotations))
    return resource.with_body(remove(resource.body, _PATH))


def with_text_annotations(resource: Resource) -> Resource:
    """The resource with each annotation as a string, and without an empty map of them."""
    return without_annotations(resource, frozenset())


def without_annotations(resource: Resource, names: frozenset[str]) -> Resource:
    """The resource without the annotations of these names, all others as strings; empty maps go."""
    metadata = resource.body.get("metadata")
    if not isinstance(metadata, dict) or "annotations" not in metadata:
        return resource
    old = metadata["annotations"]
    kept = {name: value for name, value in string_map(old).items() if name not in names}
    if kept and kept == old and all(value.__class__ is str for value in old.values()):
        return resource
    return with_annotations(resource, kept)


def is_local(resource: Resource) -> bool:
    """True for an object that is there for the build only."""
    annotations = resource.get(*_PATH)
    if not isinstance(annotations, dict) or LOCAL_CONFIG not in annotations:
        return False
    return string_map(annotations)[LOCAL_CONFIG] != "false"


def annotated_with_origin(resource: Resource, origin: str) -> Resource:
    """The resource with an origin annotation."""
    return resource.put((*_PATH, ORIGIN), origin)


def annotated_with_step(resource: Resource, origin: str) -> Resource:
    """The resource with a step added to its transformations; a resource without origin was made by that step."""
    annotations = resource.annotations
    if ORIGIN not in annotations:
        return with_annotations(resource, annotations | {ORIGIN: origin})
    item = "- " + origin.rstrip("\n").replace("\n", "\n  ") + "\n"
    return with_annotations(
        resource, annotations | {TRANSFORMATIONS: annotations.get(TRANSFORMATIONS, "") + item}
    )


def origin_text(fields: Sequence[tuple[str, str]]) -> str:
    """An origin as the YAML text of its annotation; empty fields are left out, `configuredBy.x` is put below one key."""
    lines, nested = [], []
    for name, value in fields:
        if not value:
            continue
        if name.startswith("configuredBy."):
            nested.append(f"  {name.removeprefix('configuredBy.')}: {yaml.dump(value).rstrip()}")
        else:
            lines.append(f"{name}: {yaml.dump(value).rstrip()}")
    return "\n".join([*lines, *(["configuredBy:", *nested] if nested else [])]) + "\n"


def with_written_history(resource: Resource) -> Resource:
    """The resource with the history that its annotations tell, where someone wrote kustomize's own into a file."""
    written = {
        name.removeprefix(INTERNAL): text.split(",")
        for name, text in resource.annotations.items()
        if name.startswith(INTERNAL)
    }
    names, namespaces, kinds = (
        written.get(f"previous{what}", []) for what in ("Names", "Namespaces", "Kinds")
    )
    if not len(names) == len(namespaces) == len(kinds):
        raise SourceError(
            "number of previous names, number of previous namespaces, number of previous kinds not equal"
        )
    return resource.with_history(
        previous_ids=tuple(map(PreviousId, names, namespaces, kinds)),
        prefixes=tuple(written.get("prefixes", ())),
        suffixes=tuple(written.get("suffixes", ())),
        needs_hash=written.get("needsHashSuffix") == ["enabled"],
        behavior=written.get("generatorBehavior", [""])[0],
    )
