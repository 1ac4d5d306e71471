"""Rules for environment variables, and for the fields of a pod that variables and files refer to.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidateEnv, ValidateEnvFrom and what they
call; pkg/apis/core/pods/helpers.go, ConvertDownwardAPIFieldLabel; pkg/fieldpath/fieldpath.go.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import Any, Final
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules.messages import invalid, required, unsupported
from kmanifest.validation.rules.quantities import parse_quantity, quantity_text
from kmanifest.validation.rules.resources import HUGE_PAGES
from kmanifest.validation.rules.syntax import (
    config_key,
    dns_label,
    dns_subdomain,
    env_name,
    masked_prefix,
    no_backsteps,
    qualified_name,
)

_SOURCES: Final = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_ENV_FIELDS: Final = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_FILE_FIELDS: Final = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
)  # fmt: skip
_POD_FIELDS: Final = frozenset({
    *_ENV_FIELDS, *_FILE_FIELDS, "spec.host", "spec.restartPolicy", "spec.schedulerName", "status.phase",
})  # fmt: skip
_RESOURCES: Final = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
    "requests.memory",
)  # fmt: skip
_BYTE_DIVISORS: Final[tuple[str, ...]] = (
    "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
)  # fmt: skip
_CPU_DIVISORS: Final[tuple[str, ...]] = ("1m", "1")
_HUGE_PAGE_PREFIXES: Final = (f"limits.{HUGE_PAGES}", f"requests.{HUGE_PAGES}")


def env_var(place: Place, report: Report) -> None:
    """Check an environment variable and where its value comes from."""
    variable = place.value
    name = variable.get("name")
    if not name:
        report(place, ("name",), "required", required())
    else:
        for message in env_name(name):
            report(place, ("name",), "invalid", invalid(name, message))
    source = variable.get("valueFrom")
    if source is None:
        return
    count = sum(source.get(field) is not None for field in _SOURCES)
    if count == 0:
        fields = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        text = f"must specify one of: {fields}"
    elif variable.get("value"):
        text = "may not be specified when `value` is not empty"
    elif count > 1:
        text = "may not have more than one field specified at a time"
    else:
        return
    report(place, ("valueFrom",), "invalid", invalid("", text))


def env_from(place: Place, report: Report) -> None:
    """Check a ConfigMap or Secret whose keys become variables."""
    source = place.value
    prefix = source.get("prefix") or ""
    for message in env_name(prefix) if prefix else ():
        report(place, ("prefix",), "invalid", invalid(prefix, message))
    count = 0
    for field in ("configMapRef", "secretRef"):
        reference = source.get(field)
        if reference is None:
            continue
        count += 1
        name = reference.get("name") or ""
        if not name:
            report(place, (field, "name"), "required", required())
        else:
            for message in dns_subdomain(masked_prefix(name)):
                report(place, (field, "name"), "invalid", invalid(name, message))
    if count == 0:
        text = "must specify one of: `configMapRef` or `secretRef`"
        report(place, (), "invalid", invalid("", text))
    elif count > 1:
        text = "may not have more than one field specified at a time"
        report(place, (), "invalid", invalid("", text))


def key_selector(place: Place, report: Report) -> None:
    """Check a reference to a key of a ConfigMap or Secret. Source: validateSecretKeySelector."""
    name, key = place.value.get("name") or "", place.value.get("key") or ""
    for message in dns_subdomain(name):
        report(place, ("name",), "invalid", invalid(name, message))
    if not key:
        report(place, ("key",), "required", required())
    else:
        for message in config_key(key):
            report(place, ("key",), "invalid", invalid(key, message))


def file_key_selector(place: Place, report: Report) -> None:
    """Check a reference to a variable in a file of a volume. Source: validateFileKeySelector."""
    checks = (("key", env_name), ("volumeName", dns_label), ("path", no_backsteps))
    for field, check in checks:
        value = place.value.get(field) or ""
        if not value:
            report(place, (field,), "required", required())
        else:
            for message in check(value):
                report(place, (field,), "invalid", invalid(value, message))


def _in_file(place: Place) -> tuple[Place, FieldPath] | None:
    """Return the volume and the path in it, if a reference is for a file.

    The server's paths of such references have neither `items` nor the index of the file.
    """
    file = place.outer
    if file is None or file.type != "DownwardAPIVolumeFile":
        return None
    files = file.outer
    volume = files.outer if files is not None else None
    return (volume, (place.step,)) if volume is not None else None


def field_selector(place: Place, report: Report) -> None:
    """Check a reference to a field of the pod. Source: validateObjectFieldSelector."""
    in_file = _in_file(place)
    target, at = in_file or (place, ())
    version = place.value.get("apiVersion") or "v1"
    path = place.value.get("fieldPath") or ""
    if not path:
        report(target, (*at, "fieldPath"), "required", required())
    name, subscript = _split_subscript(path)
    fault = _field_fault(version, path, name, is_subscripted=subscript is not None)
    if fault:
        text = f"error converting fieldPath: {fault}"
        report(target, (*at, "fieldPath"), "invalid", invalid(path, text))
    elif subscript is not None:
        key = subscript.lower() if name == "metadata.annotations" else subscript
        for message in qualified_name(key):
            report(target, at, "invalid", invalid(key, message))
    else:
        known = _FILE_FIELDS if in_file else _ENV_FIELDS
        name = "spec.nodeName" if name == "spec.host" else name
        if name not in known:
            report(target, (*at, "fieldPath"), "enum", unsupported(name, known))


def _split_subscript(path: str) -> tuple[str, str | None]:
    """Split `metadata.labels['app']` into the field and the key. Source: SplitMaybeSubscriptedPath."""
    name, bracket, key = path.removesuffix("']").partition("['")
    if not path.endswith("']") or not bracket or not name:
        return path, None
    return name, key


def _field_fault(version: str, path: str, name: str, *, is_subscripted: bool) -> str | None:
    if version != "v1":
        return f"unsupported pod version: {version}"
    if is_subscripted:
        if name in {"metadata.annotations", "metadata.labels"}:
            return None
        return f"field label does not support subscript: {path}"
    return None if path in _POD_FIELDS else f"field label not supported: {path}"


def resource_selector(place: Place, report: Report) -> None:
    """Check a reference to the resources of a container. Source: validateContainerResourceFieldSelector."""
    selector = place.value
    resource = selector.get("resource") or ""
    in_file = _in_file(place)
    target, at = in_file or (place, ())
    if in_file and not selector.get("containerName"):
        report(target, (*at, "containerName"), "required", required())
    elif not resource:
        report(target, (*at, "resource"), "required", required())
    elif resource not in _RESOURCES and not resource.startswith(_HUGE_PAGE_PREFIXES):
        report(target, (*at, "resource"), "enum", unsupported(resource, _RESOURCES))
    _check_divisor(target, report, resource, selector.get("divisor"), at)


def _check_divisor(
    target: Place, report: Report, resource: str, divisor: Any, at: FieldPath
) -> None:
    """Source: validateContainerResourceDivisor."""
    if not parse_quantity(divisor):
        return
    unit = ""
    if resource in {"limits.cpu", "requests.cpu"}:
        unit = "cpu"
    elif resource in {"limits.memory", "requests.memory"}:
        unit = "memory"
    elif resource in {"limits.ephemeral-storage", "requests.ephemeral-storage"}:
        unit = "local ephemeral storage"
    elif resource.startswith(_HUGE_PAGE_PREFIXES):
        unit = "hugepages"
    allowed = _CPU_DIVISORS if unit == "cpu" else _BYTE_DIVISORS
    if unit and quantity_text(divisor) not in allowed:
        values = (" and " if unit == "cpu" else ", ").join(allowed)
        text = f"only divisor's values {values} are supported with the {unit} resource"
        report(target, (*at, "divisor"), "invalid", invalid(resource, text))


RULES: Final[Rules] = {
    "EnvVar": (env_var,),
    "EnvFromSource": (env_from,),
    "ConfigMapKeySelector": (key_selector,),
    "SecretKeySelector": (key_selector,),
    "FileKeySelector": (file_key_selector,),
    "ObjectFieldSelector": (field_selector,),
    "ResourceFieldSelector": (resource_selector,),
}
