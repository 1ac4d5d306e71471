"""PersistentVolumes, and the classes, drivers and attachments of storage. Sources of volumes have rules of their own.

Sources: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidatePersistentVolumeSpec;
pkg/apis/storage/validation/validation.go, after the defaults of pkg/apis/storage/v1.
"""

from posixpath import normpath

from kmanifest.startup.typing import Any, Final, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.messages import NOT_NEGATIVE, POSITIVE
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

_ACCESS_MODES: Final = frozenset(
    {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"}
)
_RECLAIM_POLICIES: Final = ("Delete", "Recycle", "Retain")
_VOLUME_MODES: Final = ("Block", "Filesystem")
_SOURCES: Final = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs",
    "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume",
    "azureDisk", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip
"""The sources of a PersistentVolume, in the order in which the server takes the first."""
_INLINE: Final = "in the context of inline volumes"
_MAX_PARAMETERS: Final = 512
_MAX_PARAMETERS_SIZE: Final = 256 * 1024
_MAX_NODE_ID: Final = 256
_MIN_UPDATE_PERIOD: Final = 10
_MIN_EXPIRATION: Final = 600
_MAX_EXPIRATION: Final = 2**32


def _check_access_modes(faults: Faults, modes: Sequence[str]) -> None:
    # Other modes are not among the allowed values of the definition.
    others = set(modes) & _ACCESS_MODES - {"ReadWriteOncePod"}
    if "ReadWriteOncePod" in modes and others:
        faults.forbidden(("accessModes",), "may not use ReadWriteOncePod with other access modes")


def _check_class(faults: Faults, field: str, name: str) -> None:
    faults.invalid((field,), name, *syntax.dns_subdomain(name))


def check_volume(place: Place, report: Report) -> None:
    """Check a PersistentVolume, or one that is part of a VolumeAttachment. Source: ValidatePersistentVolumeSpec."""
    spec, faults = place.value, Faults(place, report)
    modes = strings_of(spec, "accessModes")
    if not modes:
        faults.required(("accessModes",))
    _check_access_modes(faults, modes)
    if place.outer is not None and place.outer.type == "VolumeAttachmentSource":
        _check_inline(faults, spec)
    else:
        _check_stored(faults, spec)
    _check_sources(faults, spec)
    attributes_class = spec.get("volumeAttributesClassName")
    if attributes_class is not None:
        if attributes_class:
            _check_class(faults, "volumeAttributesClassName", attributes_class)
        else:
            faults.required(("volumeAttributesClassName",), "an empty string is disallowed")
        if spec.get("csi") is None:
            detail = "has to be specified when using volumeAttributesClassName"
            faults.required(("csi",), detail)


def _check_inline(faults: Faults, spec: Mapping[str, Any]) -> None:
    for field in ("claimRef", "nodeAffinity"):
        if spec.get(field) is not None:
            faults.forbidden((field,), f"may not be specified {_INLINE}")
    for field in ("capacity", "storageClassName"):
        if spec.get(field):
            faults.forbidden((field,), f"may not be specified {_INLINE}")
    if spec.get("csi") is None:
        faults.required(("csi",), f"has to be specified {_INLINE}")
    if (text_of(spec, "persistentVolumeReclaimPolicy") or "Retain") != "Retain":
        detail = f"may only be Retain {_INLINE}"
        faults.forbidden(("persistentVolumeReclaimPolicy",), detail)
    mode = spec.get("volumeMode")
    if mode is not None and mode != "Filesystem":
        faults.forbidden(
            ("volumeMode",), f"may not specify volumeMode other than Filesystem {_INLINE}"
        )


def _check_stored(faults: Faults, spec: Mapping[str, Any]) -> None:
    capacity = mapping_of(spec, "capacity")
    if not capacity:
        faults.required(("capacity",))
    if set(capacity) != {"storage"}:
        faults.unsupported(("capacity",), dict(capacity), ("storage",))
    for name, value in capacity.items():
        if (parse_quantity(value) or 0) <= 0:
            faults.invalid(("capacity", name), quantity_text(value), POSITIVE)
    policy, mode = text_of(spec, "persistentVolumeReclaimPolicy"), spec.get("volumeMode")
    if policy:
        faults.one_of(("persistentVolumeReclaimPolicy",), policy, _RECLAIM_POLICIES)
    host_path = spec.get("hostPath")
    if policy == "Recycle" and host_path is not None:
        path = text_of(host_path, "path")
        if path and normpath(path) in {"/", "//"}:
            detail = "may not be 'recycle' for a hostPath mount of '/'"
            faults.forbidden(("persistentVolumeReclaimPolicy",), detail)
    class_ = text_of(spec, "storageClassName")
    if class_:
        _check_class(faults, "storageClassName", class_)
    if mode is not None:
        faults.one_of(("volumeMode",), mode, _VOLUME_MODES)
    affinity = spec.get("nodeAffinity")
    if affinity is not None and affinity.get("required") is None:
        faults.required(("nodeAffinity", "required"), "must specify required node constraints")


def _check_sources(faults: Faults, spec: Mapping[str, Any]) -> None:
    present = [field for field in _SOURCES if spec.get(field) is not None]
    for field in present[1:]:
        if field != "flexVolume":
            faults.forbidden((field,), "may not specify more than 1 volume type")
    if not present:
        faults.required((), "must specify a volume type")
    elif present[0] == "local" and spec.get("nodeAffinity") is None:
        faults.required(("nodeAffinity",), "Local volume requires node affinity")


def _check_provisioner(faults: Faults, field: str, name: str) -> None:
    """Source: validateProvisioner."""
    faults.text((field,), name, lambda text: syntax.qualified_name(text.lower()))


def _check_parameters(faults: Faults, parameters: Mapping[str, Any]) -> None:
    """Source: validateParameters."""
    if len(parameters) > _MAX_PARAMETERS:
        faults.too_long(("parameters",), _MAX_PARAMETERS)
        return
    if "" in parameters:
        faults.invalid(("parameters",), "", "field can not be empty.")
    _check_size(faults, "parameters", parameters)


def _check_size(faults: Faults, field: str, texts: Mapping[str, Any]) -> None:
    size = sum(syntax.length(key) + syntax.length(value or "") for key, value in texts.items())
    if size > _MAX_PARAMETERS_SIZE:
        faults.too_long((field,), _MAX_PARAMETERS_SIZE)


def check_storage_class(place: Place, report: Report) -> None:
    """Check a StorageClass. Source: ValidateStorageClass."""
    class_, faults = place.value, Faults(place, report)
    _check_provisioner(faults, "provisioner", text_of(class_, "provisioner"))
    _check_parameters(faults, mapping_of(class_, "parameters"))
    policy, mode = text_of(class_, "reclaimPolicy"), class_.get("volumeBindingMode")
    if policy:
        faults.one_of(("reclaimPolicy",), policy, ("Delete", "Retain"))
    if mode is not None:
        faults.one_of(("volumeBindingMode",), mode, ("Immediate", "WaitForFirstConsumer"))
    # The server compares with as many empty terms as there are terms, so that an empty one is never alone.
    seen: list[dict[str, set[str]]] = [{}]
    for index, term in enumerate(items_of(class_, "allowedTopologies")):
        topology = _check_topology(faults.at("allowedTopologies", index), term)
        if topology in seen:
            faults.duplicate(("allowedTopologies", index, "matchLabelExpressions"), "")
        seen.append(topology)


def _check_topology(faults: Faults, term: Mapping[str, Any]) -> dict[str, set[str]]:
    """Check a term and return its values by key.

    Source: pkg/apis/core/validation, ValidateTopologySelectorTerm.
    """
    topology: dict[str, set[str]] = {}
    for index, item in enumerate(items_of(term, "matchLabelExpressions")):
        at = faults.at("matchLabelExpressions", index)
        key, values = text_of(item, "key"), strings_of(item, "values")
        if not values:
            at.required(("values",))
        for position, value in enumerate(values):
            if value in values[:position]:
                at.duplicate(("values", position), value)
        at.invalid(("key",), key, *syntax.qualified_name(key))
        if key in topology:
            at.duplicate(("key",), key)
        topology[key] = set(values)
    return topology


def check_attributes_class(place: Place, report: Report) -> None:
    """Check a VolumeAttributesClass. Source: ValidateVolumeAttributesClass."""
    faults, parameters = Faults(place, report), mapping_of(place.value, "parameters")
    _check_provisioner(faults, "driverName", text_of(place.value, "driverName"))
    _check_parameters(faults, parameters)
    if not parameters:
        faults.required(("parameters",), "must contain at least one key/value pair")


def check_attachment(place: Place, report: Report) -> None:
    """Check a VolumeAttachment. Source: validateVolumeAttachmentSpec."""
    spec, faults = place.value, Faults(place, report)
    check_driver_name(faults.at("attacher"), text_of(spec, "attacher"))
    node, source = text_of(spec, "nodeName"), mapping_of(spec, "source")
    faults.invalid(("nodeName",), node, *syntax.dns_subdomain(node))
    volume, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    only_one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    if volume is None and inline is None:
        faults.required(("source",), only_one)
    elif volume is not None and inline is not None:
        faults.forbidden(("source",), only_one)
    if volume is not None:
        path = ("source", "persistentVolumeName")
        faults.text(
            path, volume, syntax.dns_subdomain, "must specify non empty persistentVolumeName"
        )


def check_csi_node(place: Place, report: Report) -> None:
    """Check the drivers of a node. Source: validateCSINodeDrivers."""
    names: set[str] = set()
    for index, driver in enumerate(items_of(place.value, "drivers")):
        faults = Faults(place, report, ("drivers", index))
        name = text_of(driver, "name")
        check_driver_name(faults.at("name"), name)
        if name in names:
            faults.duplicate(("name",), name)
        names.add(name)
        _check_node_driver(faults, driver)


def _check_node_driver(faults: Faults, driver: Mapping[str, Any]) -> None:
    node_id, keys = text_of(driver, "nodeID"), strings_of(driver, "topologyKeys")
    if not node_id:
        faults.required(("nodeID",))
    if syntax.length(node_id) > _MAX_NODE_ID:
        faults.invalid(("nodeID",), node_id, f"must be {_MAX_NODE_ID} characters or less")
    faults.not_negative(
        ("allocatable", "count"), number_of(mapping_of(driver, "allocatable"), "count")
    )
    for index, key in enumerate(keys):
        # The server names the driver, not the key.
        if not key:
            faults.required(())
        if key in keys[:index]:
            faults.duplicate((), key)
        faults.invalid((), key, *syntax.qualified_name(key))


def check_csi_driver(place: Place, report: Report) -> None:
    """Check a CSIDriver. Source: validateCSIDriverSpec."""
    spec, faults = place.value, Faults(place, report)
    period, policy = (
        number_of(spec, "nodeAllocatableUpdatePeriodSeconds"),
        spec.get("fsGroupPolicy"),
    )
    if period is not None and period < _MIN_UPDATE_PERIOD:
        detail = f"must be greater than or equal to {_MIN_UPDATE_PERIOD} seconds"
        faults.invalid(("nodeAllocatableUpdatePeriodSeconds",), period, detail)
    if policy is not None:
        faults.one_of(("fsGroupPolicy",), policy, ("File", "None", "ReadWriteOnceWithFSType"))
    for mode in strings_of(spec, "volumeLifecycleModes"):
        faults.one_of(("volumeLifecycleModes",), mode, ("Persistent", "Ephemeral"))
    requests = items_of(spec, "tokenRequests")
    _check_token_requests(faults, requests)
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not requests:
        detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        faults.invalid(("serviceAccountTokenInSecrets",), in_secrets, detail)


def _check_token_requests(faults: Faults, requests: Sequence[Mapping[str, Any]]) -> None:
    """Source: validateTokenRequests."""
    audiences: set[str] = set()
    for index, request in enumerate(requests):
        at, audience = faults.at("tokenRequests", index), text_of(request, "audience")
        if audience in audiences:
            at.duplicate(("audience",), audience)
            continue
        audiences.add(audience)
        seconds = number_of(request, "expirationSeconds")
        if seconds is not None and seconds < _MIN_EXPIRATION:
            detail = "may not specify a duration less than 10 minutes"
            at.invalid(("expirationSeconds",), seconds, detail)
        if seconds is not None and seconds > _MAX_EXPIRATION:
            detail = "may not specify a duration larger than 2^32 seconds"
            at.invalid(("expirationSeconds",), seconds, detail)


def check_capacity(place: Place, report: Report) -> None:
    """Check a CSIStorageCapacity. Source: ValidateCSIStorageCapacity."""
    faults, capacity = Faults(place, report), place.value.get("capacity")
    _check_class(faults, "storageClassName", text_of(place.value, "storageClassName"))
    if capacity is not None and (parse_quantity(capacity) or 0) < 0:
        faults.invalid(("capacity",), quantity_text(capacity), NOT_NEGATIVE)


RULES: Final[Rules] = {
    "PersistentVolumeSpec": (check_volume,),
    "StorageClass": (check_storage_class,),
    "VolumeAttributesClass": (check_attributes_class,),
    "VolumeAttachmentSpec": (check_attachment,),
    "CSINodeSpec": (check_csi_node,),
    "CSIDriverSpec": (check_csi_driver,),
    "CSIStorageCapacity": (check_capacity,),
}
"""The rules for storage by type."""
