"""Roles and their bindings.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/rbac/validation/validation.go, after the defaults of pkg/apis/rbac/v1/defaults.go.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.reading import Faults, items_of, mapping_of, strings_of, text_of

_GROUP: Final = "rbac.authorization.k8s.io"
_SUBJECTS: Final = ("ServiceAccount", "User", "Group")


def check_role(place: Place, report: Report) -> None:
    """Check the rules of a Role. Source: ValidateRole."""
    _check_rules(place, report, is_namespaced=True)


def check_cluster_role(place: Place, report: Report) -> None:
    """Check the rules of a ClusterRole, and which roles it collects. Source: ValidateClusterRole."""
    _check_rules(place, report, is_namespaced=False)
    aggregation = place.value.get("aggregationRule")
    if aggregation is not None and not aggregation.get("clusterRoleSelectors"):
        path = ("aggregationRule", "clusterRoleSelectors")
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        Faults(place, report).required(path, detail)


def _check_rules(place: Place, report: Report, *, is_namespaced: bool) -> None:
    for index, rule in enumerate(items_of(place.value, "rules")):
        faults = Faults(place, report, ("rules", index))
        _check_rule(faults, rule, is_namespaced=is_namespaced)


def _check_rule(faults: Faults, rule: Mapping[str, Any], *, is_namespaced: bool) -> None:
    """Source: ValidatePolicyRule."""
    if not rule.get("verbs"):
        faults.required(("verbs",), "verbs must contain at least one value")
    urls = strings_of(rule, "nonResourceURLs")
    if urls:
        if is_namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            faults.invalid(("nonResourceURLs",), urls, detail)
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            faults.invalid(("nonResourceURLs",), urls, detail)
        return
    if not rule.get("apiGroups"):
        faults.required(("apiGroups",), "resource rules must supply at least one api group")
    if not rule.get("resources"):
        faults.required(("resources",), "resource rules must supply at least one resource")


def check_role_binding(place: Place, report: Report) -> None:
    """Check a RoleBinding. Source: ValidateRoleBinding."""
    _check_binding(Faults(place, report), place.value, ("Role", "ClusterRole"))


def check_cluster_role_binding(place: Place, report: Report) -> None:
    """Check a ClusterRoleBinding. Source: ValidateClusterRoleBinding."""
    _check_binding(Faults(place, report), place.value, ("ClusterRole",))


def _check_binding(faults: Faults, binding: Mapping[str, Any], kinds: tuple[str, ...]) -> None:
    role = mapping_of(binding, "roleRef")
    faults.one_of(("roleRef", "apiGroup"), text_of(role, "apiGroup") or _GROUP, (_GROUP,))
    faults.one_of(("roleRef", "kind"), text_of(role, "kind"), kinds)
    faults.text(("roleRef", "name"), text_of(role, "name"), syntax.path_segment)
    for index, subject in enumerate(items_of(binding, "subjects")):
        _check_subject(faults.at("subjects", index), subject, is_namespaced="Role" in kinds)


def _check_subject(faults: Faults, subject: Mapping[str, Any], *, is_namespaced: bool) -> None:
    """Source: ValidateRoleBindingSubject."""
    kind, name, group = (text_of(subject, field) for field in ("kind", "name", "apiGroup"))
    if not name:
        faults.required(("name",))
    if kind == "ServiceAccount":
        if name:
            faults.invalid(("name",), name, *syntax.dns_subdomain(name))
        faults.one_of(("apiGroup",), group, ("",))
        if not is_namespaced and not text_of(subject, "namespace"):
            faults.required(("namespace",))
    elif kind in {"User", "Group"}:
        faults.one_of(("apiGroup",), group or _GROUP, (_GROUP,))
    else:
        faults.unsupported(("kind",), kind, _SUBJECTS)


RULES: Final[Rules] = {
    "Role": (check_role,),
    "ClusterRole": (check_cluster_role,),
    "RoleBinding": (check_role_binding,),
    "ClusterRoleBinding": (check_cluster_role_binding,),
}
"""The rules for roles by type."""
