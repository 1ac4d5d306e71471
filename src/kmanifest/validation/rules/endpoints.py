"""Endpoints and EndpointSlices.

Sources: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidateEndpoints; pkg/apis/discovery/validation/
validation.go, ValidateEndpointSlice.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.addresses import canonical_ip_address, ip_address, parse_ip
from kmanifest.validation.rules.metadata import check_labels
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    number_of,
    strings_of,
    text_of,
)

_MAX_TOPOLOGY_LABELS: Final = 16
_MAX_ADDRESSES: Final = 100
_MAX_PORTS: Final = 20_000
_MAX_ENDPOINTS: Final = 1_000
_MAX_HINTS: Final = 8
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")


def check_endpoint_ip(faults: Faults, text: str) -> None:
    """Report an address that no endpoint can have. Source: ValidateEndpointIP."""
    address = parse_ip(text)
    if address is None:
        faults.invalid((), text, "must be a valid IP address")
        return
    ip = getattr(address.ip, "ipv4_mapped", None) or address.ip
    if ip.is_unspecified:
        faults.invalid((), text, f"may not be unspecified ({text})")
    if ip.is_loopback:
        faults.invalid((), text, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if ip.is_link_local:
        faults.invalid((), text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if ip.is_multicast and (str(ip).startswith("224.0.0.") or _is_link_local_multicast(ip.packed)):
        detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        faults.invalid((), text, detail)


def _is_link_local_multicast(packed: bytes) -> bool:
    return len(packed) == 16 and packed[0] == 0xFF and packed[1] & 0x0F == 2


def check_subset(place: Place, report: Report) -> None:
    """Check a subset of Endpoints. Source: validateEndpointSubsets."""
    subset, faults = place.value, Faults(place, report)
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        faults.required((), "must specify `addresses` or `notReadyAddresses`")
    for field in ("addresses", "notReadyAddresses"):
        for index, address in enumerate(items_of(subset, field)):
            _check_address(faults.at(field, index), address)
    ports = items_of(subset, "ports")
    for index, port in enumerate(ports):
        _check_port(faults.at("ports", index), port, is_named=len(ports) > 1)


def _check_address(faults: Faults, address: Mapping[str, Any]) -> None:
    ip, name, node = text_of(address, "ip"), text_of(address, "hostname"), address.get("nodeName")
    faults.invalid(("ip",), ip, *ip_address(ip, faults.version))
    check_endpoint_ip(faults.at("ip"), ip)
    if name:
        faults.invalid(("hostname",), name, *syntax.dns_label(name))
    if node is not None:
        faults.invalid(("nodeName",), node, *syntax.dns_subdomain(node))


def _check_port(faults: Faults, port: Mapping[str, Any], *, is_named: bool) -> None:
    name, number = text_of(port, "name"), number_of(port, "port") or 0
    if name:
        faults.invalid(("name",), name, *syntax.dns_label(name))
    elif is_named:
        faults.required(("name",))
    faults.invalid(("port",), number, *syntax.port_number(number))
    _check_protocols(faults, port)


def _check_protocols(faults: Faults, port: Mapping[str, Any]) -> None:
    protocol, application = text_of(port, "protocol"), port.get("appProtocol")
    if protocol:
        faults.one_of(("protocol",), protocol, _PROTOCOLS)
    if application is not None:
        faults.invalid(("appProtocol",), application, *syntax.qualified_name(application))


def check_slice(place: Place, report: Report) -> None:
    """Check an EndpointSlice."""
    slice_, faults = place.value, Faults(place, report)
    address_type = text_of(slice_, "addressType")
    if not address_type:
        faults.required(("addressType",))
    else:
        faults.one_of(("addressType",), address_type, ("FQDN", "IPv4", "IPv6"))
    _check_slice_ports(faults, items_of(slice_, "ports"))
    endpoints = items_of(slice_, "endpoints")
    if len(endpoints) > _MAX_ENDPOINTS:
        faults.too_many(("endpoints",), len(endpoints), _MAX_ENDPOINTS)
        return
    for index, endpoint in enumerate(endpoints):
        _check_endpoint(faults.at("endpoints", index), endpoint, address_type)


def _check_slice_ports(faults: Faults, ports: list[Mapping[str, Any]]) -> None:
    if len(ports) > _MAX_PORTS:
        faults.too_many(("ports",), len(ports), _MAX_PORTS)
        return
    names: set[str] = set()
    for index, port in enumerate(ports):
        at, name = faults.at("ports", index), text_of(port, "name")
        if name:
            at.invalid(("name",), name, *syntax.dns_label(name))
        if name in names:
            at.duplicate(("name",), name)
        names.add(name)
        if port.get("protocol") == "":
            at.unsupported(("protocol",), "", _PROTOCOLS)
        _check_protocols(at, port)


def _check_endpoint(faults: Faults, endpoint: Mapping[str, Any], address_type: str) -> None:
    addresses = strings_of(endpoint, "addresses")
    if not addresses:
        faults.required(("addresses",), "must contain at least 1 address")
    elif len(addresses) > _MAX_ADDRESSES:
        faults.too_many(("addresses",), len(addresses), _MAX_ADDRESSES)
    for index, address in enumerate(addresses):
        _check_slice_address(faults.at("addresses", index), address, address_type)
    node, hostname = endpoint.get("nodeName"), endpoint.get("hostname")
    if node is not None:
        faults.invalid(("nodeName",), node, *syntax.dns_subdomain(node))
    if hostname is not None:
        faults.invalid(("hostname",), hostname, *syntax.dns_label(hostname))
    topology = mapping_of(endpoint, "deprecatedTopology")
    if len(topology) > _MAX_TOPOLOGY_LABELS:
        faults.too_many(("deprecatedTopology",), len(topology), _MAX_TOPOLOGY_LABELS)
    check_labels(faults.place, faults.report, topology, (*faults.base, "deprecatedTopology"))
    _check_hints(faults.at("hints"), mapping_of(endpoint, "hints"))


def _check_slice_address(faults: Faults, text: str, address_type: str) -> None:
    if address_type == "FQDN":
        _check_full_name(faults, text)
        return
    if address_type not in {"IPv4", "IPv6"}:
        return
    problems = canonical_ip_address(text)
    if address_type == "IPv4":
        problems = ip_address(text, faults.version)
    faults.invalid((), text, *problems)
    if problems:
        return
    if (":" in text) != (address_type == "IPv6"):
        faults.invalid((), text, f"must be an {address_type} address")
    check_endpoint_ip(faults, text)


def _check_full_name(faults: Faults, name: str) -> None:
    """Source: k8s.io/apimachinery pkg/util/validation, IsFullyQualifiedDomainName."""
    if not name:
        faults.required(())
        return
    problems = syntax.dns_subdomain(name.removesuffix("."))
    faults.invalid((), name, *problems)
    if not problems and "." not in name.removesuffix("."):
        faults.invalid((), name, "should be a domain with at least two segments separated by dots")


def _check_hints(faults: Faults, hints: Mapping[str, Any]) -> None:
    """Source: validateHints."""
    for field, check in (("forZones", syntax.label_value), ("forNodes", syntax.dns_subdomain)):
        items = items_of(hints, field)
        if len(items) > _MAX_HINTS:
            faults.too_many((field,), len(items), _MAX_HINTS)
            return
        seen: set[str] = set()
        for index, item in enumerate(items):
            name = text_of(item, "name")
            if name in seen:
                faults.duplicate((field, index, "name"), name)
            seen.add(name)
            faults.invalid((field, index, "name"), name, *check(name))


RULES: Final[Rules] = {
    "EndpointSubset": (check_subset,),
    "EndpointSlice": (check_slice,),
}
"""The rules for endpoints by type."""
