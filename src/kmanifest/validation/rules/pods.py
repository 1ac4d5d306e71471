"""Rules for pods and templates of pods: what is not about containers, volumes, security or scheduling.

A Pod and a template differ in a few rules, which look at the kind of the object.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidatePodSpec, ValidatePodCreate,
ValidatePodTemplateSpec and what they call.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import Any, Callable, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules.addresses import ip_address
from kmanifest.validation.rules.containers import containers_of
from kmanifest.validation.rules.messages import (
    between,
    duplicate,
    forbidden,
    invalid,
    required,
    too_long,
)
from kmanifest.validation.rules.metadata import check_annotations, check_labels
from kmanifest.validation.rules.syntax import (
    Messages,
    dns_label,
    dns_subdomain,
    length,
    qualified_name,
    relative_path,
    underscore_subdomain,
)

_MAX_SECONDS: Final = 2**31 - 1
_MAX_NAMESERVERS: Final = 3
_MAX_SEARCHES: Final = 32
_MAX_SEARCH_LENGTH: Final = 2048
_MAX_HOSTNAME: Final = 64
_MIRROR: Final = "kubernetes.io/config.mirror"
_DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
_SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_SPECIAL_ANNOTATIONS: Final = (
    _MIRROR,
    _DELETION_COST,
    _SECCOMP_POD,
    _SECCOMP_CONTAINER,
    _APP_ARMOR,
)

_NAMES: Final[tuple[tuple[str, Callable[[str], Messages]], ...]] = (
    ("serviceAccountName", dns_subdomain),
    ("nodeName", dns_subdomain),
    ("hostname", dns_label),
    ("subdomain", dns_label),
    ("priorityClassName", dns_subdomain),
)
_USUAL_FIELDS: Final = frozenset({
    "containers", "initContainers", "volumes", "restartPolicy", "terminationGracePeriodSeconds", "securityContext",
    "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "imagePullSecrets",
    "automountServiceAccountToken", "dnsPolicy", "schedulerName", "enableServiceLinks",
})  # fmt: skip
"""The fields of a pod that have no rule here."""


def pod_spec(place: Place, report: Report) -> None:
    """Check the names and numbers of a pod."""
    pod = place.value
    if pod.keys() <= _USUAL_FIELDS:
        return
    # A StatefulSet sets these two itself.
    is_stateful = place.inside("StatefulSetSpec") is not None
    for field, check in _NAMES:
        name = pod.get(field)
        if name and not (is_stateful and field in {"hostname", "subdomain"}):
            for message in check(name):
                report(place, (field,), "invalid", invalid(name, message))
    runtime = pod.get("runtimeClassName")
    if runtime is not None:
        for message in dns_subdomain(runtime):
            report(place, ("runtimeClassName",), "invalid", invalid(runtime, message))
    seconds = pod.get("activeDeadlineSeconds")
    if seconds is not None and not 1 <= seconds <= _MAX_SECONDS:
        text = between(1, _MAX_SECONDS)
        report(place, ("activeDeadlineSeconds",), "invalid", invalid(seconds, text))
    _check_hostname_override(place, report)
    _check_gates(place, report)


def _check_hostname_override(place: Place, report: Report) -> None:
    """Source: validatePodHostName."""
    pod = place.value
    name = pod.get("hostnameOverride")
    if name is None:
        return
    path = ("hostnameOverride",)
    for field in ("setHostnameAsFQDN", "hostNetwork"):
        if pod.get(field):
            text = forbidden(f"may not be specified when {field} is true")
            report(place, path, "forbidden", text)
    if length(name) > _MAX_HOSTNAME:
        report(place, path, "too-long", too_long(_MAX_HOSTNAME))
    for message in dns_subdomain(name):
        report(place, path, "invalid", invalid(name, message))


def _check_gates(place: Place, report: Report) -> None:
    """Source: validateReadinessGates and validateSchedulingGates."""
    pod = place.value
    for index, item in enumerate(pod.get("readinessGates") or ()):
        condition = (item or {}).get("conditionType") or ""
        for message in qualified_name(condition):
            path = ("readinessGates", index, "conditionType")
            report(place, path, "invalid", invalid(condition, message))
    gates = pod.get("schedulingGates") or ()
    seen: set[str] = set()
    for index, item in enumerate(gates):
        name = (item or {}).get("name") or ""
        for message in qualified_name(name):
            report(place, ("schedulingGates", index), "invalid", invalid(name, message))
        if name in seen:
            report(place, ("schedulingGates", index), "duplicate", duplicate(name))
        seen.add(name)
    if gates and pod.get("nodeName") and place.subject.kind == "Pod":
        text = "cannot be set until all schedulingGates have been cleared"
        report(place, ("nodeName",), "forbidden", forbidden(text))


def host_alias(place: Place, report: Report) -> None:
    """Check a line of /etc/hosts. Source: ValidateHostAliases."""
    address = place.value.get("ip") or ""
    for message in ip_address(address, place.subject.version):
        report(place, ("ip",), "invalid", invalid(address, message))
    for index, name in enumerate(place.value.get("hostnames") or ()):
        for message in dns_subdomain(name or ""):
            report(place, ("hostnames", index), "invalid", invalid(name, message))


def dns_policy(place: Place, report: Report) -> None:
    """Check that a pod without a DNS policy has a configuration. Source: validatePodDNSConfig."""
    if place.value.get("dnsPolicy") != "None":
        return
    config = place.value.get("dnsConfig")
    if config is None:
        text = required("must provide `dnsConfig` when `dnsPolicy` is None")
        report(place, ("dnsConfig",), "required", text)
    elif not config.get("nameservers"):
        text = required("must provide at least one DNS nameserver when `dnsPolicy` is None")
        report(place, ("dnsConfig", "nameservers"), "required", text)


def dns_config(place: Place, report: Report) -> None:
    """Check the configuration of DNS."""
    servers = place.value.get("nameservers") or ()
    searches = [search or "" for search in place.value.get("searches") or ()]
    if len(servers) > _MAX_NAMESERVERS:
        text = f"must not have more than {_MAX_NAMESERVERS} nameservers"
        report(place, ("nameservers",), "invalid", invalid(servers, text))
    for index, server in enumerate(servers):
        for message in ip_address(server or "", place.subject.version):
            report(place, ("nameservers", index), "invalid", invalid(server, message))
    if len(searches) > _MAX_SEARCHES:
        text = f"must not have more than {_MAX_SEARCHES} search paths"
        report(place, ("searches",), "invalid", invalid(searches, text))
    if length(" ".join(searches)) > _MAX_SEARCH_LENGTH:
        text = f"must not have more than {_MAX_SEARCH_LENGTH} characters (including spaces) in the search list"
        report(place, ("searches",), "invalid", invalid(searches, text))
    for index, search in enumerate(searches):
        name = search.removesuffix(".")
        for message in underscore_subdomain(name) if search != "." else ():
            report(place, ("searches", index), "invalid", invalid(name, message))
    for index, option in enumerate(place.value.get("options") or ()):
        if not (option or {}).get("name"):
            report(place, ("options", index), "required", required("must not be empty"))


def resource_claims(place: Place, report: Report) -> None:
    """Check the claims of devices of a pod. Source: validatePodResourceClaims."""
    seen: set[str] = set()
    for index, item in enumerate(place.value.get("resourceClaims") or ()):
        claim = item or {}
        path = ("resourceClaims", index)
        name = claim.get("name") or ""
        if not name:
            report(place, (*path, "name"), "required", required())
        elif name in seen:
            report(place, (*path, "name"), "duplicate", duplicate(name))
        else:
            for message in dns_label(name):
                report(place, (*path, "name"), "invalid", invalid(name, message))
            seen.add(name)
        fields = ("resourceClaimName", "resourceClaimTemplateName")
        given = [field for field in fields if claim.get(field) is not None]
        if len(given) == 2:
            text = (
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            )
            report(place, path, "invalid", invalid(claim, text))
        elif not given:
            text = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            report(place, path, "invalid", invalid(claim, text))
        for field in given:
            for message in dns_subdomain(claim[field]):
                report(place, (*path, field), "invalid", invalid(claim[field], message))


def template(place: Place, report: Report) -> None:
    """Check the labels and annotations of a template, and that it has no ephemeral containers.

    The server names the labels and annotations of a template without `metadata`.
    """
    value = place.value
    meta = value.get("metadata")
    spec = value.get("spec") or {}
    if meta:
        check_labels(place, report, meta.get("labels"), ("labels",))
        annotations = meta.get("annotations")
        if annotations:
            check_annotations(place, report, annotations, ("annotations",))
            check_pod_annotations(place, report, annotations, ("annotations",))
    if spec.get("ephemeralContainers"):
        text = forbidden("ephemeral containers not allowed in pod template")
        report(place, ("spec", "ephemeralContainers"), "forbidden", text)


def pod(place: Place, report: Report) -> None:
    """Check what only a Pod has."""
    value = place.value
    annotations = (value.get("metadata") or {}).get("annotations")
    if annotations:
        check_pod_annotations(place, report, annotations, ("metadata", "annotations"))
    if (value.get("spec") or {}).get("ephemeralContainers"):
        text = forbidden("cannot be set on create")
        report(place, ("spec", "ephemeralContainers"), "forbidden", text)


def check_pod_annotations(
    place: Place, report: Report, annotations: Mapping[str, str | None], path: FieldPath
) -> None:
    """Check the annotations of a pod that the server knows. Source: ValidatePodSpecificAnnotations."""
    special = {
        key: value or ""
        for key, value in annotations.items()
        if key.startswith(_SPECIAL_ANNOTATIONS)
    }
    if not special:
        return
    spec = place.value.get("spec") or {}
    for key, value in special.items():
        if key == _MIRROR and not spec.get("nodeName"):
            text = "must set spec.nodeName if mirror pod annotation is set"
            report(place, (*path, key), "invalid", invalid(value, text))
        elif key == _DELETION_COST and not _is_int32(value):
            report(place, (*path, key), "invalid", invalid(value, "must be a 32bit integer"))
        elif key == _SECCOMP_POD or key.startswith(_SECCOMP_CONTAINER):
            _check_seccomp(place, report, value, (*path, key))
        elif key.startswith(_APP_ARMOR):
            _check_app_armor(place, report, key, value, path)
    _check_profiles_match(place, report, special, spec)


def _is_int32(text: str) -> bool:
    """Source: pkg/apis/core/helper/helpers.go, GetDeletionCostFromPodAnnotations."""
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 10:
        return False
    if digits.startswith("0") and text != "0":
        return False
    return -(2**31) <= int(text) < 2**31


def _check_seccomp(place: Place, report: Report, profile: str, path: FieldPath) -> None:
    """Source: ValidateSeccompProfile."""
    if profile in {"runtime/default", "docker/default", "unconfined"}:
        return
    if not profile.startswith("localhost/"):
        report(place, path, "invalid", invalid(profile, "must be a valid seccomp profile"))
        return
    name = profile.removeprefix("localhost/")
    for message in relative_path(name):
        report(place, path, "invalid", invalid(name, message))


def _check_app_armor(place: Place, report: Report, key: str, profile: str, path: FieldPath) -> None:
    """Source: ValidateAppArmorPodAnnotations."""
    name = key.removeprefix(_APP_ARMOR)
    containers = containers_of(place.value.get("spec") or {})
    if all(container.get("name") != name for _, container in containers):
        report(place, (*path, key), "invalid", invalid(name, "container not found"))
    if profile not in {"", "runtime/default", "unconfined"} and not profile.startswith(
        "localhost/"
    ):
        text = f'invalid AppArmor profile name: "{profile}"'
        report(place, (*path, key), "invalid", invalid(profile, text))


def _check_profiles_match(
    place: Place, report: Report, annotations: Mapping[str, str | None], spec: Mapping[str, Any]
) -> None:
    """Compare the profiles of annotations with those of fields.

    Source: validateSeccompAnnotationsAndFields and validateAppArmorAnnotationsAndFieldsMatchOnCreate.
    """
    context = spec.get("securityContext") or {}
    pod_armor = context.get("appArmorProfile")
    is_windows = (spec.get("os") or {}).get("name") == "windows"
    _check_profile_matches(
        place, report, annotations.get(_SECCOMP_POD), context.get("seccompProfile"),
        ("spec", "securityContext", "seccompProfile"),
    )  # fmt: skip
    for path, container in containers_of(spec):
        name = container.get("name") or ""
        own = container.get("securityContext") or {}
        field = ("spec", *path, "securityContext")
        _check_profile_matches(
            place, report, annotations.get(_SECCOMP_CONTAINER + name), own.get("seccompProfile"),
            (*field, "seccompProfile"),
        )  # fmt: skip
        if not is_windows:
            _check_profile_matches(
                place, report, annotations.get(_APP_ARMOR + name), own.get("appArmorProfile") or pod_armor,
                (*field, "appArmorProfile"),
            )  # fmt: skip


def _check_profile_matches(
    place: Place,
    report: Report,
    annotation: str | None,
    profile: Mapping[str, Any] | None,
    path: FieldPath,
) -> None:
    if annotation is None or not profile:
        return
    word = "seccomp" if path[-1] == "seccompProfile" else "apparmor"
    type_ = profile.get("type")
    expected: tuple[str, ...] = ()
    if type_ == "Unconfined":
        expected = ("unconfined",)
    elif type_ == "RuntimeDefault":
        expected = ("runtime/default", "docker/default")[: 2 if word == "seccomp" else 1]
    if type_ == "Localhost" and annotation.startswith("localhost/"):
        if annotation.removeprefix("localhost/") != profile.get("localhostProfile"):
            text = forbidden(f"{word} profile in annotation and field must match")
            report(place, (*path, "localhostProfile"), "forbidden", text)
    elif type_ == "Localhost" or (expected and annotation not in expected):
        text = forbidden(f"{word} type in annotation and field must match")
        report(place, (*path, "type"), "forbidden", text)


RULES: Final[Rules] = {
    "Pod": (pod,),
    "PodTemplateSpec": (template,),
    "PodSpec": (pod_spec, dns_policy, resource_claims),
    "HostAlias": (host_alias,),
    "PodDNSConfig": (dns_config,),
}
