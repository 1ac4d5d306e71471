"""FlowSchemas and PriorityLevelConfigurations, which limit the requests to the server.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/flowcontrol/validation/validation.go, after the defaults of
pkg/apis/flowcontrol/v1/defaults.go. The objects that the server itself makes are not compared with their fixed values.
"""

from math import ceil, log2

from kmanifest.startup.typing import Any, Final, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.messages import between
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    number_of,
    strings_of,
    text_of,
)

_MAX_PRECEDENCE: Final = 10_000
_DEFAULT_PRECEDENCE: Final = 1_000
_MAX_QUEUES: Final = 10_000_000
_MAX_ENTROPY: Final = 60
_QUEUING: Final = {"handSize": 8, "queues": 64, "queueLengthLimit": 50}
"""The numbers of queues that the server sets if they are absent or zero."""
_VERBS: Final = (
    "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch",
)  # fmt: skip
_SUBJECTS: Final = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}
_METHODS: Final = ("ByNamespace", "ByUser")
_NOT_NEGATIVE: Final = "must be a non-negative integer"


def check_schema(place: Place, report: Report) -> None:
    """Check a FlowSchema. Source: ValidateFlowSchemaSpec."""
    spec, faults = place.value, Faults(place, report)
    precedence = number_of(spec, "matchingPrecedence") or _DEFAULT_PRECEDENCE
    if precedence <= 0:
        faults.invalid(("matchingPrecedence",), precedence, "must be a positive value")
    if precedence > _MAX_PRECEDENCE:
        detail = f"must not be greater than {_MAX_PRECEDENCE}"
        faults.invalid(("matchingPrecedence",), precedence, detail)
    if precedence == 1 and _name_of(place) != "exempt":
        detail = "only the schema named 'exempt' may have matchingPrecedence 1"
        faults.invalid(("matchingPrecedence",), precedence, detail)
    method = spec.get("distinguisherMethod")
    if method is not None:
        faults.one_of(("distinguisherMethod", "type"), text_of(method, "type"), _METHODS)
    level = text_of(mapping_of(spec, "priorityLevelConfiguration"), "name")
    path = ("priorityLevelConfiguration", "name")
    faults.text(path, level, syntax.dns_subdomain, "must reference a priority level")
    for index, rule in enumerate(items_of(spec, "rules")):
        _check_rules(faults.at("rules", index), rule)


def _name_of(place: Place) -> str:
    return text_of(mapping_of(place.subject.body, "metadata"), "name")


def _check_rules(faults: Faults, rules: Mapping[str, Any]) -> None:
    """Source: ValidateFlowSchemaPolicyRulesWithSubjects."""
    subjects = items_of(rules, "subjects")
    if not subjects:
        faults.required(("subjects",), "subjects must contain at least one value")
    for index, subject in enumerate(subjects):
        _check_subject(faults.at("subjects", index), subject)
    resource_rules, others = items_of(rules, "resourceRules"), items_of(rules, "nonResourceRules")
    if not resource_rules and not others:
        detail = "at least one of resourceRules and nonResourceRules has to be non-empty"
        faults.required((), detail)
    for index, rule in enumerate(resource_rules):
        _check_resource_rule(faults.at("resourceRules", index), rule)
    for index, rule in enumerate(others):
        _check_url_rule(faults.at("nonResourceRules", index), rule)


def _check_subject(faults: Faults, subject: Mapping[str, Any]) -> None:
    """Source: ValidateFlowSchemaSubject."""
    kind = text_of(subject, "kind")
    wanted = _SUBJECTS.get(kind)
    if wanted is None:
        faults.unsupported(("kind",), kind, _SUBJECTS)
        return
    for other, field in _SUBJECTS.items():
        if field != wanted and subject.get(field) is not None:
            detail = f"{field} is forbidden when subject kind is not '{other}'"
            faults.forbidden((field,), detail)
    value = subject.get(wanted)
    if value is None:
        faults.required((wanted,), f"{wanted} is required when subject kind is '{kind}'")
        return
    name, namespace = text_of(value, "name"), text_of(value, "namespace")
    if not name:
        faults.required((wanted, "name"))
    if kind != "ServiceAccount":
        return
    if name and name != "*":
        faults.invalid((wanted, "name"), name, *syntax.dns_subdomain(name))
    detail = "must specify namespace for service account"
    faults.text((wanted, "namespace"), namespace, syntax.dns_label, detail)


def _check_verbs(faults: Faults, verbs: Sequence[str]) -> None:
    if not verbs:
        faults.required((), "verbs must contain at least one value")
    elif "*" in verbs:
        _check_alone(faults, verbs, "verbs")
    elif not set(verbs) <= set(_VERBS):
        faults.unsupported((), verbs, _VERBS)


def _check_alone(faults: Faults, values: Sequence[str], noun: str) -> None:
    if len(values) > 1 and "*" in values:
        faults.invalid((), values, f"if '*' is present, must not specify other {noun}")


def _check_url_rule(faults: Faults, rule: Mapping[str, Any]) -> None:
    """Source: ValidateFlowSchemaNonResourcePolicyRule."""
    _check_verbs(faults.at("verbs"), strings_of(rule, "verbs"))
    at, urls = faults.at("nonResourceURLs"), strings_of(rule, "nonResourceURLs")
    if not urls:
        at.required((), "nonResourceURLs must contain at least one value")
    elif "*" in urls:
        _check_alone(at, urls, "non-resource URLs")
    else:
        for index, url in enumerate(urls):
            problem = _find_url_fault(url)
            if problem:
                at.invalid((index,), url, problem)


def _find_url_fault(url: str) -> str | None:
    """Source: ValidateNonResourceURLPath."""
    if not url:
        return "must not be empty"
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    count = url.count("*")
    if count > 1 or (count == 1 and not url.endswith("/*")):
        return "wildcard can only do suffix matching"
    return None


def _check_resource_rule(faults: Faults, rule: Mapping[str, Any]) -> None:
    """Source: ValidateFlowSchemaResourcePolicyRule."""
    _check_verbs(faults.at("verbs"), strings_of(rule, "verbs"))
    for field, noun, one in (
        ("apiGroups", "api groups", "api group"),
        ("resources", "resources", "resource"),
    ):
        values = strings_of(rule, field)
        if not values:
            faults.required((field,), f"resource rules must supply at least one {one}")
        _check_alone(faults.at(field), values, noun)
    at, namespaces = faults.at("namespaces"), strings_of(rule, "namespaces")
    if not namespaces and not rule.get("clusterScope"):
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        at.required((), detail)
    elif "*" in namespaces:
        _check_alone(at, namespaces, "namespaces")
    else:
        intro = "each member of this list must be '*' or a DNS-1123 label; "
        for index, name in enumerate(namespaces):
            problems = [intro + problem for problem in syntax.dns_label(name)]
            at.invalid((index,), name, *problems)


def check_level(place: Place, report: Report) -> None:
    """Check a PriorityLevelConfiguration. Source: ValidatePriorityLevelConfigurationSpec."""
    spec, faults = place.value, Faults(place, report)
    type_, limited, exempt = text_of(spec, "type"), spec.get("limited"), spec.get("exempt")
    if (_name_of(place) == "exempt") != (type_ == "Exempt"):
        detail = "must be 'Exempt' if and only if `name` is 'exempt'"
        faults.invalid(("type",), type_, detail)
    if type_ == "Exempt":
        if limited is not None:
            faults.forbidden(("limited",), "must be nil if the type is not Limited")
        _check_shares(faults.at("exempt"), exempt or {})
    elif type_ == "Limited":
        if exempt is not None:
            faults.forbidden(("exempt",), "must be nil if the type is Limited")
        if limited is None:
            faults.required(("limited",), "must not be empty when type is Limited")
        else:
            _check_limited(faults.at("limited"), limited)
    elif not type_:
        faults.required(("type",))
    else:
        faults.unsupported(("type",), type_, ("Exempt", "Limited"))


def _check_shares(faults: Faults, level: Mapping[str, Any]) -> None:
    shares, lent = (
        number_of(level, "nominalConcurrencyShares"),
        number_of(level, "lendablePercent"),
    )
    if shares is not None and shares < 0:
        faults.invalid(("nominalConcurrencyShares",), shares, _NOT_NEGATIVE)
    if lent is not None and not 0 <= lent <= 100:
        faults.invalid(("lendablePercent",), lent, between(0, 100))


def _check_limited(faults: Faults, limited: Mapping[str, Any]) -> None:
    """Source: ValidateLimitedPriorityLevelConfiguration, ValidateLimitResponse."""
    _check_shares(faults, limited)
    borrowed = number_of(limited, "borrowingLimitPercent")
    if borrowed is not None and borrowed < 0:
        detail = f"if specified, {_NOT_NEGATIVE}"
        faults.invalid(("borrowingLimitPercent",), borrowed, detail)
    at, response = faults.at("limitResponse"), mapping_of(limited, "limitResponse")
    type_, queuing = text_of(response, "type"), response.get("queuing")
    # The server's messages name Limited where they mean Queue.
    if type_ == "Reject":
        if queuing is not None:
            at.forbidden(("queuing",), "must be nil if limited.limitResponse.type is not Limited")
    elif type_ == "Queue":
        if queuing is None:
            detail = "must not be empty if limited.limitResponse.type is Limited"
            at.required(("queuing",), detail)
        else:
            _check_queuing(at.at("queuing"), queuing)
    elif not type_:
        at.required(("type",))
    else:
        at.unsupported(("type",), type_, ("Queue", "Reject"))


def _check_queuing(faults: Faults, queuing: Mapping[str, Any]) -> None:
    """Source: ValidatePriorityLevelQueuingConfiguration."""
    numbers = {field: number_of(queuing, field) or usual for field, usual in _QUEUING.items()}
    for field, number in numbers.items():
        if number <= 0:
            faults.invalid((field,), number, "must be positive")
    queues, hand = numbers["queues"], numbers["handSize"]
    if queues > _MAX_QUEUES:
        faults.invalid(("queues",), queues, f"must not be greater than {_MAX_QUEUES}")
    if hand <= 0:
        return
    if hand > queues:
        faults.invalid(("handSize",), hand, f"should not be greater than queues ({queues})")
    elif ceil(log2(queues) * hand) > _MAX_ENTROPY:
        subject = f"required entropy bits of deckSize {queues} and handSize {hand}"
        faults.invalid(("handSize",), hand, f"{subject} should not be greater than {_MAX_ENTROPY}")


RULES: Final[Rules] = {
    "FlowSchemaSpec": (check_schema,),
    "PriorityLevelConfigurationSpec": (check_level,),
}
"""The rules for flow control by type."""
