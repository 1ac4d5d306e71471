"""The usual order of fields and of some lists.

Source: kyaml v0.21.2 kio/filters/fmtr.go, FormatFilter; yaml/order.go.
"""

from collections.abc import Iterable, Sequence

from kmanifest.cli.cfg.nodes import field, meta
from kmanifest.cli.cfg.order import sort_key
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

FORMATTING: Final = "config.kubernetes.io/formatting"
_SORTED_KINDS: Final = frozenset(
    [
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Job",
        "ReplicaSet",
        "StatefulSet",
        "ValidatingWebhookConfiguration",
    ]
)
_SORTED_VERSIONS: Final = frozenset(
    [
        "apps/v1",
        "apps/v1beta1",
        "apps/v1beta2",
        "batch/v1",
        "batch/v1beta1",
        "extensions/v1beta1",
        "v1",
        "admissionregistration.k8s.io/v1",
    ]
)
_SORTED_LISTS: Final = {".spec.template.spec.containers": "name", ".webhooks.rules.operations": ""}


def format_resources(nodes: Sequence[Node]) -> list[Node]:
    """Puts the fields and lists of all resources in the usual order."""
    for node in nodes:
        _format(node)
    return list(nodes)


def _format(root: Node) -> None:
    """Put the fields of a resource, and some of its lists, in the usual order; what has no type is left as it is."""
    strategy = meta(root).annotations.get(FORMATTING, "standard")
    if strategy not in ("standard", "none"):
        raise SourceError(f"the annotation {FORMATTING} is {strategy!r}, not standard or none")
    kind, version = field(root, "kind"), field(root, "apiVersion")
    if strategy == "none" or kind is None or version is None:
        return
    has_sorted_lists = _value(kind) in _SORTED_KINDS and _value(version) in _SORTED_VERSIONS
    _sort(root, _SORTED_LISTS if has_sorted_lists else {})


def _sort(root: Node, lists: dict[str, str]) -> None:
    """Sort what is below a node, with a stack instead of recursion."""
    waiting: list[tuple[Node, str | None]] = [(root, "")]
    while waiting:
        node, path = waiting.pop()
        if node.kind == "mapping":
            node.content = sorted(node.content, key=lambda pair: sort_key(_value(pair[0])))
            waiting += [(key, path) for key, _ in node.content if key.kind != "scalar"]
            waiting += [(value, _below(path, _value(key), lists)) for key, value in node.content]
        elif node.kind == "list":
            if path in lists:
                _sort_items(node, lists[path])
            waiting += [(item, path) for item in node.content]


def _below(path: str | None, name: str, lists: Iterable[str]) -> str | None:
    """The path of a field; None where it leads to no sorted list, so that paths stay short."""
    inner = None if path is None else f"{path}.{name}"
    return inner if inner and any(each.startswith(inner) for each in lists) else None


def _sort_items(node: Node, name: str) -> None:
    """Sort a list by a field of its items, or by themselves where the name is empty."""
    node.content = sorted(
        node.content, key=lambda item: _last_value(item, name) if name else _value(item)
    )


def _last_value(item: Node, name: str) -> str:
    """The text of a field; here, unlike elsewhere, the last of several counts."""
    pairs = item.content if item.kind == "mapping" else ()
    return _value({_value(key): value for key, value in pairs}.get(name))


def _value(node: Node | None) -> str:
    """The text of a scalar or the name of an alias; other nodes have none."""
    return str(node.content) if node is not None and node.kind in ("scalar", "alias") else ""
