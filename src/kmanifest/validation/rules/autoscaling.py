"""HorizontalPodAutoscalers of autoscaling/v1 and v2.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/autoscaling/validation/validation.go, ValidateHorizontalPodAutoscaler, after the
defaults of pkg/apis/autoscaling/v2/defaults.go.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.messages import NOT_NEGATIVE, POSITIVE
from kmanifest.validation.rules.quantities import parse_quantity, quantity_text
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    number_of,
    text_of,
)
from kmanifest.validation.rules.resources import check_container_resource

_MAX_PERIOD: Final = 1800
_MAX_WINDOW: Final = 3600
_CHECKED_VERSIONS: Final = (1, 36)
"""The version from which on the server checks the `apiVersion` of references. It is not known whether 1.35 does."""
_SOURCES: Final = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
"""The types of metrics and their fields, in the order in which the server takes the first that is there."""
_TARGETS: Final = ("Utilization", "Value", "AverageValue")
_SELECT_POLICIES: Final = ("Disabled", "Max", "Min")


def check_replicas(place: Place, report: Report) -> None:
    """Check the numbers of replicas, and the metrics. Source: validateHorizontalPodAutoscalerSpec."""
    spec, faults = place.value, Faults(place, report)
    low = number_of(spec, "minReplicas")
    low = 1 if low is None else low
    high = number_of(spec, "maxReplicas") or 0
    if low < 1:
        faults.invalid(("minReplicas",), low, "must be greater than or equal to 1")
    if high == 0:
        faults.required(("maxReplicas",), "must be set and greater than 0")
    elif high < 0:
        faults.invalid(("maxReplicas",), high, "must be greater than or equal to 1")
    if high < low:
        faults.invalid(("maxReplicas",), high, "must be greater than or equal to `minReplicas`")
    target = mapping_of(spec, "scaleTargetRef")
    _check_reference(faults.at("scaleTargetRef"), target)
    if place.subject.version >= _CHECKED_VERSIONS:
        # A ReplicationController is the only kind without a group that can be scaled.
        needs_group = text_of(target, "kind") != "ReplicationController"
        _check_api_version(faults.at("scaleTargetRef"), target, needs_group=needs_group)
    metrics = items_of(spec, "metrics")
    for index, metric in enumerate(metrics):
        _check_metric(faults.at("metrics", index), metric)
    if low == 0 and not {text_of(metric, "type") for metric in metrics} & {"Object", "External"}:
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        faults.forbidden(("metrics",), detail)


def check_cpu_target(place: Place, report: Report) -> None:
    """Check the target of version 1, which the server reads as a metric of version 2.

    Source: pkg/apis/autoscaling/v1/conversion.go.
    """
    target = number_of(place.value, "targetCPUUtilizationPercentage")
    if target is not None and target < 1:
        path = ("metrics", 0, "resource", "target", "averageUtilization")
        detail = "must be greater than 0 (it is targetCPUUtilizationPercentage)"
        Faults(place, report).invalid(path, target, detail)


def _check_reference(faults: Faults, reference: Mapping[str, Any]) -> None:
    """Source: ValidateCrossVersionObjectReference."""
    for field in ("kind", "name"):
        faults.text((field,), text_of(reference, field), syntax.path_segment)


def _check_api_version(faults: Faults, reference: Mapping[str, Any], *, needs_group: bool) -> None:
    """Source: ValidateAPIVersion; pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go."""
    version = text_of(reference, "apiVersion")
    if version.count("/") > 1:
        detail = f"unexpected GroupVersion string: {version}"
        faults.invalid(("apiVersion",), version, detail)
    elif needs_group and not version.rpartition("/")[0]:
        faults.invalid(("apiVersion",), version, "apiVersion must specify API group")


def _check_metric(faults: Faults, metric: Mapping[str, Any]) -> None:
    """Source: validateMetricSpec."""
    type_ = text_of(metric, "type")
    if not type_:
        faults.required(("type",), "must specify a metric source type")
    faults.one_of(("type",), type_, sorted(_SOURCES))
    present = [field for field in _SOURCES.values() if metric.get(field) is not None]
    if present:
        _CHECKS[present[0]](faults.at(present[0]), metric[present[0]])
    expected = _SOURCES.get(type_)
    if expected is not None and metric.get(expected) is None:
        faults.required((expected,), "must populate information for the given metric source")
    if len(present) != 1:
        for field in present:
            if field != expected:
                faults.forbidden((field,), "must populate the given metric source only")


def _check_object(faults: Faults, source: Mapping[str, Any]) -> None:
    described, at = mapping_of(source, "describedObject"), faults.at("describedObject")
    _check_reference(at, described)
    if faults.place.subject.version >= _CHECKED_VERSIONS:
        _check_api_version(at, described, needs_group=False)
    _check_identifier(faults, source)
    target = _check_target(faults, source)
    if target.get("value") is None and target.get("averageValue") is None:
        detail = "must set either a target value or averageValue"
        faults.required(("target", "averageValue"), detail)


def _check_external(faults: Faults, source: Mapping[str, Any]) -> None:
    _check_identifier(faults, source)
    target = _check_target(faults, source)
    fields = {"value": "a target value for metric", "averageValue": "a per-pod target"}
    _check_one_of(faults, target, fields)


def _check_pods(faults: Faults, source: Mapping[str, Any]) -> None:
    _check_identifier(faults, source)
    if _check_target(faults, source).get("averageValue") is None:
        detail = "must specify a positive target averageValue"
        faults.required(("target", "averageValue"), detail)


def _check_resource(faults: Faults, source: Mapping[str, Any]) -> None:
    if not text_of(source, "name"):
        faults.required(("name",), "must specify a resource name")
    target = _check_target(faults, source)
    fields = {"averageValue": "a target raw value", "averageUtilization": "a target utilization"}
    _check_one_of(faults, target, fields)


def _check_one_of(faults: Faults, target: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    """Report a target with none or both of two fields. `fields`: what the server calls them."""
    (first, first_name), (second, second_name) = fields.items()
    has_first, has_second = target.get(first) is not None, target.get(second) is not None
    if not has_first and not has_second:
        faults.required(("target", second), f"must set either {first_name} or {second_name}")
    if has_first and has_second:
        faults.forbidden(("target", first), f"may not set both {first_name} and {second_name}")


def _check_container_resource(faults: Faults, source: Mapping[str, Any]) -> None:
    name, container = text_of(source, "name"), text_of(source, "container")
    if name:
        check_container_resource(faults.place, faults.report, name, (*faults.base, "name"))
    faults.text(("container",), container, syntax.dns_label, "must specify a container")
    _check_resource(faults, source)


def _check_identifier(faults: Faults, source: Mapping[str, Any]) -> None:
    """Source: validateMetricIdentifier."""
    name = text_of(mapping_of(source, "metric"), "name")
    faults.text(("metric", "name"), name, syntax.path_segment, "must specify a metric name")


def _check_target(faults: Faults, source: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check the target of a metric, and return it. Source: validateMetricTarget."""
    target, at = mapping_of(source, "target"), faults.at("target")
    type_ = text_of(target, "type")
    if not type_:
        at.required(("type",), "must specify a metric target type")
    if type_ not in _TARGETS:
        at.invalid(("type",), type_, "must be either Utilization, Value, or AverageValue")
    for field in ("value", "averageValue"):
        amount = target.get(field)
        if amount is not None and (parse_quantity(amount) or 0) <= 0:
            at.invalid((field,), quantity_text(amount), "must be positive")
    utilization = number_of(target, "averageUtilization")
    if utilization is not None and utilization < 1:
        at.invalid(("averageUtilization",), utilization, "must be greater than 0")
    return target


_CHECKS: Final = {
    "object": _check_object,
    "external": _check_external,
    "pods": _check_pods,
    "resource": _check_resource,
    "containerResource": _check_container_resource,
}


def check_scaling_rules(place: Place, report: Report) -> None:
    """Check how fast replicas may change. Source: validateScalingRules."""
    rules, faults = place.value, Faults(place, report)
    window = number_of(rules, "stabilizationWindowSeconds")
    if window is not None and window < 0:
        detail = "must be greater than or equal to zero"
        faults.invalid(("stabilizationWindowSeconds",), window, detail)
    if window is not None and window > _MAX_WINDOW:
        detail = f"must be less than or equal to {_MAX_WINDOW}"
        faults.invalid(("stabilizationWindowSeconds",), window, detail)
    select = rules.get("selectPolicy")
    if select is not None:
        faults.one_of(("selectPolicy",), select, _SELECT_POLICIES)
    # The server sets policies that are absent, but not those of an empty list.
    if rules.get("policies") == []:
        faults.required(("policies",), "must specify at least one Policy")
    for index, policy in enumerate(items_of(rules, "policies")):
        _check_policy(faults.at("policies", index), policy)
    tolerance = rules.get("tolerance")
    if tolerance is not None and (parse_quantity(tolerance) or 0) < 0:
        faults.invalid(("tolerance",), quantity_text(tolerance), NOT_NEGATIVE)


def _check_policy(faults: Faults, policy: Mapping[str, Any]) -> None:
    """Source: validateScalingPolicy."""
    faults.one_of(("type",), text_of(policy, "type"), ("Percent", "Pods"))
    for field in ("value", "periodSeconds"):
        number = number_of(policy, field) or 0
        if number <= 0:
            faults.invalid((field,), number, POSITIVE)
    period = number_of(policy, "periodSeconds") or 0
    if period > _MAX_PERIOD:
        detail = f"must be less than or equal to {_MAX_PERIOD}"
        faults.invalid(("periodSeconds",), period, detail)


RULES: Final[Rules] = {
    "HorizontalPodAutoscalerSpec": (check_replicas, check_cpu_target),
    "HPAScalingRules": (check_scaling_rules,),
}
"""The rules for HorizontalPodAutoscalers by type."""
