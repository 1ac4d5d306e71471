"""Services.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidateServiceCreate, after the defaults of
pkg/apis/core/v1/defaults.go, SetDefaults_Service; other sources are named at the functions.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.addresses import cidr as check_cidr
from kmanifest.validation.rules.addresses import ip_address, parse_ip
from kmanifest.validation.rules.endpoints import check_endpoint_ip
from kmanifest.validation.rules.metadata import check_labels
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    number_of,
    strings_of,
    text_of,
)

_LOAD_BALANCER: Final = "LoadBalancer"
_NODE_PORT: Final = "NodePort"
_CLUSTER_IP: Final = "ClusterIP"
_EXTERNAL_NAME: Final = "ExternalName"
_ONLY_LOAD_BALANCER: Final = "may only be used when `type` is 'LoadBalancer'"
_RANGES_FIELD: Final = "LoadBalancerSourceRanges"
"""The server's spelling of the field in its messages."""
_SOURCE_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
_TOPOLOGY_HINTS: Final = "service.kubernetes.io/topology-aware-hints"
_TOPOLOGY_MODE: Final = "service.kubernetes.io/topology-mode"
_MAX_TIMEOUT: Final = 86_400
_DISTRIBUTIONS: Final = ("PreferClose", "PreferSameZone", "PreferSameNode")
_ONE_FAMILY: Final = "a cluster whose Services have IPv4 only, as by default, will refuse"
_DUAL_STACK: Final = "must be 'RequireDualStack' or 'PreferDualStack' when multiple "


def _type_of(spec: Mapping[str, Any]) -> str:
    return text_of(spec, "type") or _CLUSTER_IP


def _cluster_ips(spec: Mapping[str, Any]) -> list[str]:
    """Return the cluster IPs. The server takes the first from `clusterIP`.

    Source: pkg/registry/core/service/strategy.go, NormalizeClusterIPs.
    """
    ips = strings_of(spec, "clusterIPs")
    first = text_of(spec, "clusterIP")
    return ips or ([first] if first else [])


def _is_headless(spec: Mapping[str, Any]) -> bool:
    return _cluster_ips(spec) == ["None"]


def check_spec(place: Place, report: Report) -> None:
    """Check what depends on the type of the Service. Source: validateService."""
    spec, faults = place.value, Faults(place, report)
    type_, headless = _type_of(spec), _is_headless(spec)
    if not items_of(spec, "ports") and not headless and type_ != _EXTERNAL_NAME:
        faults.required(("ports",))
    if type_ in {_LOAD_BALANCER, _NODE_PORT} and headless:
        detail = f"may not be set to 'None' for {type_} services"
        faults.invalid(("clusterIPs", 0), "None", detail)
    if type_ == _EXTERNAL_NAME:
        _check_external_name(spec, faults)
    else:
        _check_cluster_ips(spec, faults)
    check_labels(place, report, spec.get("selector"), ("selector",))
    _check_external_ips(spec, faults)
    _check_load_balancer(spec, faults, type_)


def _check_external_name(spec: Mapping[str, Any], faults: Faults) -> None:
    unused = "may not be set for ExternalName services"
    if _cluster_ips(spec):
        faults.forbidden(("clusterIPs",), unused)
    if spec.get("ipFamilies"):
        faults.forbidden(("ipFamilies",), unused)
    if spec.get("ipFamilyPolicy") is not None:
        faults.forbidden(("ipFamilyPolicy",), unused)
    name = text_of(spec, "externalName").removesuffix(".")
    faults.text(("externalName",), name, syntax.dns_subdomain)


def _check_external_ips(spec: Mapping[str, Any], faults: Faults) -> None:
    for index, ip in enumerate(strings_of(spec, "externalIPs")):
        problems = ip_address(ip, faults.version)
        faults.invalid(("externalIPs", index), ip, *problems)
        if not problems:
            check_endpoint_ip(faults.at("externalIPs", index), ip)


def _check_load_balancer(spec: Mapping[str, Any], faults: Faults, type_: str) -> None:
    ranges = strings_of(spec, "loadBalancerSourceRanges")
    if ranges and type_ != _LOAD_BALANCER:
        faults.forbidden((_RANGES_FIELD,), _ONLY_LOAD_BALANCER)
    for index, text in enumerate(map(str.strip, ranges)):
        faults.invalid((_RANGES_FIELD, index), text, *check_cidr(text, faults.version))
    if spec.get("allocateLoadBalancerNodePorts") is not None and type_ != _LOAD_BALANCER:
        faults.forbidden(("allocateLoadBalancerNodePorts",), _ONLY_LOAD_BALANCER)
    class_ = spec.get("loadBalancerClass")
    if class_ is not None:
        if type_ == _LOAD_BALANCER:
            faults.invalid(("loadBalancerClass",), class_, *syntax.qualified_name(class_))
        else:
            faults.forbidden(("loadBalancerClass",), _ONLY_LOAD_BALANCER)


def _check_cluster_ips(spec: Mapping[str, Any], faults: Faults) -> None:
    """Check the addresses. Source: ValidateServiceClusterIPsRelatedFields."""
    ips, first = _cluster_ips(spec), text_of(spec, "clusterIP")
    if first and ips[0] != first:
        faults.invalid(("clusterIPs",), ips, "first value must match `clusterIP`")
    if not first and ips:
        faults.invalid(("clusterIPs",), ips, "must be empty when `clusterIP` is not specified")
    families = strings_of(spec, "ipFamilies")
    for index, family in enumerate(families):
        if family in families[:index]:
            faults.duplicate(("ipFamilies", index), family)
    if not _check_each_ip(ips, faults):
        return
    if len(ips) > 2:
        faults.invalid(("clusterIPs",), ips, "may only hold up to 2 values")
    if len(ips) > 1 and len({_family(ip) for ip in ips}) != 2:
        faults.invalid(("clusterIPs",), ips, "may specify no more than one IP for each IP family")
    if ips == ["None"]:
        return
    for index, (ip, family) in enumerate(zip(ips, families, strict=False)):
        if _family(ip) != family:
            detail = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            faults.invalid(("clusterIPs", index), ip, detail)


def _check_each_ip(ips: list[str], faults: Faults) -> bool:
    """Report each value that is no address, and return whether all are."""
    are_right = True
    for index, ip in enumerate(ips):
        if index == 0 and ip == "None":
            if len(ips) > 1:
                faults.invalid(("clusterIPs",), ips, "'None' must be the first and only value")
                are_right = False
            continue
        problems = ip_address(ip, faults.version)
        faults.invalid(("clusterIPs", index), ip, *problems)
        are_right = are_right and not problems
    return are_right


def _family(ip: str) -> str:
    address = parse_ip(ip)
    return "IPv6" if address is not None and ":" in address.text else "IPv4"


def check_ip_families(place: Place, report: Report) -> None:
    """Check the families of IP against the policy. Which families a cluster has is not known, so that it is a warning.

    Source: pkg/registry/core/service/storage/alloc.go, initIPFamilyFields.
    """
    spec, faults = place.value, Faults(place, report)
    if _type_of(spec) == _EXTERNAL_NAME:
        return
    families, ips = strings_of(spec, "ipFamilies"), _cluster_ips(spec)
    is_open = ips == ["None"] and not spec.get("selector")
    policy = spec.get("ipFamilyPolicy") or ("RequireDualStack" if is_open else "SingleStack")
    if policy == "SingleStack":
        if len(ips) == 2:
            faults.invalid(("ipFamilyPolicy",), policy, f"{_DUAL_STACK}cluster IPs are specified")
        if len(families) == 2:
            faults.invalid(("ipFamilyPolicy",), policy, f"{_DUAL_STACK}IP families are specified")
    if is_open or len(set(families)) != len(families):
        return
    if policy == "RequireDualStack":
        faults.warn(("ipFamilyPolicy",), f"{_ONE_FAMILY} RequireDualStack")
    for index, family in enumerate(families):
        if family == "IPv6":
            faults.warn(("ipFamilies", index), f"{_ONE_FAMILY} IPv6")


def check_session_affinity(place: Place, report: Report) -> None:
    """Check the time-out of the affinity, which the server drops or sets if it is of no use.

    Source: validateClientIPAffinityConfig, validateAffinityTimeout.
    """
    spec, faults = place.value, Faults(place, report)
    if text_of(spec, "sessionAffinity") != "ClientIP":
        return
    timeout = number_of(
        mapping_of(mapping_of(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds"
    )
    if timeout is not None and not 0 < timeout <= _MAX_TIMEOUT:
        path = ("sessionAffinityConfig", "clientIP", "timeoutSeconds")
        faults.invalid(path, timeout, f"must be greater than 0 and less than {_MAX_TIMEOUT}")


def check_traffic(place: Place, report: Report) -> None:
    """Check the traffic policies. Source: validateServiceExternalTrafficPolicy, validateServiceTrafficDistribution."""
    spec, faults = place.value, Faults(place, report)
    type_, policy = _type_of(spec), text_of(spec, "externalTrafficPolicy")
    is_external = type_ in {_LOAD_BALANCER, _NODE_PORT} or (
        type_ == _CLUSTER_IP and bool(spec.get("externalIPs"))
    )
    if policy and not is_external:
        detail = "may only be set for externally-accessible services"
        faults.invalid(("externalTrafficPolicy",), policy, detail)
    elif policy:
        faults.one_of(("externalTrafficPolicy",), policy, ("Cluster", "Local"))
    port = number_of(spec, "healthCheckNodePort") or 0
    if type_ == _LOAD_BALANCER and policy == "Local":
        if port:
            faults.invalid(("healthCheckNodePort",), port, *syntax.port_number(port))
    elif port:
        detail = (
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        )
        faults.invalid(("healthCheckNodePort",), port, detail)
    internal = spec.get("internalTrafficPolicy")
    if internal is not None:
        faults.one_of(("internalTrafficPolicy",), internal, ("Cluster", "Local"))
    distribution = spec.get("trafficDistribution")
    if distribution is not None:
        faults.one_of(("trafficDistribution",), distribution, _DISTRIBUTIONS)


def check_ports(place: Place, report: Report) -> None:
    """Check the ports of a Service. Source: validateService, validateServicePort."""
    spec, faults = place.value, Faults(place, report)
    ports, type_ = items_of(spec, "ports"), _type_of(spec)
    names: set[str] = set()
    node_ports: set[tuple[str, int]] = set()
    numbers: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        at = faults.at("ports", index)
        _check_port(port, at, is_named=len(ports) > 1, names=names)
        protocol = text_of(port, "protocol") or "TCP"
        number, node_port = number_of(port, "port") or 0, number_of(port, "nodePort") or 0
        if node_port and type_ == _CLUSTER_IP:
            at.forbidden(("nodePort",), "may not be used when `type` is 'ClusterIP'")
        if node_port and (protocol, node_port) in node_ports:
            at.duplicate(("nodePort",), node_port)
        if (protocol, number) in numbers:
            at.duplicate((), {"protocol": protocol, "port": number})
        node_ports.add((protocol, node_port))
        numbers.add((protocol, number))
    if type_ in {_LOAD_BALANCER, _NODE_PORT}:
        _check_shared_node_ports(ports, faults)


def _check_port(
    port: Mapping[str, Any], faults: Faults, *, is_named: bool, names: set[str]
) -> None:
    name = text_of(port, "name")
    if name:
        faults.invalid(("name",), name, *syntax.dns_label(name))
        if name in names:
            faults.duplicate(("name",), name)
        names.add(name)
    elif is_named:
        faults.required(("name",))
    number = number_of(port, "port") or 0
    faults.invalid(("port",), number, *syntax.port_number(number))
    target = port.get("targetPort")
    if target:
        faults.invalid(("targetPort",), target, *syntax.port_or_name(target))
    protocol = port.get("appProtocol")
    if protocol is not None:
        faults.invalid(("appProtocol",), protocol, *syntax.qualified_name(protocol))


def _check_shared_node_ports(ports: list[Mapping[str, Any]], faults: Faults) -> None:
    """Report a node port of two ports, which may share it only for two protocols of one number.

    Source: pkg/registry/core/service/storage/alloc.go, initNodePorts.
    """
    owners: dict[int, int] = {}
    for index, port in enumerate(ports):
        number, node_port = number_of(port, "port") or 0, number_of(port, "nodePort") or 0
        if node_port and owners.setdefault(node_port, number) != number:
            detail = "provided port is already allocated"
            faults.invalid(("ports", index, "nodePort"), node_port, detail)


def check_annotations(place: Place, report: Report) -> None:
    """Check the annotations of a Service that its fields replace. Source: validateService."""
    annotations = mapping_of(mapping_of(place.value, "metadata"), "annotations")
    spec = mapping_of(place.value, "spec")
    faults = Faults(place, report, ("metadata", "annotations"))
    mode, hints = annotations.get(_TOPOLOGY_MODE), annotations.get(_TOPOLOGY_HINTS)
    if _TOPOLOGY_MODE in annotations and _TOPOLOGY_HINTS in annotations and mode != hints:
        detail = f"must match annotations[{_TOPOLOGY_HINTS}] when both are specified"
        faults.invalid((_TOPOLOGY_MODE,), mode, detail)
    if spec.get("loadBalancerSourceRanges") or _SOURCE_RANGES not in annotations:
        return
    if _type_of(spec) != _LOAD_BALANCER:
        faults.forbidden((_SOURCE_RANGES,), _ONLY_LOAD_BALANCER)
    text = (annotations[_SOURCE_RANGES] or "").strip()
    for part in text.split(",") if text else ():
        faults.invalid((_SOURCE_RANGES,), part.strip(), *check_cidr(part.strip(), faults.version))


RULES: Final[Rules] = {
    "Service": (check_annotations,),
    "ServiceSpec": (
        check_spec,
        check_ports,
        check_session_affinity,
        check_traffic,
        check_ip_families,
    ),
}
"""The rules for Services by type."""
