"""Budgets, priorities, quotas, limits, nodes, runtime classes, leases and events.

Sources: k8s.io/kubernetes v1.36.3 pkg/apis/policy, scheduling, core, node, coordination and apps, each
validation/validation.go; pkg/apis/core/validation/events.go.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.addresses import cidr as check_cidr
from kmanifest.validation.rules.addresses import parse_cidr
from kmanifest.validation.rules.metadata import check_labels
from kmanifest.validation.rules.quantities import milli_value, quantity_text
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    number_of,
    strings_of,
    text_of,
)
from kmanifest.validation.rules.resources import (
    check_amount,
    check_container_resource,
    check_resource_name,
    is_native,
)

_MAX_USER_PRIORITY: Final = 1_000_000_000
_SYSTEM_PRIORITIES: Final = {
    "system-node-critical": 2_000_001_000,
    "system-cluster-critical": 2_000_000_000,
}
_LIMIT_TYPES: Final = frozenset({"Pod", "Container", "PersistentVolumeClaim"})
_HUGE_PAGES: Final = ("hugepages-", "requests.hugepages-")
_POD_QUOTAS: Final = frozenset({
    "pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory",
})  # fmt: skip
_QUOTAS: Final = _POD_QUOTAS | {
    "ephemeral-storage", "requests.storage", "requests.ephemeral-storage", "limits.ephemeral-storage",
    "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps",
    "services.nodeports", "services.loadbalancers",
}  # fmt: skip
_SCOPES: Final = {
    "Terminating": _POD_QUOTAS,
    "NotTerminating": _POD_QUOTAS,
    "NotBestEffort": _POD_QUOTAS,
    "PriorityClass": _POD_QUOTAS,
    "CrossNamespacePodAffinity": _POD_QUOTAS,
    "BestEffort": frozenset({"pods"}),
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
"""The scopes of quotas, and the standard resources that each can limit. Source: IsResourceQuotaScopeValidForResource."""
_ONLY_EXISTS: Final = frozenset(_SCOPES) - {"PriorityClass", "VolumeAttributesClass"}
_CONFLICTS: Final = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_EVENT_LENGTHS: Final = {"reportingInstance": 128, "action": 128, "reason": 128}
_MAX_NOTE: Final = 1024


def check_budget(place: Place, report: Report) -> None:
    """Check a PodDisruptionBudget. Source: ValidatePodDisruptionBudgetSpec."""
    spec, faults = place.value, Faults(place, report)
    amounts = [field for field in ("minAvailable", "maxUnavailable") if spec.get(field) is not None]
    if len(amounts) == 2:
        faults.invalid((), spec, "minAvailable and maxUnavailable cannot be both set")
    for field in amounts:
        amount = spec[field]
        if not isinstance(amount, str):
            faults.not_negative((field,), number_of(spec, field))
            continue
        problems = syntax.percent(amount)
        faults.invalid((field,), amount, *problems)
        digits = amount[:-1].lstrip("0")
        if not problems and (len(digits) > 3 or int(digits or "0") > 100):
            faults.invalid((field,), amount, "must not be greater than 100%")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None:
        faults.one_of(("unhealthyPodEvictionPolicy",), policy, ("AlwaysAllow", "IfHealthyBudget"))


def check_priority_class(place: Place, report: Report) -> None:
    """Check a PriorityClass. Source: ValidatePriorityClass."""
    faults, value = Faults(place, report), number_of(place.value, "value") or 0
    name = text_of(mapping_of(place.value, "metadata"), "name")
    if name.startswith("system-"):
        problem = _find_system_fault(name, value, is_default=bool(place.value.get("globalDefault")))
        if problem:
            reserved = "priority class names with 'system-' prefix are reserved for system use only"
            faults.forbidden(("metadata", "name"), f"{reserved}. error: {problem}")
    elif value > _MAX_USER_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {_MAX_USER_PRIORITY}"
        faults.forbidden(("value",), detail)
    policy = place.value.get("preemptionPolicy")
    if policy is not None:
        faults.one_of(("preemptionPolicy",), policy, ("PreemptLowerPriority", "Never"))


def _find_system_fault(name: str, value: int, *, is_default: bool) -> str | None:
    """Source: pkg/apis/scheduling/v1/helpers.go, IsKnownSystemPriorityClass."""
    known = _SYSTEM_PRIORITIES.get(name)
    if known is None:
        return f"{name} is not a known system priority class"
    if known != value:
        return f"value of {name} PriorityClass must be {known}"
    return f"globalDefault of {name} PriorityClass must be false" if is_default else None


def check_quota(place: Place, report: Report) -> None:
    """Check a ResourceQuota. Source: ValidateResourceQuotaSpec."""
    spec, faults = place.value, Faults(place, report)
    hard = mapping_of(spec, "hard")
    for name, amount in hard.items():
        check_resource_name(place, report, name, ("hard", name))
        if "/" not in name and name not in _QUOTAS and not name.startswith(_HUGE_PAGES):
            faults.invalid(("hard", name), name, "must be a standard resource for quota")
        check_amount(place, report, name, amount, ("hard", name))
    scopes = strings_of(spec, "scopes")
    for scope in scopes:
        # Other scopes are not among the allowed values of the definition.
        if scope in _SCOPES and not _can_limit(scope, hard):
            faults.invalid(("scopes",), scopes, "unsupported scope applied to resource")
    _check_conflicts(faults.at("scopes"), scopes)
    selector = spec.get("scopeSelector")
    if selector is not None:
        _check_scope_selector(faults.at("scopeSelector", "matchExpressions"), selector, hard)


def _can_limit(scope: str, hard: Mapping[str, Any]) -> bool:
    limited = _SCOPES[scope]
    return all(
        name in limited
        for name in hard
        if name in _QUOTAS or ("/" not in name and name.startswith(_HUGE_PAGES))
    )


def _check_conflicts(faults: Faults, scopes: list[str]) -> None:
    for pair in _CONFLICTS:
        if pair <= set(scopes):
            faults.invalid((), scopes, "conflicting scopes")


def _check_scope_selector(
    faults: Faults, selector: Mapping[str, Any], hard: Mapping[str, Any]
) -> None:
    """Source: validateScopedResourceSelectorRequirement. The server does not name the item."""
    scopes = []
    for item in items_of(selector, "matchExpressions"):
        scope, operator = text_of(item, "scopeName"), text_of(item, "operator")
        values = strings_of(item, "values")
        scopes.append(scope)
        if scope in _SCOPES and not _can_limit(scope, hard):
            faults.invalid((), selector, "unsupported scope applied to resource")
        if scope in _ONLY_EXISTS and operator != "Exists":
            detail = f"must be 'Exists' when scope is any of {', '.join(sorted(_ONLY_EXISTS))}"
            faults.invalid(("operator",), operator, detail)
        if operator in {"In", "NotIn"}:
            if not values:
                detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                faults.required(("values",), detail)
        elif operator in {"Exists", "DoesNotExist"} and values:
            detail = (
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            )
            faults.invalid(("values",), values, detail)
    _check_conflicts(faults, scopes)


def check_limits(place: Place, report: Report) -> None:
    """Check a LimitRange. Source: ValidateLimitRange."""
    seen: set[str] = set()
    for index, limit in enumerate(items_of(place.value, "limits")):
        faults, type_ = Faults(place, report, ("limits", index)), text_of(limit, "type")
        problems = syntax.qualified_name(type_)
        faults.invalid(("type",), type_, *problems)
        if not problems and "/" not in type_ and type_ not in _LIMIT_TYPES:
            detail = "must be a standard limit type or fully qualified"
            faults.invalid(("type",), type_, detail)
        if type_ in seen:
            faults.duplicate(("type",), type_)
        seen.add(type_)
        _check_limit(faults, limit, type_)


class _Limit:
    """The amounts of one item of a LimitRange by field, with those that the server sets."""

    def __init__(self, limit: Mapping[str, Any], type_: str) -> None:
        self.fields = {
            field: dict(mapping_of(limit, field))
            for field in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
        }
        if type_ == "Container":
            defaults, requests = self.fields["default"], self.fields["defaultRequest"]
            for name, amount in self.fields["max"].items():
                defaults.setdefault(name, amount)
            for name, amount in (*defaults.items(), *self.fields["min"].items()):
                requests.setdefault(name, amount)
        elif type_ == "Pod":
            self.fields["default"], self.fields["defaultRequest"] = {}, {}

    def get(self, field: str, name: str) -> int | None:
        """Return an amount in thousandths, or None."""
        amounts = self.fields[field]
        return milli_value(amounts[name]) if name in amounts else None

    def text(self, field: str, name: str) -> str:
        """Return an amount as the server prints it."""
        return quantity_text(self.fields[field][name])


_ORDER: Final = (
    ("min", "max", "min", "min value", "max value"),
    ("min", "defaultRequest", "defaultRequest", "min value", "default request value"),
    ("defaultRequest", "max", "defaultRequest", "default request value", "max value"),
    ("defaultRequest", "default", "defaultRequest", "default request value", "default limit value"),
    ("min", "default", "default", "min value", "default value"),
    ("default", "max", "default", "default value", "max value"),
)
"""Fields of which the first must not be greater than the second; the field of the fault; their names."""


def _check_limit(faults: Faults, limit: Mapping[str, Any], type_: str) -> None:
    amounts = _Limit(limit, type_)
    is_pod = type_ in {"Pod", "Container"}
    check_name = check_container_resource if is_pod else check_resource_name
    for field in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        for name in amounts.fields[field]:
            check_name(faults.place, faults.report, name, (*faults.base, field, name))
    if type_ == "Pod":
        for field in ("default", "defaultRequest"):
            if limit.get(field):
                faults.forbidden((field,), "may not be specified when `type` is 'Pod'")
    if type_ == "PersistentVolumeClaim" and not (
        "storage" in amounts.fields["min"] or "storage" in amounts.fields["max"]
    ):
        detail = "either minimum or maximum storage value is required, but neither was provided"
        faults.required(("limits",), detail)
    names = {name for values in amounts.fields.values() for name in values}
    for name in sorted(names):
        _check_order(faults, amounts, name)
        _check_ratio(faults, amounts, name)


def _check_order(faults: Faults, amounts: _Limit, name: str) -> None:
    for low, high, field, low_text, high_text in _ORDER:
        first, second = amounts.get(low, name), amounts.get(high, name)
        if first is not None and second is not None and first > second:
            shown, other = amounts.text(low, name), amounts.text(high, name)
            detail = f"{low_text} {shown} is greater than {high_text} {other}"
            faults.invalid((field, name), amounts.text(field, name), detail)
    default, request = amounts.get("default", name), amounts.get("defaultRequest", name)
    may_overcommit = is_native(name) and not name.startswith("hugepages-")
    if not may_overcommit and None not in (default, request) and default != request:
        shown, other = amounts.text("default", name), amounts.text("defaultRequest", name)
        detail = f"default value {shown} must equal to defaultRequest value {other} in {name}"
        faults.invalid(("defaultRequest", name), other, detail)


def _check_ratio(faults: Faults, amounts: _Limit, name: str) -> None:
    ratio = amounts.get("maxLimitRequestRatio", name)
    if ratio is None:
        return
    path, shown = ("maxLimitRequestRatio", name), amounts.text("maxLimitRequestRatio", name)
    if ratio < 1000:
        faults.invalid(path, shown, f"ratio {shown} is less than 1")
    low, high = amounts.get("min", name), amounts.get("max", name)
    if low and high is not None and ratio * low > high * 1000:
        faults.invalid(path, shown, f"ratio {shown} is greater than max/min = {high / low:f}")


def check_node(place: Place, report: Report) -> None:
    """Check the taints and addresses of a Node. Source: ValidateNode."""
    spec, faults = place.value, Faults(place, report)
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(items_of(spec, "taints")):
        at = faults.at("taints", index)
        key, value, effect = (text_of(taint, field) for field in ("key", "value", "effect"))
        at.invalid(("key",), key, *syntax.qualified_name(key))
        at.invalid(("value",), value, *syntax.label_value(value))
        if not effect:
            at.required(("effect",))
        else:
            at.one_of(("effect",), effect, ("NoSchedule", "PreferNoSchedule", "NoExecute"))
        if (key, effect) in seen:
            at.duplicate((), taint)
        seen.add((key, effect))
    _check_pod_cidrs(faults.at("podCIDRs"), spec)


def _check_pod_cidrs(faults: Faults, spec: Mapping[str, Any]) -> None:
    first, cidrs = text_of(spec, "podCIDR"), strings_of(spec, "podCIDRs")
    cidrs = cidrs or ([first] if first else [])
    for index, text in enumerate(cidrs):
        faults.invalid((index,), text, *check_cidr(text, faults.version))
    networks = [network for text in cidrs if (network := parse_cidr(text)) is not None]
    versions = {network.address.ip.version for network in networks}
    if len(cidrs) > 1 and (len(cidrs) > 2 or len(versions) < len(cidrs)):
        detail = "may specify no more than one CIDR for each IP family"
        faults.invalid((), cidrs, detail)


def check_runtime_class(place: Place, report: Report) -> None:
    """Check a RuntimeClass. Source: ValidateRuntimeClass."""
    faults = Faults(place, report)
    faults.text(("handler",), text_of(place.value, "handler"), syntax.dns_label)
    overhead = mapping_of(mapping_of(place.value, "overhead"), "podFixed")
    for name, amount in overhead.items():
        path = ("overhead", "limits", name)
        check_container_resource(place, report, name, path)
        check_amount(place, report, name, amount, path)
    scheduling = mapping_of(place.value, "scheduling")
    labels = scheduling.get("nodeSelector")
    check_labels(place, report, labels, ("scheduling", "nodeSelector"))
    seen: set[tuple[str, ...]] = set()
    for index, toleration in enumerate(items_of(scheduling, "tolerations")):
        key = tuple(text_of(toleration, field) for field in ("key", "operator", "value", "effect"))
        if key in seen:
            faults.duplicate(("scheduling", "tolerations", index), toleration)
        seen.add(key)


def check_lease(place: Place, report: Report) -> None:
    """Check a Lease. The server drops its strategy by default. Source: ValidateLeaseSpec."""
    spec, faults = place.value, Faults(place, report)
    duration, transitions = (
        number_of(spec, "leaseDurationSeconds"),
        number_of(spec, "leaseTransitions"),
    )
    if duration is not None and duration <= 0:
        faults.invalid(("leaseDurationSeconds",), duration, "must be greater than 0")
    faults.not_negative(("leaseTransitions",), transitions)


def check_revision(place: Place, report: Report) -> None:
    """Check a ControllerRevision. Source: pkg/apis/apps/validation/validation.go, ValidateControllerRevisionCreate."""
    faults, data = Faults(place, report), place.value.get("data")
    if data is None:
        faults.required(("data",), "data is mandatory")
    elif not isinstance(data, Mapping):
        faults.invalid(("data",), data, "error parsing data as JSON object")
    faults.not_negative(("revision",), number_of(place.value, "revision"))


def check_event(place: Place, report: Report) -> None:
    """Check an Event of either group. Source: ValidateEventCreate, legacyValidateEvent."""
    event, faults = place.value, Faults(place, report)
    is_new = place.subject.group == "events.k8s.io"
    involved = mapping_of(event, "regarding" if is_new else "involvedObject")
    namespace = text_of(mapping_of(event, "metadata"), "namespace") or "default"
    inner = text_of(involved, "namespace")
    path = ("involvedObject", "namespace")
    different = "does not match event.namespace"
    if event.get("eventTime") is None:
        if namespace != (inner or "default"):
            faults.invalid(path, inner, different)
    else:
        if not inner and namespace not in {"default", "kube-system"}:
            faults.invalid(path, inner, different)
        _check_event_fields(faults, event, is_new=is_new)
    if is_new:
        _check_new_event(faults, event)


def _check_event_fields(faults: Faults, event: Mapping[str, Any], *, is_new: bool) -> None:
    field = "reportingController" if is_new else "reportingComponent"
    controller = text_of(event, field)
    if not controller:
        faults.required((field,))
    faults.invalid((field,), controller, *syntax.qualified_name(controller))
    for name, limit in _EVENT_LENGTHS.items():
        value = text_of(event, name)
        if not value:
            faults.required((name,))
        if syntax.length(value) > limit:
            faults.invalid((name,), "", f"can have at most {limit} characters")
    if syntax.length(text_of(event, "note" if is_new else "message")) > _MAX_NOTE:
        faults.invalid(("message",), "", f"can have at most {_MAX_NOTE} characters")


def _check_new_event(faults: Faults, event: Mapping[str, Any]) -> None:
    series, type_ = event.get("series"), text_of(event, "type")
    if series is not None:
        if (number_of(series, "count") or 0) < 2:
            faults.invalid(("series", "count"), "", "should be at least 2")
        if series.get("lastObservedTime") is None:
            faults.required(("series", "lastObservedTime"))
    if event.get("eventTime") is None:
        faults.required(("eventTime",))
    if type_ not in {"Normal", "Warning"}:
        faults.invalid(("type",), "", f"has invalid value: {type_}")
    old = {"firstTimestamp": "deprecatedFirstTimestamp", "lastTimestamp": "deprecatedLastTimestamp"}
    for name, field in old.items():
        if event.get(field) is not None:
            faults.invalid((name,), "", "needs to be unset")
    if number_of(event, "deprecatedCount"):
        faults.invalid(("count",), "", "needs to be unset")
    if any(mapping_of(event, "deprecatedSource").values()):
        faults.invalid(("source",), "", "needs to be unset")


RULES: Final[Rules] = {
    "PodDisruptionBudgetSpec": (check_budget,),
    "PriorityClass": (check_priority_class,),
    "ResourceQuotaSpec": (check_quota,),
    "LimitRangeSpec": (check_limits,),
    "NodeSpec": (check_node,),
    "RuntimeClass": (check_runtime_class,),
    "LeaseSpec": (check_lease,),
    "ControllerRevision": (check_revision,),
    "Event": (check_event,),
}
"""The rules for policies of the cluster by type."""
