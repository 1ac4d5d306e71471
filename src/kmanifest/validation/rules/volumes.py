"""Rules for the volumes of a pod. Persistent volumes share the rules of some sources, by their types.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidateVolumes, validateVolumeSource and
what they call.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import AbstractSet, Any, Final, Mapping, Sequence
from kmanifest.validation.places import Place, Report, Rule, Rules
from kmanifest.validation.rules.containers import claim_names
from kmanifest.validation.rules.messages import (
    between,
    duplicate,
    forbidden,
    invalid,
    required,
    too_long,
    unsupported,
)
from kmanifest.validation.rules.quantities import parse_quantity
from kmanifest.validation.rules.syntax import (
    dns_label,
    dns_subdomain,
    file_name,
    length,
    no_backsteps,
    relative_path,
)

_SOURCES: Final = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
    "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
    "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
    "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
)  # fmt: skip
"""The sources of a volume, as the server tries them. One that follows another is refused."""

_SOURCE_SET: Final = frozenset(_SOURCES)
_HOST_PATH_TYPES: Final = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip
_MAX_MODE: Final = 0o777
_MODE_TEXT: Final = "must be a number between 0 and 0777 (octal), both inclusive"
_MAX_ISCSI: Final = 64
_MAX_DRIVER: Final = 63
_MIN_TOKEN_SECONDS: Final = 600
_MAX_TOKEN_SECONDS: Final = 1 << 32
_ALPHANUMERIC: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_DIGITS: Final = "0123456789"

REQUIRED_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "AWSElasticBlockStoreVolumeSource": ("volumeID",),
    "AzureDiskVolumeSource": ("diskName", "diskURI"),
    "AzureFilePersistentVolumeSource": ("secretName", "shareName"),
    "AzureFileVolumeSource": ("secretName", "shareName"),
    "CephFSPersistentVolumeSource": ("monitors",),
    "CephFSVolumeSource": ("monitors",),
    "CinderPersistentVolumeSource": ("volumeID",),
    "CinderVolumeSource": ("volumeID",),
    "ConfigMapProjection": ("name",),
    "ConfigMapVolumeSource": ("name",),
    "FlexPersistentVolumeSource": ("driver",),
    "FlexVolumeSource": ("driver",),
    "GCEPersistentDiskVolumeSource": ("pdName",),
    "GitRepoVolumeSource": ("repository",),
    "GlusterfsPersistentVolumeSource": ("endpoints", "path"),
    "GlusterfsVolumeSource": ("endpoints", "path"),
    "HostPathVolumeSource": ("path",),
    "ISCSIPersistentVolumeSource": ("targetPortal", "iqn"),
    "ISCSIVolumeSource": ("targetPortal", "iqn"),
    "KeyToPath": ("key", "path"),
    "LocalVolumeSource": ("path",),
    "NFSVolumeSource": ("server", "path"),
    "PersistentVolumeClaimVolumeSource": ("claimName",),
    "PhotonPersistentDiskVolumeSource": ("pdID",),
    "PortworxVolumeSource": ("volumeID",),
    "QuobyteVolumeSource": ("registry", "volume"),
    "RBDPersistentVolumeSource": ("monitors", "image"),
    "RBDVolumeSource": ("monitors", "image"),
    "ScaleIOPersistentVolumeSource": ("gateway", "system", "volumeName"),
    "ScaleIOVolumeSource": ("gateway", "system", "volumeName"),
    "SecretProjection": ("name",),
    "SecretVolumeSource": ("secretName",),
    "StorageOSPersistentVolumeSource": ("volumeName",),
    "StorageOSVolumeSource": ("volumeName",),
    "VsphereVirtualDiskVolumeSource": ("volumePath",),
}
"""The fields that must not be empty, by type."""


def required_fields(place: Place, report: Report) -> None:
    """Check that the fields of `REQUIRED_FIELDS` are not empty."""
    for field in REQUIRED_FIELDS[place.type]:
        if not place.value.get(field):
            report(place, (field,), "required", required())


def pod_volumes(place: Place, report: Report) -> None:
    """Check the names of the volumes of a pod."""
    volumes = place.value.get("volumes")
    if not volumes:
        return
    pod_name = _pod_name(place)
    claims = {
        f"{pod_name}-{volume.get('name') or ''}"
        for volume in volumes
        if pod_name and volume and volume.get("ephemeral") is not None
    }
    replaced: AbstractSet[str] = claim_names(place)
    names: set[str] = set()
    for index, item in enumerate(volumes):
        volume = item or {}
        name = volume.get("name") or ""
        if name in replaced and name:
            continue
        path = ("volumes", index, "name")
        if not name:
            report(place, path, "required", required())
        else:
            for message in dns_label(name):
                report(place, path, "invalid", invalid(name, message))
        if name in names:
            report(place, path, "duplicate", duplicate(name))
        names.add(name)
        if claims:
            _check_ephemeral_claims(place, report, volume, index, claims, pod_name)


def _pod_name(place: Place) -> str:
    """Return the name of a Pod, or an empty string for a template."""
    if place.subject.kind != "Pod" or place.outer is None or place.outer.outer is not None:
        return ""
    meta = place.subject.body.get("metadata") or {}
    name: str = meta.get("name") or ""
    base: str = meta.get("generateName") or ""
    return name or (f"{base}00000" if base else "")


def _check_ephemeral_claims(
    place: Place,
    report: Report,
    volume: Mapping[str, Any],
    index: int,
    claims: set[str],
    pod_name: str,
) -> None:
    claim = volume.get("persistentVolumeClaim")
    if claim is not None and claim.get("claimName") in claims:
        path = ("volumes", index, "persistentVolumeClaim", "claimName")
        text = "must not reference a PVC that gets created for an ephemeral volume"
        report(place, path, "invalid", invalid(claim["claimName"], text))
    name = volume.get("name")
    if volume.get("ephemeral") is not None and name:
        for message in dns_subdomain(f"{pod_name}-{name}"):
            text = f'PVC name "{pod_name}-{name}": {message}'
            report(place, ("volumes", index, "name"), "invalid", invalid(name, text))


def volume(place: Place, report: Report) -> None:
    """Check that a volume has one source. Without one the server makes it an empty directory."""
    value = place.value
    if len(value) <= 2:
        return
    given = [source for source in _SOURCES if value.get(source) is not None]
    for source in given[1:]:
        text = forbidden("may not specify more than 1 volume type")
        # The server misspells two of the fields.
        path = () if source in {"cephfs", "downwardAPI"} else (source,)
        report(place, path, "forbidden", text)


def empty_dir(place: Place, report: Report) -> None:
    """Check the size of an empty directory."""
    limit = place.value.get("sizeLimit")
    if limit is not None and (parse_quantity(limit) or 0) < 0:
        text = forbidden("SizeLimit field must be a valid resource quantity")
        report(place, ("sizeLimit",), "forbidden", text)


def host_path(place: Place, report: Report) -> None:
    """Check a path of the node."""
    path = place.value.get("path") or ""
    for message in no_backsteps(path):
        report(place, ("path",), "invalid", invalid(path, message))
    type_ = place.value.get("type")
    if type_ is not None and type_ not in _HOST_PATH_TYPES:
        report(place, ("type",), "enum", unsupported(type_, _HOST_PATH_TYPES))


def local_path(place: Place, report: Report) -> None:
    """Check a path of a local persistent volume. Source: validateLocalVolumeSource."""
    path = place.value.get("path") or ""
    for message in no_backsteps(path):
        report(place, ("path",), "invalid", invalid(path, message))


def git_repo(place: Place, report: Report) -> None:
    """Check the directory of a Git repository."""
    directory = place.value.get("directory") or ""
    for message in relative_path(directory):
        report(place, ("directory",), "invalid", invalid(directory, message))


def partition(place: Place, report: Report) -> None:
    """Check the partition of a disk."""
    number = place.value.get("partition") or 0
    if not 0 <= number <= 255:
        report(place, ("partition",), "invalid", invalid(number, between(1, 255)))


def file_modes(place: Place, report: Report) -> None:
    """Check the mode of the files of a volume, or of one file."""
    for field in ("defaultMode", "mode"):
        mode = place.value.get(field)
        if mode is not None and not 0 <= mode <= _MAX_MODE:
            report(place, (field,), "invalid", invalid(mode, _MODE_TEXT))


def key_to_path(place: Place, report: Report) -> None:
    """Check the file that a key becomes. Source: validateKeyToPath."""
    path = place.value.get("path") or ""
    for message in file_name(path):
        report(place, ("path",), "invalid", invalid(path, message))


def nfs(place: Place, report: Report) -> None:
    """Check the path of an NFS server."""
    path = place.value.get("path") or ""
    if not path.startswith("/"):
        report(place, ("path",), "invalid", invalid(path, "must be an absolute path"))


def quobyte(place: Place, report: Report) -> None:
    """Check the servers of Quobyte."""
    registry = place.value.get("registry") or ""
    text = "must be a host:port pair or multiple pairs separated by commas"
    if registry and length(place.value.get("tenant") or "") > 64:
        detail = "must be a UUID and may not exceed a length of 64 characters"
        report(place, ("tenant",), "required", required(detail))
    elif registry and not all(map(_is_host_port, registry.split(","))):
        report(place, ("registry",), "invalid", invalid(registry, text))


def _is_host_port(text: str) -> bool:
    """Source: Go net.SplitHostPort."""
    host, colon, _ = text.rpartition(":")
    if not colon:
        return False
    if host.startswith("["):
        return host.endswith("]") and "[" not in host[1:] and "]" not in host[1:-1]
    return not any(character in host for character in ":[]")


def flocker(place: Place, report: Report) -> None:
    """Check the data set of Flocker."""
    name, uuid = place.value.get("datasetName") or "", place.value.get("datasetUUID")
    if not name and not uuid:
        text = required("one of datasetName and datasetUUID is required")
        report(place, (), "required", text)
    if name and uuid:
        text = "datasetName and datasetUUID can not be specified simultaneously"
        report(place, (), "invalid", invalid("resource", text))
    if "/" in name:
        report(place, ("datasetName",), "invalid", invalid(name, "must not contain '/'"))


def iscsi(place: Place, report: Report) -> None:
    """Check an iSCSI disk. Source: validateISCSIVolumeSource and validateISCSIPersistentVolumeSource."""
    disk = place.value
    iqn, initiator = disk.get("iqn") or "", disk.get("initiatorName")
    if iqn and not _is_iscsi_name(iqn):
        report(place, ("iqn",), "invalid", invalid(iqn, "must be valid format"))
    lun = disk.get("lun") or 0
    if not 0 <= lun <= 255:
        report(place, ("lun",), "invalid", invalid(lun, between(0, 255)))
    secret = disk.get("secretRef")
    if secret is None:
        if disk.get("chapAuthDiscovery") or disk.get("chapAuthSession"):
            report(place, ("secretRef",), "required", required())
    elif place.type == "ISCSIPersistentVolumeSource" and not secret.get("name"):
        report(place, ("secretRef", "name"), "required", required())
    if initiator is None:
        return
    if not _is_iscsi_name(initiator):
        text = invalid(initiator, "must be valid format")
        # The server writes this field in lower case.
        report(place, ("initiatorname",), "invalid", text)
    _check_iscsi_length(place, report)


def _check_iscsi_length(place: Place, report: Report) -> None:
    portal = place.value.get("targetPortal") or ""
    outer = place.outer
    if outer is None:
        return
    text = (
        "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
        "if iscsi.initiatorName is specified."
    )
    if place.type == "ISCSIPersistentVolumeSource":
        name = (place.subject.body.get("metadata") or {}).get("name") or ""
        if length(f"{name}:{portal}") > _MAX_ISCSI:
            report(place, ("targetportal",), "invalid", invalid(portal, text))
    elif length(f"{outer.value.get('name') or ''}:{portal}") > _MAX_ISCSI:
        report(outer, ("name",), "invalid", invalid(outer.value.get("name"), text))


def _is_iscsi_name(name: str) -> bool:
    if name.startswith("iqn"):
        return _is_iqn(name)
    kind, digits = name[:4], name[4:]
    expected = 16 if kind[:3] == "eui" else 32 if kind[:3] == "naa" else -1
    return len(digits) == expected and not digits.strip(_ALPHANUMERIC)


def _is_iqn(name: str) -> bool:
    """Return whether a name is `iqn.2001-04.com.example:disk`. Source: iscsiInitiatorIqnRegex."""
    date, authority = name[4:11], name[11:]
    if name[3:4] != "." or date[4:5] != "-" or (date[:4] + date[5:]).strip(_DIGITS):
        return False
    owner, colon, target = authority[1:].partition(":")
    if not authority.startswith(".") or not owner or owner.strip(_ALPHANUMERIC + "-."):
        return False
    return (
        len(date) == 7
        and bool(colon)
        and bool(target)
        and not any(character in ",;*&$|" or character.isspace() for character in target)
    )


def fibre_channel(place: Place, report: Report) -> None:
    """Check a Fibre Channel disk. Source: validateFCVolumeSource."""
    names, identifiers = place.value.get("targetWWNs"), place.value.get("wwids")
    lun = place.value.get("lun")
    if not names and not identifiers:
        text = required("must specify either targetWWNs or wwids, but not both")
        report(place, ("targetWWNs",), "required", text)
    if names and identifiers:
        text = "targetWWNs and wwids can not be specified simultaneously"
        report(place, ("targetWWNs",), "invalid", invalid(names, text))
    if names and lun is None:
        text = required("lun is required if targetWWNs is specified")
        report(place, ("lun",), "required", text)
    elif names and not 0 <= lun <= 255:
        report(place, ("lun",), "invalid", invalid(lun, between(0, 255)))


def secret_reference(place: Place, report: Report) -> None:
    """Check the secret of a storage system. In a persistent volume it has a namespace."""
    secret = place.value.get("secretRef")
    if secret is None:
        return
    fields = ("name", "namespace") if "Persistent" in place.type else ("name",)
    for field in fields:
        if not secret.get(field):
            report(place, ("secretRef", field), "required", required())


def storage_os(place: Place, report: Report) -> None:
    """Check the names of StorageOS. Source: validateStorageOSVolumeSource."""
    for field in ("volumeName", "volumeNamespace"):
        name = place.value.get(field)
        for message in dns_label(name) if name else ():
            report(place, (field,), "invalid", invalid(name, message))


def flex_volume(place: Place, report: Report) -> None:
    """Check the options of a flex volume. Source: validateFlexVolumeSource."""
    for key in place.value.get("options") or ():
        namespace = "." + key.partition("/")[0].lower()
        if namespace.endswith((".kubernetes.io", ".k8s.io")):
            text = "kubernetes.io and k8s.io namespaces are reserved"
            report(place, ("options", key), "invalid", invalid(key, text))


def azure_disk(place: Place, report: Report) -> None:
    """Check the address of an Azure disk. Source: validateAzureDisk."""
    uri, kind = place.value.get("diskURI") or "", place.value.get("kind") or "Shared"
    start = "/subscriptions/" if kind == "Managed" else "https://"
    if not uri.startswith(start):
        supported = (
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
            if kind == "Managed"
            else "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
        )
        report(place, ("diskURI",), "enum", unsupported(uri, (supported,)))


def check_driver(place: Place, report: Report, name: str, path: FieldPath) -> None:
    """Check the name of a CSI driver. Source: ValidateCSIDriverName."""
    if not name:
        report(place, path, "required", required())
    if length(name) > _MAX_DRIVER:
        report(place, path, "too-long", too_long(_MAX_DRIVER))
    for message in dns_subdomain(name.lower()):
        report(place, path, "invalid", invalid(name, message))


def csi(place: Place, report: Report) -> None:
    """Check a volume of a CSI driver. Source: validateCSIVolumeSource."""
    check_driver(place, report, place.value.get("driver") or "", ("driver",))
    secret = place.value.get("nodePublishSecretRef")
    if secret is None:
        return
    name = secret.get("name") or ""
    if not name:
        report(place, ("nodePublishSecretRef", "name"), "required", required())
        return
    for message in dns_subdomain(name):
        # The server puts it a level higher than the name is.
        report(place, ("name",), "invalid", invalid(name, message))


def ephemeral(place: Place, report: Report) -> None:
    """Check that an ephemeral volume has a template of its claim. Source: validateEphemeralVolumeSource."""
    if place.value.get("volumeClaimTemplate") is None:
        report(place, ("volumeClaimTemplate",), "required", required())


def image(place: Place, report: Report) -> None:
    """Check the reference of an image. Only a Pod must have it. Source: validateImageVolumeSource."""
    if place.subject.kind == "Pod" and not place.value.get("reference"):
        report(place, ("reference",), "required", required())


def downward_api(place: Place, report: Report) -> None:
    """Check the files with fields of the pod. Source: validateDownwardAPIVolumeSource."""
    for item in place.value.get("items") or ():
        _check_downward_file(place, report, item or {})


def _check_downward_file(place: Place, report: Report, file: Mapping[str, Any]) -> None:
    """Check one file. The server puts the faults to the volume, without the index of the file."""
    path = file.get("path") or ""
    if not path:
        report(place, ("path",), "required", required())
    for message in file_name(path):
        report(place, ("path",), "invalid", invalid(path, message))
    field, resource = file.get("fieldRef"), file.get("resourceFieldRef")
    if field is not None and resource is not None:
        text = "fieldRef and resourceFieldRef can not be specified simultaneously"
        report(place, (), "invalid", invalid("resource", text))
    elif field is None and resource is None:
        report(place, (), "required", required("one of fieldRef and resourceFieldRef is required"))
    mode = file.get("mode")
    if mode is not None and not 0 <= mode <= _MAX_MODE:
        report(place, ("mode",), "invalid", invalid(mode, _MODE_TEXT))


def projected(place: Place, report: Report) -> None:
    """Check the sources of a projected volume. Source: validateProjectionSources."""
    paths: set[str] = set()
    for index, item in enumerate(place.value.get("sources") or ()):
        source = item or {}
        if sum(value is not None for value in source.values()) > 1:
            text = forbidden("may not specify more than 1 volume type per source")
            report(place, ("sources", index), "forbidden", text)
        for field in ("secret", "configMap", "downwardAPI"):
            _check_paths(place, report, (source.get(field) or {}).get("items") or (), paths)
        token = source.get("serviceAccountToken")
        if token is not None:
            _check_token(place, report, token, index)


def _check_paths(
    place: Place, report: Report, items: Sequence[Mapping[str, Any] | None], paths: set[str]
) -> None:
    for item in items:
        path = (item or {}).get("path")
        if not path:
            continue
        if path in paths:
            report(place, (), "invalid", invalid(path, "conflicting duplicate paths"))
        paths.add(path)


def _check_token(place: Place, report: Report, token: Mapping[str, Any], index: int) -> None:
    seconds = token.get("expirationSeconds")
    text = ""
    if seconds is not None and seconds < _MIN_TOKEN_SECONDS:
        text = "may not specify a duration less than 10 minutes"
    elif seconds is not None and seconds > _MAX_TOKEN_SECONDS:
        text = "may not specify a duration larger than 2^32 seconds"
    if text:
        path = ("sources", index, "serviceAccountToken", "expirationSeconds")
        report(place, path, "invalid", invalid(seconds, text))
    path_value = token.get("path") or ""
    # The server puts the path to the volume.
    if not path_value:
        report(place, ("path",), "required", required())
    for message in file_name(path_value):
        report(place, ("path",), "invalid", invalid(path_value, message))


_TYPES: Final[Rules] = {
    "AWSElasticBlockStoreVolumeSource": (partition,),
    "AzureDiskVolumeSource": (azure_disk,),
    "CSIVolumeSource": (csi,),
    "CinderPersistentVolumeSource": (secret_reference,),
    "CinderVolumeSource": (secret_reference,),
    "ConfigMapVolumeSource": (file_modes,),
    "DownwardAPIProjection": (downward_api,),
    "DownwardAPIVolumeSource": (file_modes, downward_api),
    "EmptyDirVolumeSource": (empty_dir,),
    "EphemeralVolumeSource": (ephemeral,),
    "FCVolumeSource": (fibre_channel,),
    "FlexPersistentVolumeSource": (flex_volume,),
    "FlexVolumeSource": (flex_volume,),
    "FlockerVolumeSource": (flocker,),
    "GCEPersistentDiskVolumeSource": (partition,),
    "GitRepoVolumeSource": (git_repo,),
    "HostPathVolumeSource": (host_path,),
    "ISCSIPersistentVolumeSource": (iscsi,),
    "ISCSIVolumeSource": (iscsi,),
    "ImageVolumeSource": (image,),
    "KeyToPath": (key_to_path, file_modes),
    "LocalVolumeSource": (local_path,),
    "NFSVolumeSource": (nfs,),
    "PodSpec": (pod_volumes,),
    "ProjectedVolumeSource": (file_modes, projected),
    "QuobyteVolumeSource": (quobyte,),
    "SecretVolumeSource": (file_modes,),
    "StorageOSPersistentVolumeSource": (storage_os, secret_reference),
    "StorageOSVolumeSource": (storage_os, secret_reference),
    "Volume": (volume,),
}


def _with_required(type_: str) -> tuple[Rule, ...]:
    given = _TYPES.get(type_, ())
    return (required_fields, *given) if type_ in REQUIRED_FIELDS else given


RULES: Final[Rules] = {
    type_: _with_required(type_) for type_ in sorted(_TYPES.keys() | REQUIRED_FIELDS.keys())
}
