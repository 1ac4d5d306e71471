"""Rules for Jobs and CronJobs."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "job"},
    "spec": {
        "template": {
            "spec": {"containers": [{"name": "app", "image": "a:1"}], "restartPolicy": "Never"}
        }
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.parallelism": -1, "spec.backoffLimit": -1},
            [
                "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
                "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
            ],
        ),
        (
            {"spec.template.spec.restartPolicy": ABSENT},
            [
                'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
            ],
        ),
        (
            {"spec.template.spec.restartPolicy": "Always"},
            [
                'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
            ],
        ),
        ({"spec.template.spec.restartPolicy": "OnFailure"}, []),
        (
            {"spec.template.spec.restartPolicy": "Sometimes"},
            [
                'spec.template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "OnFailure", "Never"'
            ],
        ),
        ({"spec.completionMode": "Indexed"}, []),
        (
            {"spec.completionMode": "Indexed", "spec.parallelism": 2},
            ["spec.completions: Required value: when completion mode is Indexed"],
        ),
        (
            {"spec.completionMode": "Indexed", "spec.completions": 3, "spec.maxFailedIndexes": 4},
            [
                "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
                "spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions",
            ],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 3,
                "spec.maxFailedIndexes": 4,
                "spec.backoffLimitPerIndex": 1,
            },
            ["spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions"],
        ),
        (
            {"spec.backoffLimitPerIndex": 1},
            ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"],
        ),
        (
            {"spec.completionMode": "Indexed", "spec.completions": 3, "spec.parallelism": 100001},
            [
                "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Ind"
            ],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 100001,
                "spec.backoffLimitPerIndex": 1,
                "spec.parallelism": 10001,
            },
            [
                "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
                "spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 10",
            ],
        ),
        (
            {"spec.managedBy": "ctl"},
            [
                'spec.managedBy: Invalid value: "ctl": must be a domain-prefixed path (such as "acme.io/foo")'
            ],
        ),
        ({"spec.managedBy": "example.com/ctl"}, []),
        (
            {"spec.managedBy": "example.com/a b"},
            [
                "spec.managedBy: Invalid value: \"a b\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()"
            ],
        ),
        (
            {"spec.podReplacementPolicy": "Never"},
            [
                'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"'
            ],
        ),
        (
            {
                "spec.podFailurePolicy": {
                    "rules": [
                        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 2]}}
                    ]
                }
            },
            [],
        ),
        (
            {
                "spec.podFailurePolicy": {
                    "rules": [
                        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 2]}}
                    ]
                },
                "spec.podReplacementPolicy": "TerminatingOrFailed",
            },
            [
                'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'
            ],
        ),
        (
            {
                "spec.podFailurePolicy": {
                    "rules": [{"action": "", "onExitCodes": {"operator": "In", "values": [1, 2]}}]
                }
            },
            [
                'spec.podFailurePolicy.rules.0.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignor'
            ],
        ),
        (
            {
                "spec.podFailurePolicy": {
                    "rules": [
                        {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1, 2]}}
                    ]
                }
            },
            [
                'spec.podFailurePolicy.rules.0.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be'
            ],
        ),
        (
            {"spec.podFailurePolicy": {"rules": [{"action": "Count"}]}},
            [
                'spec.podFailurePolicy.rules.0: Invalid value: {"action":"Count"}: specifying one of OnExitCodes and OnPod'
            ],
        ),
        (
            {
                "spec.podFailurePolicy": {
                    "rules": [
                        {
                            "action": "Count",
                            "onExitCodes": {
                                "operator": "In",
                                "values": [2, 1, 1, 0],
                                "containerName": "x",
                            },
                            "onPodConditions": [{"type": "a b"}],
                        }
                    ]
                }
            },
            [
                "spec.podFailurePolicy.rules.0.onExitCodes.values.2: server-side apply will refuse it: duplicate entries f",
                'spec.podFailurePolicy.rules.0.onExitCodes.containerName: Invalid value: "x": must be one of the container',
                "spec.podFailurePolicy.rules.0.onExitCodes.values.2: Duplicate value: 1",
                "spec.podFailurePolicy.rules.0.onExitCodes.values.3: Invalid value: 0: must not be 0 for the In operator",
                "spec.podFailurePolicy.rules.0.onExitCodes.values: Invalid value: [2,1,1,0]: must be ordered",
                'spec.podFailurePolicy.rules.0.onPodConditions.0.type: Invalid value: "a b": name part',
                'spec.podFailurePolicy.rules.0: Invalid value: {"action":"Count","onExitCodes":{"operator":"In","values":[',
            ],
        ),
        (
            {
                "spec.podFailurePolicy": {
                    "rules": [{"action": "Count", "onExitCodes": {"operator": "In", "values": []}}]
                }
            },
            [
                "spec.podFailurePolicy.rules.0.onExitCodes.values: Invalid value: []: at least one value is required"
            ],
        ),
        (
            {"spec.successPolicy": {"rules": []}},
            ['spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode'],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 3,
                "spec.successPolicy": {"rules": []},
            },
            [
                "spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is "
            ],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 3,
                "spec.successPolicy": {"rules": [{}]},
            },
            [
                "spec.successPolicy.rules.0: Required value: at least one of succeededCount or succeededIndexes must be sp"
            ],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 3,
                "spec.successPolicy": {
                    "rules": [{"succeededIndexes": "0,1-2", "succeededCount": 3}]
                },
            },
            [],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 3,
                "spec.successPolicy": {
                    "rules": [{"succeededIndexes": "0,1-3", "succeededCount": 4}]
                },
            },
            [
                'spec.successPolicy.rules.0.succeededIndexes: Invalid value: "0,1-3": error parsing succeededIndexes: too ',
                "spec.successPolicy.rules.0.succeededCount: Invalid value: 4: must be less than or equal to 3 (the number ",
                "spec.successPolicy.rules.0.succeededCount: Invalid value: 4: must be less than or equal to 0 (the number ",
            ],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 3,
                "spec.successPolicy": {"rules": [{"succeededIndexes": "1,0"}]},
            },
            [
                'spec.successPolicy.rules.0.succeededIndexes: Invalid value: "1,0": error parsing succeededIndexes: non-in'
            ],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 3,
                "spec.successPolicy": {"rules": [{"succeededIndexes": "1-2-3"}]},
            },
            [
                'spec.successPolicy.rules.0.succeededIndexes: Invalid value: "1-2-3": error parsing succeededIndexes: the '
            ],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 3,
                "spec.successPolicy": {"rules": [{"succeededIndexes": "x"}]},
            },
            [
                'spec.successPolicy.rules.0.succeededIndexes: Invalid value: "x": error parsing succeededIndexes: cannot c'
            ],
        ),
        (
            {"spec.selector": {"matchLabels": {"app": "web"}}},
            [
                'spec.selector: Invalid value: {"matchLabels":{"app":"web"}}: `selector` not auto-generated'
            ],
        ),
        (
            {"spec.manualSelector": True},
            [
                "spec.selector: Required value",
                "spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`",
            ],
        ),
        (
            {"spec.manualSelector": True, "spec.selector": {"matchLabels": {"app": "web"}}},
            [
                "spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`"
            ],
        ),
        (
            {
                "spec.manualSelector": True,
                "spec.selector": {"matchLabels": {"app": "web"}},
                "spec.template.metadata": {"labels": {"app": "web"}},
            },
            [],
        ),
        (
            {"spec.template.metadata": {"labels": {"job-name": "other"}}},
            ["spec.template.metadata.labels.job-name: Invalid value: \"other\": must be 'job'"],
        ),
        (
            {"spec.template.metadata": {"labels": {"job-name": "job", "controller-uid": "x"}}},
            [
                'spec.template.metadata.labels.controller-uid: Invalid value: "x": must be the uid of the Job'
            ],
        ),
        (
            {"metadata.name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
            [
                'spec.template.metadata.labels: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
            ],
        ),
        (
            {
                "spec.completionMode": "Indexed",
                "spec.completions": 3,
                "metadata.name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            },
            [
                'metadata.name: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": will not '
            ],
        ),
    ],
)
def test_job(edits, expected):
    assert_faults_after(JOB, edits, expected)


CRON_JOB = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "cron"},
    "spec": {
        "schedule": "0 0 * * *",
        "jobTemplate": {
            "spec": {
                "template": {
                    "spec": {
                        "containers": [{"name": "app", "image": "a:1"}],
                        "restartPolicy": "Never",
                    }
                }
            }
        },
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"spec.schedule": "* * * *"},
            [
                'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'
            ],
        ),
        ({"spec.schedule": ""}, ["spec.schedule: Required value"]),
        (
            {"spec.schedule": " @every 5m"},
            [
                'spec.schedule: Invalid value: " @every 5m": expected exactly 5 fields, found 2: [@every 5m]'
            ],
        ),
        ({"spec.schedule": "0 0 31 2 *"}, []),
        (
            {"spec.schedule": "TZ=UTC 0 0 * * *"},
            [
                'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone fiel'
            ],
        ),
        ({"spec.timeZone": "Europe/Berlin"}, []),
        (
            {"spec.timeZone": "europe/berlin"},
            ['spec.timeZone: Invalid value: "europe/berlin": unknown time zone europe/berlin'],
        ),
        (
            {"spec.timeZone": "Local"},
            [
                'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.i'
            ],
        ),
        (
            {"spec.timeZone": ""},
            ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
        ),
        (
            {"spec.timeZone": "a//b"},
            ['spec.timeZone: Invalid value: "a//b": unknown time zone a//b'],
        ),
        (
            {"spec.startingDeadlineSeconds": -1},
            ["spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"spec.concurrencyPolicy": "Maybe"},
            [
                'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"'
            ],
        ),
        ({"spec.concurrencyPolicy": ""}, []),
        (
            {"metadata.name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
            [
                'metadata.name: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": must be no more th'
            ],
        ),
        ({"metadata.name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, []),
        (
            {
                "spec.jobTemplate.spec.selector": {"matchLabels": {"a": "b"}},
                "spec.jobTemplate.spec.manualSelector": True,
            },
            [
                'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generat',
                'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
            ],
        ),
        (
            {"spec.jobTemplate.spec.completionMode": "Indexed"},
            ["spec.jobTemplate.spec.completions: Required value: when completion mode is Indexed"],
        ),
        (
            {"spec.jobTemplate.spec.template.spec.restartPolicy": ABSENT},
            [
                'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
            ],
        ),
    ],
)
def test_cron_job(edits, expected):
    assert_faults_after(CRON_JOB, edits, expected)
