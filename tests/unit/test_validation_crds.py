"""Rules for CustomResourceDefinitions."""

import pytest

from tests.rule_edits import ABSENT, assert_faults_after

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "size": {"type": "string"},
                                    "ports": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "properties": {"name": {"type": "string"}},
                                        },
                                    },
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, []),
        (
            {"metadata.name": "other.example.com"},
            [
                'metadata.name: Invalid value: "other.example.com": must be spec.names.plural+"."+spec.group'
            ],
        ),
        (
            {"spec.group": "example", "metadata.name": "widgets.example"},
            ['spec.group: Invalid value: "example": should be a domain with at least one dot'],
        ),
        (
            {"spec.group": "A.b", "metadata.name": "widgets.A.b"},
            [
                'metadata.name: Invalid value: "widgets.A.b": a lowercase RFC 1123 subdomain',
                'spec.group: Invalid value: "A.b": a lowercase RFC 1123 subdomain',
            ],
        ),
        (
            {"spec.names.plural": "Widgets", "metadata.name": "Widgets.example.com"},
            [
                'metadata.name: Invalid value: "Widgets.example.com": a lowercase RFC 1123 subdomain',
                'spec.names.plural: Invalid value: "Widgets": a DNS-1035 label',
            ],
        ),
        (
            {"spec.names.singular": "W"},
            ['spec.names.singular: Invalid value: "W": a DNS-1035 label'],
        ),
        ({"spec.names.kind": "widget"}, []),
        (
            {"spec.names.listKind": "Widget"},
            ['spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same'],
        ),
        (
            {"spec.names.shortNames": ["WD"]},
            ['spec.names.shortNames.0: Invalid value: "WD": a DNS-1035 label'],
        ),
        (
            {"spec.names.categories": ["All Things"]},
            ['spec.names.categories.0: Invalid value: "All Things": a DNS-1035 label'],
        ),
        (
            {"spec.preserveUnknownFields": True},
            [
                "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema inste"
            ],
        ),
        (
            {"spec.versions.0.storage": False},
            [
                'spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version'
            ],
        ),
        (
            {"spec.versions.0.name": "V1"},
            ['spec.versions.0.name: Invalid value: "V1": a DNS-1035 label'],
        ),
        (
            {"spec.versions.0.schema": ABSENT},
            ["spec.versions.0.schema.openAPIV3Schema: Required value"],
        ),
        (
            {"spec.versions.0.deprecationWarning": "x"},
            [
                'spec.versions.0.deprecationWarning: Invalid value: "x": can only be set for deprecated versions'
            ],
        ),
        (
            {"spec.versions.0.deprecationWarning": "", "spec.versions.0.deprecated": True},
            ['spec.versions.0.deprecationWarning: Invalid value: "": must not be an empty string'],
        ),
        (
            {
                "spec.versions.1": {
                    "name": "v1",
                    "served": True,
                    "storage": False,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            },
            ['spec.versions: Invalid value: ["v1","v1"]: must contain unique version names'],
        ),
        (
            {
                "spec.versions.0.subresources": {
                    "scale": {
                        "specReplicasPath": ".replicas",
                        "statusReplicasPath": "status.replicas",
                        "labelSelectorPath": ".x",
                    }
                }
            },
            [
                'spec.versions.0.subresources.scale.specReplicasPath: Invalid value: ".replicas": should be a json path under .spec',
                'spec.versions.0.subresources.scale.statusReplicasPath: Invalid value: "status.replicas": must be a simple json path starting with .',
                'spec.versions.0.subresources.scale.labelSelectorPath: Invalid value: ".x": should be a json path under .spec or status',
            ],
        ),
        (
            {
                "spec.versions.0.additionalPrinterColumns": [
                    {"name": "a", "type": "text", "format": "x", "jsonPath": "a"},
                    {"name": "", "type": "", "jsonPath": ""},
                ]
            },
            [
                'spec.versions.0.additionalPrinterColumns.0.type: Invalid value: "text": must be one of boolean,date,integer,number,string',
                'spec.versions.0.additionalPrinterColumns.0.format: Invalid value: "x": must be one of byte,date,date-time,double,float,int32,int64,password',
                'spec.versions.0.additionalPrinterColumns.0.JSONPath: Invalid value: "a": must be a simple json path starting with .',
                "spec.versions.0.additionalPrinterColumns.1.name: Required value",
                "spec.versions.0.additionalPrinterColumns.1.type: Required value: must be one of boolean,date,integer,number,string",
                "spec.versions.0.additionalPrinterColumns.1.JSONPath: Required value",
            ],
        ),
        (
            {
                "spec.versions.0.selectableFields": [
                    {"jsonPath": ".spec.size"},
                    {"jsonPath": ".spec.size"},
                    {"jsonPath": ".spec.nope"},
                    {"jsonPath": ".spec.ports"},
                    {"jsonPath": ""},
                ]
            },
            [
                'spec.versions.0.selectableFields.1.jsonPath: Duplicate value: ".spec.size"',
                'spec.versions.0.selectableFields.2.jsonPath: Invalid value: ".spec.nope": is an invalid path: does not refer to a valid field',
                'spec.versions.0.selectableFields.3.jsonPath: Invalid value: ".spec.ports": must point to a field of type string, boolean or integer. Enum string field',
                "spec.versions.0.selectableFields.4.jsonPath: Required value",
            ],
        ),
        (
            {"spec.conversion": {"strategy": "Webhook"}},
            [
                "spec.conversion: Required value: webhookClientConfig: required when strategy is set to Webhook",
                "spec.conversion: Required value: must specify one of v1, v1beta1",
            ],
        ),
        (
            {
                "spec.conversion": {
                    "strategy": "Webhook",
                    "webhook": {
                        "conversionReviewVersions": ["v2"],
                        "clientConfig": {"url": "http://a"},
                    },
                }
            },
            [
                "spec.conversion.webhook.clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
                'spec.conversion.webhook.conversionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1',
            ],
        ),
        (
            {"spec.conversion": {"strategy": "Magic"}},
            [
                'spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook"'
            ],
        ),
        (
            {
                "spec.conversion": {
                    "strategy": "None",
                    "webhook": {"conversionReviewVersions": ["v1"]},
                }
            },
            [
                "spec.conversion: Forbidden: webhook.conversionReviewVersions should not be set when strategy is not set to Webhook"
            ],
        ),
        (
            {"spec.group": "x.k8s.io", "metadata": {"name": "widgets.x.k8s.io"}},
            [
                'metadata.annotations.api-approved.kubernetes.io: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see http'
            ],
        ),
        (
            {
                "spec.group": "x.k8s.io",
                "metadata": {
                    "name": "widgets.x.k8s.io",
                    "annotations": {"api-approved.kubernetes.io": "x"},
                },
            },
            [
                'metadata.annotations.api-approved.kubernetes.io: Invalid value: "x": protected groups must have approval annotation "api-approved.kubernetes.io" with '
            ],
        ),
        (
            {
                "spec.group": "x.k8s.io",
                "metadata": {
                    "name": "widgets.x.k8s.io",
                    "annotations": {"api-approved.kubernetes.io": "unapproved, test"},
                },
            },
            [],
        ),
    ],
)
def test_crd(edits, expected):
    assert_faults_after(CRD, edits, expected)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (
            {"spec.versions.0.schema.openAPIV3Schema.type": ""},
            [
                "spec.versions.0.schema.openAPIV3Schema.type: Required value: must not be empty at the root"
            ],
        ),
        (
            {"spec.versions.0.schema.openAPIV3Schema.type": "array"},
            [
                'spec.versions.0.schema.openAPIV3Schema.type: Invalid value: "array": must be object at the root',
                "spec.versions.0.schema.openAPIV3Schema.items: Required value: must be specified",
            ],
        ),
        (
            {"spec.versions.0.schema.openAPIV3Schema.nullable": True},
            [
                "spec.versions.0.schema.openAPIV3Schema.nullable: Forbidden: nullable cannot be true at the root"
            ],
        ),
        (
            {"spec.versions.0.schema.openAPIV3Schema.additionalProperties": True},
            [
                "spec.versions.0.schema.openAPIV3Schema.additionalProperties: Forbidden: must not be used at the root"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.anyOf": [{"required": ["spec"]}],
                "spec.versions.0.subresources": {"status": {}},
            },
            [
                'spec.versions.0.schema.openAPIV3Schema: Invalid value: "anyOf": only description, example, exclusiveMaximum, exclusiveMinimum, externalDocs, format, i'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.anyOf": [
                    {"properties": {"other": {"minLength": 1}, "spec": {"required": ["size"]}}}
                ]
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.other: Required value: because it is defined in versions.0.schema.openAPIV3Schema.anyOf.0.properties"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.anyOf": [
                    {"properties": {"other": {"minLength": 1}}}
                ]
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.metadata": {
                    "type": "object",
                    "properties": {"name": {"type": "string", "maxLength": 5}},
                }
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.metadata": {
                    "type": "object",
                    "properties": {"labels": {"type": "object"}},
                }
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.metadata: Forbidden: must not specify anything other than name and generateName, but metadata is imp"
            ],
        ),
        (
            {"spec.versions.0.schema.openAPIV3Schema.properties.metadata": {"type": "string"}},
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.metadata.type: Invalid value: "string": must be object'
            ],
        ),
        (
            {"spec.versions.0.schema.openAPIV3Schema.properties.kind": {"type": "integer"}},
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.kind.type: Invalid value: "integer": must be string'
            ],
        ),
        (
            {"spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.type": ABSENT},
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.type: Required value: must not be empty for specified object fields"
            ],
        ),
        (
            {"spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.type": "text"},
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.type: Unsupported value: "text": supported values: "array", "boolean", "integer'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "x-kubernetes-int-or-string": True
                }
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "x-kubernetes-preserve-unknown-fields": True
                }
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.x-kubernetes-preserve-unknown-fields": False
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or und"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "x-kubernetes-int-or-string": True,
                    "anyOf": [{"type": "integer"}, {"type": "string"}],
                }
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "x-kubernetes-int-or-string": True,
                    "allOf": [
                        {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                        {"maxLength": 3},
                    ],
                }
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "x-kubernetes-int-or-string": True,
                    "x-kubernetes-embedded-resource": True,
                }
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.x-kubernetes-embedded-resource: Invalid value: true: must be false if x-kuberne",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.type: Required value: must be object if x-kubernetes-embedded-resource is true",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.properties: Required value: must not be empty if x-kubernetes-embedded-resource",
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.pattern": "(?=a)"
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.pattern: Invalid value: "(?=a)": must be a valid regular expression, but isn\'t:'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.pattern": "^(a|b)+$"
            },
            [],
        ),
        (
            {"spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.default": 5},
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.default: Invalid value: 5: must be of type string"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.default": "x",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.enum": [
                    "a"
                ],
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.default: Unsupported value: "x": supported values: "a"'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.default": "a",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.enum": [
                    "a"
                ],
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "type": "object",
                    "required": ["a"],
                    "properties": {"a": {"type": "integer", "default": 1}},
                    "default": {},
                }
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.default.a: Required value"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "type": "integer",
                    "default": 1.0,
                }
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "type": "boolean",
                    "default": 1,
                }
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.default: Invalid value: 1: must be of type boolean"
            ],
        ),
        (
            {"spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.$ref": "#/x"},
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.$ref: Forbidden: $ref is not supported"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.definitions": {
                    "a": {"type": "string"}
                }
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.definitions: Forbidden: definitions is not supported"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.uniqueItems": True
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime com"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "type": "object",
                    "properties": {"a": {"type": "string"}},
                    "additionalProperties": {"type": "string"},
                }
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.additionalProperties: Forbidden: additionalProperties and properties are mutual"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "type": "object",
                    "additionalProperties": {},
                }
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.additionalProperties.type: Required value: must not be empty for specified obje"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                }
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.properties: Required value: must not be empty if x-kubernetes-embedded-resource"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items": ABSENT
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items: Required value: must be specified"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items": [
                    {"type": "string"}
                ]
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items: Forbidden: items must be a schema object and not an array"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-type": "map"
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-type": "map",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-map-keys": [
                    "name"
                ],
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items.properties.name.default: Required value: this property is in x-kubernete"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-type": "map",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-map-keys": [
                    "name",
                    "nope",
                    "name",
                ],
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items.required": [
                    "name"
                ],
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-map-keys: Invalid value: ["name","nope","name"]: must not co',
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-map-keys: Invalid value: ["name","nope","name"]: entries mus',
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-map-keys": [
                    "name"
                ]
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-k"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-type": "set"
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a "
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-type": "hash"
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-type: Unsupported value: "hash": supported values: "atomic",'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.x-kubernetes-list-type": "set"
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.type: Invalid value: "string": must be array if x-kubernetes-list-type is speci'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.x-kubernetes-map-type": "bad"
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.type: Invalid value: "string": must be object if x-kubernetes-map-type is speci',
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.x-kubernetes-map-type: Unsupported value: "bad": supported values: "atomic", "g',
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-type": "map",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.x-kubernetes-list-map-keys": [
                    "name"
                ],
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items.nullable": True,
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items.properties.name": {
                    "type": "object",
                    "default": {},
                    "nullable": True,
                },
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is m",
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items.properties.name.type: Invalid value: "object": must be a scalar type if ',
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.ports.items.properties.name.nullable: Forbidden: this property is in x-kubernetes-li",
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.not": {
                    "type": "string",
                    "description": "x",
                    "default": "a",
                }
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.not.type: Forbidden: must be empty to be structural",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.not.default: Forbidden: must be undefined to be structural",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.not.description: Forbidden: must be empty to be structural",
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.allOf": [
                    {"properties": {"metadata": {}}, "additionalProperties": {}}
                ]
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.allOf.0.additionalProperties: Forbidden: additionalProperties and properties ar",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.allOf.0.additionalProperties: Forbidden: must be undefined to be structural",
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.properties.size.allOf.0.properties.metadata: Forbidden: must not be specified in a nested conte",
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": " "}
                ]
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations.0.rule: Required value: rule is not specified"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "true", "message": " "}
                ]
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations.0.message: Invalid value: " ": must be non-empty if specified'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "true", "message": "a\nb"}
                ]
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations.0.message: Invalid value: "a\\nb": must not contain line breaks'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "a\nb"}
                ]
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations.0.message: Required value: message must be specified if rule contains "
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "true", "messageExpression": " "}
                ]
            },
            [
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations.0.messageExpression: Required value: messageExpression must be non-emp"
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "true", "reason": "Bad"}
                ]
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations.0.reason: Unsupported value: "Bad": supported values: "FieldValueDupli'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "true", "fieldPath": ".size"}
                ]
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "true", "fieldPath": ".ports[0].name"}
                ]
            },
            [],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "true", "fieldPath": "size"}
                ]
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations.0.fieldPath: Invalid value: "size": must be a valid path'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "true", "fieldPath": ".nope"}
                ]
            },
            [
                'spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations.0.fieldPath: Invalid value: ".nope": must be a valid path'
            ],
        ),
        (
            {
                "spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations": [
                    {"rule": "true", "fieldPath": "['size']"}
                ]
            },
            [],
        ),
    ],
)
def test_schema_of_crd(edits, expected):
    assert_faults_after(CRD, edits, expected)
