"""Filters one after the other; before and after each, the annotations for file and place agree under both of their names.

Source: kyaml v0.21.2 kio/kio.go, Pipeline; kio/filters/local.go.
"""

from collections.abc import Callable, Iterable, Sequence

from kmanifest.cli.cfg.flags import LOCAL_CONFIG
from kmanifest.cli.cfg.nodes import annotate, meta, remove_annotations, strip_comments
from kmanifest.cli.cfg.reading import PAIRS, PREFIX, pair_up
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

Filter = Callable[[Sequence[Node]], list[Node]]

_NUMBER: Final = PREFIX + "annotations-migration-resource-id"
_OLD: Final = frozenset(old for old, _ in PAIRS)
_NEW: Final = frozenset(new for _, new in PAIRS)


def run_filters(nodes: Sequence[Node], filters: Iterable[Filter]) -> list[Node]:
    """What the filters leave of some resources; SourceError for what can't be annotated."""
    left = list(nodes)
    for each in filters:
        names = _prepare(left)
        left = each(left)
        if not left:
            return []
        gone = _unused(names)
        for node in left:
            pair_up(node)
            remove_annotations(node, gone)
            _check_pairs(node)
            remove_annotations(node, (_NUMBER,))
    return left


def local_config(*, local: bool, other: bool) -> Filter:
    """Lets those resources through that are for the machine alone, if `local`, and those that are not, if `other`."""
    return lambda nodes: [
        node for node in nodes if (local if LOCAL_CONFIG in meta(node).annotations else other)
    ]


def strip_all_comments(nodes: Sequence[Node]) -> list[Node]:
    """Takes all comments away but those before and behind a document. Source: kio/filters/stripcomments.go."""
    for node in nodes:
        strip_comments(node)
    return list(nodes)


def _prepare(nodes: Iterable[Node]) -> list[set[str]]:
    """Make resources ready for a filter; gives the annotations for file and place with which each came."""
    found: list[set[str]] = []
    for number, node in enumerate(nodes):
        # It comes and goes as in the reference, because what is empty goes when it comes.
        annotate(node, [(_NUMBER, str(number))])
        found.append(meta(node).annotations.keys() & (_OLD | _NEW))
        pair_up(node)
        _check_pairs(node)
    return found


def _unused(found: Iterable[set[str]]) -> set[str]:
    """The old names where no resource came with one, and so the new ones; SourceError where resources differ."""
    given = [names for names in found if names]
    gone: set[str] = set()
    for kind in (_OLD, _NEW):
        uses = {bool(names & kind) for names in given}
        if len(uses) > 1:
            raise SourceError("the annotations for file and place differ in form between resources")
        if True not in uses:
            gone |= kind
    return gone


def _check_pairs(node: Node) -> None:
    """SourceError where an old annotation says something else than the new one."""
    known = meta(node).annotations
    for old, new in PAIRS:
        if known.get(old) and known.get(new) and known[old] != known[new]:
            raise SourceError(
                f"the annotations {old} and {new} differ: {known[old]!r}, {known[new]!r}"
            )
