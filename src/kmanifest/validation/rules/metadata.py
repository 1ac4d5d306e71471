"""Rules for the metadata of objects and templates, and for label selectors.

A name is a subdomain of RFC 1123 unless its kind is in a table here. The server checks metadata twice: the kind with
its own rule, and then all kinds with a rule that takes any segment of a path.

Sources: k8s.io/apimachinery v0.36.3 pkg/api/validation/objectmeta.go and pkg/apis/meta/v1/validation/validation.go;
k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidateObjectMeta; k8s.io/apiserver
pkg/registry/rest/create.go, BeforeCreate.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import Any, Callable, Final, Mapping, Sequence
from kmanifest.validation.places import Kind, Place, Report, Rules, Subject
from kmanifest.validation.rules.addresses import canonical_ip_address
from kmanifest.validation.rules.messages import (
    NOT_NEGATIVE,
    forbidden,
    invalid,
    required,
    too_long,
)
from kmanifest.validation.rules.syntax import (
    Messages,
    config_key,
    dns1035_label,
    dns_label,
    dns_subdomain,
    label_value,
    length,
    masked_prefix,
    path_segment,
    path_segment_prefix,
    qualified_name,
)

NameRule = Callable[[str], Messages]
"""Checks a name. It gets a `generateName` whose last hyphen is hidden, too."""

_MAX_ANNOTATIONS: Final = 256 * 1024
_MAX_GENERATED_BASE: Final = 58
_STANDARD_FINALIZERS: Final = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_USUAL_FIELDS: Final = frozenset({"name", "namespace", "labels", "annotations"})
_RELAXED_SERVICE_NAMES: Final = (1, 36)

NAME_RULES: Final[Mapping[str, NameRule]] = {
    "Namespace": dns_label,
    "StatefulSet": dns_label,
    "IPAddress": canonical_ip_address,
    "LeaseCandidate": config_key,
    "Role": path_segment,
    "ClusterRole": path_segment,
    "RoleBinding": path_segment,
    "ClusterRoleBinding": path_segment,
    "CertificateSigningRequest": path_segment,
    "PodDisruptionBudget": path_segment,
    # These have rules of their own, which depend on other fields.
    "ClusterTrustBundle": path_segment,
    "StorageVersion": path_segment,
}
"""The name rules of the kinds whose names are not subdomains. Sources: pkg/apis/*/validation."""

UNSTORED_KINDS: Final = frozenset({
    "Binding", "DeleteOptions", "Eviction", "LocalSubjectAccessReview", "Scale", "SelfSubjectAccessReview",
    "SelfSubjectReview", "SelfSubjectRulesReview", "Status", "SubjectAccessReview", "TokenRequest", "TokenReview",
})  # fmt: skip
"""The kinds that are not stored, so that their metadata has no rules."""

_ANY_FINALIZER: Final = frozenset({
    "APIService", "CustomResourceDefinition", "Lease", "LeaseCandidate", "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "PodDisruptionBudget", "RuntimeClass",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
})  # fmt: skip
"""The kinds whose finalizers need no domain: those that do not use ValidateObjectMeta of pkg/apis/core/validation."""

_GENERATION_IS_SET: Final = frozenset({
    "CronJob", "CustomResourceDefinition", "DaemonSet", "Deployment", "DeviceClass", "DeviceTaintRule",
    "EndpointSlice", "FlowSchema", "Ingress", "IngressClass", "Job", "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "NetworkPolicy", "Pod", "PodDisruptionBudget",
    "PodTemplate", "PriorityClass", "PriorityLevelConfiguration", "ReplicaSet", "ReplicationController",
    "ResourceSlice", "StatefulSet", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
})  # fmt: skip
"""The kinds whose generation the server sets. Sources: pkg/registry/*/*/strategy.go, PrepareForCreate."""

_UNCHECKED_SELECTORS: Final = frozenset({"ClusterTrustBundleProjection", "MetricIdentifier"})
"""The types whose selectors the server does not check: it passes one on, and drops the other by default."""

_NAME_IS_CHECKED_GENERATED: Final = frozenset({"DeviceClass", "ReplicationController"})
"""The kinds that use ValidateObjectMetaWithOpts, which checks the generated name instead of `generateName`."""


def name_rule(subject: Subject) -> NameRule:
    """Return the rule for names of a kind."""
    if subject.kind == "Service":
        return dns_label if subject.version >= _RELAXED_SERVICE_NAMES else dns1035_label
    if subject.kind == "Event" and not subject.group:
        return path_segment
    if subject.kind == "APIService":
        return _service_rule(subject.body.get("spec") or {})
    return NAME_RULES.get(subject.kind, dns_subdomain)


def _service_rule(spec: Mapping[str, Any]) -> NameRule:
    """Return the rule for the name of an APIService.

    Source: k8s.io/kube-aggregator pkg/apis/apiregistration/validation/validation.go, ValidateAPIService.
    """
    wanted = f"{spec.get('version') or ''}.{spec.get('group') or ''}"
    text = f'must be `spec.version+"."+spec.group`: "{wanted}"'
    return lambda name: () if name == wanted else (text, *path_segment(name))


def object_meta(place: Place, report: Report) -> None:
    """Check the metadata of an object."""
    outer = place.outer
    subject = place.subject
    if outer is None or outer.outer is not None or subject.kind in UNSTORED_KINDS:
        return
    meta = place.value
    name = meta.get("name")
    if not name or meta.get("generateName"):
        _check_generated_name(place, report, subject)
    if name:
        rule = name_rule(subject)
        for message in rule(name):
            report(place, ("name",), "invalid", invalid(name, message))
    check_labels(place, report, meta.get("labels"), ("labels",))
    check_annotations(place, report, meta.get("annotations"), ("annotations",))
    if not meta.keys() <= _USUAL_FIELDS:
        _check_rare_fields(place, report, subject)


def _check_generated_name(place: Place, report: Report, subject: Subject) -> None:
    base = place.value.get("generateName")
    if not base:
        if subject.kind != "LimitRange":
            report(place, ("name",), "required", required("name or generateName is required"))
        return
    rule = name_rule(subject)
    if subject.kind in _NAME_IS_CHECKED_GENERATED:
        name = base[:_MAX_GENERATED_BASE] + "00000"
        messages = () if place.value.get("name") else rule(name)
        for message in messages:
            report(place, ("name",), "invalid", invalid(name, message))
        return
    if rule is path_segment:
        rule = path_segment_prefix
    for message in rule(masked_prefix(base)):
        report(place, ("generateName",), "invalid", invalid(base, message))


def _check_rare_fields(place: Place, report: Report, subject: Subject) -> None:
    meta = place.value
    generation = meta.get("generation")
    if generation and generation < 0 and subject.kind not in _GENERATION_IS_SET:
        report(place, ("generation",), "invalid", invalid(generation, NOT_NEGATIVE))
    _check_finalizers(place, report, meta.get("finalizers") or ())
    _check_owners(place, report, meta.get("ownerReferences") or ())
    _warn_of_apply(place, report)


def _check_finalizers(place: Place, report: Report, finalizers: Sequence[str | None]) -> None:
    for index, finalizer in enumerate(finalizers):
        name = finalizer or ""
        for message in qualified_name(name):
            report(place, ("finalizers", index), "invalid", invalid(name, message))
        if (
            "/" not in name
            and name not in _STANDARD_FINALIZERS
            and place.subject.kind not in _ANY_FINALIZER
        ):
            text = "name is neither a standard finalizer name nor is it fully qualified"
            report(place, ("finalizers", index), "invalid", invalid(name, text))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        report(place, ("finalizers",), "invalid", invalid(finalizers, text))


def _check_owners(place: Place, report: Report, owners: Sequence[Mapping[str, Any] | None]) -> None:
    controller = ""
    for index, item in enumerate(owners):
        owner = item or {}
        path = ("ownerReferences", index)
        api_version, kind = owner.get("apiVersion") or "", owner.get("kind") or ""
        group, _, version = api_version.rpartition("/")
        if not version or "/" in group:
            report(
                place,
                (*path, "apiVersion"),
                "invalid",
                invalid(api_version, "version must not be empty"),
            )
        for field in ("kind", "name", "uid"):
            if not owner.get(field):
                report(place, (*path, field), "invalid", invalid("", "must not be empty"))
        if api_version == "v1" and kind == "Event":
            text = "/v1, Kind=Event is disallowed from being an owner"
            report(place, path, "invalid", invalid(owner, text))
        if owner.get("controller"):
            current = f"{kind}/{owner.get('name') or ''}"
            if controller:
                text = (
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {controller} and {current}'
                )
                report(place, ("ownerReferences",), "invalid", invalid(owners, text))
            controller = controller or current


def _warn_of_apply(place: Place, report: Report) -> None:
    """Warn of fields with which the server takes an object on create, but not by server-side apply."""
    meta = place.value
    if meta.get("managedFields") is not None:
        text = "server-side apply will refuse it: metadata.managedFields must be nil"
        report(place, ("managedFields",), "warning", text)
    if meta.get("uid"):
        text = "server-side apply will refuse it: uid mismatch with the object that exists, or with none"
        report(place, ("uid",), "warning", text)
    version = meta.get("resourceVersion")
    if version and not (version.isascii() and version.isdecimal()):
        text = f"server-side apply will refuse it: {invalid(version, 'must be a number')}"
        report(place, ("resourceVersion",), "warning", text)


def check_labels(
    place: Place, report: Report, labels: Mapping[str, str | None] | None, path: FieldPath
) -> None:
    """Check labels: their keys and values. Source: ValidateLabels."""
    if not labels:
        return
    for key, value in labels.items():
        for message in qualified_name(key):
            report(place, (*path, key), "invalid", invalid(key, message))
        if value:
            for message in label_value(value):
                report(place, (*path, key), "invalid", invalid(value, message))


def check_annotations(
    place: Place, report: Report, annotations: Mapping[str, str | None] | None, path: FieldPath
) -> None:
    """Check annotations: their keys in lower case, and their size together. Source: ValidateAnnotations."""
    if not annotations:
        return
    size = 0
    for key, value in annotations.items():
        for message in qualified_name(key.lower()):
            report(place, (*path, key), "invalid", invalid(key, message))
        size += length(key) + length(value or "")
    if size > _MAX_ANNOTATIONS:
        report(place, path, "too-long", too_long(_MAX_ANNOTATIONS))


def label_selector(place: Place, report: Report) -> None:
    """Check a label selector. Source: ValidateLabelSelector."""
    if place.outer is not None and place.outer.type in _UNCHECKED_SELECTORS:
        return
    selector = place.value
    check_labels(place, report, selector.get("matchLabels"), ("matchLabels",))
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        _check_requirement(place, report, requirement or {}, ("matchExpressions", index))


def _check_requirement(
    place: Place, report: Report, requirement: Mapping[str, Any], path: FieldPath
) -> None:
    operator = requirement.get("operator") or ""
    values = requirement.get("values") or ()
    fault = operator_fault(operator, values)
    if fault:
        field, kind, message = fault
        report(place, (*path, field), kind, message)
    key = requirement.get("key") or ""
    for message in qualified_name(key):
        report(place, (*path, "key"), "invalid", invalid(key, message))
    for index, value in enumerate(values):
        for message in label_value(value or ""):
            report(place, (*path, "values", index), "invalid", invalid(value, message))


def operator_fault(operator: str, values: Sequence[Any]) -> tuple[str, Kind, str] | None:
    """Return the field, kind and message for an operator of a selector and its values, or None."""
    if operator in {"In", "NotIn"}:
        text = "must be specified when `operator` is 'In' or 'NotIn'"
        return None if values else ("values", "required", required(text))
    if operator in {"Exists", "DoesNotExist"}:
        text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        return ("values", "forbidden", forbidden(text)) if values else None
    return "operator", "invalid", invalid(operator, "not a valid selector operator")


def claim_template_meta(place: Place, report: Report) -> None:
    """Check the metadata of a template of claims, which has only labels and annotations.

    Source: pkg/apis/core/validation/validation.go, ValidateTemplateObjectMeta.
    """
    meta = place.value.get("metadata") or {}
    check_labels(place, report, meta.get("labels"), ("metadata", "labels"))
    check_annotations(place, report, meta.get("annotations"), ("metadata", "annotations"))
    for field, value in meta.items():
        if value and field not in {"labels", "annotations"}:
            report(place, ("metadata", field), "forbidden", forbidden("cannot be set"))


RULES: Final[Rules] = {
    "ObjectMeta": (object_meta,),
    "LabelSelector": (label_selector,),
    "PersistentVolumeClaimTemplate": (claim_template_meta,),
    "ResourceClaimTemplateSpec": (claim_template_meta,),
}
