"""Rules for where a pod runs: tolerations, affinity, spread over topology, node selectors.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidateTolerations, validateAffinity,
validateTopologySpreadConstraints and what they call.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import Any, Final, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules.messages import (
    POSITIVE,
    duplicate,
    forbidden,
    invalid,
    required,
    unsupported,
)
from kmanifest.validation.rules.metadata import check_labels, operator_fault
from kmanifest.validation.rules.syntax import (
    dns_label,
    dns_subdomain,
    label_value,
    qualified_name,
)

_OPERATORS: Final = ("Equal", "Exists", "Lt", "Gt")
_WEIGHT: Final = "must be in the range 1-100"


def toleration(place: Place, report: Report) -> None:
    """Check a toleration."""
    value = place.value
    key, operator = value.get("key") or "", value.get("operator") or ""
    tolerated = value.get("value") or ""
    if key:
        for message in qualified_name(key):
            report(place, ("key",), "invalid", invalid(key, message))
    elif operator != "Exists":
        text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        report(place, ("operator",), "invalid", invalid(operator, text))
    if value.get("tolerationSeconds") is not None and value.get("effect") != "NoExecute":
        text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        report(place, ("effect",), "invalid", invalid(value.get("effect") or "", text))
    # The server names the operator for a fault of the value.
    if operator in {"", "Equal"}:
        messages = label_value(tolerated)
        if messages:
            text = invalid(tolerated, ";".join(messages))
            report(place, ("operator",), "invalid", text)
    elif operator == "Exists":
        if tolerated:
            text = "value must be empty when `operator` is 'Exists'"
            report(place, ("operator",), "invalid", invalid(tolerated, text))
    else:
        known = _OPERATORS if operator in {"Lt", "Gt"} else _OPERATORS[:2]
        report(place, ("operator",), "enum", unsupported(operator, known))


def node_selector(place: Place, report: Report) -> None:
    """Check that terms select nodes at all."""
    if not place.value.get("nodeSelectorTerms"):
        text = required("must have at least one node selector term")
        report(place, ("nodeSelectorTerms",), "required", text)


def node_selector_term(place: Place, report: Report) -> None:
    """Check the expressions of a term. Values of a preference may have any characters."""
    is_preference = place.outer is not None and place.outer.type == "PreferredSchedulingTerm"
    for index, item in enumerate(place.value.get("matchExpressions") or ()):
        path = ("matchExpressions", index)
        _check_label_requirement(place, report, item or {}, path, any_value=is_preference)
    for index, item in enumerate(place.value.get("matchFields") or ()):
        _check_field_requirement(place, report, item or {}, ("matchFields", index))


def _check_label_requirement(
    place: Place,
    report: Report,
    requirement: Mapping[str, Any],
    path: FieldPath,
    *,
    any_value: bool,
) -> None:
    """Source: ValidateNodeSelectorRequirement."""
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    if operator in {"Gt", "Lt"}:
        if len(values) != 1:
            text = required("must be specified single value when `operator` is 'Lt' or 'Gt'")
            report(place, (*path, "values"), "required", text)
    else:
        fault = operator_fault(operator, values)
        if fault:
            field, kind, message = fault
            report(place, (*path, field), kind, message)
    key = requirement.get("key") or ""
    for message in qualified_name(key):
        report(place, (*path, "key"), "invalid", invalid(key, message))
    for index, value in enumerate(() if any_value else values):
        for message in label_value(value or ""):
            report(place, (*path, "values", index), "invalid", invalid(value, message))


def _check_field_requirement(
    place: Place, report: Report, requirement: Mapping[str, Any], path: FieldPath
) -> None:
    """Source: ValidateNodeFieldSelectorRequirement."""
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    if operator not in {"In", "NotIn"}:
        text = invalid(operator, "not a valid selector operator")
        report(place, (*path, "operator"), "invalid", text)
    elif len(values) != 1:
        text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        report(place, (*path, "values"), "required", required(text))
    key = requirement.get("key") or ""
    if key != "metadata.name":
        text = invalid(key, "not a valid field selector key")
        report(place, (*path, "key"), "invalid", text)
        return
    for index, value in enumerate(values):
        for message in dns_subdomain(value or ""):
            report(place, (*path, "values", index), "invalid", invalid(value, message))


def weight(place: Place, report: Report) -> None:
    """Check the weight of a preference."""
    number = place.value.get("weight") or 0
    if not 1 <= number <= 100:
        report(place, ("weight",), "invalid", invalid(number, _WEIGHT))


def pod_affinity_term(place: Place, report: Report) -> None:
    """Check which pods a pod is near to, or not. Source: validatePodAffinityTerm."""
    term = place.value
    for name in term.get("namespaces") or ():
        for message in dns_label(name or ""):
            report(place, ("namespace",), "invalid", invalid(name, message))
    check_label_keys(place, report)
    key = term.get("topologyKey") or ""
    if not key:
        report(place, ("topologyKey",), "required", required("can not be empty"))
    for message in qualified_name(key):
        report(place, ("topologyKey",), "invalid", invalid(key, message))


def check_label_keys(place: Place, report: Report) -> None:
    """Check the label keys that a selector is completed with. Source: ValidateMatchLabelKeysAndMismatchLabelKeys."""
    matched = place.value.get("matchLabelKeys") or ()
    mismatched = place.value.get("mismatchLabelKeys") or ()
    if not matched and not mismatched:
        return
    selector = place.value.get("labelSelector")
    for field, keys in (("matchLabelKeys", matched), ("mismatchLabelKeys", mismatched)):
        if keys and selector is None:
            text = forbidden("must not be specified when labelSelector is not set")
            report(place, (field,), "forbidden", text)
            continue
        for index, key in enumerate(keys):
            for message in qualified_name(key or ""):
                report(place, (field, index), "invalid", invalid(key, message))
    if selector is not None:
        _check_selector_keys(place, report, selector, matched)
    excluded = set(mismatched)
    for index, key in enumerate(matched):
        if key in excluded:
            text = "exists in both matchLabelKeys and mismatchLabelKeys"
            report(place, ("matchLabelKeys", index), "invalid", invalid(key, text))


def _check_selector_keys(
    place: Place, report: Report, selector: Mapping[str, Any], matched: Sequence[str]
) -> None:
    """Find expressions for a key of `matchLabelKeys` that a selector has before. In a Pod the server adds its own."""
    keys = [(item or {}).get("key") or "" for item in selector.get("matchExpressions") or ()]
    if place.subject.kind == "Pod":
        labels = (place.subject.body.get("metadata") or {}).get("labels") or {}
        added = (*matched, *(place.value.get("mismatchLabelKeys") or ()))
        keys += [key for key in added if key in labels]
    seen = set(selector.get("matchLabels") or ())
    indexes = {key: index for index, key in enumerate(matched)}
    for key in keys:
        if key in indexes and key in seen:
            text = "exists in both matchLabelKeys and labelSelector"
            report(place, ("matchLabelKeys", indexes[key]), "invalid", invalid(key, text))
        seen.add(key)


def topology_spread(place: Place, report: Report) -> None:
    """Check the constraints for a pod's spread. Source: validateTopologySpreadConstraints."""
    seen: dict[tuple[Any, Any], int] = {}
    for index, item in enumerate(place.value.get("topologySpreadConstraints") or ()):
        constraint = item or {}
        pair = (constraint.get("topologyKey"), constraint.get("whenUnsatisfiable"))
        if pair in seen:
            path = (
                "topologySpreadConstraints", seen[pair], "{topologyKey, whenUnsatisfiable}",
            )  # fmt: skip
            text = duplicate(f"{{{pair[0]}, {pair[1]}}}")
            report(place, path, "duplicate", text)
        seen[pair] = index


def topology_spread_constraint(place: Place, report: Report) -> None:
    """Check one constraint."""
    constraint = place.value
    skew = constraint.get("maxSkew") or 0
    if skew <= 0:
        report(place, ("maxSkew",), "invalid", invalid(skew, POSITIVE))
    if not constraint.get("topologyKey"):
        report(place, ("topologyKey",), "required", required("can not be empty"))
    action = constraint.get("whenUnsatisfiable") or ""
    domains = constraint.get("minDomains")
    if domains is not None and domains <= 0:
        report(place, ("minDomains",), "invalid", invalid(domains, POSITIVE))
    if domains is not None and action != "DoNotSchedule":
        text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        report(place, ("minDomains",), "invalid", invalid(domains, text))
    for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        policy = constraint.get(field)
        if policy is not None and policy not in {"Ignore", "Honor"}:
            report(place, (field,), "enum", unsupported(policy, ("Honor", "Ignore")))
    check_label_keys(place, report)


def node_labels(place: Place, report: Report) -> None:
    """Check the labels of nodes that a pod selects."""
    check_labels(place, report, place.value.get("nodeSelector"), ("nodeSelector",))


RULES: Final[Rules] = {
    "Toleration": (toleration,),
    "NodeSelector": (node_selector,),
    "NodeSelectorTerm": (node_selector_term,),
    "PreferredSchedulingTerm": (weight,),
    "WeightedPodAffinityTerm": (weight,),
    "PodAffinityTerm": (pod_affinity_term,),
    "PodSpec": (topology_spread, node_labels),
    "TopologySpreadConstraint": (topology_spread_constraint,),
}
