"""Sort fields and some lists into the usual order.

Source: kyaml v0.21.2 kio/filters/fmtr.go, FormatFilter; yaml/order.go.
"""

from kmanifest.cli.cfg.nodes import get_field, resource_meta
from kmanifest.cli.cfg.order import sort_key
from kmanifest.engines.kustomize.yaml_nodes import Node
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, Iterable, Sequence

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
    """Sort the fields and lists of all resources."""
    for node in nodes:
        _format_resource(node)
    return list(nodes)


def _format_resource(root: Node) -> None:
    """Sort the fields of a resource and some of its lists.

    A resource without kind or apiVersion is unchanged.
    """
    strategy = resource_meta(root).annotations.get(FORMATTING, "standard")
    if strategy not in ("standard", "none"):
        raise SourceError(f"the annotation {FORMATTING} is {strategy!r}, not standard or none")
    kind, version = get_field(root, "kind"), get_field(root, "apiVersion")
    if strategy == "none" or kind is None or version is None:
        return
    has_sorted_lists = (
        _scalar_text(kind) in _SORTED_KINDS and _scalar_text(version) in _SORTED_VERSIONS
    )
    _sort_fields(root, _SORTED_LISTS if has_sorted_lists else {})


def _sort_fields(root: Node, lists: dict[str, str]) -> None:
    """Sort the fields below a node, with a stack instead of recursion."""
    stack: list[tuple[Node, str | None]] = [(root, "")]
    while stack:
        node, path = stack.pop()
        if node.kind == "mapping":
            node.content = sorted(node.content, key=lambda pair: sort_key(_scalar_text(pair[0])))
            stack += [(key, path) for key, _ in node.content if key.kind != "scalar"]
            stack += [
                (value, _child_path(path, _scalar_text(key), lists)) for key, value in node.content
            ]
        elif node.kind == "list":
            if path in lists:
                _sort_items(node, lists[path])
            stack += [(item, path) for item in node.content]


def _child_path(path: str | None, name: str, lists: Iterable[str]) -> str | None:
    """The path of a field; None if no sorted list is below it, so that paths stay short."""
    child = None if path is None else f"{path}.{name}"
    return child if child and any(sorted_list.startswith(child) for sorted_list in lists) else None


def _sort_items(node: Node, name: str) -> None:
    """Sort a list by a field of its items, or by the items themselves if the name is empty."""
    node.content = sorted(
        node.content, key=lambda item: _last_field_text(item, name) if name else _scalar_text(item)
    )


def _last_field_text(item: Node, name: str) -> str:
    """The text of a field. Unlike elsewhere, the last of several fields with the name counts."""
    pairs = item.content if item.kind == "mapping" else ()
    return _scalar_text({_scalar_text(key): value for key, value in pairs}.get(name))


def _scalar_text(node: Node | None) -> str:
    """The text of a scalar or the name of an alias; other nodes have none."""
    return str(node.content) if node is not None and node.kind in ("scalar", "alias") else ""
