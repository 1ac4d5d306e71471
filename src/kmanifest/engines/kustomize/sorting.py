"""Sort the output.

Source: kustomize v5.8.2 api/internal/builtins/SortOrderTransformer.go.
"""

from kmanifest.engines.kustomize import decoding
from kmanifest.model.errors import SourceError
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.startup.typing import Any, Final, Mapping, Sequence

ORDER_FIRST: Final = (
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
)
ORDER_LAST: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def _ranks(first: Sequence[str], last: Sequence[str]) -> dict[str, int]:
    ranks = {kind: index - len(first) for index, kind in enumerate(first)}
    return ranks | {kind: 1 + index for index, kind in enumerate(last)}


LEGACY_RANK: Final = _ranks(ORDER_FIRST, ORDER_LAST)

SORT_OPTIONS: Final = decoding.RecordShape(
    {
        "order": decoding.STRING,
        "legacySortOptions": decoding.RecordShape(
            {"orderFirst": decoding.STRINGS, "orderLast": decoding.STRINGS}
        ),
    }
)


def sort_by_options(resources: ResourceMap, options: Mapping[str, Any]) -> ResourceMap:
    """Return the resources in the order of `sortOptions`.

    Raises SourceError if the options contradict each other.
    """
    order = options.get("order", "")
    legacy = options.get("legacySortOptions")
    if order not in ("fifo", "legacy"):
        raise SourceError(f"order must be one of fifo, legacy, got {order!r}").within(
            field=("sortOptions", "order")
        )
    if order == "fifo":
        if legacy is not None:
            message = "legacySortOptions is set but the selected sort order is 'fifo', not 'legacy'"
            raise SourceError(message).within(field=("sortOptions", "legacySortOptions"))
        return resources
    if legacy is None:
        return sort_legacy(resources)
    return _sort(resources, _ranks(legacy.get("orderFirst", ()), legacy.get("orderLast", ())))


def sort_legacy(resources: ResourceMap) -> ResourceMap:
    """Return the resources in kustomize's default order.

    Namespaces come first and webhooks last. The others are sorted by type and name.
    """
    return _sort(resources, LEGACY_RANK)


def _sort(resources: ResourceMap, ranks: Mapping[str, int]) -> ResourceMap:
    return ResourceMap(
        sorted(resources, key=lambda resource: _order(resource, ranks))
    ).check_unique()


def _order(resource: Resource, ranks: Mapping[str, int]) -> tuple[int, bool, str, str]:
    group, version, kind, name, namespace = resource.id
    # A Namespace of the core group comes before a Namespace of another group. All others are sorted by text, in which
    # an absent group, "~G", comes after every named one.
    other_namespace = kind == "Namespace" and group != ""
    by_type = f"{group or '~G'}_{version or '~V'}_{kind or '~K'}"
    gvk = f"{kind or '[noKind]'}.{version or '[noVer]'}.{group or '[noGrp]'}"
    return ranks.get(kind, 0), other_namespace, by_type, f"{gvk}|{namespace or '~X'}|{name or '~N'}"
