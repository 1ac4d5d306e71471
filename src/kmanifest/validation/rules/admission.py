"""Webhooks and admission policies. Expressions are not compiled here.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/admissionregistration/validation/validation.go, after the defaults of
pkg/apis/admissionregistration/v1/defaults.go.
"""

from kmanifest.startup.typing import Any, Final, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    number_of,
    strings_of,
    text_of,
)
from kmanifest.validation.rules.references import check_https_url

_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_MUTATING_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "UPDATE")
_SCOPES: Final = ("*", "Cluster", "Namespaced")
_FAILURE_POLICIES: Final = ("Fail", "Ignore")
_MATCH_POLICIES: Final = ("Equivalent", "Exact")
_SIDE_EFFECTS: Final = ("None", "NoneOnDryRun")
_REINVOCATION: Final = ("IfNeeded", "Never")
_REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_ACTIONS: Final = ("Audit", "Deny", "Warn")
_REVIEW_VERSIONS: Final = ("v1", "v1beta1")
_PATCHES: Final = {"JSONPatch": "jsonPatch", "ApplyConfiguration": "applyConfiguration"}
_MAX_CONDITIONS: Final = 64
_MAX_ANNOTATIONS: Final = 20
_MAX_ANNOTATION: Final = 5 * 1024
_MAX_TIMEOUT: Final = 30
_RESERVED: Final = frozenset({
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
    "let", "loop", "package", "namespace", "return", "var", "void", "while",
})  # fmt: skip
"""The names that are no identifiers of CEL. Source: celReserved."""


def check_webhooks(place: Place, report: Report) -> None:
    """Check that the webhooks of a configuration have different names."""
    names: set[str] = set()
    for index, hook in enumerate(items_of(place.value, "webhooks")):
        name = text_of(hook, "name")
        if name in names:
            Faults(place, report).duplicate(("webhooks", index, "name"), name)
        if name:
            names.add(name)


def check_webhook(place: Place, report: Report) -> None:
    """Check a webhook. Source: validateValidatingWebhook, validateMutatingWebhook."""
    hook, faults = place.value, Faults(place, report)
    _check_hook_name(faults.at("name"), text_of(hook, "name"))
    for index, rule in enumerate(items_of(hook, "rules")):
        _check_rule(faults.at("rules", index), rule)
    _check_policies(faults, hook)
    effects = hook.get("sideEffects")
    if effects is None:
        faults.required(("sideEffects",), f"must specify one of {', '.join(_SIDE_EFFECTS)}")
    else:
        faults.one_of(("sideEffects",), effects, _SIDE_EFFECTS)
    timeout = number_of(hook, "timeoutSeconds")
    if timeout is not None and not 1 <= timeout <= _MAX_TIMEOUT:
        detail = f"the timeout value must be between 1 and {_MAX_TIMEOUT} seconds"
        faults.invalid(("timeoutSeconds",), timeout, detail)
    check_client(faults.at("clientConfig"), mapping_of(hook, "clientConfig"))
    _check_conditions(faults.at("matchConditions"), items_of(hook, "matchConditions"))
    check_review_versions(
        faults.at("admissionReviewVersions"), strings_of(hook, "admissionReviewVersions")
    )


def _check_hook_name(faults: Faults, name: str) -> None:
    """Source: k8s.io/apimachinery pkg/util/validation, IsFullyQualifiedName."""
    problems = syntax.dns_subdomain(name)
    if not name:
        faults.required(())
    elif problems:
        faults.invalid((), name, ",".join(problems))
    elif name.count(".") < 2:
        detail = "should be a domain with at least three segments separated by dots"
        faults.invalid((), name, detail)


def _check_policies(faults: Faults, value: Mapping[str, Any]) -> None:
    for field, supported in (
        ("failurePolicy", _FAILURE_POLICIES),
        ("matchPolicy", _MATCH_POLICIES),
        ("reinvocationPolicy", _REINVOCATION),
    ):
        policy = value.get(field)
        if policy is not None:
            faults.one_of((field,), policy, supported)


def check_client(faults: Faults, client: Mapping[str, Any]) -> None:
    """Check how the server reaches a webhook: by a URL or a Service."""
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        faults.required((), "exactly one of url or service is required")
    elif url is not None:
        check_https_url(faults.at("url"), url)
    elif service is not None:
        _check_service(faults.at("service"), service)


def _check_service(faults: Faults, service: Mapping[str, Any]) -> None:
    """Check the Service of a webhook. The server takes name and namespace for each other in its messages.

    Source: k8s.io/apiserver v0.36.3 pkg/util/webhook/validation.go, ValidateWebhookService.
    """
    if not text_of(service, "namespace"):
        faults.required(("name",))
    if not text_of(service, "name"):
        faults.required(("namespace",))
    port = number_of(service, "port")
    if port is not None and syntax.port_number(port):
        detail = f"port is not valid: {', '.join(syntax.port_number(port))}"
        faults.invalid(("port",), port, detail)
    path = text_of(service, "path")
    if path and path != "/":
        _check_path(faults.at("path"), path)


def _check_path(faults: Faults, path: str) -> None:
    if path == "//":
        faults.invalid((), path, "segment[0] may not be empty")
        return
    if not path.startswith("/"):
        faults.invalid((), path, "must start with a '/'")
    for index, segment in enumerate(path[1:].removesuffix("/").split("/")):
        if not segment:
            faults.invalid((), path, f"segment[{index}] may not be empty")
            continue
        for problem in syntax.dns_subdomain(segment):
            faults.invalid((), path, f"segment[{index}]: {problem}")


def check_review_versions(faults: Faults, versions: Sequence[str]) -> None:
    """Check the versions of the reviews that a webhook knows. Source: validateAdmissionReviewVersions."""
    known = ", ".join(_REVIEW_VERSIONS)
    if not versions:
        faults.required((), f"must specify one of {known}")
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            faults.invalid((index,), version, "duplicate version")
        else:
            faults.invalid((index,), version, *syntax.dns1035_label(version))
    if not set(versions) & set(_REVIEW_VERSIONS):
        faults.invalid((), versions, f"must include at least one of {known}")


def _check_rule(faults: Faults, rule: Mapping[str, Any]) -> None:
    """Source: validateRuleWithOperations, validateRule."""
    for field, noun in (
        ("operations", "operations"),
        ("apiGroups", "API groups"),
        ("apiVersions", "API versions"),
    ):
        values = strings_of(rule, field)
        if not values:
            faults.required((field,))
        if len(values) > 1 and "*" in values:
            faults.invalid((field,), values, f"if '*' is present, must not specify other {noun}")
    for index, operation in enumerate(strings_of(rule, "operations")):
        faults.one_of(("operations", index), operation, _OPERATIONS)
    for index, version in enumerate(strings_of(rule, "apiVersions")):
        if not version:
            faults.required(("apiVersions", index))
    _check_resources(faults.at("resources"), strings_of(rule, "resources"))
    scope = rule.get("scope")
    if scope is not None:
        faults.one_of(("scope",), scope, _SCOPES)


def _check_resources(faults: Faults, resources: Sequence[str]) -> None:
    """Source: validateResources."""
    if not resources:
        faults.required(())
    all_subresources: set[str] = set()
    all_resources: set[str] = set()
    has_plain = False
    for index, text in enumerate(resources):
        if not text:
            faults.required((index,))
            continue
        resource, slash, sub = text.partition("/")
        if not slash:
            # As in the server, the last one without a subresource counts.
            has_plain = text != "*"
            continue
        for known, pattern in (
            (resource in all_subresources, f"{resource}/*"),
            (sub in all_resources, f"*/{sub}"),
        ):
            if known:
                detail = f"if '{pattern}' is present, must not specify {text}"
                faults.invalid((index,), text, detail)
        if sub == "*":
            all_subresources.add(resource)
        if resource == "*":
            all_resources.add(sub)
    if len(resources) > 1 and "*/*" in resources:
        detail = "if '*/*' is present, must not specify other resources"
        faults.invalid((), resources, detail)
    if "*" in resources and has_plain:
        detail = "if '*' is present, must not specify other resources without subresources"
        faults.invalid((), resources, detail)


def _check_conditions(faults: Faults, conditions: Sequence[Mapping[str, Any]]) -> None:
    """Source: validateMatchConditions."""
    if len(conditions) > _MAX_CONDITIONS:
        faults.too_many((), len(conditions), _MAX_CONDITIONS)
    names: set[str] = set()
    for index, condition in enumerate(conditions):
        name = text_of(condition, "name")
        if not text_of(condition, "expression").strip():
            faults.required((index, "expression"))
        faults.text((index, "name"), name, syntax.qualified_name)
        if name and name in names:
            faults.duplicate((index, "name"), name)
        names.add(name)


def check_validating_policy(place: Place, report: Report) -> None:
    """Check a ValidatingAdmissionPolicy. Source: validateValidatingAdmissionPolicySpec."""
    spec, faults = place.value, Faults(place, report)
    _check_policy(faults, spec)
    validations, annotations = items_of(spec, "validations"), items_of(spec, "auditAnnotations")
    if not validations and not annotations:
        detail = "validations or auditAnnotations must contain at least one item"
        faults.required(("validations",), detail)
        faults.required(("auditAnnotations",), detail)
    for index, validation in enumerate(validations):
        _check_validation(faults.at("validations", index), validation)
    _check_audit_annotations(faults.at("auditAnnotations"), annotations, place)


def _check_policy(faults: Faults, spec: Mapping[str, Any]) -> None:
    """Check what both kinds of policies have."""
    _check_policies(faults, spec)
    kind, constraints = spec.get("paramKind"), spec.get("matchConstraints")
    if kind is not None:
        _check_param_kind(faults.at("paramKind"), kind)
    if constraints is None:
        faults.required(("matchConstraints",))
    elif not constraints.get("resourceRules"):
        faults.required(("matchConstraints", "resourceRules"))
    _check_conditions(faults.at("matchConditions"), items_of(spec, "matchConditions"))
    for index, variable in enumerate(items_of(spec, "variables")):
        _check_variable(faults.at("variables", index), variable)


def _check_variable(faults: Faults, variable: Mapping[str, Any]) -> None:
    """Source: validateVariable."""
    name = text_of(variable, "name")
    if not name.strip():
        faults.required(("name",), "name is not specified")
    elif syntax.c_identifier(name) or name in _RESERVED:
        faults.invalid(("name",), name, "must be a valid CEL identifier")
    if not text_of(variable, "expression").strip():
        faults.required(("expression",), "expression is not specified")


def _check_param_kind(faults: Faults, kind: Mapping[str, Any]) -> None:
    """Source: validateParamKind."""
    api_version, name = text_of(kind, "apiVersion"), text_of(kind, "kind")
    group, _, version = api_version.rpartition("/")
    if not api_version:
        faults.required(("apiVersion",))
    elif "/" in group:
        detail = f"unexpected GroupVersion string: {api_version}"
        faults.invalid(("apiVersion",), api_version, detail)
    else:
        if group:
            faults.invalid(("apiVersion",), group, *syntax.dns_subdomain(group))
        if not version:
            faults.invalid(("apiVersion",), api_version, "version must be specified")
        else:
            faults.invalid(("apiVersion",), version, *syntax.dns1035_label(version))
    problems = syntax.dns1035_label(name.lower())
    if not name:
        faults.required(("kind",))
    elif problems:
        detail = f"may have mixed case, but should otherwise match: {','.join(problems)}"
        faults.invalid(("kind",), name, detail)


def _check_validation(faults: Faults, validation: Mapping[str, Any]) -> None:
    """Source: validateValidation."""
    if not text_of(validation, "expression").strip():
        faults.required(("expression",), "expression is not specified")
    message = text_of(validation, "message")
    for field in ("messageExpression", "message"):
        text = text_of(validation, field)
        if text and not text.strip():
            faults.invalid((field,), text, "must be non-empty if specified")
    if "\n" in message.strip() or "\r" in message.strip():
        faults.invalid(("message",), message, "must not contain line breaks")
    reason = validation.get("reason")
    if reason is not None:
        faults.one_of(("reason",), reason, _REASONS)


def _check_audit_annotations(
    faults: Faults, annotations: Sequence[Mapping[str, Any]], place: Place
) -> None:
    """Source: validateAuditAnnotation."""
    if len(annotations) > _MAX_ANNOTATIONS:
        detail = f"must not have more than {_MAX_ANNOTATIONS} auditAnnotations"
        faults.invalid((), annotations, detail)
    policy = text_of(mapping_of(place.subject.body, "metadata"), "name")
    keys: set[str] = set()
    for index, annotation in enumerate(annotations):
        key, expression = text_of(annotation, "key"), text_of(annotation, "valueExpression").strip()
        if policy:
            full = f"{policy}/{key}"
            faults.invalid((index, "key"), full, *syntax.qualified_name(full))
        else:
            faults.invalid((index, "key"), key, "requires metadata.name be non-empty")
        if not expression:
            faults.required((index, "valueExpression"), "valueExpression is not specified")
        elif syntax.length(expression) > _MAX_ANNOTATION:
            detail = f"must not exceed {_MAX_ANNOTATION} bytes in length"
            faults.required((index, "valueExpression"), detail)
        if key in keys:
            faults.duplicate((index, "key"), key)
        keys.add(key)


def check_mutating_policy(place: Place, report: Report) -> None:
    """Check a MutatingAdmissionPolicy. Source: validateMutatingAdmissionPolicySpec."""
    spec, faults = place.value, Faults(place, report)
    _check_policy(faults, spec)
    _check_mutating_operations(faults.at("matchConstraints"), mapping_of(spec, "matchConstraints"))
    mutations = items_of(spec, "mutations")
    if not mutations:
        faults.required(("mutations",), "mutations must contain at least one item")
    for index, mutation in enumerate(mutations):
        _check_mutation(faults.at("mutations", index), mutation)
    if spec.get("reinvocationPolicy") is None:
        faults.required(("reinvocationPolicy",))


def _check_mutating_operations(faults: Faults, resources: Mapping[str, Any]) -> None:
    for rule in items_of(resources, "resourceRules"):
        for operation in strings_of(rule, "operations"):
            faults.one_of(("resourceRules", "operations"), operation, _MUTATING_OPERATIONS)


def _check_mutation(faults: Faults, mutation: Mapping[str, Any]) -> None:
    """Source: validateMutation."""
    type_ = text_of(mutation, "patchType")
    wanted = _PATCHES.get(type_)
    if not type_:
        faults.required(("patchType",))
    elif wanted is None:
        faults.unsupported(("patchType",), type_, sorted(_PATCHES))
    for field in _PATCHES.values() if wanted else ():
        patch = mutation.get(field)
        if field == wanted and patch is None:
            faults.required((field,), f"must be specified when patchType is {type_}")
        elif field == wanted and not text_of(mapping_of(mutation, field), "expression").strip():
            faults.required((field, "expression"))
        elif field != wanted and patch is not None:
            detail = f"must not be specified when patchType is {type_}"
            faults.invalid((field,), f"{{{field}}}", detail)


def check_match_resources(place: Place, report: Report) -> None:
    """Check which resources a policy or binding is for. Source: validateMatchResources."""
    resources, faults = place.value, Faults(place, report)
    _check_policies(faults, resources)
    for field in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(items_of(resources, field)):
            at, names = faults.at(field, index), strings_of(rule, "resourceNames")
            for position, name in enumerate(names):
                at.invalid(("resourceNames", position), name, *syntax.path_segment(name))
                if name in names[:position]:
                    at.duplicate(("resourceNames", position), name)
            _check_rule(at, rule)


def check_binding(place: Place, report: Report) -> None:
    """Check the binding of a policy of either kind. Source: validateValidatingAdmissionPolicyBindingSpec."""
    spec, faults = place.value, Faults(place, report)
    faults.text(("policyName",), text_of(spec, "policyName"), syntax.dns_subdomain)
    if place.type == "MutatingAdmissionPolicyBindingSpec":
        _check_mutating_operations(faults.at("matchResources"), mapping_of(spec, "matchResources"))
    else:
        _check_actions(faults.at("validationActions"), strings_of(spec, "validationActions"))
    reference = spec.get("paramRef")
    if reference is not None:
        _check_param_reference(faults.at("paramRef"), reference)


def _check_actions(faults: Faults, actions: Sequence[str]) -> None:
    """Source: validateValidationActions."""
    for index, action in enumerate(actions):
        faults.one_of((index,), action, _ACTIONS)
        if action in actions[:index]:
            faults.duplicate((index,), action)
    if "Deny" in actions and "Warn" in actions:
        reason = "repeating the same validation failure information in the API response and headers"
        faults.invalid((), actions, f"must not contain both Deny and Warn ({reason} is redundant)")
    if not actions:
        faults.required((), "at least one validation action is required")


def _check_param_reference(faults: Faults, reference: Mapping[str, Any]) -> None:
    """Source: validateParamRef."""
    name, selector = text_of(reference, "name"), reference.get("selector")
    exclusive = "name and selector are mutually exclusive"
    if name:
        faults.invalid(("name",), name, *syntax.path_segment(name))
    if name and selector is not None:
        faults.forbidden(("name",), exclusive)
        faults.forbidden(("selector",), exclusive)
    if not name and selector is None:
        faults.required((), "one of name or selector must be specified")
    action = text_of(reference, "parameterNotFoundAction")
    if not action:
        faults.required(("parameterNotFoundAction",))
    else:
        faults.one_of(("parameterNotFoundAction",), action, ("Deny", "Allow"))


RULES: Final[Rules] = {
    "ValidatingWebhookConfiguration": (check_webhooks,),
    "MutatingWebhookConfiguration": (check_webhooks,),
    "ValidatingWebhook": (check_webhook,),
    "MutatingWebhook": (check_webhook,),
    "ValidatingAdmissionPolicySpec": (check_validating_policy,),
    "MutatingAdmissionPolicySpec": (check_mutating_policy,),
    "MatchResources": (check_match_resources,),
    "ValidatingAdmissionPolicyBindingSpec": (check_binding,),
    "MutatingAdmissionPolicyBindingSpec": (check_binding,),
}
"""The rules for admission by type."""
