"""Environments of Tanka: their objects with namespace, labels and defaults, in Tanka's order.

Source: tanka pkg/process/*.go; pkg/spec/spec.go; pkg/spec/v1alpha1/environment.go; pkg/tanka/inline.go and static.go.
"""

import json
from collections.abc import Mapping, Sequence

from kmanifest.engines.jsonnet.walk import Manifest, find_manifests
from kmanifest.model.deadline import check_time
from kmanifest.model.errors import MissingError, RenderError, SourceError, near_names
from kmanifest.model.values import as_list, as_string
from kmanifest.startup.hashlib import digest
from kmanifest.startup.typing import Any, Final, NamedTuple

SPEC_FILE: Final = "spec.json"
ENVIRONMENT_VARIABLE: Final = "tanka.dev/environment"
INLINE_VARIABLE: Final = (
    "error \"std.extVar('tanka.dev/environment') is only supported for static environments\""
)
_API_GROUP: Final = "tanka.dev/"
_LABEL: Final = "tanka.dev/environment"
_NAMESPACED: Final = "tanka.dev/namespaced"
_LABEL_LENGTH: Final = 48
_LABEL_FIELDS: Final = (".metadata.name", ".metadata.namespace")

CLUSTER_WIDE_KINDS: Final = frozenset((
    "APIService", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding", "ComponentStatus", "CSIDriver",
    "CSINode", "CustomResourceDefinition", "MutatingWebhookConfiguration", "Namespace", "Node", "NodeMetrics",
    "PersistentVolume", "PodSecurityPolicy", "PriorityClass", "RuntimeClass", "SelfSubjectAccessReview",
    "SelfSubjectRulesReview", "StorageClass", "SubjectAccessReview", "TokenReview", "ValidatingWebhookConfiguration",
    "VolumeAttachment",
))  # fmt: skip
"""The kinds that get no namespace. pkg/process/namespace.go, clusterWideKinds."""

KIND_ORDER: Final = (
    "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget",
    "ServiceAccount", "Secret", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
    "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList", "Role",
    "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet",
    "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "Ingress", "APIService",
)  # fmt: skip
"""The order of kinds. pkg/process/sort.go, kindOrder."""


class Environment(NamedTuple):
    """An environment: the document of spec.json or of an inline environment, completed with the defaults."""

    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name."""
        return str(self.document["metadata"].get("name", ""))

    @property
    def spec(self) -> Mapping[str, Any]:
        """The field `spec`."""
        spec: Mapping[str, Any] = self.document["spec"]
        return spec

    def as_code(self) -> str:
        """Return the code of the external variable that describes the environment."""
        fields = {name: value for name, value in self.document.items() if name != "data"}
        return json.dumps(fields)


def load_spec(content: bytes | None, name: str, entrypoint: str) -> Environment:
    """Return the environment of a spec.json, or the defaults if there is none.

    `name`: the directory of the environment, relative to the project. `entrypoint`: its main.jsonnet, likewise.
    """
    document: Any = {}
    if content is not None:
        try:
            document = json.loads(content)
        except ValueError as error:
            raise SourceError(f"invalid JSON: {error}") from error
    environment = _complete(document, entrypoint)
    metadata = {**environment.document["metadata"], "name": name}
    return Environment({**environment.document, "metadata": metadata})


def _complete(document: Any, entrypoint: str) -> Environment:
    """Return an environment with Tanka's defaults."""
    if not isinstance(document, dict):
        raise SourceError("an environment must be an object")
    spec = {"namespace": "default", **_object(document, "spec")}
    spec["resourceDefaults"] = _object(spec, "resourceDefaults")
    spec["expectVersions"] = _object(spec, "expectVersions")
    if not isinstance(spec["namespace"], str):
        raise SourceError("spec.namespace must be a string")
    for field in ("labels", "annotations"):
        if not all(
            isinstance(each, str) for each in _object(spec["resourceDefaults"], field).values()
        ):
            raise SourceError(f"spec.resourceDefaults.{field} must be strings")
    fields = as_list(spec.get("tankaEnvLabelFromFields") or [], ("spec", "tankaEnvLabelFromFields"))
    for index, field in enumerate(fields):
        as_string(field, ("spec", "tankaEnvLabelFromFields", index))
    metadata = {**_object(document, "metadata"), "namespace": entrypoint}
    kind = {"apiVersion": "tanka.dev/v1alpha1", "kind": "Environment"}
    return Environment({**kind, **document, "metadata": metadata, "spec": spec})


def _object(document: Mapping[str, Any], field: str) -> dict[str, Any]:
    value = document.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SourceError(f"{field} must be an object")
    return value


def find_inline(value: Any, name: str, entrypoint: str) -> Environment | None:
    """Return the inline environment with this name, or the only one; None if the value has none.

    Raises MissingError if no environment has the name, RenderError if several do.
    """
    if not _has_environment(value):
        return None
    found = [
        each.body
        for each in find_manifests(value, allow_null=False)
        if each.kind == "Environment" and str(each.body["apiVersion"]).startswith(_API_GROUP)
    ]
    names = [str(each["metadata"].get("name", "")) for each in found]
    exact = [body for body, known in zip(found, names, strict=True) if known == name]
    matching = exact[:1] or [
        body for body, known in zip(found, names, strict=True) if name in known
    ]
    if not matching:
        raise MissingError(f"no environment is called {name}", near=near_names(name, names))
    if len(matching) > 1:
        listed = ", ".join(sorted(names))
        raise RenderError(f"there are several environments, choose one with --name: {listed}")
    return _complete(matching[0], entrypoint)


def _has_environment(value: Any) -> bool:
    pending = [value]
    while pending:
        check_time()
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            api_version = value.get("apiVersion")
            if value.get("kind") == "Environment" and str(api_version).startswith(_API_GROUP):
                return True
            if not (api_version and value.get("kind")):
                pending += value.values()
    return False


def process(environment: Environment, value: Any) -> list[Manifest]:
    """Return the objects of an environment, in Tanka's order. `value` is that of its program, or its `data`."""
    if value is None:
        return []
    found = [_completed(environment, each) for each in find_manifests(value, allow_null=False)]
    return sorted(found, key=_sort_key)


def _completed(environment: Environment, manifest: Manifest) -> Manifest:
    """Return an object with the namespace, the label and the defaults of the environment."""
    spec = environment.spec
    metadata = dict(manifest.metadata)
    annotations, labels = (
        dict(metadata.get("annotations") or {}),
        dict(metadata.get("labels") or {}),
    )
    is_namespaced = manifest.kind not in CLUSTER_WIDE_KINDS
    if _NAMESPACED in annotations:
        is_namespaced = annotations[_NAMESPACED] == "true"
    if spec["namespace"] and is_namespaced and not isinstance(metadata.get("namespace"), str):
        metadata["namespace"] = spec["namespace"]
    if spec.get("injectLabels"):
        labels[_LABEL] = name_label(environment)
    defaults = spec["resourceDefaults"]
    annotations = {**(defaults.get("annotations") or {}), **annotations}
    labels = {**(defaults.get("labels") or {}), **labels}
    for field, values in (("annotations", annotations), ("labels", labels)):
        metadata.pop(field, None)
        if values:
            metadata[field] = values
    return Manifest(manifest.path, {**manifest.body, "metadata": metadata})


def name_label(environment: Environment) -> str:
    """Return the value of the label that identifies the environment."""
    fields: Sequence[str] = environment.spec.get("tankaEnvLabelFromFields") or _LABEL_FIELDS
    parts = ":".join(_field_text(environment, field) for field in fields)
    return digest("sha256", parts.encode()).hex()[:_LABEL_LENGTH]


def _field_text(environment: Environment, field: str) -> str:
    value: Any = environment.document
    for step in field.removeprefix(".").split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if not isinstance(value, str):
        raise RenderError(f"spec.tankaEnvLabelFromFields: the field {field} is not a string")
    return value


def _sort_key(manifest: Manifest) -> tuple[int, str, str, str, str]:
    kind, metadata = manifest.kind, manifest.metadata
    index = KIND_ORDER.index(kind) if kind in KIND_ORDER else len(KIND_ORDER)
    names = (str(metadata.get(field) or "") for field in ("namespace", "name", "generateName"))
    namespace, name, generate_name = names
    return index, kind, namespace, name, generate_name
