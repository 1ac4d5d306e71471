"""Ingresses, IngressClasses, NetworkPolicies, IPAddresses and ServiceCIDRs.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/networking/validation/validation.go, after the defaults of
pkg/apis/networking/v1/defaults.go.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.addresses import Network, canonical_cidr, parse_cidr, parse_ip
from kmanifest.validation.rules.addresses import cidr as check_cidr
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    number_of,
    strings_of,
    text_of,
)
from kmanifest.validation.rules.references import (
    check_api_group,
    check_domain_path,
    check_segments,
)

_CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
_MAX_CONTROLLER: Final = 250
_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_SEQUENCES: Final = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS: Final = ("/..", "/.")
_POLICY_TYPES: Final = ("Ingress", "Egress")
_SCOPES: Final = ("Cluster", "Namespace")
_RELAXED_SERVICE_NAMES: Final = (1, 36)


def check_ingress(place: Place, report: Report) -> None:
    """Check the annotation that `ingressClassName` replaces. Source: ValidateIngressCreate."""
    annotations = mapping_of(mapping_of(place.value, "metadata"), "annotations")
    class_ = mapping_of(place.value, "spec").get("ingressClassName")
    annotated = annotations.get(_CLASS_ANNOTATION) or ""
    if _CLASS_ANNOTATION in annotations and class_ is not None and annotated != class_:
        # The server omits `metadata` from this path.
        path = ("annotations", _CLASS_ANNOTATION)
        detail = "must match `ingressClassName` when both are specified"
        Faults(place, report).invalid(path, annotated, detail)


def check_ingress_spec(place: Place, report: Report) -> None:
    """Check the hosts of an Ingress. Source: ValidateIngressSpec, validateIngressRules, validateIngressTLS."""
    spec, faults = place.value, Faults(place, report)
    rules = items_of(spec, "rules")
    if not rules and spec.get("defaultBackend") is None:
        faults.invalid((), rules, "either `defaultBackend` or `rules` must be specified")
    for index, rule in enumerate(rules):
        host = text_of(rule, "host")
        if host:
            if parse_ip(host) is not None:
                detail = "must be a DNS name, not an IP address"
                faults.invalid(("rules", index, "host"), host, detail)
            faults.invalid(("rules", index, "host"), host, *_check_host(host))
    for index, item in enumerate(items_of(spec, "tls")):
        for position, host in enumerate(strings_of(item, "hosts")):
            faults.invalid(("tls", index, "hosts", position), host, *_check_host(host))
        name = text_of(item, "secretName")
        if name:
            faults.invalid(("tls", index, "secretName"), name, *syntax.dns_subdomain(name))
    class_ = spec.get("ingressClassName")
    if class_ is not None:
        faults.invalid(("ingressClassName",), class_, *syntax.dns_subdomain(class_))


def _check_host(host: str) -> syntax.Messages:
    return syntax.wildcard_subdomain(host) if "*" in host else syntax.dns_subdomain(host)


def check_http_rule(place: Place, report: Report) -> None:
    """Check the paths of a rule. Source: validateHTTPIngressRuleValue, validateHTTPIngressPath."""
    faults, paths = Faults(place, report), items_of(place.value, "paths")
    if not paths:
        faults.required(("paths",))
    for index, path in enumerate(paths):
        _check_path(faults.at("paths", index), path, place)


def _check_path(faults: Faults, path: Mapping[str, Any], place: Place) -> None:
    type_ = path.get("pathType")
    if type_ is None:
        faults.required(("pathType",), "pathType must be specified")
        return
    text = text_of(path, "path")
    if type_ not in _PATH_TYPES:
        faults.unsupported(("pathType",), type_, _PATH_TYPES)
    elif type_ == "ImplementationSpecific":
        if text and not text.startswith("/"):
            faults.invalid(("path",), text, "must be an absolute path")
    else:
        _check_exact_path(faults, text)
    _check_backend(faults.at("backend"), mapping_of(path, "backend"), place)


def _check_exact_path(faults: Faults, text: str) -> None:
    if not text.startswith("/"):
        faults.invalid(("path",), text, "must be an absolute path")
    for sequence in _BAD_SEQUENCES:
        if sequence in text:
            faults.invalid(("path",), text, f"must not contain '{sequence}'")
    for end in _BAD_ENDS:
        if text.endswith(end):
            faults.invalid(("path",), text, f"cannot end with '{end}'")


def check_default_backend(place: Place, report: Report) -> None:
    """Check the backend for all other requests."""
    backend = place.value.get("defaultBackend")
    if backend is not None:
        _check_backend(Faults(place, report, ("defaultBackend",)), backend, place)


def _check_backend(faults: Faults, backend: Mapping[str, Any], place: Place) -> None:
    """Source: validateIngressBackend."""
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        faults.invalid((), "", "cannot set both resource and service backends")
    elif resource is not None:
        at = faults.at("resource")
        check_api_group(at, resource)
        check_segments(at, resource, "kind", "name")
    elif service is not None:
        _check_service(faults, service, place)
    else:
        faults.invalid((), "", "resource or service backend is required")


def _check_service(faults: Faults, service: Mapping[str, Any], place: Place) -> None:
    is_relaxed = place.subject.version >= _RELAXED_SERVICE_NAMES
    check = syntax.dns_label if is_relaxed else syntax.dns1035_label
    faults.text(("service", "name"), text_of(service, "name"), check)
    port = mapping_of(service, "port")
    name, number = text_of(port, "name"), number_of(port, "number") or 0
    if name and number:
        faults.invalid((), "", "cannot set both port name & port number")
    elif name:
        faults.invalid(("service", "port", "name"), name, *syntax.port_name(name))
    elif number:
        faults.invalid(("service", "port", "number"), number, *syntax.port_number(number))
    else:
        faults.required((), "port name or number is required")


def check_ingress_class(place: Place, report: Report) -> None:
    """Check the controller and the parameters of an IngressClass. Source: validateIngressClassSpec."""
    spec, faults = place.value, Faults(place, report)
    controller, parameters = text_of(spec, "controller"), spec.get("parameters")
    if syntax.length(controller) > _MAX_CONTROLLER:
        faults.too_long(("controller",), _MAX_CONTROLLER)
    check_domain_path(faults.at("controller"), controller)
    if parameters is not None:
        _check_parameters(faults.at("parameters"), parameters)


def _check_parameters(faults: Faults, parameters: Mapping[str, Any]) -> None:
    """Source: validateIngressClassParametersReference."""
    check_api_group(faults, parameters)
    check_segments(faults, parameters, "kind", "name")
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    scope = "Cluster" if scope is None else scope
    faults.one_of(("scope",), scope, _SCOPES)
    if scope == "Namespace":
        if namespace is None:
            faults.required(("namespace",), "`parameters.scope` is set to 'Namespace'")
        else:
            faults.invalid(("namespace",), namespace, *syntax.dns_label(namespace))
    elif scope == "Cluster" and namespace is not None:
        faults.forbidden(("namespace",), "`parameters.scope` is set to 'Cluster'")


def check_policy(place: Place, report: Report) -> None:
    """Check the types of a NetworkPolicy. Source: ValidateNetworkPolicySpec."""
    faults, types = Faults(place, report), strings_of(place.value, "policyTypes")
    if len(types) > len(_POLICY_TYPES):
        faults.invalid(("policyTypes",), types, "may not specify more than two policyTypes")
        return
    for index, type_ in enumerate(types):
        faults.one_of(("policyTypes", index), type_, _POLICY_TYPES)


def check_policy_port(place: Place, report: Report) -> None:
    """Check a port of a NetworkPolicy. Source: ValidateNetworkPolicyPort."""
    faults, port = Faults(place, report), place.value.get("port")
    protocol, end = place.value.get("protocol"), number_of(place.value, "endPort")
    if protocol is not None:
        faults.one_of(("protocol",), protocol, ("TCP", "UDP", "SCTP"))
    if port is None:
        if end is not None:
            faults.invalid(("endPort",), end, "may not be specified when `port` is not specified")
    elif isinstance(port, str):
        if end is not None:
            faults.invalid(("endPort",), end, "may not be specified when `port` is non-numeric")
        faults.invalid(("port",), port, *syntax.port_name(port))
    else:
        faults.invalid(("port",), port, *syntax.port_number(port))
        if end is not None:
            if end < port:
                faults.invalid(("endPort",), port, "must be greater than or equal to `port`")
            faults.invalid(("endPort",), end, *syntax.port_number(end))


def check_peer(place: Place, report: Report) -> None:
    """Check that a peer has selectors or a block of addresses. Source: ValidateNetworkPolicyPeer."""
    faults, block = Faults(place, report), place.value.get("ipBlock")
    selectors = [
        field
        for field in ("podSelector", "namespaceSelector")
        if place.value.get(field) is not None
    ]
    if block is None and not selectors:
        faults.required((), "must specify a peer")
    if block is not None and selectors:
        faults.forbidden((), "may not specify both ipBlock and another peer")


def check_block(place: Place, report: Report) -> None:
    """Check a block of addresses. Source: ValidateIPBlock."""
    faults, text = Faults(place, report), text_of(place.value, "cidr")
    if not text:
        faults.required(("cidr",))
        return
    faults.invalid(("cidr",), text, *check_cidr(text, faults.version))
    network = parse_cidr(text)
    if network is None:
        return
    for index, except_ in enumerate(strings_of(place.value, "except")):
        faults.invalid(("except", index), except_, *check_cidr(except_, faults.version))
        inner = parse_cidr(except_)
        if inner is not None and not _is_strict_subset(inner, network):
            faults.invalid(("except", index), except_, "must be a strict subset of `cidr`")


def _is_strict_subset(inner: Network, outer: Network) -> bool:
    inner_ip, outer_ip = inner.address.ip, outer.address.ip
    if inner_ip.version != outer_ip.version or inner.prefix <= outer.prefix:
        return False
    host_bits = outer_ip.max_prefixlen - outer.prefix
    return int(inner_ip) >> host_bits == int(outer_ip) >> host_bits


def check_ip_address(place: Place, report: Report) -> None:
    """Check what an IPAddress belongs to. Source: validateIPAddressParentReference."""
    faults, parent = Faults(place, report), place.value.get("parentRef")
    if parent is None:
        faults.required(("parentRef",))
        return
    at, group, namespace = (
        faults.at("parentRef"),
        text_of(parent, "group"),
        text_of(parent, "namespace"),
    )
    if group:
        at.invalid(("group",), group, *syntax.dns_subdomain(group))
    check_segments(at, parent, "resource", "name")
    if namespace:
        at.invalid(("namespace",), namespace, *syntax.path_segment(namespace))


def check_service_cidr(place: Place, report: Report) -> None:
    """Check the CIDRs of a ServiceCIDR. Source: validateServiceCIDRSpec."""
    faults, cidrs = Faults(place, report, ("cidrs",)), strings_of(place.value, "cidrs")
    if not cidrs:
        faults.required((), "at least one CIDR required")
        return
    if len(cidrs) > 2:
        faults.invalid((), cidrs, "may only hold up to 2 values")
        return
    for index, text in enumerate(cidrs):
        faults.invalid((index,), text, *canonical_cidr(text))
    networks = [network for text in cidrs if (network := parse_cidr(text)) is not None]
    if len(networks) == 2 and networks[0].address.ip.version == networks[1].address.ip.version:
        example = "i.e 192.168.0.0/24 and 2001:db8::/64"
        faults.invalid((), cidrs, f"may specify no more than one IP for each IP family, {example}")


RULES: Final[Rules] = {
    "Ingress": (check_ingress,),
    "IngressSpec": (check_ingress_spec, check_default_backend),
    "HTTPIngressRuleValue": (check_http_rule,),
    "IngressClassSpec": (check_ingress_class,),
    "NetworkPolicySpec": (check_policy,),
    "NetworkPolicyPort": (check_policy_port,),
    "NetworkPolicyPeer": (check_peer,),
    "IPBlock": (check_block,),
    "IPAddressSpec": (check_ip_address,),
    "ServiceCIDRSpec": (check_service_cidr,),
}
"""The rules for networking by type."""
