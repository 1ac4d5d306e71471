"""The types of a version of Kubernetes, unpacked. Each definition is read when it is first needed."""

from kmanifest.model.errors import SourceError, near_names
from kmanifest.startup.typing import Final, Iterator, NamedTuple
from kmanifest.validation.packing import SPACE, Version

_NO_KINDS: Final = frozenset(
    ("Eviction", "Scale", "Status", "TokenRequest", "DeleteOptions", "WatchEvent", "APIGroup", "APIVersions",
     "APIResource", "PodPortForwardOptions", "SerializedReference", "NodeConfigSource", "PodStatusResult",
     "DeploymentRollback", "AdmissionReview", "ConversionReview")
)  # fmt: skip
"""Kinds that no resource of the API has; those of subresources are among them."""

_SERVED_BETAS: Final = frozenset(
    (
        "autoscaling/v2beta2 HorizontalPodAutoscaler",
        "flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema",
        "flowcontrol.apiserver.k8s.io/v1beta1 PriorityLevelConfiguration",
        "flowcontrol.apiserver.k8s.io/v1beta2 FlowSchema",
        "flowcontrol.apiserver.k8s.io/v1beta2 PriorityLevelConfiguration",
        "flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema",
        "flowcontrol.apiserver.k8s.io/v1beta3 PriorityLevelConfiguration",
        "storage.k8s.io/v1beta1 CSIStorageCapacity",
    )
)
"""Beta APIs that a server serves by default: those from before Kubernetes 1.24. Source: KEP 3136."""


class Field(NamedTuple):
    """A field of a definition. `type` is in the notation of `packing`, without enum and default."""

    type: str
    is_required: bool
    enum: tuple[str, ...]
    default: str


class Definition(NamedTuple):
    """A definition. `special`: the name of a type with code of its own, or empty.

    `type`: the name without its package. `go_type`: the name that Go prints, such as `v1.PodSpec`.
    """

    type: str
    go_type: str
    special: str
    fields: dict[str, Field]


class Definitions:
    """The definitions of one version of Kubernetes."""

    __slots__ = ("_kinds", "_lines", "_lookup", "_names", "version")

    def __init__(self, version: Version, text: str) -> None:
        self.version = version
        names, lines, rows = (section.split("\n") for section in text.rstrip("\n").split("\n\n"))
        self._names = [name.partition(" ")[0] for name in names]
        self._lines = lines
        self._lookup = _lookup(version, rows)
        kinds: dict[str, int] = {}
        for index, name in enumerate(names):
            type_ = name.partition(" ")[2]
            if type_ and index in self._lookup and type_.partition(" ")[2] not in _NO_KINDS:
                kinds[type_] = index
        self._kinds = kinds

    def find(self, api_version: str, kind: str) -> int | None:
        """Return the index of the definition of a type, or None."""
        return self._kinds.get(f"{api_version} {kind}")

    def name(self, index: int) -> str:
        """Return the full name of a definition."""
        return self._names[index]

    def definition(self, index: int) -> Definition:
        """Return the definition of a name, by the index of the name."""
        full = self._names[index].split(".")
        return _parse(full[-1], ".".join(full[-2:]), self._lines[self._lookup[index]])

    def indexes(self) -> Iterator[int]:
        """Yield the indexes of all definitions of this version."""
        yield from self._lookup

    def kinds(self) -> Iterator[tuple[str, str]]:
        """Yield `apiVersion` and `kind` of all types."""
        for type_ in self._kinds:
            api_version, _, kind = type_.partition(" ")
            yield api_version, kind

    def near(self, api_version: str, kind: str) -> tuple[str, ...]:
        """Return the API versions of a kind, or kinds of an API version, that are nearest to unknown ones."""
        versions = [
            known for known, name in self.kinds() if name == kind and is_served(known, name)
        ]
        if versions:
            return tuple(near_names(api_version, versions) or versions[:3])
        kinds = [name for known, name in self.kinds() if known == api_version]
        folded = [name for name in kinds if name.lower() == kind.lower()]
        return tuple(folded or near_names(kind, kinds or [name for _, name in self.kinds()]))


def is_served(api_version: str, kind: str) -> bool:
    """Whether a server with default settings serves a type. Alpha and most beta APIs must be enabled."""
    version = api_version.rpartition("/")[2]
    return (
        "alpha" not in version and "beta" not in version
    ) or f"{api_version} {kind}" in _SERVED_BETAS


def _lookup(version: Version, rows: list[str]) -> dict[int, int]:
    current: dict[int, int] = {}
    known = []
    for row in rows:
        name, *changes = row.split()
        major, _, minor = name.partition(".")
        known.append(name)
        for change in changes:
            index, _, line = change.partition(":")
            if line:
                current[int(index)] = int(line)
            else:
                del current[int(index)]
        if (int(major), int(minor)) == version:
            return current
    name = f"{version[0]}.{version[1]}"
    raise SourceError(f"no definitions of Kubernetes {name} (known: {known[0]} to {known[-1]})")


def _parse(type_: str, go_type: str, line: str) -> Definition:
    if line.startswith(":"):
        return Definition(type_, go_type, line[1:], {})
    fields = {}
    for part in line.split(" "):
        text, _, default = part.partition("~")
        head, *enum = text.split("|")
        mark = "=" if "=" in head else "!"
        name, _, field_type = head.partition(mark)
        values = tuple(value.replace(SPACE, " ") for value in enum)
        fields[name] = Field(field_type, mark == "!", values, default)
    return Definition(type_, go_type, "", fields)
