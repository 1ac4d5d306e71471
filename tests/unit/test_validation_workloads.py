import pytest

from tests.rule_cases import POD, SELECTOR, TEMPLATE, assert_faults, workload_faults

WORKLOADS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController")
MISMATCH = "`selector` does not match template `labels`"


@pytest.mark.parametrize("kind", WORKLOADS)
def test_simple_workloads_have_no_faults(kind):
    assert workload_faults(kind, {}) == []


@pytest.mark.parametrize("kind", WORKLOADS)
@pytest.mark.parametrize(
    ("field", "value"), [("restartPolicy", "Never"), ("activeDeadlineSeconds", 1)]
)
def test_pods_of_workloads_run_for_ever(kind, field, value):
    template = {**TEMPLATE, "spec": {**POD, field: value}}
    owner = {"Deployment": "ReplicaSet"}.get(kind, kind)
    message = {
        "restartPolicy": 'Unsupported value: "Never": supported values: "Always"',
        "activeDeadlineSeconds": f"Forbidden: activeDeadlineSeconds in {owner} is not Supported",
    }[field]
    assert_faults(
        workload_faults(kind, {"template": template}), (f"spec.template.spec.{field}", message)
    )


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])
@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({"matchLabels": {"app": "other"}}, False),
        ({"matchLabels": {"app": "web", "tier": ""}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "x"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["x"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
    ],
)
def test_selectors_must_match_the_template(kind, selector, matches):
    expected = [] if matches else [("spec.template.metadata.labels", "Invalid value: {")]
    found = workload_faults(kind, {"selector": selector})
    assert_faults(found, *expected)
    assert all(message.endswith(MISMATCH) for _, _, message in found)


def test_a_selector_that_cannot_be_read_is_compared_with_nothing():
    found = workload_faults("Deployment", {"selector": {"matchLabels": {"app": "a b"}}})
    assert_faults(found, ("spec.selector.matchLabels.app", 'Invalid value: "a b": a valid label'))


@pytest.mark.parametrize(
    ("kind", "name"),
    [("Deployment", "deployment"), ("StatefulSet", "statefulset"), ("DaemonSet", "daemonset")],
)
def test_empty_selectors(kind, name):
    assert_faults(
        workload_faults(kind, {"selector": {}}),
        ("spec.selector", f"Invalid value: {{}}: empty selector is invalid for {name}"),
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"selector": {"app": "other"}}, [("spec.template.metadata.labels", "Invalid value: {")]),
        ({"selector": {"app": "web"}}, []),
        ({"template": None, "selector": {"app": "web"}}, [("spec.template", "Required value")]),
        ({"template": {"spec": POD}}, [("spec.selector", "Required value")]),
    ],
)
def test_replication_controllers(change, expected):
    assert_faults(workload_faults("ReplicationController", change), *expected)


@pytest.mark.parametrize(
    ("kind", "change", "expected"),
    [
        ("Deployment", {"replicas": -1}, [("replicas", "Invalid value: -1: must be greater than")]),
        ("Deployment", {"replicas": 1.5e6}, []),
        (
            "Deployment",
            {"progressDeadlineSeconds": 5, "minReadySeconds": 5},
            [("progressDeadlineSeconds", "Invalid value: 5: must be greater than minReadySeconds")],
        ),
        (
            "Deployment",
            {"minReadySeconds": 600},
            [("progressDeadlineSeconds", "Invalid value: 600: must be greater than minReady")],
        ),
        (
            "Deployment",
            {"strategy": {"type": "Recreate", "rollingUpdate": {}}},
            [("strategy.rollingUpdate", "Forbidden: may not be specified when strategy `type`")],
        ),
        (
            "Deployment",
            {"strategy": {"rollingUpdate": {"maxSurge": "10", "maxUnavailable": "200%"}}},
            [
                ("strategy.rollingUpdate.maxSurge", 'Invalid value: "10": a valid percent string'),
                ("strategy.rollingUpdate.maxUnavailable", 'Invalid value: "200%": must not be'),
            ],
        ),
        (
            "Deployment",
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}},
            [("strategy.rollingUpdate.maxUnavailable", 'Invalid value: "0%": may not be 0 when')],
        ),
        ("DaemonSet", {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "50%"}}}, []),
        (
            "DaemonSet",
            {"updateStrategy": {"rollingUpdate": {"maxSurge": 1}}},
            [("updateStrategy.rollingUpdate.maxSurge", "Invalid value: 1: may not be set when")],
        ),
        (
            "DaemonSet",
            {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}},
            [("updateStrategy.rollingUpdate.maxUnavailable", "Required value: cannot be 0 when")],
        ),
        (
            "DaemonSet",
            {"revisionHistoryLimit": -1},
            [("revisionHistoryLimit", "Invalid value: -1")],
        ),
        ("StatefulSet", {"revisionHistoryLimit": -1}, []),
        ("StatefulSet", {"serviceName": ""}, []),
        (
            "StatefulSet",
            {"serviceName": "Bad_Name"},
            [("serviceName", 'Invalid value: "Bad_Name": a lowercase RFC 1123 label')],
        ),
        (
            "StatefulSet",
            {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}},
            [
                (
                    "updateStrategy.rollingUpdate",
                    "Invalid value: {}: only allowed for updateStrategy",
                )
            ],
        ),
        (
            "StatefulSet",
            {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}},
            [("persistentVolumeClaimRetentionPolicy.whenScaled", 'Unsupported value: "Keep"')],
        ),
        (
            "StatefulSet",
            {"ordinals": {"start": -1}},
            [("ordinals.start", "Invalid value: -1: must be greater than or equal to 0")],
        ),
    ],
)
def test_workloads(kind, change, expected):
    assert_faults(
        workload_faults(kind, change), *((f"spec.{path}", message) for path, message in expected)
    )


def test_claim_templates_are_volumes_of_the_pods():
    claim = {
        "metadata": {"name": "tmp"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    mounts = [{"name": "tmp", "mountPath": "/tmp"}]
    container = {"name": "a", "image": "a", "volumeMounts": mounts}
    template = {**TEMPLATE, "spec": {"containers": [container], "hostname": "Bad_"}}
    change = {"template": template, "volumeClaimTemplates": [claim], "selector": SELECTOR}
    assert workload_faults("StatefulSet", change) == []
    bad = {**claim, "metadata": {"name": "Bad_"}}
    assert_faults(
        workload_faults("StatefulSet", {**change, "volumeClaimTemplates": [claim, bad]}),
        ("spec.template.spec.volumes.1.name", 'Invalid value: "Bad_": a lowercase RFC 1123 label'),
    )
