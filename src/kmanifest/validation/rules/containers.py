"""Rules for the containers of a pod: names, images, ports, mounts and restart policies.

A container has rules of its own, and rules that need the pod: the latter are bound to the pod's type.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, validateContainers, validateInitContainers,
validateContainerCommon and what they call.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import AbstractSet, Any, Final, Iterator, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules.messages import (
    duplicate,
    forbidden,
    invalid,
    not_found,
    required,
    too_many,
    unsupported,
)
from kmanifest.validation.rules.syntax import (
    dns_label,
    no_backsteps,
    port_name,
    port_number,
    relative_path,
)

Container = Mapping[str, Any]
Volumes = Mapping[str, Mapping[str, Any]]
"""The volumes of a pod by name."""

_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_RESIZED: Final = ("cpu", "memory")
_RESIZE_POLICIES: Final = ("NotRequired", "RestartContainer")
_RECURSIVE: Final = ("Disabled", "Enabled", "IfPossible")
_MOUNT_FIELDS: Final = frozenset({"name", "mountPath", "readOnly"})
"""The fields of a mount that have no rule of their own."""

_RESTART_POLICIES: Final = ("Always", "Never", "OnFailure")
_RESTART_RULES: Final = (1, 35)
_MAX_RESTART_RULES: Final = 20
_MAX_EXIT_CODES: Final = 255


def containers_of(pod: Mapping[str, Any]) -> Iterator[tuple[FieldPath, Container]]:
    """Yield the containers of a pod of all sorts, and their paths. Source: podshelper.VisitContainersWithPath."""
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(pod.get(field) or ()):
            yield (field, index), container or {}


def container(place: Place, report: Report) -> None:
    """Check what a container has of itself."""
    value = place.value
    name = value.get("name")
    if not name:
        report(place, ("name",), "required", required())
    else:
        for message in dns_label(name):
            report(place, ("name",), "invalid", invalid(name, message))
    image = value.get("image")
    if not image:
        report(place, ("image",), "required", required())
    elif place.subject.kind == "Pod" and image.strip() != image:
        text = "must not have leading or trailing whitespace"
        report(place, ("image",), "invalid", invalid(image, text))
    ports = value.get("ports")
    if ports:
        _check_ports(place, report, ports)
    if value.get("resizePolicy"):
        _check_resize_policies(place, report, value["resizePolicy"])


def _check_ports(place: Place, report: Report, ports: Sequence[Mapping[str, Any] | None]) -> None:
    names: set[str] = set()
    for index, item in enumerate(ports):
        port = item or {}
        name = port.get("name")
        if name:
            messages = port_name(name)
            for message in messages:
                report(place, ("ports", index, "name"), "invalid", invalid(name, message))
            if name in names:
                report(place, ("ports", index, "name"), "duplicate", duplicate(name))
            elif not messages:
                names.add(name)
        number = port.get("containerPort")
        if not number:
            report(place, ("ports", index, "containerPort"), "required", required())
        else:
            for message in port_number(number):
                path = ("ports", index, "containerPort")
                report(place, path, "invalid", invalid(number, message))
        number = port.get("hostPort")
        if number:
            for message in port_number(number):
                path = ("ports", index, "hostPort")
                report(place, path, "invalid", invalid(number, message))


def _check_resize_policies(
    place: Place, report: Report, policies: Sequence[Mapping[str, Any] | None]
) -> None:
    """Source: validateResizePolicy."""
    pod = place.inside("PodSpec")
    never_restarts = pod is not None and pod.value.get("restartPolicy") == "Never"
    resources: set[str] = set()
    for index, item in enumerate(policies):
        policy = item or {}
        path = ("resizePolicy", index)
        resource, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if resource in resources:
            report(place, path, "duplicate", duplicate(resource))
        resources.add(resource)
        if not resource:
            report(place, path, "required", required())
        elif resource not in _RESIZED:
            report(place, path, "enum", unsupported(resource, _RESIZED))
        if not restart:
            report(place, path, "required", required())
        elif restart not in _RESIZE_POLICIES:
            report(place, path, "enum", unsupported(restart, _RESIZE_POLICIES))
        if never_restarts and restart != "NotRequired":
            text = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            report(place, path, "invalid", invalid(restart, text))


def pod_containers(place: Place, report: Report) -> None:
    """Check the names, probes and restart policies of the containers of a pod."""
    pod = place.value
    containers = pod.get("containers")
    if not containers:
        report(place, ("containers",), "required", required())
        return
    names: set[str] = set()
    has_ports = False
    for index, item in enumerate(containers):
        value = item or {}
        name = value.get("name") or ""
        if name in names:
            report(place, ("containers", index, "name"), "duplicate", duplicate(name))
        names.add(name)
        has_ports = has_ports or "ports" in value
        if "restartPolicy" in value or "restartPolicyRules" in value:
            _check_restart_policy(place, report, value, ("containers", index))
    init_containers = pod.get("initContainers")
    for index, item in enumerate(init_containers or ()):
        value = item or {}
        name = value.get("name") or ""
        if name in names:
            report(place, ("initContainers", index, "name"), "duplicate", duplicate(name))
        elif name:
            names.add(name)
        _check_init_container(place, report, value, ("initContainers", index))
    if has_ports or init_containers:
        _check_host_ports(place, report)


def _check_init_container(place: Place, report: Report, value: Container, path: FieldPath) -> None:
    policy = value.get("restartPolicy")
    is_sidecar = policy == "Always"
    if place.subject.version >= _RESTART_RULES:
        if policy is not None:
            _check_restart_policy(place, report, value, path)
        elif value.get("restartPolicyRules"):
            text = required("must specify restartPolicy when restart rules are used")
            report(place, (*path, "restartPolicy"), "required", text)
    elif policy is not None and not is_sidecar:
        report(place, (*path, "restartPolicy"), "enum", unsupported(policy, ("Always",)))
    if is_sidecar:
        return
    for field in ("lifecycle", *_PROBES):
        given = value.get(field)
        # The server drops `stopSignal` by default, and a lifecycle that has nothing else.
        if given is not None and not (field == "lifecycle" and set(given) == {"stopSignal"}):
            text = forbidden("may not be set for init containers without restartPolicy=Always")
            report(place, (*path, field), "forbidden", text)
    for index, item in enumerate(value.get("resizePolicy") or ()):
        restart = (item or {}).get("restartPolicy")
        if restart == "RestartContainer":
            text = "must not be set to 'RestartContainer' for non-sidecar initContainers"
            report(
                place,
                (*path, "resizePolicy", index, "restartPolicy"),
                "invalid",
                invalid(restart, text),
            )


def _check_restart_policy(place: Place, report: Report, value: Container, path: FieldPath) -> None:
    """Source: validateContainerRestartPolicy."""
    policy, rules = value.get("restartPolicy"), value.get("restartPolicyRules") or ()
    if place.subject.version < _RESTART_RULES:
        if policy is not None:
            text = forbidden("may not be set for non-init containers")
            report(place, (*path, "restartPolicy"), "forbidden", text)
        return
    if policy is None and rules:
        text = required("must specify restartPolicy when restart rules are used")
        report(place, (*path, "restartPolicy"), "required", text)
    elif policy is not None and policy not in _RESTART_POLICIES:
        text = unsupported(policy, _RESTART_POLICIES)
        report(place, (*path, "restartPolicy"), "enum", text)
    if len(rules) > _MAX_RESTART_RULES:
        text = too_many(len(rules), _MAX_RESTART_RULES)
        report(place, (*path, "restartPolicyRules"), "too-many", text)
    for index, item in enumerate(rules):
        _check_restart_rule(place, report, item or {}, (*path, "restartPolicyRules", index))


def _check_restart_rule(
    place: Place, report: Report, rule: Mapping[str, Any], path: FieldPath
) -> None:
    actions: tuple[str, ...] = ("Restart", "RestartAllContainers")
    if place.subject.version == _RESTART_RULES:
        actions = actions[:1]
    action = rule.get("action") or ""
    if action not in actions:
        report(place, (*path, "action"), "enum", unsupported(action, actions))
    codes = rule.get("exitCodes")
    if codes is None:
        text = required("must be specified")
        report(place, (*path, "exitCodes"), "required", text)
        return
    operator, values = codes.get("operator") or "", codes.get("values") or ()
    if operator not in {"In", "NotIn"}:
        text = unsupported(operator, ("In", "NotIn"))
        report(place, (*path, "exitCodes", "operator"), "enum", text)
    if len(values) > _MAX_EXIT_CODES:
        text = too_many(len(values), _MAX_EXIT_CODES)
        report(place, (*path, "exitCodes", "values"), "too-many", text)


def _check_host_ports(place: Place, report: Report) -> None:
    """Check that no port of the node is used twice. With the host's network it is the container's port.

    The server compares all containers with each other, and an init container with itself.
    Source: checkHostPortConflicts and validatePodHostNetworkDeps.
    """
    pod = place.value
    host_network = bool(pod.get("hostNetwork"))
    used: set[str] = set()
    for path, value in containers_of(pod):
        ports = value.get("ports")
        if not ports or path[0] == "ephemeralContainers":
            continue
        if path[0] == "initContainers" or path[1] == 0:
            used = set()
        for index, item in enumerate(ports):
            port = item or {}
            number, host_port = port.get("containerPort"), port.get("hostPort")
            if not host_port and not (host_network and place.subject.kind == "Pod"):
                continue
            field = (*path, "ports", index, "hostPort")
            if not host_port:
                host_port = number
            elif host_network and host_port != number and path[0] == "containers":
                text = "must match `containerPort` when `hostNetwork` is true"
                report(place, field, "invalid", invalid(host_port, text))
            if not host_port:
                continue
            protocol = port.get("protocol") or "TCP"
            key = f"{protocol}/{port.get('hostIP') or ''}/{int(host_port)}"
            if key in used:
                report(place, field, "duplicate", duplicate(key))
            used.add(key)


def references(place: Place, report: Report) -> None:
    """Check what containers refer to in their pod: volumes that they mount once, and files of variables."""
    volumes: dict[str, Mapping[str, Any]] | None = None
    for path, value in containers_of(place.value):
        given, devices = value.get("volumeMounts"), value.get("volumeDevices")
        files = _file_keys(value["env"]) if value.get("env") else ()
        if not given and not devices and not files:
            continue
        if volumes is None:
            volumes = _volumes_of(place)
        if given:
            _check_mounts(place, report, value, volumes, path)
        if devices:
            _check_devices(place, report, value, volumes, path)
        for index, name in files:
            _check_file_volume(place, report, volumes, name, (*path, "env", index))


def _file_keys(variables: Sequence[Mapping[str, Any] | None]) -> list[tuple[int, str]]:
    """Return the indexes of the variables that are in a file, and the volume of the file."""
    return [
        (index, item["valueFrom"]["fileKeyRef"].get("volumeName") or "")
        for index, item in enumerate(variables)
        if item and item.get("valueFrom") and item["valueFrom"].get("fileKeyRef")
    ]


def _check_file_volume(
    place: Place, report: Report, volumes: Volumes, name: str, path: FieldPath
) -> None:
    """Source: validateFileKeyRefVolumes."""
    field = (*path, "valueFrom", "fileKeyRef", "volumeName")
    volume = volumes.get(name)
    if volume is None:
        report(place, field, "not-found", not_found(name))
    elif any(
        source is not None and key not in {"name", "emptyDir"} for key, source in volume.items()
    ):
        text = "referenced volume must be of type emptyDir"
        report(place, field, "invalid", invalid(name, text))


def _volumes_of(place: Place) -> dict[str, Mapping[str, Any]]:
    """Return the volumes of a pod by name. Claim templates of a StatefulSet replace those of the same name."""
    volumes = {
        volume.get("name") or "": volume for volume in place.value.get("volumes") or () if volume
    }
    for name in claim_names(place):
        volumes[name] = {"persistentVolumeClaim": {"claimName": name}}
    return volumes


def claim_names(place: Place) -> AbstractSet[str]:
    """Return the names of the claim templates, if a pod is that of a StatefulSet. Source: volumesToAddForTemplates."""
    if place.subject.kind != "StatefulSet":
        return frozenset()
    outer = place.inside("StatefulSetSpec")
    templates = outer.value.get("volumeClaimTemplates") if outer is not None else None
    return {
        ((template or {}).get("metadata") or {}).get("name") or "" for template in templates or ()
    }


def _check_mounts(
    place: Place,
    report: Report,
    value: Container,
    volumes: Volumes,
    path: FieldPath,
) -> None:
    """Source: ValidateVolumeMounts."""
    devices = {
        item.get("name"): item.get("devicePath")
        for item in value.get("volumeDevices") or ()
        if item
    }
    device_paths = set(devices.values())
    used: set[str] = set()
    for index, item in enumerate(value["volumeMounts"]):
        mount = item or {}
        name, target = mount.get("name") or "", mount.get("mountPath") or ""
        if name not in volumes:
            _report_missing(place, report, name, (*path, "volumeMounts", index, "name"))
        if not target:
            report(place, (*path, "volumeMounts", index, "mountPath"), "required", required())
        if target in used:
            text = invalid(target, "must be unique")
            report(place, (*path, "volumeMounts", index, "mountPath"), "invalid", text)
        used.add(target)
        if devices and name in devices:
            text = invalid(name, "must not already exist in volumeDevices")
            report(place, (*path, "volumeMounts", index, "name"), "invalid", text)
        if target in device_paths:
            text = invalid(target, "must not already exist as a path in volumeDevices")
            report(place, (*path, "volumeMounts", index, "mountPath"), "invalid", text)
        if not mount.keys() <= _MOUNT_FIELDS:
            _check_mount_options(place, report, mount, value, (*path, "volumeMounts", index))


def _report_missing(place: Place, report: Report, name: str, path: FieldPath) -> None:
    if not name:
        report(place, path, "required", required())
    report(place, path, "not-found", not_found(name))


def _check_mount_options(
    place: Place, report: Report, mount: Mapping[str, Any], value: Container, path: FieldPath
) -> None:
    sub_path, expression = mount.get("subPath") or "", mount.get("subPathExpr") or ""
    if sub_path and expression:
        text = "subPathExpr and subPath are mutually exclusive"
        report(place, (*path, "subPathExpr"), "invalid", invalid(expression, text))
    for field, relative in (("subPath", sub_path), ("subPathExpr", expression)):
        for message in relative_path(relative) if relative else ():
            report(place, (*path, field), "invalid", invalid(relative, message))
    _check_propagation(place, report, mount, value, path)


def _check_propagation(
    place: Place, report: Report, mount: Mapping[str, Any], value: Container, path: FieldPath
) -> None:
    """Source: validateMountPropagation and validateMountRecursiveReadOnly."""
    propagation = mount.get("mountPropagation")
    if propagation == "Bidirectional" and not (value.get("securityContext") or {}).get(
        "privileged"
    ):
        text = "Bidirectional mount propagation is available only to privileged containers"
        report(place, (*path, "mountPropagation"), "forbidden", forbidden(text))
    recursive = mount.get("recursiveReadOnly")
    field = (*path, "recursiveReadOnly")
    if recursive is not None and recursive not in _RECURSIVE:
        report(place, field, "enum", unsupported(recursive, _RECURSIVE))
    if recursive in {"Enabled", "IfPossible"}:
        if not mount.get("readOnly"):
            text = "may only be specified when readOnly is true"
            report(place, field, "forbidden", forbidden(text))
        if propagation is not None and propagation != "None":
            text = "may only be specified when mountPropagation is None or not specified"
            report(place, field, "forbidden", forbidden(text))


def _check_devices(
    place: Place, report: Report, value: Container, volumes: Volumes, path: FieldPath
) -> None:
    """Source: ValidateVolumeDevices."""
    mounted = {
        item.get("name"): item.get("mountPath") for item in value.get("volumeMounts") or () if item
    }
    mount_paths = set(mounted.values())
    names: set[str] = set()
    targets: set[str] = set()
    for index, item in enumerate(value["volumeDevices"]):
        device = item or {}
        name, target = device.get("name") or "", device.get("devicePath") or ""
        name_path = (*path, "volumeDevices", index, "name")
        target_path = (*path, "volumeDevices", index, "devicePath")
        if name in names:
            report(place, name_path, "invalid", invalid(name, "must be unique"))
        volume = volumes.get(name)
        if volume is None:
            _report_missing(place, report, name, name_path)
        elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
            text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            report(place, name_path, "invalid", invalid(name, text))
        if not target:
            report(place, target_path, "required", required())
        if target in targets:
            report(place, target_path, "invalid", invalid(target, "must be unique"))
        if no_backsteps(target):
            text = "can not contain backsteps ('..')"
            report(place, target_path, "invalid", invalid(target, text))
        else:
            targets.add(target)
        if name in mounted:
            text = "must not already exist in volumeMounts"
            report(place, name_path, "invalid", invalid(name, text))
        if target in mount_paths:
            text = "must not already exist as a path in volumeMounts"
            report(place, target_path, "invalid", invalid(target, text))
        if name:
            names.add(name)


RULES: Final[Rules] = {
    "Container": (container,),
    "PodSpec": (pod_containers, references),
}
