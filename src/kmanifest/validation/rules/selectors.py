"""Whether a label selector matches labels. Source: k8s.io/apimachinery v0.36.3 pkg/labels/selector.go, Matches."""

from kmanifest.startup.typing import Any, Mapping


def matches(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Return whether a selector matches labels. One that is wrong matches all, as it is a fault of its own."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if key not in labels or (labels[key] or "") != (value or ""):
            return False
    return all(_meets(item or {}, labels) for item in selector.get("matchExpressions") or ())


def _meets(requirement: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, operator = requirement.get("key") or "", requirement.get("operator")
    values = {value or "" for value in requirement.get("values") or ()}
    if operator == "In":
        return key in labels and (labels[key] or "") in values
    if operator == "NotIn":
        return key not in labels or (labels[key] or "") not in values
    if operator == "Exists":
        return key in labels
    return operator != "DoesNotExist" or key not in labels
