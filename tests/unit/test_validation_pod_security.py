"""The Pod Security Standards: messages of each check, levels of namespaces and templates of pods."""

from collections.abc import Mapping
from typing import Any

import pytest

from kmanifest.model.errors import FieldPath
from kmanifest.validation.pod_security import (
    Pod,
    Standard,
    check_pod_security,
    find_violations,
    namespace_standard,
)
from kmanifest.validation.rules.namespaces import Level

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"


def pod_spec(container: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "a", "image": "a:1", **(container or {})}], **fields}


def found(
    spec: Mapping[str, Any],
    level: Level = "baseline",
    meta: Mapping[str, Any] | None = None,
    version: tuple[int, int] = (1, 36),
    *,
    is_template: bool = False,
) -> list[tuple[str, FieldPath]]:
    pod = Pod(meta or {}, spec, version, is_template)
    return [(str(violation), violation.path) for violation in find_violations(pod, level)]


@pytest.mark.parametrize(
    ("spec", "message", "path"),
    [
        (pod_spec(hostPID=True, hostIPC=True), "host namespaces (hostPID=true, hostIPC=true)", "hostPID"),
        (
            pod_spec({"securityContext": {"privileged": True}}),
            'privileged (container "a" must not set securityContext.privileged=true)',
            "containers.0.securityContext.privileged",
        ),
        (
            pod_spec({"securityContext": {"capabilities": {"add": ["CHOWN", "SYS_ADMIN", "BPF"]}}}),
            'non-default capabilities (container "a" must not include "BPF", "SYS_ADMIN" in securityContext.capabilities.add)',
            "containers.0.securityContext.capabilities.add.1",
        ),
        (
            pod_spec(volumes=[{"name": "t"}, {"name": "v", "hostPath": {"path": "/"}}]),
            'hostPath volumes (volume "v")',
            "volumes.1.hostPath",
        ),
        (
            pod_spec({"ports": [{"containerPort": 80, "hostPort": 8080}, {"hostPort": 80}]}),
            'hostPort (container "a" uses hostPorts 80, 8080)',
            "containers.0.ports.0.hostPort",
        ),
        (
            pod_spec({"lifecycle": {"preStop": {"httpGet": {"host": "h", "port": 80}}}}),
            'probe or lifecycle host (container "a" uses probe or lifecycle host "h")',
            "containers.0.lifecycle.preStop.httpGet.host",
        ),
        (
            pod_spec({"securityContext": {"procMount": "Unmasked"}}),
            'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
            "containers.0.securityContext.procMount",
        ),
        (
            pod_spec(
                {"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}},
                securityContext={"seLinuxOptions": {"role": "r"}},
            ),
            'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "spc_t"; '
            "user may not be set; role may not be set)",
            "securityContext.seLinuxOptions.role",
        ),
        (
            pod_spec(securityContext={"seccompProfile": {"type": "Unconfined"}}),
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
            "securityContext.seccompProfile.type",
        ),
        (
            pod_spec(securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem"}, {"name": "kernel.x"}]}),
            "forbidden sysctls (kernel.x)",
            "securityContext.sysctls.1.name",
        ),
        (
            pod_spec(initContainers=[{"name": "i", "securityContext": {"appArmorProfile": {"type": "Unconfined"}}}]),
            'forbidden AppArmor profile (container "i" must not set AppArmor profile type to "Unconfined")',
            "initContainers.0.securityContext.appArmorProfile.type",
        ),
        (
            pod_spec(ephemeralContainers=[{"name": "e", "securityContext": {"windowsOptions": {"hostProcess": True}}}]),
            'hostProcess (container "e" must not set securityContext.windowsOptions.hostProcess=true)',
            "ephemeralContainers.0.securityContext.windowsOptions.hostProcess",
        ),
    ],
)  # fmt: skip
def test_baseline(spec, message, path):
    steps = tuple(int(step) if step.isdigit() else step for step in path.split("."))
    assert found(spec) == [(message, ("spec", *steps))]


@pytest.mark.parametrize(
    ("container", "fields", "messages"),
    [
        ({"securityContext": RESTRICTED}, {}, []),
        (
            {},
            {},
            [
                'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
                'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])',
                'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
                'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" '
                'or "Localhost")',
            ],
        ),
        ({}, {"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": True}}, []),
        (
            {"securityContext": RESTRICTED | {"runAsUser": 0, "runAsNonRoot": False}},
            {"securityContext": {"runAsNonRoot": True}},
            [
                'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
                'runAsUser=0 (container "a" must not set runAsUser=0)',
            ],
        ),
        ({"securityContext": RESTRICTED | {"runAsUser": 0}}, {"hostUsers": False}, []),
        (
            {"securityContext": RESTRICTED | {"capabilities": {"add": ["NET_BIND_SERVICE", "CHOWN"]}}},
            {},
            [
                'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]; '
                'container "a" must not include "CHOWN" in securityContext.capabilities.add)'
            ],
        ),
        (
            {"securityContext": RESTRICTED},
            {"volumes": [{"name": "n", "nfs": {}}, {"name": "h", "hostPath": {}}, {"name": "t"}]},
            ['restricted volume types (volumes "n", "h" use restricted volume types "hostPath", "nfs")'],
        ),
        (
            {"securityContext": RESTRICTED | {"procMount": "Unmasked"}},
            {"hostUsers": False},
            ['procMount (container "a" must not set securityContext.procMount to "Unmasked")'],
        ),
    ],
)  # fmt: skip
def test_restricted(container, fields, messages):
    assert [
        message for message, _ in found(pod_spec(container, **fields), "restricted")
    ] == messages


def test_privileged_allows_everything():
    assert found(pod_spec({"securityContext": {"privileged": True}}), "privileged") == []


def test_an_annotation_sets_the_profile_of_a_pod_but_not_of_a_template():
    meta = {"annotations": {f"{APP_ARMOR}a": "unconfined", f"{APP_ARMOR}b": "localhost/x"}}
    profile = f'{APP_ARMOR}a="unconfined"'
    path = ("metadata", "annotations", f"{APP_ARMOR}a")
    assert found(pod_spec(), meta=meta)[0][0] == (
        'forbidden AppArmor profiles (container "a" and annotation must not set AppArmor profile type to '
        f'"Unconfined", "{profile}")'
    )
    assert found(pod_spec(), meta=meta, is_template=True) == [
        (f'forbidden AppArmor profile (annotation must not set AppArmor profile type to "{profile}")', path)
    ]  # fmt: skip


def test_the_network_of_the_host_implies_its_ports_in_a_pod():
    spec = pod_spec({"ports": [{"containerPort": 80}]}, hostNetwork=True)
    assert [message for message, _ in found(spec)] == [
        "host namespaces (hostNetwork=true)",
        'hostPort (container "a" uses hostPort 80)',
    ]
    assert [message for message, _ in found(spec, is_template=True)] == [
        "host namespaces (hostNetwork=true)"
    ]


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        (pod_spec(securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}), (1, 32)),
        (pod_spec(securityContext={"sysctls": [{"name": "net.ipv4.tcp_fin_timeout"}]}), (1, 29)),
        (
            pod_spec(securityContext={"seLinuxOptions": {"type": "container_engine_t"}}),
            (1, 31),
        ),
        (pod_spec({"securityContext": {"procMount": "Unmasked"}}, hostUsers=False), (1, 35)),
    ],
)
def test_later_versions_allow_more(spec, version):
    assert found(spec, version=version) == []
    assert len(found(spec, version=(1, version[1] - 1))) == 1


def test_later_versions_forbid_hosts_of_probes():
    spec = pod_spec({"livenessProbe": {"tcpSocket": {"host": "h", "port": 80}}})
    assert found(spec, version=(1, 33)) == []
    assert len(found(spec, version=(1, 34))) == 1


TEMPLATE = {"spec": pod_spec(hostPID=True)}


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        (
            {"kind": "Pod", **TEMPLATE},
            "spec.hostPID",
            'violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
        ),
        (
            {"kind": "Deployment", "spec": {"template": TEMPLATE}},
            "spec.template.spec.hostPID",
            'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)',
        ),
        ({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}}},
         "spec.jobTemplate.spec.template.spec.hostPID", "would violate"),
        ({"kind": "PodTemplate", "template": TEMPLATE}, "template.spec.hostPID", "would violate"),
        ({"kind": "Rollout", "spec": {"template": TEMPLATE}}, "spec.template.spec.hostPID", "would violate"),
    ],
)  # fmt: skip
def test_pods_and_templates(body, path, message):
    [fault] = check_pod_security(body, Standard("baseline"), (1, 36))
    assert ".".join(map(str, fault.path)) == path
    assert fault.kind == "forbidden"
    assert fault.message.startswith(message)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "ConfigMap", "data": {}},
        {"kind": "Ingress", "spec": {"template": "x"}},
        {"kind": "A", "spec": {"template": {"spec": {}}}},
        {"kind": "Pod", "spec": None},
    ],
)
def test_other_objects_have_no_pod(body):
    assert check_pod_security(body, Standard("baseline"), (1, 36)) == []


@pytest.mark.parametrize(
    ("labels", "mode", "standard"),
    [
        ({}, "enforce", "privileged:latest"),
        ({"enforce": "restricted"}, "enforce", "restricted:latest"),
        ({"enforce": "baseline", "enforce-version": "v1.30"}, "enforce", "baseline:v1.30"),
        ({"enforce": "baseline", "warn": "restricted"}, "warn", "restricted:latest"),
        ({"enforce": "Baseline", "enforce-version": "1.30"}, "enforce", "privileged:latest"),
    ],
)
def test_labels_of_a_namespace(labels, mode, standard):
    prefixed = {f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}
    assert str(namespace_standard(prefixed, mode)) == standard


def test_the_version_of_a_standard_decides():
    body = {"kind": "Pod", "spec": pod_spec({"livenessProbe": {"tcpSocket": {"host": "h"}}})}
    assert check_pod_security(body, Standard("baseline", (1, 33)), (1, 36)) == []
    [fault] = check_pod_security(body, Standard("baseline", (1, 34)), (1, 36))
    assert fault.message.startswith('violates PodSecurity "baseline:v1.34": probe')


@pytest.mark.parametrize("value", [None, "", "x", 0, 1.5, True, [], [None], ["a"], {"a": None}])
@pytest.mark.parametrize("field", ["securityContext", "volumes", "initContainers", "hostUsers"])
def test_values_of_other_types_in_custom_resources(field, value):
    body = {
        "kind": "Rollout",
        "spec": {"template": {"spec": {"containers": [{field: value}], field: value}}},
    }
    assert check_pod_security(body, Standard("restricted"), (1, 36))
