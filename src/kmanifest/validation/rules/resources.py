"""Rules for the resources of containers and pods.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, validateResourceRequirements and what it
calls, and validatePodResourceConsistency; pkg/apis/core/helper/helpers.go.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import Any, Final, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules.containers import containers_of
from kmanifest.validation.rules.messages import (
    NOT_NEGATIVE,
    duplicate,
    forbidden,
    invalid,
    not_found,
    required,
    unsupported,
)
from kmanifest.validation.rules.quantities import (
    NANO,
    milli_value,
    parse_quantity,
    quantity_text,
)
from kmanifest.validation.rules.syntax import dns_label, qualified_name

Amounts = dict[str, int]
"""Amounts of resources in thousandths, by name."""

HUGE_PAGES: Final = "hugepages-"
_NATIVE_DOMAIN: Final = "kubernetes.io/"
_CONTAINERS: Final = frozenset({"Container", "EphemeralContainer"})
_MAX_SHOWN: Final = 20
_COMPUTE: Final = frozenset({"cpu", "memory"})
_CONTAINER_RESOURCES: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_COUNTED_RESOURCES: Final = frozenset({
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
    "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
})  # fmt: skip
_STANDARD_RESOURCES: Final = _COUNTED_RESOURCES | _CONTAINER_RESOURCES | {
    "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
    "limits.ephemeral-storage", "storage", "requests.storage",
}  # fmt: skip
_POD_LEVEL: Final = (1, 34)


def is_native(name: str) -> bool:
    """Return whether a resource is one of Kubernetes itself. Source: IsNativeResource."""
    return "/" not in name or _NATIVE_DOMAIN in name


def is_extended(name: str) -> bool:
    """Return whether a resource is one of a third party. Source: IsExtendedResourceName."""
    return (
        not is_native(name)
        and not name.startswith("requests.")
        and not qualified_name(f"requests.{name}")
    )


def is_standard(name: str) -> bool:
    """Return whether a resource is known to quotas and limits. Source: IsStandardResourceName."""
    return name in _STANDARD_RESOURCES or name.startswith((HUGE_PAGES, f"requests.{HUGE_PAGES}"))


def is_counted(name: str) -> bool:
    """Return whether the amount of a resource is an integer. Source: IsIntegerResourceName."""
    return name in _COUNTED_RESOURCES or is_extended(name)


def check_resource_name(place: Place, report: Report, name: str, path: FieldPath) -> bool:
    """Check the name of a resource, and return whether it is right. Source: validateResourceName."""
    messages = qualified_name(name)
    for message in messages:
        report(place, path, "invalid", invalid(name, message))
    if messages:
        return False
    if "/" not in name and not is_standard(name):
        text = "must be a standard resource type or fully qualified"
        report(place, path, "invalid", invalid(name, text))
        return False
    return True


def check_amount(place: Place, report: Report, name: str, value: Any, path: FieldPath) -> None:
    """Check an amount of a resource. Source: ValidateResourceQuantityValue."""
    amount = milli_value(value)
    if amount < 0:
        report(place, path, "invalid", invalid(quantity_text(value), NOT_NEGATIVE))
    if amount % 1000 and is_counted(name):
        report(place, path, "invalid", invalid(quantity_text(value), "must be an integer"))


def resource_requirements(place: Place, report: Report) -> None:
    """Check the requests and limits of a container, or of a pod."""
    value = place.value
    limits = value.get("limits") or {}
    requests = value.get("requests") or {}
    check_name = check_container_resource
    outer = place.outer
    if outer is not None and outer.type == "PodSpec":
        if place.subject.version < _POD_LEVEL or _is_windows(outer.value):
            return
        check_name = _check_pod_resource
    elif outer is None or outer.type not in _CONTAINERS:
        # Up to Kubernetes 1.28 a claim of storage has the same type.
        return
    for name, amount in limits.items():
        if name not in _COMPUTE:
            check_name(place, report, name, ("limits", name))
            _check_rare_amount(place, report, name, amount, ("limits", name))
        elif amount.__class__ is not str or amount[:1] == "-":
            check_amount(place, report, name, amount, ("limits", name))
    for name, amount in requests.items():
        if name not in _COMPUTE:
            check_name(place, report, name, ("requests", name))
            _check_rare_amount(place, report, name, amount, ("requests", name))
        elif amount.__class__ is not str or amount[:1] == "-":
            check_amount(place, report, name, amount, ("requests", name))
        if name in limits:
            if amount != limits[name]:
                _check_limit(place, report, name, amount, limits[name])
        elif name not in _COMPUTE and not _may_overcommit(name):
            text = required("Limit must be set for non overcommitable resources")
            report(place, ("limits",), "required", text)
    if (
        _COMPUTE.isdisjoint(limits)
        and _COMPUTE.isdisjoint(requests)
        and any(name.startswith(HUGE_PAGES) for name in (*limits, *requests))
    ):
        report(place, (), "forbidden", forbidden("HugePages require cpu or memory"))


def _check_rare_amount(
    place: Place, report: Report, name: str, amount: Any, path: FieldPath
) -> None:
    check_amount(place, report, name, amount, path)
    if name.startswith(HUGE_PAGES) and not _is_divisible(name, amount):
        text = f"{quantity_text(amount)} is not positive integer multiple of {name}"
        report(place, path, "invalid", invalid(quantity_text(amount), text))


def _is_divisible(name: str, amount: Any) -> bool:
    size = parse_quantity(name.removeprefix(HUGE_PAGES))
    if size is None or size <= 0 or size % NANO:
        return False
    return -(-milli_value(amount) // 1000) % (size // NANO) == 0


def _may_overcommit(name: str) -> bool:
    return is_native(name) and not name.startswith(HUGE_PAGES)


def _check_limit(place: Place, report: Report, name: str, request: Any, limit: Any) -> None:
    if milli_value(request) == milli_value(limit):
        return
    if not _may_overcommit(name):
        text = f"must be equal to {name} limit of {quantity_text(limit)}"
    elif milli_value(request) > milli_value(limit):
        text = f"must be less than or equal to {name} limit of {quantity_text(limit)}"
    else:
        return
    report(place, ("requests", name), "invalid", invalid(quantity_text(request), text))


def check_container_resource(place: Place, report: Report, name: str, path: FieldPath) -> None:
    """Source: validateContainerResourceName."""
    check_resource_name(place, report, name, path)
    if "/" not in name:
        if name not in _CONTAINER_RESOURCES and not name.startswith(HUGE_PAGES):
            text = "must be a standard resource for containers"
            report(place, path, "invalid", invalid(name, text))
    elif not is_native(name) and not is_extended(name):
        text = "doesn't follow extended resource name standard"
        report(place, path, "invalid", invalid(name, text))


def _check_pod_resource(place: Place, report: Report, name: str, path: FieldPath) -> None:
    """Source: validatePodResourceName."""
    if not check_resource_name(place, report, name, path):
        return
    if name not in _COMPUTE and not name.startswith(HUGE_PAGES):
        report(place, path, "enum", unsupported(name, ("cpu", HUGE_PAGES, "memory")))


def _is_windows(pod: Mapping[str, Any]) -> bool:
    return (pod.get("os") or {}).get("name") == "windows"


def claims(place: Place, report: Report) -> None:
    """Check that containers use the claims of their pod. Source: validateResourceClaimNames."""
    known: set[str] | None = None
    for path, container in containers_of(place.value):
        resources = container.get("resources")
        if not resources or not resources.get("claims"):
            continue
        if known is None:
            known = {
                claim["name"]
                for claim in place.value.get("resourceClaims") or ()
                if claim and claim.get("name")
            }
        _check_claims(place, report, resources["claims"], known, (*path, "resources", "claims"))


def _check_claims(
    place: Place,
    report: Report,
    claims: Sequence[Mapping[str, Any] | None],
    known: set[str],
    field: FieldPath,
) -> None:
    shown = ", ".join(sorted(known)[:_MAX_SHOWN])
    names = f": {shown}" if known else " which is empty"
    seen: set[str] = set()
    requested: set[str] = set()
    for index, item in enumerate(claims):
        claim = item or {}
        path = (*field, index)
        name, request = claim.get("name") or "", claim.get("request") or ""
        if not name:
            report(place, (*path, "name"), "required", required())
            continue
        for message in dns_label(request) if request else ():
            report(place, (*path, "request"), "invalid", invalid(request, message))
        key = f"{name}/{request}" if request else name
        if key in seen or name in seen or (not request and name in requested):
            report(place, path, "duplicate", duplicate(key))
        seen.add(key)
        if request:
            requested.add(name)
        if name not in known:
            text = f"must be one of the names in pod.spec.resourceClaims{names}"
            report(place, path, "not-found", not_found(name, text))


def pod_resources(place: Place, report: Report) -> None:
    """Check the resources of a pod against those of its containers. Source: validatePodResources."""
    pod = place.value
    resources = pod.get("resources")
    if not resources or place.subject.version < _POD_LEVEL:
        return
    if _is_windows(pod):
        text = forbidden("may not be set for a windows pod")
        report(place, ("resources",), "forbidden", text)
        return
    if resources.get("claims") is not None:
        text = forbidden("claims may not be set for Resources at pod-level")
        report(place, ("resources", "claims"), "forbidden", text)
    # Only in a Pod, not in a template, limits without requests are requests, too.
    is_pod = place.subject.kind == "Pod"
    requests = resources.get("requests") or {}
    for name, amount in _sum_of_containers(pod, "requests", with_limits=is_pod).items():
        if name in requests and amount > milli_value(requests[name]):
            shown = quantity_text(amount / 1000)
            text = f"must be greater than or equal to aggregate container requests of {shown}"
            path = ("resources", "requests", name)
            report(place, path, "invalid", invalid(quantity_text(requests[name]), text))
    limits = resources.get("limits") or {}
    for name, amount in _sum_of_containers(pod, "limits", with_limits=False).items():
        if name.startswith(HUGE_PAGES) and name in limits and amount > milli_value(limits[name]):
            shown = quantity_text(amount / 1000)
            text = f"must be greater than or equal to aggregate container limits of {shown}"
            path = ("resources", "limits", name)
            report(place, path, "invalid", invalid(quantity_text(limits[name]), text))
    _check_container_limits(place, report, limits)


def _check_container_limits(place: Place, report: Report, limits: Mapping[str, Any]) -> None:
    for index, container in enumerate(place.value.get("containers") or ()):
        own = ((container or {}).get("resources") or {}).get("limits") or {}
        for name, amount in own.items():
            if name in limits and milli_value(amount) > milli_value(limits[name]):
                text = f"must be less than or equal to pod limits of {quantity_text(limits[name])}"
                # The server puts the container's index below `resources`.
                path = ("resources", "containers", index, name, "limits")
                report(place, path, "invalid", invalid(quantity_text(amount), text))


def _sum_of_containers(pod: Mapping[str, Any], field: str, *, with_limits: bool) -> Amounts:
    """Return what a pod needs: all containers together, or the init container that needs most.

    Source: k8s.io/component-helpers resource/helpers.go, AggregateContainerRequests and AggregateContainerLimits.
    """
    total: Amounts = {}
    for container in pod.get("containers") or ():
        _add(total, _amounts(container or {}, field, with_limits=with_limits))
    sidecars: Amounts = {}
    largest: Amounts = {}
    for item in pod.get("initContainers") or ():
        container = item or {}
        needed = _amounts(container, field, with_limits=with_limits)
        if container.get("restartPolicy") == "Always":
            _add(total, needed)
            _add(sidecars, needed)
            needed = {name: sidecars[name] for name in needed}
        else:
            needed = {name: amount + sidecars.get(name, 0) for name, amount in needed.items()}
        for name, amount in needed.items():
            largest[name] = max(amount, largest.get(name, amount))
    for name, amount in largest.items():
        total[name] = max(amount, total.get(name, amount))
    return total


def _amounts(container: Mapping[str, Any], field: str, *, with_limits: bool) -> Amounts:
    resources = container.get("resources") or {}
    amounts = resources.get(field) or {}
    if with_limits:
        amounts = {**(resources.get("limits") or {}), **amounts}
    return {name: milli_value(amount) for name, amount in amounts.items()}


def _add(total: Amounts, amounts: Amounts) -> None:
    for name, amount in amounts.items():
        total[name] = total.get(name, 0) + amount


def overhead(place: Place, report: Report) -> None:
    """Check the overhead of a pod as if it were limits of a container. Source: validateOverhead."""
    amounts = place.value.get("overhead")
    if not amounts:
        return
    if _COMPUTE.isdisjoint(amounts) and any(name.startswith(HUGE_PAGES) for name in amounts):
        text = forbidden("HugePages require cpu or memory")
        report(place, ("overhead",), "forbidden", text)
    for name, amount in amounts.items():
        check_container_resource(place, report, name, ("overhead", "limits", name))
        _check_rare_amount(place, report, name, amount, ("overhead", "limits", name))


RULES: Final[Rules] = {
    "ResourceRequirements": (resource_requirements,),
    "PodSpec": (claims, pod_resources, overhead),
}
