"""The Pod Security Standards, as the server's PodSecurity admission reports them.

A level is `baseline` or `restricted`; restricted has all checks of baseline, of which it replaces some by stricter ones. The
server refuses a Pod, and only warns about the template of a workload. Here both are faults, since the Pods of such a template
would be refused. The checks of Kubernetes before 1.25 are not known; 1.25 is taken for them.

Source: k8s.io/pod-security-admission v0.36.3 policy/check_*.go, in the order of policy/registry.go; api/helpers.go.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import (
    Any,
    Callable,
    Final,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
    Sequence,
)
from kmanifest.validation.places import Fault
from kmanifest.validation.rules.namespaces import (
    LABEL_PREFIX,
    LEVELS,
    Level,
    Mode,
    is_policy_version,
)
from kmanifest.validation.rules.reading import items_of, mapping_of, number_of, strings_of, text_of

_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_ALLOWED_CAPABILITIES: Final = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
_SELINUX_TYPES: Final = {
    (1, 0): frozenset({"", "container_t", "container_init_t", "container_kvm_t"}),
    (1, 31): frozenset({"container_engine_t"}),
}
_SYSCTLS: Final = {
    (1, 0): frozenset({
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
    }),
    (1, 27): frozenset({"net.ipv4.ip_local_reserved_ports"}),
    (1, 29): frozenset({
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    }),
    (1, 32): frozenset({"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}),
}  # fmt: skip
"""The sysctls that are allowed, by the version that added them."""
_RESTRICTED_VOLUMES: Final = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi", "glusterfs", "rbd",
    "flexVolume", "cinder", "cephfs", "flocker", "fc", "azureFile", "vsphereVolume", "quobyte", "azureDisk",
    "photonPersistentDisk", "portworxVolume", "scaleIO", "storageos",
)  # fmt: skip
_ALLOWED_VOLUMES: Final = (
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
    "secret",
)  # fmt: skip
_HANDLERS: Final = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)
_SECCOMP: Final = ("Localhost", "RuntimeDefault")
_TEMPLATES: Final = {
    "PodTemplate": ("template",),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where the template of Pods is, if it is not at `spec.template`."""


class Standard(NamedTuple):
    """A level of a version of Kubernetes. Without a version it is the latest, that of the server."""

    level: Level
    version: tuple[int, int] | None = None

    def __str__(self) -> str:
        version = "latest" if self.version is None else f"v{self.version[0]}.{self.version[1]}"
        return f"{self.level}:{version}"


class Violation(NamedTuple):
    """A check that a pod violates: the server's text for it, and the field of the pod that is the cause."""

    reason: str
    detail: str
    path: FieldPath

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})"


class Pod(NamedTuple):
    """A pod to be checked. `is_template`: the server sets fewer defaults in a template than in a Pod."""

    meta: Mapping[str, Any]
    spec: Mapping[str, Any]
    version: tuple[int, int]
    is_template: bool = False

    def containers(self) -> Iterator[tuple[FieldPath, Mapping[str, Any]]]:
        """Yield all containers with their paths, in the order in which the server visits them."""
        for field in ("initContainers", "containers", "ephemeralContainers"):
            for index, container in enumerate(items_of(self.spec, field)):
                yield ("spec", field, index), container

    @property
    def is_windows(self) -> bool:
        """Return whether the pod is one for Windows."""
        return text_of(mapping_of(self.spec, "os"), "name") == "windows"

    @property
    def has_user_namespace(self) -> bool:
        """Return whether the pod has users of its own, which relaxes checks since 1.35."""
        return self.version >= (1, 35) and self.spec.get("hostUsers") is False


class _Finding(NamedTuple):
    """What the check of all containers found: names of containers, bad values, and the first field."""

    names: list[str]
    values: set[str]
    path: FieldPath


def _collect(
    pod: Pod, find: Callable[[Mapping[str, Any]], Iterable[tuple[FieldPath, str]]]
) -> _Finding | None:
    """Return which containers have a fault. `find` returns the fields of a container that have one, and their values."""
    names: list[str] = []
    values: set[str] = set()
    first: FieldPath = ()
    for path, container in pod.containers():
        found = list(find(container))
        if found:
            names.append(text_of(container, "name"))
            values.update(value for _, value in found)
            first = first or (*path, *found[0][0])
    return _Finding(names, values, first) if names else None


def _quoted(items: Iterable[str]) -> str:
    return ", ".join(f'"{item}"' for item in items)


def _count(noun: str, items: Sequence[str] | set[str]) -> str:
    return noun if len(items) == 1 else f"{noun}s"


def _named(names: Sequence[str]) -> str:
    return f"{_count('container', names)} {_quoted(names)}"


def _security(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping_of(value, "securityContext")


_CONTEXT: Final = "securityContext"


def _check_privileged(pod: Pod) -> Violation | None:
    found = _collect(
        pod,
        lambda container: (
            [((_CONTEXT, "privileged"), "")] if _security(container).get("privileged") else ()
        ),
    )
    if found is None:
        return None
    detail = f"{_named(found.names)} must not set securityContext.privileged=true"
    return Violation("privileged", detail, found.path)


def _check_host_namespaces(pod: Pod) -> Violation | None:
    fields = [field for field in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(field)]
    if not fields:
        return None
    detail = ", ".join(f"{field}=true" for field in fields)
    return Violation("host namespaces", detail, ("spec", fields[0]))


def _check_host_paths(pod: Pod) -> Violation | None:
    volumes = [
        (index, text_of(volume, "name"))
        for index, volume in enumerate(items_of(pod.spec, "volumes"))
        if volume.get("hostPath") is not None
    ]
    if not volumes:
        return None
    names = [name for _, name in volumes]
    path = ("spec", "volumes", volumes[0][0], "hostPath")
    return Violation("hostPath volumes", f"{_count('volume', names)} {_quoted(names)}", path)


def _check_host_ports(pod: Pod) -> Violation | None:
    # The server sets the port of the host in a Pod that has the host's network.
    is_implied = bool(pod.spec.get("hostNetwork")) and not pod.is_template

    def find(container: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
        for index, port in enumerate(items_of(container, "ports")):
            number = number_of(port, "hostPort") or 0
            if not number and is_implied:
                number = number_of(port, "containerPort") or 0
            if number:
                yield ("ports", index, "hostPort"), str(number)

    found = _collect(pod, find)
    if found is None:
        return None
    verb = "uses" if len(found.names) == 1 else "use"
    noun = _count("hostPort", found.values)
    detail = f"{_named(found.names)} {verb} {noun} {', '.join(sorted(found.values))}"
    return Violation("hostPort", detail, found.path)


def _check_hosts(pod: Pod) -> Violation | None:
    if pod.version < (1, 34):
        return None

    def find(container: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
        for path in _HANDLERS:
            handler = container
            for step in path:
                handler = mapping_of(handler, step)
            for action in ("httpGet", "tcpSocket"):
                host = text_of(mapping_of(handler, action), "host")
                if host:
                    yield (*path, action, "host"), host

    found = _collect(pod, find)
    if found is None:
        return None
    verb = "uses" if len(found.names) == 1 else "use"
    noun = _count("probe or lifecycle host", found.values)
    names = sorted(set(found.names))
    detail = f"{_named(names)} {verb} {noun} {_quoted(sorted(found.values))}"
    return Violation("probe or lifecycle host", detail, found.path)


def _check_added_capabilities(pod: Pod) -> Violation | None:
    found = _collect(pod, _capabilities_outside(_ALLOWED_CAPABILITIES))
    if found is None:
        return None
    return Violation("non-default capabilities", _added_detail(found), found.path)


def _capabilities_outside(
    allowed: frozenset[str],
) -> Callable[[Mapping[str, Any]], Iterator[tuple[FieldPath, str]]]:
    def find(container: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
        capabilities = mapping_of(_security(container), "capabilities")
        for index, name in enumerate(strings_of(capabilities, "add")):
            if name not in allowed:
                yield (_CONTEXT, "capabilities", "add", index), name

    return find


def _added_detail(found: _Finding) -> str:
    values = _quoted(sorted(found.values))
    return f"{_named(found.names)} must not include {values} in securityContext.capabilities.add"


def _check_restricted_capabilities(pod: Pod) -> Violation | None:
    if pod.is_windows:
        return None

    def find_kept(container: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
        capabilities = mapping_of(_security(container), "capabilities")
        if "ALL" not in strings_of(capabilities, "drop"):
            yield (_CONTEXT, "capabilities", "drop"), ""

    kept = _collect(pod, find_kept)
    added = _collect(pod, _capabilities_outside(frozenset({"NET_BIND_SERVICE"})))
    details = []
    if kept is not None:
        wanted = 'must set securityContext.capabilities.drop=["ALL"]'
        details.append(f"{_named(kept.names)} {wanted}")
    if added is not None:
        details.append(_added_detail(added))
    first = kept or added
    if first is None:
        return None
    return Violation("unrestricted capabilities", "; ".join(details), first.path)


def _check_escalation(pod: Pod) -> Violation | None:
    if pod.is_windows:
        return None
    path = (_CONTEXT, "allowPrivilegeEscalation")
    found = _collect(
        pod,
        lambda container: [(path, "")] if _security(container).get(path[1]) is not False else (),
    )
    if found is None:
        return None
    detail = f"{_named(found.names)} must set securityContext.allowPrivilegeEscalation=false"
    return Violation("allowPrivilegeEscalation != false", detail, found.path)


def _check_proc_mount(pod: Pod) -> Violation | None:
    return None if pod.has_user_namespace else _check_any_proc_mount(pod)


def _check_any_proc_mount(pod: Pod) -> Violation | None:
    def find(container: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
        mount = _security(container).get("procMount")
        if mount is not None and mount != "Default":
            yield (_CONTEXT, "procMount"), mount

    found = _collect(pod, find)
    if found is None:
        return None
    values = _quoted(sorted(found.values))
    detail = f"{_named(found.names)} must not set securityContext.procMount to {values}"
    return Violation("procMount", detail, found.path)


def _check_volumes(pod: Pod) -> Violation | None:
    names, types = [], set()
    path: FieldPath = ()
    for index, volume in enumerate(items_of(pod.spec, "volumes")):
        if any(volume.get(type_) is not None for type_ in _ALLOWED_VOLUMES):
            continue
        # The server makes a volume without a source an emptyDir.
        type_ = next((type_ for type_ in _RESTRICTED_VOLUMES if volume.get(type_) is not None), "")
        if type_:
            names.append(text_of(volume, "name"))
            types.add(type_)
            path = path or ("spec", "volumes", index, type_)
    if not names:
        return None
    verb = "uses" if len(names) == 1 else "use"
    noun = _count("restricted volume type", types)
    detail = f"{_count('volume', names)} {_quoted(names)} {verb} {noun} {_quoted(sorted(types))}"
    return Violation("restricted volume types", detail, path)


def _with_pod(
    pod: Pod,
    path: FieldPath,
    find: Callable[[Mapping[str, Any]], Iterable[tuple[FieldPath, str]]],
) -> _Finding | None:
    """Check the security context of the pod and of all containers. The names are the server's text for what sets a field."""
    found = _collect(pod, find)
    own = list(find(pod.spec))
    if own:
        names = ["pod", *([_named(found.names)] if found else [])]
        values = {value for _, value in own} | (found.values if found else set())
        return _Finding(names, values, ("spec", *own[0][0]))
    if found is None:
        return None
    return _Finding([_named(found.names)], found.values, found.path or path)


def _check_non_root(pod: Pod) -> Violation | None:
    if pod.has_user_namespace:
        return None
    path = (_CONTEXT, "runAsNonRoot")
    reason = "runAsNonRoot != true"
    bad = _with_pod(
        pod, path, lambda value: [(path, "")] if _security(value).get(path[1]) is False else ()
    )
    if bad is not None:
        setters = " and ".join(bad.names)
        detail = f"{setters} must not set securityContext.runAsNonRoot=false"
        return Violation(reason, detail, bad.path)
    if _security(pod.spec).get(path[1]):
        return None
    unset = _collect(
        pod, lambda container: [(path, "")] if _security(container).get(path[1]) is None else ()
    )
    if unset is None:
        return None
    detail = f"pod or {_named(unset.names)} must set securityContext.runAsNonRoot=true"
    return Violation(reason, detail, unset.path)


def _check_user(pod: Pod) -> Violation | None:
    if pod.has_user_namespace:
        return None
    path = (_CONTEXT, "runAsUser")
    bad = _with_pod(
        pod, path, lambda value: [(path, "")] if number_of(_security(value), path[1]) == 0 else ()
    )
    if bad is None:
        return None
    return Violation("runAsUser=0", f"{' and '.join(bad.names)} must not set runAsUser=0", bad.path)


def _find_seccomp(value: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    security = _security(value)
    type_ = text_of(mapping_of(security, "seccompProfile"), "type")
    if security.get("seccompProfile") is not None and type_ not in _SECCOMP:
        yield (_CONTEXT, "seccompProfile", "type"), type_


def _check_seccomp(pod: Pod) -> Violation | None:
    bad = _with_pod(pod, (_CONTEXT, "seccompProfile"), _find_seccomp)
    if bad is None:
        return None
    field, values = "securityContext.seccompProfile.type", _quoted(sorted(bad.values))
    detail = f"{' and '.join(bad.names)} must not set {field} to {values}"
    return Violation("seccompProfile", detail, bad.path)


def _check_restricted_seccomp(pod: Pod) -> Violation | None:
    if pod.is_windows:
        return None
    bad = _check_seccomp(pod)
    if bad is not None or _security(pod.spec).get("seccompProfile") is not None:
        return bad
    path = (_CONTEXT, "seccompProfile")
    unset = _collect(
        pod, lambda container: [(path, "")] if _security(container).get(path[1]) is None else ()
    )
    if unset is None:
        return None
    wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Violation("seccompProfile", f"pod or {_named(unset.names)} {wanted}", unset.path)


def _check_app_armor(pod: Pod) -> Violation | None:
    annotations = mapping_of(pod.meta, "annotations")

    def find(value: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
        security = _security(value)
        type_ = None
        if security.get("appArmorProfile") is not None:
            type_ = text_of(mapping_of(security, "appArmorProfile"), "type")
        name = text_of(value, "name")
        # The server sets the field of a Pod's container from the annotation.
        if type_ is None and name and not pod.is_template:
            is_unconfined = annotations.get(_APP_ARMOR + name) == "unconfined"
            type_ = "Unconfined" if is_unconfined else None
        if type_ is not None and type_ not in {"RuntimeDefault", "Localhost"}:
            yield (_CONTEXT, "appArmorProfile", "type"), type_

    bad = _with_pod(pod, (), find)
    forbidden = {
        key: value or ""
        for key, value in sorted(annotations.items())
        if key.startswith(_APP_ARMOR)
        and value
        and value != "runtime/default"
        and not value.startswith("localhost/")
    }
    if bad is None and not forbidden:
        return None
    setters = list(bad.names) if bad else []
    values = sorted(bad.values) if bad else []
    if forbidden:
        setters.append(_count("annotation", list(forbidden)))
        values += [f'{key}="{value}"' for key, value in forbidden.items()]
    path = bad.path if bad else ("metadata", "annotations", next(iter(forbidden)))
    detail = f"{' and '.join(setters)} must not set AppArmor profile type to {_quoted(values)}"
    return Violation(_count("forbidden AppArmor profile", values), detail, path)


def _allowed(table: Mapping[tuple[int, int], frozenset[str]], pod: Pod) -> frozenset[str]:
    """Return what the version of the pod's standard allows, of a table by version."""
    return frozenset().union(*(names for since, names in table.items() if since <= pod.version))


def _check_selinux(pod: Pod) -> Violation | None:
    types = _allowed(_SELINUX_TYPES, pod)

    def find(value: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
        options = mapping_of(_security(value), "seLinuxOptions")
        type_ = text_of(options, "type")
        if type_ not in types:
            yield (_CONTEXT, "seLinuxOptions", "type"), f"type {type_}"
        for field in ("user", "role"):
            if text_of(options, field):
                yield (_CONTEXT, "seLinuxOptions", field), field

    bad = _with_pod(pod, (), find)
    if bad is None:
        return None
    bad_types = sorted(value[5:] for value in bad.values if value.startswith("type "))
    data = [f"{_count('type', bad_types)} {_quoted(bad_types)}"] if bad_types else []
    data += [f"{field} may not be set" for field in ("user", "role") if field in bad.values]
    setters = " and ".join(bad.names)
    detail = f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"
    return Violation("seLinuxOptions", detail, bad.path)


def _check_sysctls(pod: Pod) -> Violation | None:
    allowed = _allowed(_SYSCTLS, pod)
    forbidden = [
        (index, text_of(sysctl, "name"))
        for index, sysctl in enumerate(items_of(_security(pod.spec), "sysctls"))
        if text_of(sysctl, "name") not in allowed
    ]
    if not forbidden:
        return None
    detail = ", ".join(name for _, name in forbidden)
    path = ("spec", _CONTEXT, "sysctls", forbidden[0][0], "name")
    return Violation("forbidden sysctls", detail, path)


def _check_host_process(pod: Pod) -> Violation | None:
    path = (_CONTEXT, "windowsOptions", "hostProcess")
    bad = _with_pod(
        pod,
        path,
        lambda value: (
            [(path, "")]
            if mapping_of(_security(value), "windowsOptions").get("hostProcess")
            else ()
        ),
    )
    if bad is None:
        return None
    setters = " and ".join(bad.names)
    detail = f"{setters} must not set securityContext.windowsOptions.hostProcess=true"
    return Violation("hostProcess", detail, bad.path)


Check = Callable[[Pod], Violation | None]

_BASELINE: Final[tuple[Check, ...]] = (
    _check_app_armor,
    _check_added_capabilities,
    _check_host_namespaces,
    _check_host_paths,
    _check_host_ports,
    _check_hosts,
    _check_privileged,
    _check_proc_mount,
    _check_selinux,
    _check_seccomp,
    _check_sysctls,
    _check_host_process,
)
_RESTRICTED: Final[tuple[Check, ...]] = (
    _check_app_armor,
    _check_host_namespaces,
    _check_host_ports,
    _check_hosts,
    _check_privileged,
    _check_selinux,
    _check_sysctls,
    _check_host_process,
    _check_escalation,
    _check_restricted_capabilities,
    _check_any_proc_mount,
    _check_volumes,
    _check_non_root,
    _check_user,
    _check_restricted_seccomp,
)
_CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    "privileged": (),
    "baseline": _BASELINE,
    "restricted": _RESTRICTED,
}
"""The checks of each level, in the server's order: those of baseline that restricted does not replace, then its own."""


def find_violations(pod: Pod, level: Level) -> list[Violation]:
    """Return the checks of a level that a pod violates, in the server's order."""
    found = (check(pod) for check in _CHECKS[level])
    return [violation for violation in found if violation is not None]


def check_pod_security(
    body: Mapping[str, Any], standard: Standard, version: tuple[int, int]
) -> list[Fault]:
    """Return the faults of an object's pod, or of its template of pods. `version` is that of the server."""
    found = _find_pod(body)
    if found is None:
        return []
    base, value = found
    pod = Pod(
        mapping_of(value, "metadata"),
        mapping_of(value, "spec"),
        standard.version or version,
        is_template=bool(base),
    )
    words = "would violate" if base else "violates"
    return [
        Fault(
            (*base, *violation.path), "forbidden", f'{words} PodSecurity "{standard}": {violation}'
        )
        for violation in find_violations(pod, standard.level)
    ]


def _find_pod(body: Mapping[str, Any]) -> tuple[FieldPath, Mapping[str, Any]] | None:
    """Return the path and value of a pod or a template: by kind, and in a custom resource by what it holds."""
    kind = text_of(body, "kind")
    if kind == "Pod":
        return (), body
    path = _TEMPLATES.get(kind, ("spec", "template"))
    value: Any = body
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping):
        return None
    containers = mapping_of(value, "spec").get("containers")
    return (path, value) if isinstance(containers, list) else None


def namespace_standard(labels: Mapping[str, Any], mode: Mode = "enforce") -> Standard:
    """Return the standard that the labels of a namespace name. Labels that are wrong are faults of their own."""
    level = labels.get(LABEL_PREFIX + mode)
    version = _parse_version(labels.get(f"{LABEL_PREFIX}{mode}-version") or "latest")
    known: Level = level if level in LEVELS else "privileged"
    return Standard(known, version)


def _parse_version(text: str) -> tuple[int, int] | None:
    """Return a version such as `v1.30`, or None for the latest."""
    return (1, int(text[3:])) if is_policy_version(text) and text != "latest" else None
