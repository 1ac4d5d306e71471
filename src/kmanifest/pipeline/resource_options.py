"""Options of generated resources that a generator writes as annotations: the hash of the name, and how it is merged.

Source: kustomize v5.8.2 api/internal/plugins/utils/utils.go, UpdateResourceOptions.
"""

from kmanifest.model.annotations import without_annotations
from kmanifest.model.errors import SourceError
from kmanifest.model.resource import Resource
from kmanifest.model.values import scalar_text
from kmanifest.startup.typing import Final

_NEEDS_HASH: Final = "kustomize.config.k8s.io/needs-hash"
_BEHAVIOR: Final = "kustomize.config.k8s.io/behavior"
_BEHAVIORS: Final = ("create", "replace", "merge")
_TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")
_FALSE: Final = ("0", "f", "F", "FALSE", "false", "False")


def with_resource_options(resource: Resource) -> Resource:
    """Return a generated resource with the options in its annotations: the name's hash, and how it is merged.

    Raises SourceError if the annotation for the hash is neither true nor false.
    """
    annotations = resource.annotations
    text = annotations.get(_NEEDS_HASH)
    needs_hash = "false" if text is None else scalar_text(text)
    if needs_hash not in (*_TRUE, *_FALSE):
        raise SourceError(f"the annotation {_NEEDS_HASH} is {needs_hash!r}, neither true nor false")
    behavior = scalar_text(annotations.get(_BEHAVIOR, ""))
    return Resource(
        without_annotations(resource.body, (_NEEDS_HASH, _BEHAVIOR)),
        resource.origin,
        behavior=behavior if behavior in _BEHAVIORS else "",
        needs_hash=needs_hash in _TRUE,
        cluster_scoped=resource.cluster_scoped,
    )
