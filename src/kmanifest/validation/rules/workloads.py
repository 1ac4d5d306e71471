"""Rules for workloads: replicas, strategies, and selectors that must match the labels of the template.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/apps/validation/validation.go; pkg/apis/core/validation/validation.go,
ValidateReplicationControllerSpec.
"""

from kmanifest.startup.typing import Any, Final, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules.messages import (
    NOT_NEGATIVE,
    POSITIVE,
    forbidden,
    invalid,
    required,
    unsupported,
)
from kmanifest.validation.rules.metadata import operator_fault
from kmanifest.validation.rules.quantities import parse_quantity, quantity_text
from kmanifest.validation.rules.syntax import (
    dns_label,
    dns_subdomain,
    is_percent,
    label_value,
    percent,
    qualified_name,
)

_COUNTS: Final = (
    "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds", "templateGeneration",
)  # fmt: skip
_NO_LIMIT_KINDS: Final = frozenset(
    {"StatefulSetSpec", "ReplicaSetSpec", "ReplicationControllerSpec"}
)
_DEFAULT_DEADLINE: Final = 600
_RETENTION: Final = ("Retain", "Delete")
_ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_SNAPSHOT: Final = ("VolumeSnapshot", "snapshot.storage.k8s.io")
_CLAIM: Final = ("PersistentVolumeClaim", "")
_WORKLOADS: Final = {
    "DeploymentSpec": ("deployment", "ReplicaSet"),
    "ReplicaSetSpec": ("deployment", "ReplicaSet"),
    "StatefulSetSpec": ("statefulset", "StatefulSet"),
    "DaemonSetSpec": ("daemonset", "DaemonSet"),
    "ReplicationControllerSpec": ("", "ReplicationController"),
}
"""How the server's messages name a type, for its selector and for the restart policy of its pods."""


def counts(place: Place, report: Report) -> None:
    """Check that numbers are not negative."""
    spec = place.value
    for field in _COUNTS:
        number = spec.get(field)
        if (
            number
            and number < 0
            and not (field == "revisionHistoryLimit" and place.type in _NO_LIMIT_KINDS)
        ):
            report(place, (field,), "invalid", invalid(number, NOT_NEGATIVE))


def selector(place: Place, report: Report) -> None:
    """Check that a workload selects its own pods."""
    spec = place.value
    value = spec.get("selector")
    meta = (spec.get("template") or {}).get("metadata") or {}
    labels = meta.get("labels") or {}
    name = _WORKLOADS[place.type][0]
    if value is None and place.type != "DaemonSetSpec":
        report(place, ("selector",), "required", required())
    elif value is not None and not value.get("matchLabels") and not value.get("matchExpressions"):
        text = f"empty selector is invalid for {name}"
        report(place, ("selector",), "invalid", invalid(value, text))
        return
    # No selector selects nothing.
    if value is None or (not selector_matches(value, labels) and _is_readable(value)):
        text = "`selector` does not match template `labels`"
        path = ("template", "metadata", "labels")
        report(place, path, "invalid", invalid(meta.get("labels"), text))


def _is_readable(value: Mapping[str, Any]) -> bool:
    """Return whether the keys and values of a selector are right. Source: metav1.LabelSelectorAsSelector."""
    requirements = [item or {} for item in value.get("matchExpressions") or ()]
    pairs = (value.get("matchLabels") or {}).items()
    keys = [*(key for key, _ in pairs), *(item.get("key") or "" for item in requirements)]
    values = [item for _, item in pairs]
    for item in requirements:
        values.extend(item.get("values") or ())
    return (
        not any(map(qualified_name, keys))
        and not any(label_value(item or "") for item in values)
        and not any(
            operator_fault(item.get("operator") or "", item.get("values") or ())
            for item in requirements
        )
    )


def selector_matches(value: Mapping[str, Any], labels: Mapping[str, str | None]) -> bool:
    """Return whether a label selector selects some labels. One that the server cannot read does."""
    for key, wanted in (value.get("matchLabels") or {}).items():
        if key not in labels or (labels[key] or "") != (wanted or ""):
            return False
    return all(
        _requirement_matches(item or {}, labels) for item in value.get("matchExpressions") or ()
    )


def _requirement_matches(requirement: Mapping[str, Any], labels: Mapping[str, str | None]) -> bool:
    key, operator = requirement.get("key") or "", requirement.get("operator")
    values: Sequence[str | None] = requirement.get("values") or ()
    given = labels.get(key) or ""
    match operator:
        case "In":
            return not values or (key in labels and given in values)
        case "NotIn":
            return not values or key not in labels or given not in values
        case "Exists":
            return bool(values) or key in labels
        case "DoesNotExist":
            return bool(values) or key not in labels
        case _:
            return True


def controller_selector(place: Place, report: Report) -> None:
    """Check the selector of a ReplicationController. Without one it is the labels of the template."""
    spec = place.value
    value = spec.get("template")
    wanted = spec.get("selector") or {}
    labels = ((value or {}).get("metadata") or {}).get("labels") or {}
    if not wanted and not labels:
        report(place, ("selector",), "required", required())
    if value is None:
        report(place, ("template",), "required", required())
    elif any(
        key not in labels or (labels[key] or "") != (item or "") for key, item in wanted.items()
    ):
        text = "`selector` does not match template `labels`"
        path = ("template", "metadata", "labels")
        report(place, path, "invalid", invalid(labels or None, text))


def template(place: Place, report: Report) -> None:
    """Check that the pods of a workload run for ever."""
    spec = (place.value.get("template") or {}).get("spec")
    if not spec:
        return
    policy = spec.get("restartPolicy")
    if policy and policy != "Always":
        path = ("template", "spec", "restartPolicy")
        report(place, path, "enum", unsupported(policy, ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {_WORKLOADS[place.type][1]} is not Supported"
        path = ("template", "spec", "activeDeadlineSeconds")
        report(place, path, "forbidden", forbidden(text))


def deployment(place: Place, report: Report) -> None:
    """Check the deadline and the strategy of a Deployment."""
    spec = place.value
    deadline = spec.get("progressDeadlineSeconds")
    deadline = _DEFAULT_DEADLINE if deadline is None else deadline
    if deadline <= (spec.get("minReadySeconds") or 0):
        text = "must be greater than minReadySeconds"
        report(place, ("progressDeadlineSeconds",), "invalid", invalid(deadline, text))


def deployment_strategy(place: Place, report: Report) -> None:
    """Check how a Deployment replaces its pods. Source: ValidateDeploymentStrategy."""
    strategy = place.value
    update = strategy.get("rollingUpdate")
    if update is None:
        return
    if strategy.get("type") == "Recreate":
        text = forbidden("may not be specified when strategy `type` is 'Recreate'")
        report(place, ("rollingUpdate",), "forbidden", text)
        return
    if strategy.get("type") not in {None, "", "RollingUpdate"}:
        return
    unavailable, surge = update.get("maxUnavailable"), update.get("maxSurge")
    _check_int_or_percent(place, report, "maxUnavailable", unavailable)
    _check_int_or_percent(place, report, "maxSurge", surge)
    if _amount(unavailable, "25%") == 0 and _amount(surge, "25%") == 0:
        text = invalid(unavailable, "may not be 0 when `maxSurge` is 0")
        report(place, ("rollingUpdate", "maxUnavailable"), "invalid", text)
    _check_whole(place, report, "maxUnavailable", unavailable)


def daemon_set_strategy(place: Place, report: Report) -> None:
    """Check how a DaemonSet replaces its pods. Source: ValidateRollingUpdateDaemonSet."""
    strategy = place.value
    update = strategy.get("rollingUpdate")
    if update is None or strategy.get("type") not in {None, "", "RollingUpdate"}:
        return
    unavailable, surge = update.get("maxUnavailable"), update.get("maxSurge")
    for field, value in (("maxUnavailable", unavailable), ("maxSurge", surge)):
        _check_int_or_percent(place, report, field, value)
        _check_whole(place, report, field, value)
    has_unavailable, has_surge = _amount(unavailable, 1) != 0, _amount(surge, 0) != 0
    if has_unavailable and has_surge:
        text = "may not be set when maxUnavailable is non-zero"
        report(place, ("rollingUpdate", "maxSurge"), "invalid", invalid(surge, text))
    elif not has_unavailable and not has_surge:
        text = required("cannot be 0 when maxSurge is 0")
        report(place, ("rollingUpdate", "maxUnavailable"), "required", text)


def _check_int_or_percent(place: Place, report: Report, field: str, value: Any) -> None:
    """Source: ValidatePositiveIntOrPercent."""
    path = ("rollingUpdate", field)
    if isinstance(value, str):
        for message in percent(value):
            report(place, path, "invalid", invalid(value, message))
    elif value is not None and value < 0:
        report(place, path, "invalid", invalid(value, NOT_NEGATIVE))


def _check_whole(place: Place, report: Report, field: str, value: Any) -> None:
    """Source: IsNotMoreThan100Percent."""
    if isinstance(value, str) and is_percent(value) and _amount(value, 0) > 100:
        path = ("rollingUpdate", field)
        report(place, path, "invalid", invalid(value, "must not be greater than 100%"))


def _amount(value: Any, default: int | str) -> int:
    """Return a number, or the number of a percentage. Source: getIntOrPercentValue."""
    value = default if value is None else value
    if not isinstance(value, str):
        return int(value)
    digits = value.removesuffix("%")
    return int(digits[:18]) if digits.isascii() and digits.isdecimal() else 0


def stateful_set(place: Place, report: Report) -> None:
    """Check what only a StatefulSet has. Source: ValidateStatefulSetSpec."""
    spec = place.value
    for index, item in enumerate(spec.get("volumeClaimTemplates") or ()):
        _check_claim_name(place, report, item or {}, index)
    name = spec.get("serviceName")
    for message in dns_label(name) if name else ():
        report(place, ("serviceName",), "invalid", invalid(name, message))
    for field, policy in (spec.get("persistentVolumeClaimRetentionPolicy") or {}).items():
        if policy and policy not in _RETENTION:
            path = ("persistentVolumeClaimRetentionPolicy", field)
            report(place, path, "enum", unsupported(policy, _RETENTION))
    start = (spec.get("ordinals") or {}).get("start") or 0
    if start < 0:
        report(place, ("ordinals", "start"), "invalid", invalid(start, NOT_NEGATIVE))
    strategy = spec.get("updateStrategy") or {}
    update = strategy.get("rollingUpdate")
    if update is None:
        return
    if strategy.get("type") == "OnDelete":
        text = "only allowed for updateStrategy 'RollingUpdate'"
        path = ("updateStrategy", "rollingUpdate")
        report(place, path, "invalid", invalid(update, text))
    elif (update.get("partition") or 0) < 0:
        text = invalid(update["partition"], NOT_NEGATIVE)
        report(place, ("updateStrategy", "rollingUpdate", "partition"), "invalid", text)


def _check_claim_name(place: Place, report: Report, claim: Mapping[str, Any], index: int) -> None:
    """Check the name of a claim template. The server checks it as the volume that it becomes."""
    name = (claim.get("metadata") or {}).get("name") or ""
    path = ("template", "spec", "volumes", index, "name")
    if not name:
        report(place, path, "required", required())
    else:
        for message in dns_label(name):
            report(place, path, "invalid", invalid(name, message))


def claim_spec(place: Place, report: Report) -> None:
    """Check a claim of storage. Source: pkg/apis/core/validation, ValidatePersistentVolumeClaimSpec."""
    spec = place.value
    modes = spec.get("accessModes") or ()
    if not modes:
        text = required("at least 1 access mode is required")
        report(place, ("accessModes",), "required", text)
    for mode in modes:
        # Other values that are not supported are found as those of an enum; this is null.
        if not mode:
            report(place, ("accessModes",), "enum", unsupported("", _ACCESS_MODES))
    if "ReadWriteOncePod" in modes and len(set(modes)) > 1:
        text = forbidden("may not use ReadWriteOncePod with other access modes")
        report(place, ("accessModes",), "forbidden", text)
    requests = (spec.get("resources") or {}).get("requests") or {}
    # The server names the amount `resources[storage]`.
    if "storage" not in requests:
        report(place, ("resources", "storage"), "required", required())
    elif (parse_quantity(requests["storage"]) or 0) <= 0:
        text = invalid(quantity_text(requests["storage"]), POSITIVE)
        report(place, ("resources", "storage"), "invalid", text)
    for field in ("storageClassName", "volumeAttributesClassName"):
        name = spec.get(field)
        for message in dns_subdomain(name) if name else ():
            report(place, (field,), "invalid", invalid(name, message))
    _check_data_sources(place, report)


def _kept_sources(source: Any, reference: Any) -> tuple[Any, Any]:
    """Return the sources of a claim that the server keeps. It drops them from a PersistentVolumeClaim only.

    Source: pkg/api/persistentvolumeclaim/util.go, DropDisabledFields and EnforceDataSourceBackwardsCompatibility.
    """
    if reference is not None and reference.get("namespace"):
        # It needs the feature CrossNamespaceVolumeDataSource, which is off by default.
        reference = None
    if source is not None and reference is None:
        origin = (source.get("kind"), source.get("apiGroup") or "")
        source = source if origin in {_SNAPSHOT, _CLAIM} else None
    return source, reference


def _check_data_sources(place: Place, report: Report) -> None:
    """Source: validateDataSource and validateDataSourceRef."""
    spec = place.value
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if place.subject.kind == "PersistentVolumeClaim":
        source, reference = _kept_sources(source, reference)
    for field, value in (("dataSource", source), ("dataSourceRef", reference)):
        if value is None:
            continue
        for name in ("name", "kind"):
            if not value.get(name):
                report(place, (field, name), "required", required())
        group, kind = value.get("apiGroup") or "", value.get("kind") or ""
        if not group and kind != "PersistentVolumeClaim":
            text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
            report(place, (field,), "invalid", invalid(kind, text))
        for message in dns_subdomain(group) if group else ():
            report(place, (field, "apiGroup"), "invalid", invalid(group, message))
    namespace = (reference or {}).get("namespace")
    for message in dns_label(namespace) if namespace else ():
        path = ("dataSourceRef", "namespace")
        report(place, path, "invalid", invalid(namespace, message))
    if source is None or reference is None:
        return
    if namespace:
        text = "may not be specified when dataSourceRef.namespace is specified"
        report(place, (), "invalid", invalid("dataSource", text))
    elif any(source.get(name) != reference.get(name) for name in ("apiGroup", "kind", "name")):
        report(place, (), "invalid", invalid("dataSource", "must match dataSourceRef"))


RULES: Final[Rules] = {
    "DeploymentSpec": (counts, selector, template, deployment),
    "DeploymentStrategy": (deployment_strategy,),
    "ReplicaSetSpec": (counts, selector, template),
    "StatefulSetSpec": (counts, selector, template, stateful_set),
    "DaemonSetSpec": (counts, selector, template),
    "DaemonSetUpdateStrategy": (daemon_set_strategy,),
    "ReplicationControllerSpec": (counts, controller_selector, template),
    "PersistentVolumeClaimSpec": (claim_spec,),
}
