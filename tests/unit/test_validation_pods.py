import pytest

from tests.rule_cases import (
    POD,
    assert_faults,
    container_faults,
    faults_of,
    pod_faults,
    template_faults,
)

LABEL = "a lowercase RFC 1123 label"
SUBDOMAIN = "a lowercase RFC 1123 subdomain"
MEMORY_LIMIT = {"limits": {"memory": "1Gi"}}


def test_a_simple_pod_has_no_faults():
    assert pod_faults({}) == []
    assert template_faults({}) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"containers": []}, [("containers", "Required value")]),
        ({"hostname": "a.b"}, [("hostname", 'Invalid value: "a.b": must not contain dots')]),
        ({"nodeName": "Bad_"}, [("nodeName", f'Invalid value: "Bad_": {SUBDOMAIN}')]),
        ({"runtimeClassName": ""}, [("runtimeClassName", f'Invalid value: "": {SUBDOMAIN}')]),
        (
            {"activeDeadlineSeconds": 0},
            [("activeDeadlineSeconds", "Invalid value: 0: must be between 1 and 2147483647")],
        ),
        (
            {"hostnameOverride": "a", "setHostnameAsFQDN": True},
            [("hostnameOverride", "Forbidden: may not be specified when setHostnameAsFQDN")],
        ),
        (
            {"hostAliases": [{"ip": "010.1.2.3", "hostnames": ["A"]}]},
            [
                ("hostAliases.0.ip", 'Invalid value: "010.1.2.3": must not have leading 0s'),
                ("hostAliases.0.hostnames.0", f'Invalid value: "A": {SUBDOMAIN}'),
            ],
        ),
        ({"dnsPolicy": "None"}, [("dnsConfig", "Required value: must provide `dnsConfig` when")]),
        (
            {"dnsConfig": {"nameservers": ["x"], "searches": ["_a.b", ".", "A"]}},
            [
                ("dnsConfig.nameservers.0", 'Invalid value: "x": must be a valid IP address'),
                ("dnsConfig.searches.2", 'Invalid value: "A": a lowercase RFC 1123 subdomain'),
            ],
        ),
        (
            {"readinessGates": [{"conditionType": "a b"}], "schedulingGates": [{"name": "g"}] * 2},
            [
                ("readinessGates.0.conditionType", 'Invalid value: "a b": name part must'),
                ("schedulingGates.1", 'Duplicate value: "g"'),
            ],
        ),
        (
            {"resourceClaims": [{"name": "gpu"}]},
            [("resourceClaims.0", 'Invalid value: {"name":"gpu"}: must specify one of')],
        ),
        (
            {
                "hostUsers": False,
                "hostPID": True,
                "hostNetwork": True,
                "containers": [{"name": "a", "image": "a"}],
            },
            [
                ("hostNetwork", "Forbidden: when `hostUsers` is false"),
                ("HostPID", "Forbidden: when `hostUsers` is false"),
            ],
        ),
        ({"os": {"name": "linux"}}, []),
        (
            {"os": {"name": "windows"}, "securityContext": {"fsGroup": 1}, "hostIPC": True},
            [
                ("securityContext.fsGroup", "Forbidden: cannot be set for a windows pod"),
                ("hostIPC", "Forbidden: cannot be set for a windows pod"),
            ],
        ),
        (
            {"securityContext": {"runAsUser": -1, "seLinuxChangePolicy": "MountOption"}},
            [
                ("securityContext.runAsUser", "Invalid value: -1: must be between 0 and"),
                ("securityContext.seLinuxChangePolicy", 'Unsupported value: "MountOption"'),
            ],
        ),
        (
            {
                "hostIPC": True,
                "securityContext": {"sysctls": [{"name": "kernel.sem"}, {"name": "a..b"}]},
            },
            [
                ("securityContext.sysctls.0.name", 'Invalid value: "kernel.sem": may not be'),
                ("securityContext.sysctls.1.name", 'Invalid value: "a..b": must have at most 253'),
            ],
        ),
        (
            {"securityContext": {"windowsOptions": {"hostProcess": True}}},
            [("hostNetwork", "Invalid value: false: hostNetwork must be true if pod contains")],
        ),
        (
            {"securityContext": {"windowsOptions": {"runAsUserName": "a\\b\\c"}}},
            [
                (
                    "securityContext.windowsOptions.runAsUserName",
                    'Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one',
                )
            ],
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            [("securityContext.seccompProfile.localhostProfile", "Required value: must be set")],
        ),
        (
            {
                "securityContext": {
                    "appArmorProfile": {"type": "Localhost", "localhostProfile": " a"}
                }
            },
            [("securityContext.appArmorProfile.localhostProfile", 'Invalid value: " a": must not')],
        ),
    ],
)
def test_pods(change, expected):
    assert_faults(pod_faults(change), *expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {
                "tolerations": [
                    {"key": "a", "operator": "Exists", "value": "b"},
                    {"operator": "Equal"},
                ]
            },
            [
                ("tolerations.0.operator", 'Invalid value: "b": value must be empty when'),
                ("tolerations.1.operator", 'Invalid value: "Equal": operator must be Exists'),
            ],
        ),
        (
            {"tolerations": [{"key": "a", "tolerationSeconds": 1, "effect": "NoSchedule"}]},
            [("tolerations.0.effect", "Invalid value: \"NoSchedule\": effect must be 'NoExecute'")],
        ),
        ({"nodeSelector": {"a b": "c"}}, [("nodeSelector.a b", 'Invalid value: "a b": name part')]),
        (
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "a", "operator": "Gt"}]},
                                {"matchFields": [{"key": "x", "operator": "In", "values": ["a"]}]},
                            ]
                        },
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            {"weight": 0, "preference": {}}
                        ],
                    }
                }
            },
            [
                (
                    "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
                    "nodeSelectorTerms.0.matchExpressions.0.values",
                    "Required value: must be specified single value",
                ),
                (
                    "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
                    "nodeSelectorTerms.1.matchFields.0.key",
                    'Invalid value: "x": not a valid field selector key',
                ),
                (
                    "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.weight",
                    "Invalid value: 0: must be in the range 1-100",
                ),
            ],
        ),
        (
            {
                "topologySpreadConstraints": [
                    {"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"},
                    {
                        "maxSkew": 1,
                        "topologyKey": "z",
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "minDomains": 1,
                    },
                ]
            },
            [
                (
                    "topologySpreadConstraints.0.{topologyKey, whenUnsatisfiable}",
                    'Duplicate value: "{z, ScheduleAnyway}"',
                ),
                ("topologySpreadConstraints.0.maxSkew", "Invalid value: 0: must be greater than"),
                ("topologySpreadConstraints.1.minDomains", "Invalid value: 1: can only use"),
            ],
        ),
        (
            {
                "affinity": {
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            {"topologyKey": "", "matchLabelKeys": ["app"]}
                        ]
                    }
                }
            },
            [
                (
                    "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution.0."
                    "matchLabelKeys",
                    "Forbidden: must not be specified when labelSelector is not set",
                ),
                *(
                    (
                        "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution.0."
                        "topologyKey",
                        message,
                    )
                    for message in (
                        "Required value: can not be empty",
                        'Invalid value: "": name part must be non-empty',
                        'Invalid value: "": name part must consist',
                    )
                ),
            ],
        ),
    ],
)
def test_scheduling(change, expected):
    assert_faults(pod_faults(change), *expected)


def test_a_pod_completes_selectors_with_its_labels_and_a_template_does_not():
    term = {
        "topologyKey": "z",
        "matchLabelKeys": ["app"],
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {**POD, "affinity": affinity},
    }
    assert [message for _, _, message in faults_of(body)] == [
        'Invalid value: "app": exists in both matchLabelKeys and labelSelector'
    ]
    assert template_faults({"affinity": affinity}) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "A"}, [("name", f'Invalid value: "A": {LABEL}')]),
        ({"image": ""}, [("image", "Required value")]),
        ({"image": " a"}, [("image", 'Invalid value: " a": must not have leading or trailing')]),
        ({"image": "UPPER/CASE:bad tag"}, []),
        (
            {
                "ports": [
                    {"containerPort": 0},
                    {"containerPort": 80, "hostPort": 70000, "name": "HTTP"},
                ]
            },
            [
                ("ports.0.containerPort", "Required value"),
                ("ports.1.name", 'Invalid value: "HTTP": must contain only'),
                ("ports.1.name", 'Invalid value: "HTTP": must contain at least one letter'),
                ("ports.1.hostPort", "Invalid value: 70000: must be between 1 and 65535"),
            ],
        ),
        ({"ports": [{"containerPort": 80.0}]}, []),
        (
            {"ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]},
            [("ports.1.name", 'Duplicate value: "a"')],
        ),
        (
            {"ports": [{"containerPort": 1, "hostPort": 8}, {"containerPort": 2, "hostPort": 8}]},
            [("ports.1.hostPort", 'Duplicate value: "TCP//8"')],
        ),
        ({"env": [{"name": "1A b"}, {"name": "1A b"}]}, []),
        (
            {"env": [{"name": ""}, {"name": "É"}, {"name": "A", "valueFrom": {}}]},
            [
                ("env.0.name", "Required value"),
                ("env.1.name", 'Invalid value: "É": a valid environment variable name'),
                ("env.2.valueFrom", 'Invalid value: "": must specify one of'),
            ],
        ),
        (
            {
                "env": [
                    {
                        "name": "A",
                        "value": "x",
                        "valueFrom": {"fieldRef": {"fieldPath": "spec.host"}},
                    }
                ]
            },
            [("env.0.valueFrom", 'Invalid value: "": may not be specified when `value`')],
        ),
        (
            {
                "env": [
                    {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": path}}}
                    for path in (
                        "metadata.labels['a b']",
                        "metadata.labels",
                        "spec.x",
                        "status.podIP",
                    )
                ]
            },
            [
                ("env.0.valueFrom.fieldRef", 'Invalid value: "a b": name part must consist'),
                ("env.1.valueFrom.fieldRef.fieldPath", 'Unsupported value: "metadata.labels"'),
                (
                    "env.2.valueFrom.fieldRef.fieldPath",
                    'Invalid value: "spec.x": error converting fieldPath: field label not supported',
                ),
            ],
        ),
        (
            {
                "env": [
                    {
                        "name": "A",
                        "valueFrom": {
                            "resourceFieldRef": {"resource": "limits.cpu", "divisor": "1Mi"}
                        },
                    }
                ]
            },
            [
                (
                    "env.0.valueFrom.resourceFieldRef.divisor",
                    'Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are',
                )
            ],
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "Bad_", "key": "a/b"}}}]},
            [
                ("env.0.valueFrom.secretKeyRef.name", f'Invalid value: "Bad_": {SUBDOMAIN}'),
                ("env.0.valueFrom.secretKeyRef.key", 'Invalid value: "a/b": a valid config key'),
            ],
        ),
        (
            {"envFrom": [{}, {"configMapRef": {"name": "a"}, "secretRef": {"name": "b"}}]},
            [
                ("envFrom.0", 'Invalid value: "": must specify one of'),
                ("envFrom.1", 'Invalid value: "": may not have more than one'),
            ],
        ),
        ({"volumeMounts": [{"name": "tmp", "mountPath": "relative"}]}, []),
        (
            {
                "volumeMounts": [
                    {"name": "tmp", "mountPath": "/a"},
                    {"name": "x", "mountPath": "/a", "subPath": "../b"},
                ]
            },
            [
                ("volumeMounts.1.name", 'Not found: "x"'),
                ("volumeMounts.1.mountPath", 'Invalid value: "/a": must be unique'),
                ("volumeMounts.1.subPath", "Invalid value: \"../b\": must not contain '..'"),
            ],
        ),
        (
            {"volumeDevices": [{"name": "tmp", "devicePath": ""}]},
            [
                ("volumeDevices.0.name", 'Invalid value: "tmp": can only use volume source type'),
                ("volumeDevices.0.devicePath", "Required value"),
            ],
        ),
        (
            {"resources": {"requests": {"memory": "2Gi", "cpu": "-1"}, **MEMORY_LIMIT}},
            [
                ("resources.requests.memory", 'Invalid value: "2Gi": must be less than or equal'),
                ("resources.requests.cpu", 'Invalid value: "-1": must be greater than or equal'),
            ],
        ),
        ({"resources": {"requests": {"memory": "1024Mi", "cpu": 0.0001}, **MEMORY_LIMIT}}, []),
        (
            {"resources": {"requests": {"nvidia.com/gpu": "2", "gpu": "1"}}},
            [
                ("resources.limits", "Required value: Limit must be set for non overcommitable"),
                (
                    "resources.requests.gpu",
                    'Invalid value: "gpu": must be a standard resource type',
                ),
                ("resources.requests.gpu", 'Invalid value: "gpu": must be a standard resource for'),
            ],
        ),
        (
            {"resources": {"limits": {"hugepages-2Mi": "3Mi"}}},
            [
                (
                    "resources.limits.hugepages-2Mi",
                    'Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
                ),
                ("resources", "Forbidden: HugePages require cpu or memory"),
            ],
        ),
        (
            {"resources": {"claims": [{"name": "gpu"}]}},
            [("resources.claims.0", 'Not found: "gpu": must be one of the names')],
        ),
        ({"livenessProbe": {"tcpSocket": {"port": "nope"}}}, []),
        (
            {"livenessProbe": {"successThreshold": 2, "periodSeconds": -1}},
            [
                ("livenessProbe", "Required value: must specify a handler type"),
                ("livenessProbe.periodSeconds", "Invalid value: -1: must be greater than or"),
                ("livenessProbe.successThreshold", "Invalid value: 2: must be 1"),
            ],
        ),
        (
            {
                "readinessProbe": {
                    "exec": {"command": []},
                    "grpc": {"port": 1},
                    "terminationGracePeriodSeconds": 1,
                }
            },
            [
                ("readinessProbe.grpc", "Forbidden: may not specify more than 1 handler type"),
                (
                    "readinessProbe.terminationGracePeriodSeconds",
                    "Invalid value: 1: must not be set for readinessProbes",
                ),
                ("readinessProbe.exec.command", "Required value"),
            ],
        ),
        (
            {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}},
            [("lifecycle.preStop.sleep", "Invalid value: 31: must be non-negative and less than")],
        ),
        (
            {"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}},
            [("securityContext", "Invalid value: {")],
        ),
        (
            {"securityContext": {"procMount": "Unmasked"}},
            [("securityContext.procMount", 'Invalid value: "Unmasked": `hostUsers` must be false')],
        ),
        (
            {"resizePolicy": [{"resourceName": "disk", "restartPolicy": "Always"}]},
            [
                ("resizePolicy.0", 'Unsupported value: "disk": supported values: "cpu", "memory"'),
                ("resizePolicy.0", 'Unsupported value: "Always": supported values: "NotRequired"'),
            ],
        ),
        (
            {"restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In"}}]},
            [("restartPolicy", "Required value: must specify restartPolicy when restart rules")],
        ),
    ],
)
def test_containers(change, expected):
    assert_faults(container_faults(change), *expected)


def test_a_template_takes_blanks_around_an_image():
    assert template_faults({"containers": [{"name": "a", "image": " a "}]}) == []


def test_names_are_unique_among_all_containers():
    container = {"name": "app", "image": "a"}
    assert_faults(
        pod_faults({"containers": [container, container], "initContainers": [container]}),
        ("containers.1.name", 'Duplicate value: "app"'),
        ("initContainers.0.name", 'Duplicate value: "app"'),
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"restartPolicy": "Always", "livenessProbe": {"exec": {"command": ["a"]}}}, []),
        ({"lifecycle": {"stopSignal": "SIGTERM"}}, []),
        (
            {"livenessProbe": {"exec": {"command": ["a"]}}},
            [("livenessProbe", "Forbidden: may not be set for init containers without")],
        ),
        (
            {"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]},
            [
                (
                    "resizePolicy.0.restartPolicy",
                    'Invalid value: "RestartContainer": must not be set',
                )
            ],
        ),
        ({"restartPolicy": "Sometimes"}, [("restartPolicy", 'Unsupported value: "Sometimes"')]),
    ],
)
def test_init_containers(change, expected):
    container = {"name": "init", "image": "a", **change}
    found = pod_faults({"initContainers": [container]})
    assert_faults(found, *((f"initContainers.0.{path}", text) for path, text in expected))


def test_servers_before_1_35_take_only_sidecars():
    container = {"name": "init", "image": "a", "restartPolicy": "Never"}
    found = pod_faults({"initContainers": [container]}, (1, 34))
    assert_faults(found, ("initContainers.0.restartPolicy", 'Unsupported value: "Never"'))


def test_host_network_ports_are_the_ports_of_containers():
    ports = [{"containerPort": 80, "hostPort": 81}, {"containerPort": 82}, {"containerPort": 82}]
    containers = [{"name": "a", "image": "a", "ports": ports}]
    assert_faults(
        pod_faults({"hostNetwork": True, "containers": containers}),
        ("containers.0.ports.0.hostPort", "Invalid value: 81: must match `containerPort`"),
        ("containers.0.ports.2.hostPort", 'Duplicate value: "TCP//82"'),
    )


def test_resources_of_a_pod_are_compared_with_those_of_its_containers():
    containers = [{"name": "a", "image": "a", "resources": {"limits": {"cpu": "2"}}}]
    resources = {"requests": {"cpu": "1"}, "limits": {"cpu": "1", "disk": "1"}}
    assert_faults(
        pod_faults({"containers": containers, "resources": resources}),
        (
            "resources.requests.cpu",
            'Invalid value: "1": must be greater than or equal to aggregate',
        ),
        ("resources.containers.0.cpu.limits", 'Invalid value: "2": must be less than or equal'),
        ("resources.limits.disk", 'Invalid value: "disk": must be a standard resource type'),
    )


def test_annotations_of_pods():
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "a",
            "annotations": {
                "controller.kubernetes.io/pod-deletion-cost": "+1",
                "container.apparmor.security.beta.kubernetes.io/nope": "unconfined",
                "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
            },
        },
        "spec": {**POD, "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
    }
    assert_faults(
        faults_of(body),
        (
            "metadata.annotations.controller.kubernetes.io/pod-deletion-cost",
            'Invalid value: "+1": must be a 32bit integer',
        ),
        (
            "metadata.annotations.container.apparmor.security.beta.kubernetes.io/nope",
            'Invalid value: "nope": container not found',
        ),
        ("spec.securityContext.seccompProfile.type", "Forbidden: seccomp type in annotation"),
    )


def test_labels_of_a_template_are_at_the_field_that_the_server_names():
    body = {
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": {"name": "a"},
        "template": {"metadata": {"labels": {"a": "b c"}}, "spec": POD},
    }
    assert_faults(faults_of(body), ("template.labels.a", 'Invalid value: "b c": a valid label'))


@pytest.mark.parametrize("spec", [None, {}])
def test_a_pod_without_containers(spec):
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}
    assert_faults(faults_of(body), ("spec.containers", "Required value"))


def test_a_misspelled_field_is_not_missing_as_well():
    assert_faults(
        pod_faults({"containers": [{"name": "a", "imag": "a"}]}),
        ("containers.0.imag", 'unknown field "spec.containers[0].imag"'),
    )
