"""Run filters over resources. Around each filter, the path and index annotations are set under both their names.

Source: kyaml v0.21.2 kio/kio.go, Pipeline; kio/filters/local.go.
"""

from kmanifest.cli.cfg.flags import LOCAL_CONFIG
from kmanifest.cli.cfg.nodes import annotate, remove_annotations, remove_comments, resource_meta
from kmanifest.cli.cfg.reading import ANNOTATION_PAIRS, ANNOTATION_PREFIX, sync_annotation_names
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Callable, Final, Iterable, Sequence

Filter = Callable[[Sequence[Node]], list[Node]]

_RESOURCE_ID: Final = ANNOTATION_PREFIX + "annotations-migration-resource-id"
_LEGACY_NAMES: Final = frozenset(old for old, _ in ANNOTATION_PAIRS)
_CURRENT_NAMES: Final = frozenset(new for _, new in ANNOTATION_PAIRS)


def run_filters(nodes: Sequence[Node], filters: Iterable[Filter]) -> list[Node]:
    """Run the filters in order and return the remaining resources.

    Raises SourceError if one can't be annotated.
    """
    remaining = list(nodes)
    for run_filter in filters:
        annotations_before = _prepare_for_filter(remaining)
        remaining = run_filter(remaining)
        if not remaining:
            return []
        unused = _unused_names(annotations_before)
        for node in remaining:
            sync_annotation_names(node)
            remove_annotations(node, unused)
            _check_annotation_pairs(node)
            remove_annotations(node, (_RESOURCE_ID,))
    return remaining


def local_config_filter(*, local: bool, other: bool) -> Filter:
    """A filter that keeps resources with the local-config annotation if `local`, and those without it if `other`."""
    return lambda nodes: [
        node
        for node in nodes
        if (local if LOCAL_CONFIG in resource_meta(node).annotations else other)
    ]


def remove_all_comments(nodes: Sequence[Node]) -> list[Node]:
    """Remove all comments except those before and after a document. Source: kio/filters/stripcomments.go."""
    for node in nodes:
        remove_comments(node)
    return list(nodes)


def _prepare_for_filter(nodes: Iterable[Node]) -> list[set[str]]:
    """Annotate resources for a filter, and return the path and index annotations that each had before."""
    annotation_names: list[set[str]] = []
    for number, node in enumerate(nodes):
        # As in kyaml, it is set and removed again: setting it also removes empty metadata.
        annotate(node, [(_RESOURCE_ID, str(number))])
        annotation_names.append(
            resource_meta(node).annotations.keys() & (_LEGACY_NAMES | _CURRENT_NAMES)
        )
        sync_annotation_names(node)
        _check_annotation_pairs(node)
    return annotation_names


def _unused_names(annotation_names: Iterable[set[str]]) -> set[str]:
    """The legacy names if no resource had one, and the current names likewise.

    Raises SourceError if resources differ.
    """
    used = [names for names in annotation_names if names]
    unused: set[str] = set()
    for group in (_LEGACY_NAMES, _CURRENT_NAMES):
        uses = {bool(names & group) for names in used}
        if len(uses) > 1:
            raise SourceError("the path and index annotations differ in format between resources")
        if True not in uses:
            unused |= group
    return unused


def _check_annotation_pairs(node: Node) -> None:
    """Raise SourceError if a legacy annotation and the current one have different values."""
    annotations = resource_meta(node).annotations
    for legacy, current in ANNOTATION_PAIRS:
        if (
            annotations.get(legacy)
            and annotations.get(current)
            and annotations[legacy] != annotations[current]
        ):
            raise SourceError(
                f"the annotations {legacy} and {current} differ: {annotations[legacy]!r}, {annotations[current]!r}"
            )
