"""Claims, classes and slices of devices (dynamic resource allocation). Expressions are not compiled here.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/resource/validation/validation.go, after the defaults of pkg/apis/resource/v1.
The alpha and first beta versions of the API, which have other fields, are not checked. Fields that the server drops by
default, such as `nodeAllocatableResourceMappings`, are not checked either (pkg/registry/resource/resourceslice/strategy.go).
"""

import re

from kmanifest.startup.typing import Any, Callable, Final, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.messages import POSITIVE
from kmanifest.validation.rules.quantities import parse_quantity, quantity_text
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    number_of,
    strings_of,
    text_of,
)
from kmanifest.validation.rules.references import check_driver_name
from kmanifest.validation.rules.resources import is_extended

_VERSIONS: Final = frozenset({"resource.k8s.io/v1", "resource.k8s.io/v1beta2"})
_MAX_REQUESTS: Final = 32
_MAX_CONSTRAINTS: Final = 32
_MAX_CONFIGS: Final = 32
_MAX_SELECTORS: Final = 32
_MAX_ALTERNATIVES: Final = 8
_MAX_EXPRESSION: Final = 10 * 1024
_MAX_PARAMETERS: Final = 10 * 1024
_MAX_DEVICES: Final = 128
_MAX_ADVANCED_DEVICES: Final = 64
_MAX_COUNTER_SETS: Final = 8
_MAX_COUNTERS: Final = 32
_MAX_CONSUMED: Final = 2
_MAX_TAINTS: Final = 16
_MAX_CONDITIONS: Final = 4
_MAX_ATTRIBUTES: Final = 32
_MAX_VALUE: Final = 64
_MAX_ID: Final = 32
_MAX_POOL: Final = 253
_TAINT_EFFECTS: Final = ("NoExecute", "NoSchedule", "None")
_MODES: Final = ("All", "ExactCount")
_VALUES: Final = ("bool", "int", "string", "version")
_NUMBER: Final = r"(?:0|[1-9]\d*)"
_PRERELEASE: Final = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRERELEASE}(?:\.{_PRERELEASE})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)

Check = Callable[[Faults, Any], None]


def _is_checked(place: Place) -> bool:
    return place.subject.api_version in _VERSIONS


def _check_items(faults: Faults, items: Sequence[Any], limit: int, check: Check) -> None:
    """Check the items of a list, if they are not too many. Source: validateSlice."""
    if len(items) > limit:
        faults.too_many((), len(items), limit)
        return
    for index, item in enumerate(items):
        check(faults.at(index), item)


def _check_set(
    faults: Faults, items: Sequence[Any], limit: int, check: Check, key: str = ""
) -> None:
    """Check the items of a list that must differ, by a field if there is a key. Source: validateSet."""
    _check_items(faults, items, limit, check)
    seen: set[Any] = set()
    for index, item in enumerate(items if len(items) <= limit else ()):
        name = text_of(item, key) if key else item
        if name in seen:
            faults.duplicate((index,), name)
        seen.add(name)


def check_claim(place: Place, report: Report) -> None:
    """Check what a claim requests. Source: validateDeviceClaim."""
    if not _is_checked(place):
        return
    claim, faults = place.value, Faults(place, report)
    requests = items_of(claim, "requests")
    names = _request_names(requests)
    _check_set(faults.at("requests"), requests, _MAX_REQUESTS, _check_request, "name")

    def check_constraint(at: Faults, constraint: Mapping[str, Any]) -> None:
        _check_references(at, constraint, names)
        _check_attribute(at, constraint)

    def check_config(at: Faults, config: Mapping[str, Any]) -> None:
        _check_references(at, config, names)
        _check_config(at, config)

    constraints, configs = items_of(claim, "constraints"), items_of(claim, "config")
    _check_items(faults.at("constraints"), constraints, _MAX_CONSTRAINTS, check_constraint)
    _check_items(faults.at("config"), configs, _MAX_CONFIGS, check_config)


def _request_names(requests: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the names of requests, and those of alternatives after the name of their request."""
    names = set()
    for request in requests:
        name = text_of(request, "name")
        names.add(name)
        names.update(
            f"{name}/{text_of(sub, 'name')}" for sub in items_of(request, "firstAvailable")
        )
    return frozenset(names)


def _check_request_name(faults: Faults, name: str) -> None:
    faults.invalid((), name, *syntax.dns_label(name))


def _check_references(faults: Faults, value: Mapping[str, Any], names: frozenset[str]) -> None:
    """Source: validateRequestNameRef."""
    detail = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

    def check(at: Faults, name: str) -> None:
        segments = name.split("/")
        for segment in segments if len(segments) <= 2 else ():
            _check_request_name(at, segment)
        if name not in names:
            at.invalid((), name, detail)

    _check_set(faults.at("requests"), strings_of(value, "requests"), _MAX_REQUESTS, check)


def _check_attribute(faults: Faults, constraint: Mapping[str, Any]) -> None:
    """Source: validateDeviceConstraint."""
    for field in ("matchAttribute", "distinctAttribute"):
        name = constraint.get(field)
        if name is not None:
            _check_qualified_name(faults.at(field), name)
            if "/" not in name:
                detail = "a fully qualified name must be a domain and a name separated by a slash"
                faults.invalid((field,), name, detail)
            return
    faults.required(("matchAttribute",))


def _check_qualified_name(faults: Faults, name: str) -> None:
    """Source: validateQualifiedName. A name with two slashes is not checked."""
    parts = name.split("/")
    if len(parts) > 2:
        return
    if len(parts) == 2:
        if not parts[0]:
            faults.invalid((), "", "the domain must not be empty")
        else:
            check_driver_name(faults, parts[0])
        if not parts[1]:
            faults.invalid((), "", "the name must not be empty")
            return
    if syntax.length(parts[-1]) > _MAX_ID:
        faults.too_long((), _MAX_ID)
    faults.invalid((), parts[-1], *syntax.c_identifier(parts[-1]))


def _check_request(faults: Faults, request: Mapping[str, Any]) -> None:
    """Source: validateDeviceRequest."""
    _check_request_name(faults.at("name"), text_of(request, "name"))
    alternatives, exactly = items_of(request, "firstAvailable"), request.get("exactly")
    detail = "exactly one of `exactly` or `firstAvailable` is required"
    if not alternatives and exactly is None:
        faults.required((), detail)
    elif alternatives and exactly is not None:
        faults.invalid((), None, f"{detail}, but multiple fields are set")
    elif exactly is not None:
        _check_exact(faults.at("exactly"), exactly)
    else:
        at = faults.at("firstAvailable")
        _check_set(at, alternatives, _MAX_ALTERNATIVES, _check_alternative, "name")


def _check_alternative(faults: Faults, request: Mapping[str, Any]) -> None:
    _check_request_name(faults.at("name"), text_of(request, "name"))
    _check_exact(faults, request)


def _check_exact(faults: Faults, request: Mapping[str, Any]) -> None:
    """Source: validateExactDeviceRequest, validateDeviceAllocationMode."""
    name = text_of(request, "deviceClassName")
    faults.text(("deviceClassName",), name, syntax.dns_subdomain)
    selectors = items_of(request, "selectors")
    _check_items(faults.at("selectors"), selectors, _MAX_SELECTORS, _check_selector)
    mode, count = (
        text_of(request, "allocationMode") or "ExactCount",
        number_of(request, "count") or 0,
    )
    if mode not in _MODES:
        faults.unsupported(("allocationMode",), mode, _MODES)
    elif mode == "All" and count:
        detail = "must not be specified when allocationMode is 'All'"
        faults.invalid(("count",), count, detail)
    elif count < 0:
        faults.invalid(("count",), count, POSITIVE)
    for index, toleration in enumerate(items_of(request, "tolerations")):
        _check_toleration(faults.at("tolerations", index), toleration)


def _check_selector(faults: Faults, selector: Mapping[str, Any]) -> None:
    """Source: validateSelector, validateCELSelector."""
    cel = selector.get("cel")
    if cel is None:
        faults.required(("cel",))
    elif syntax.length(text_of(cel, "expression")) > _MAX_EXPRESSION:
        faults.too_long(("cel", "expression"), _MAX_EXPRESSION)


def _check_toleration(faults: Faults, toleration: Mapping[str, Any]) -> None:
    """Source: validateDeviceToleration."""
    key, value, effect = (text_of(toleration, field) for field in ("key", "value", "effect"))
    operator = text_of(toleration, "operator") or "Equal"
    if key:
        faults.invalid(("key",), key, *syntax.qualified_name(key))
    if operator == "Equal":
        faults.invalid(("value",), value, *syntax.label_value(value))
    elif operator != "Exists":
        faults.unsupported(("operator",), operator, ("Equal", "Exists"))
    elif value:
        faults.invalid(("value",), value, "must be empty for operator `Exists`")
    if effect:
        faults.one_of(("effect",), effect, _TAINT_EFFECTS)


def _check_config(faults: Faults, config: Mapping[str, Any]) -> None:
    """Source: validateOpaqueConfiguration, validateRawExtension."""
    opaque, at = config.get("opaque"), faults.at("opaque", "parameters")
    if opaque is None:
        faults.required(("opaque",))
        return
    check_driver_name(faults.at("opaque", "driver"), text_of(opaque, "driver"))
    parameters = opaque.get("parameters")
    if parameters is None:
        at.required(())
    elif not isinstance(parameters, Mapping):
        at.invalid((), "<value omitted>", "must be a valid JSON object")


def check_class(place: Place, report: Report) -> None:
    """Check a DeviceClass. Source: validateDeviceClassSpec."""
    if not _is_checked(place):
        return
    spec, faults = place.value, Faults(place, report)
    selectors, configs = items_of(spec, "selectors"), items_of(spec, "config")
    _check_items(faults.at("selectors"), selectors, _MAX_SELECTORS, _check_selector)
    _check_items(faults.at("config"), configs, _MAX_CONFIGS, _check_config)
    name = spec.get("extendedResourceName")
    if name is not None and not is_extended(name):
        faults.invalid(("extendedResourceName",), name, "must be a valid extended resource name")


def check_slice(place: Place, report: Report) -> None:
    """Check a ResourceSlice. Source: validateResourceSliceSpec."""
    if not _is_checked(place):
        return
    spec, faults = place.value, Faults(place, report)
    check_driver_name(faults.at("driver"), text_of(spec, "driver"))
    _check_pool(faults.at("pool"), mapping_of(spec, "pool"))
    selection = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
    one_of = f"exactly one of {', '.join(f'`{field}`' for field in selection)} is required"
    _check_nodes(faults, spec, selection, one_of)
    terms = items_of(mapping_of(spec, "nodeSelector"), "nodeSelectorTerms")
    if spec.get("nodeSelector") is not None and len(terms) != 1:
        path = ("nodeSelector", "nodeSelectorTerms")
        faults.invalid(path, terms, "must have exactly one node selector term")
    if spec.get("sharedCounters") is not None and spec.get("devices") is not None:
        faults.invalid((), "", "only one of `sharedCounters` or `devices` is allowed")
    devices, counters = items_of(spec, "devices"), items_of(spec, "sharedCounters")
    limit = _MAX_ADVANCED_DEVICES if any(map(_is_advanced, devices)) else _MAX_DEVICES
    is_per_device = bool(spec.get("perDeviceNodeSelection"))

    def check_device(at: Faults, device: Mapping[str, Any]) -> None:
        _check_device(at, device, is_per_device=is_per_device)

    _check_set(faults.at("devices"), devices, limit, check_device, "name")
    at = faults.at("sharedCounters")
    _check_set(at, counters, _MAX_COUNTER_SETS, _check_counters("name"), "name")


def _check_pool(faults: Faults, pool: Mapping[str, Any]) -> None:
    """Source: validateResourcePool."""
    name, generation = text_of(pool, "name"), number_of(pool, "generation") or 0
    if not name:
        faults.required(("name",))
    else:
        if syntax.length(name) > _MAX_POOL:
            faults.too_long(("name",), _MAX_POOL)
        for part in name.split("/"):
            faults.invalid(("name",), part, *syntax.dns_subdomain(part))
    count = number_of(pool, "resourceSliceCount") or 0
    if count <= 0:
        faults.invalid(("resourceSliceCount",), count, POSITIVE)
    if generation < 0:
        detail = "must be greater than or equal to zero"
        faults.invalid(("generation",), generation, detail)


def _check_nodes(
    faults: Faults, value: Mapping[str, Any], fields: Sequence[str], one_of: str
) -> None:
    """Check that exactly one field selects the nodes that have the devices."""
    present = []
    for field in fields:
        found = value.get(field)
        if found is None:
            continue
        if found:
            present.append(f"`{field}`")
        elif field == "nodeName":
            detail = "must be either unset or set to a non-empty string"
            faults.invalid((field,), found, detail)
        elif field == "nodeSelector":
            present.append(f"`{field}`")
        else:
            faults.invalid((field,), found, "must be either unset or set to true")
        if field == "nodeName" and found:
            faults.invalid((field,), found, *syntax.dns_subdomain(found))
    if not present:
        faults.required((), one_of)
    elif len(present) > 1:
        detail = f"{one_of}, but multiple fields are set"
        faults.invalid((), f"{{{', '.join(present)}}}", detail)


def _is_advanced(device: Mapping[str, Any]) -> bool:
    """Return whether a device has fields that lower the number of devices."""
    return bool(device.get("taints") or device.get("consumesCounters"))


def _check_counters(key: str) -> Check:
    """Return the check for a set of counters, which a field names. Source: validateCounterSet."""

    def check(faults: Faults, value: Mapping[str, Any]) -> None:
        faults.text((key,), text_of(value, key), syntax.dns_label)
        counters, at = mapping_of(value, "counters"), faults.at("counters")
        if not counters:
            at.required(())
        elif len(counters) > _MAX_COUNTERS:
            at.too_many((), len(counters), _MAX_COUNTERS)
        else:
            for name in counters:
                at.invalid((), name, *syntax.dns_label(name))

    return check


def _check_device(faults: Faults, device: Mapping[str, Any], *, is_per_device: bool) -> None:
    """Source: validateDevice."""
    name = text_of(device, "name")
    faults.invalid(("name",), name, *syntax.dns_label(name))
    _check_attributes(faults, device)
    taints = items_of(device, "taints")
    _check_items(faults.at("taints"), taints, _MAX_TAINTS, _check_taint)
    consumed, at = items_of(device, "consumesCounters"), faults.at("consumesCounters")
    _check_set(at, consumed, _MAX_CONSUMED, _check_counters("counterSet"), "counterSet")
    fields = ("nodeName", "nodeSelector", "allNodes")
    only_if = "`perDeviceNodeSelection` is set to true in the ResourceSlice spec"
    if is_per_device:
        one_of = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when"
        _check_nodes(faults, device, fields, f"{one_of} {only_if}")
    elif any(device.get(field) is not None for field in fields):
        detail = f"`nodeName`, `nodeSelector` and `allNodes` can only be set if {only_if}"
        faults.invalid((), None, detail)
    _check_binding(faults, device)


def _check_attributes(faults: Faults, device: Mapping[str, Any]) -> None:
    attributes, capacity = mapping_of(device, "attributes"), mapping_of(device, "capacity")
    count = len(attributes) + len(capacity)
    if count > _MAX_ATTRIBUTES:
        detail = f"the total number of attributes and capacities must not exceed {_MAX_ATTRIBUTES}"
        faults.invalid((), count, detail)
    for name, attribute in attributes.items():
        _check_qualified_name(faults.at("attributes"), name)
        _check_value(faults.at("attributes", name), attribute or {})
    for name, amount in capacity.items():
        _check_qualified_name(faults.at("capacity"), name)
        policy = mapping_of(capacity, name).get("requestPolicy")
        if policy is None:
            continue
        at = faults.at("capacity", name, "requestPolicy")
        if not device.get("allowMultipleAllocations"):
            at.forbidden((), "allowMultipleAllocations must be true")
        else:
            _check_request_policy(at, policy, parse_quantity((amount or {}).get("value")) or 0)


def _check_request_policy(faults: Faults, policy: Mapping[str, Any], most: int) -> None:
    """Check which amounts of a capacity can be requested. Source: validateRequestPolicy."""
    values, range_ = policy.get("validValues") or (), policy.get("validRange")
    default = policy.get("default")
    if values and range_ is not None:
        detail = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
        faults.forbidden((), detail)
        return
    field = "validValues" if values else "validRange"
    if not values and range_ is None:
        return
    if default is None:
        faults.required(("default",), f"required when {field} is defined")
        return
    amount = parse_quantity(default) or 0
    if values:
        amounts = [parse_quantity(value) or 0 for value in values]
        if amounts != sorted(amounts):
            faults.invalid((field,), values, "values must be sorted in ascending order")
        if len(set(amounts)) < len(amounts):
            faults.duplicate((field,), values)
        if max(amounts) > most:
            faults.invalid((field,), values, "option is larger than capacity value")
        if amount not in amounts:
            detail = "default value is not valid according to the requestPolicy"
            faults.invalid((field,), quantity_text(default), detail)
        return
    _check_range(faults.at(field), mapping_of(policy, field), amount, most)


def _check_range(faults: Faults, range_: Mapping[str, Any], default: int, most: int) -> None:
    """Source: validateRequestPolicyRange."""
    if range_.get("min") is None:
        faults.required(("min",), "required when validRange is defined")
        return
    low = parse_quantity(range_["min"]) or 0
    high = most if range_.get("max") is None else parse_quantity(range_["max"]) or 0
    if low > most:
        faults.invalid(("min",), quantity_text(range_["min"]), "min is larger than capacity value")
    if default < low:
        faults.invalid(("min",), quantity_text(range_["min"]), "default is less than min")
    if range_.get("max") is not None:
        shown = quantity_text(range_["max"])
        if low > high:
            faults.invalid(("max",), shown, "min is larger than max")
        if high > most:
            faults.invalid(("max",), shown, "max is larger than capacity value")
        if default > high:
            faults.invalid(("max",), shown, "default is more than max")
    step = parse_quantity(range_.get("step")) or 0
    if step <= 0:
        return
    if low + step > most:
        faults.invalid(
            ("step",), quantity_text(range_["step"]), "one step is larger than capacity value"
        )
    ends = [default] if range_.get("max") is None else [default, high]
    if any((end - low) % step for end in ends):
        faults.invalid(
            ("step",), quantity_text(range_["step"]), "value is not a multiple of a given step"
        )


def _check_value(faults: Faults, attribute: Mapping[str, Any]) -> None:
    """Source: validateDeviceAttribute. The server drops lists of values by default."""
    present = [field for field in _VALUES if attribute.get(field) is not None]
    for field in present:
        if field in {"string", "version"}:
            _check_text(faults.at(field), attribute[field], is_version=field == "version")
    if len(present) != 1:
        faults.invalid((), attribute if present else "", "exactly one value must be specified")


def _check_text(faults: Faults, text: str, *, is_version: bool) -> None:
    too_long = syntax.length(text) > _MAX_VALUE
    # A longer string is not matched, so that the pattern needs little time.
    if is_version and (too_long or _SEMVER.fullmatch(text) is None):
        faults.invalid((), text, "must be a string compatible with semver.org spec 2.0.0")
    if too_long:
        faults.too_long((), _MAX_VALUE)


def _check_taint(faults: Faults, taint: Mapping[str, Any]) -> None:
    """Source: validateDeviceTaint."""
    key, value, effect = (text_of(taint, field) for field in ("key", "value", "effect"))
    faults.invalid(("key",), key, *syntax.qualified_name(key))
    if value:
        faults.invalid(("value",), value, *syntax.label_value(value))
    if not effect:
        faults.required(("effect",))
    else:
        faults.one_of(("effect",), effect, _TAINT_EFFECTS)


def _check_binding(faults: Faults, device: Mapping[str, Any]) -> None:
    """Source: validateDeviceBindingParameters."""
    fields = ("bindingConditions", "bindingFailureConditions")
    conditions = {field: strings_of(device, field) for field in fields}

    def check(at: Faults, name: str) -> None:
        at.invalid((), name, *syntax.qualified_name(name))

    for field, other in zip(fields, reversed(fields), strict=True):
        _check_set(faults.at(field), conditions[field], _MAX_CONDITIONS, check)
        if not conditions[field] and conditions[other]:
            faults.invalid((field,), [], f"{field} are required to use {other}")
    for index, name in enumerate(conditions["bindingFailureConditions"]):
        if name in conditions["bindingConditions"]:
            detail = "bindingFailureConditions must not overlap with bindingConditions"
            faults.invalid(("bindingFailureConditions", index), name, detail)


RULES: Final[Rules] = {
    "DeviceClaim": (check_claim,),
    "DeviceClassSpec": (check_class,),
    "ResourceSliceSpec": (check_slice,),
}
"""The rules for devices by type."""
