"""Rules for the security contexts of pods and containers, and for what depends on the operating system.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidateSecurityContext,
validatePodSpecSecurityContext, validateWindows and what they call.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules.containers import containers_of
from kmanifest.validation.rules.messages import (
    duplicate,
    forbidden,
    invalid,
    required,
    too_long,
    unsupported,
)
from kmanifest.validation.rules.syntax import dns_subdomain, length, relative_path, user_id

_MAX_SYSCTL: Final = 253
_SYSCTL: Final = "abcdefghijklmnopqrstuvwxyz0123456789-_"
_SYSCTL_PATTERN: Final = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_IPC_SYSCTLS: Final = frozenset({
    "kernel.sem", "kernel.shm", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
    "kernel.msg", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",
})  # fmt: skip
_IPC_PREFIX: Final = "fs.mqueue."
_MAX_PROFILE: Final = 4095
_MAX_GMSA: Final = 64 * 1024
_MAX_DOMAIN: Final = 256
_MAX_USER: Final = 104
_MAX_NETBIOS: Final = 15
_NO_USER_CHARACTERS: Final = frozenset('"/\\:;|=,+*?<>@[]')
_NO_NETBIOS_CHARACTERS: Final = frozenset('\\/:*?"<>|')
_LINUX_CONTAINER: Final = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
)  # fmt: skip
_LINUX_POD: Final = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser",
    "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
)  # fmt: skip
_LINUX_HOST: Final = ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace")


def security_context(place: Place, report: Report) -> None:
    """Check the security context of a container."""
    context = place.value
    for field in ("runAsUser", "runAsGroup"):
        number = context.get(field)
        if number:
            for message in user_id(number):
                report(place, (field,), "invalid", invalid(number, message))
    if context.get("procMount") == "Unmasked" and _uses_host_users(place):
        text = "`hostUsers` must be false to use `Unmasked`"
        report(place, ("procMount",), "invalid", invalid("Unmasked", text))
    if context.get("allowPrivilegeEscalation") is not False:
        return
    if context.get("privileged"):
        text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        report(place, (), "invalid", invalid(context, text))
    if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
        text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        report(place, (), "invalid", invalid(context, text))


def _uses_host_users(place: Place) -> bool:
    pod = place.inside("PodSpec")
    return pod is None or pod.value.get("hostUsers") is not False


def pod_security_context(place: Place, report: Report) -> None:
    """Check the security context of a pod."""
    context = place.value
    for field in ("fsGroup", "runAsUser", "runAsGroup"):
        number = context.get(field)
        if number:
            for message in user_id(number):
                report(place, (field,), "invalid", invalid(number, message))
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        for message in user_id(group or 0):
            report(place, ("supplementalGroups", index), "invalid", invalid(group, message))
    if context.get("sysctls"):
        _check_sysctls(place, report)
    policy = context.get("seLinuxChangePolicy")
    if policy is not None and policy != "Recursive":
        # The other policy needs the feature SELinuxMount, which is off by default.
        text = unsupported(policy, ("Recursive",))
        report(place, ("seLinuxChangePolicy",), "enum", text)


def _check_sysctls(place: Place, report: Report) -> None:
    """Source: validateSysctls; k8s.io/component-helpers node/util/sysctl/namespace.go."""
    pod = place.inside("PodSpec")
    spec: Mapping[str, Any] = pod.value if pod is not None else {}
    names: set[str] = set()
    for index, item in enumerate(place.value["sysctls"]):
        name = (item or {}).get("name") or ""
        path = ("sysctls", index, "name")
        if not name:
            report(place, path, "required", required())
        elif not _is_sysctl(name):
            text = f"must have at most {_MAX_SYSCTL} characters and match regex {_SYSCTL_PATTERN}"
            report(place, path, "invalid", invalid(name, text))
        elif name in names:
            report(place, path, "duplicate", duplicate(name))
        names.add(name)
        dotted = _dotted(name)
        if spec.get("hostNetwork") and dotted.startswith("net."):
            text = "may not be specified when 'hostNetwork' is true"
            report(place, path, "invalid", invalid(name, text))
        if spec.get("hostIPC") and (dotted in _IPC_SYSCTLS or dotted.startswith(_IPC_PREFIX)):
            text = "may not be specified when 'hostIPC' is true"
            report(place, path, "invalid", invalid(name, text))


def _dotted(name: str) -> str:
    """Return a sysctl with dots between its parts. A name whose first separator is a slash has them swapped.

    Source: k8s.io/component-helpers node/util/sysctl/namespace.go, NormalizeName.
    """
    first = next((character for character in name if character in "./"), ".")
    return name if first == "." else name.translate(str.maketrans("./", "/."))


def _is_sysctl(name: str) -> bool:
    if length(name) > _MAX_SYSCTL:
        return False
    return all(
        part and not part.strip(_SYSCTL) and part[0] not in "-_" and part[-1] not in "-_"
        for part in name.replace("/", ".").split(".")
    )


def seccomp_profile(place: Place, report: Report) -> None:
    """Check a seccomp profile. Source: validateSeccompProfileField."""
    profile = place.value.get("localhostProfile")
    type_ = place.value.get("type") or ""
    if not type_:
        text = required("type is required when seccompProfile is set")
        report(place, ("type",), "required", text)
    if type_ == "Localhost":
        if profile is None:
            text = required("must be set when seccomp type is Localhost")
            report(place, ("localhostProfile",), "required", text)
        else:
            for message in relative_path(profile):
                report(place, ("localhostProfile",), "invalid", invalid(profile, message))
    elif profile is not None:
        text = "can only be set when seccomp type is Localhost"
        report(place, ("localhostProfile",), "invalid", invalid(place.value, text))


def app_armor_profile(place: Place, report: Report) -> None:
    """Check an AppArmor profile. Source: ValidateAppArmorProfileField."""
    profile = place.value.get("localhostProfile")
    type_ = place.value.get("type") or ""
    path = ("localhostProfile",)
    if type_ == "Localhost":
        if not (profile or "").strip():
            text = required("must be set when AppArmor type is Localhost")
            report(place, path, "required", text)
        elif profile.strip() != profile:
            report(place, path, "invalid", invalid(profile, "must not be padded with whitespace"))
        if profile and length(profile) > _MAX_PROFILE:
            report(place, path, "too-long", too_long(_MAX_PROFILE))
    elif not type_:
        text = required("type is required when appArmorProfile is set")
        report(place, ("type",), "required", text)
    elif type_ in {"RuntimeDefault", "Unconfined"} and profile is not None:
        text = "can only be set when AppArmor type is Localhost"
        report(place, path, "invalid", invalid(profile, text))


def windows_options(place: Place, report: Report) -> None:
    """Check the options of Windows. Source: validateWindowsSecurityContextOptions."""
    options = place.value
    name = options.get("gmsaCredentialSpecName")
    if name is not None:
        for message in dns_subdomain(name):
            report(place, ("gmsaCredentialSpecName",), "invalid", invalid(name, message))
    spec = options.get("gmsaCredentialSpec")
    if spec is not None:
        text = ""
        if not spec:
            text = "gmsaCredentialSpec cannot be an empty string"
        elif length(spec) > _MAX_GMSA:
            text = "gmsaCredentialSpec size must be under 64 KiB"
        if text:
            report(place, ("gmsaCredentialSpec",), "invalid", invalid(spec, text))
    user = options.get("runAsUserName")
    if user is not None:
        for message in _user_name_faults(user):
            report(place, ("runAsUserName",), "invalid", invalid(user, message))


def _user_name_faults(text: str) -> list[str]:
    if not text:
        return ["runAsUserName cannot be an empty string"]
    if any(character < " " or character == "\x7f" for character in text):
        return ["runAsUserName cannot contain control characters"]
    parts = text.split("\\")
    if len(parts) > 2:
        return ["runAsUserName cannot contain more than one backslash"]
    user = parts[-1]
    faults = []
    if len(parts) == 2 and length(parts[0]) >= _MAX_DOMAIN:
        faults.append(f"runAsUserName's Domain length must be under {_MAX_DOMAIN} characters")
    if len(parts) == 2 and not _is_windows_domain(parts[0]):
        faults.append("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
    if not user:
        faults.append("runAsUserName's User cannot be empty")
    elif length(user) > _MAX_USER:
        faults.append(f"runAsUserName's User length must not be longer than {_MAX_USER} characters")
    if user and not user.strip(". "):
        faults.append("runAsUserName's User cannot contain only periods or spaces")
    if not _NO_USER_CHARACTERS.isdisjoint(user):
        faults.append(
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"
        )
    return faults


def _is_windows_domain(domain: str) -> bool:
    if (
        0 < len(domain) <= _MAX_NETBIOS
        and domain[0] != "."
        and _NO_NETBIOS_CHARACTERS.isdisjoint(domain)
    ):
        return True
    return all(len(label) <= 63 and not dns_subdomain(label.lower()) for label in domain.split("."))


def host_processes(place: Place, report: Report) -> None:
    """Check that a pod with host processes of Windows has only such containers. Source: validateWindowsHostProcessPod."""
    pod = place.value
    if not _has_windows_options(pod):
        return
    default = _host_process(pod)
    containers = list(containers_of(pod))
    count = 0
    for path, value in containers:
        own = _host_process(value)
        if default is not None and own is not None and default != own:
            shown = str(default).lower()
            text = f"pod hostProcess value must be identical if both are specified, was {shown}"
            field = (*path, "securityContext", "windowsOptions", "hostProcess")
            report(place, field, "invalid", invalid(own, text))
        count += bool(default if own is None else own)
    if not count:
        return
    if count != len(containers):
        text = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        report(place, (), "invalid", invalid("", text))
    if not pod.get("hostNetwork"):
        text = "hostNetwork must be true if pod contains any hostProcess containers"
        report(place, ("hostNetwork",), "invalid", invalid(value=False, detail=text))


def _has_windows_options(pod: Mapping[str, Any]) -> bool:
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for item in pod.get(field) or ():
            context = item.get("securityContext") if item else None
            if context and "windowsOptions" in context:
                return True
    return "windowsOptions" in (pod.get("securityContext") or ())


def _host_process(value: Mapping[str, Any]) -> bool | None:
    context = value.get("securityContext")
    options = context.get("windowsOptions") if context else None
    return options.get("hostProcess") if options else None


def operating_system(place: Place, report: Report) -> None:
    """Check that a pod has no fields of another operating system. Source: validateOS, validateLinux, validateWindows."""
    pod = place.value
    system = pod.get("os")
    if system is None:
        return
    name = system.get("name") or ""
    if not name:
        report(place, ("os", "name"), "required", required())
    elif name not in {"linux", "windows"}:
        report(place, ("os",), "enum", unsupported(name, ("linux", "windows")))
    elif name == "linux":
        _forbid(place, report, ("windowsOptions",), ("windowsOptions",), "linux")
    else:
        _forbid(place, report, _LINUX_POD, _LINUX_CONTAINER, "windows")
        for field in _LINUX_HOST:
            value = pod.get(field)
            if value or (value is not None and field in {"hostUsers", "shareProcessNamespace"}):
                text = forbidden("cannot be set for a windows pod")
                report(place, (field,), "forbidden", text)


def _forbid(
    place: Place,
    report: Report,
    pod_fields: tuple[str, ...],
    container_fields: tuple[str, ...],
    system: str,
) -> None:
    subject = "windows options " if system == "linux" else ""
    text = forbidden(f"{subject}cannot be set for a {system} pod")
    context = place.value.get("securityContext") or {}
    for field in pod_fields:
        if context.get(field) is not None:
            report(place, ("securityContext", field), "forbidden", text)
    for path, value in containers_of(place.value):
        context = value.get("securityContext") or {}
        for field in container_fields:
            if context.get(field) is not None:
                report(place, (*path, "securityContext", field), "forbidden", text)


def host_users(place: Place, report: Report) -> None:
    """Check a pod with users of its own. Source: validateHostUsers and validatePodSpecSecurityContext."""
    pod = place.value
    if pod.get("shareProcessNamespace") and pod.get("hostPID"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        # The server puts it into the security context, where its own type has it.
        field = ("securityContext", "shareProcessNamespace")
        report(place, field, "invalid", invalid(value=True, detail=text))
    if pod.get("hostUsers") is not False:
        return
    # The server names two of the fields as Go does.
    names = {"hostNetwork": "hostNetwork", "hostPID": "HostPID", "hostIPC": "HostIPC"}
    for given, name in names.items():
        if pod.get(given):
            report(place, (name,), "forbidden", forbidden("when `hostUsers` is false"))
    for path, value in containers_of(pod):
        if value.get("volumeDevices"):
            text = forbidden("when `hostUsers` is false")
            report(place, (*path, "volumeDevices"), "forbidden", text)


RULES: Final[Rules] = {
    "SecurityContext": (security_context,),
    "PodSecurityContext": (pod_security_context,),
    "SeccompProfile": (seccomp_profile,),
    "AppArmorProfile": (app_armor_profile,),
    "WindowsSecurityContextOptions": (windows_options,),
    "PodSpec": (host_processes, operating_system, host_users),
}
