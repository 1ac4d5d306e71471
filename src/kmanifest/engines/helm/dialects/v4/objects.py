"""The built-in objects that differ in Helm 4: `.Chart` as a map, `.Capabilities`, and names of types.

Source: helm v4.3.1 pkg/chart/common.go, structToMap; pkg/chart/common/capabilities.go and values.go.
"""

from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.gotemplate.values import Function
from kmanifest.engines.helm.objects import capabilities as v3
from kmanifest.engines.helm.objects.builtin import Values
from kmanifest.engines.helm.objects.structs import Field, Struct
from kmanifest.startup.typing import Any, Final, Iterable, Mapping

HELM_VERSION: Final = "v4.3.1"
KUBE_CLIENT_VERSION: Final = "v1.37"


class Values4(Values):
    """A `common.Values`."""

    __slots__ = ()
    go_type = "common.Values"


class KubeVersion(v3.KubeVersion):
    """`.Capabilities.KubeVersion`. `Version` is the version as given; the printed text has the numbers only."""

    __slots__ = ("_numbers",)
    go_type = "common.KubeVersion"

    def __init__(self, values: Mapping[str, Any], numbers: str) -> None:
        super().__init__(values)
        self._numbers = numbers

    def printed_fields(self) -> Mapping[str, Any]:
        """Return the fields as `%v` prints them, with the one that templates can't access."""
        fields = self.fields()
        return {"Version": fields["Version"], "normalizedVersion": self._numbers, **fields}

    def version(self) -> str:
        """Return the result of Go's `String`."""
        return self._numbers

    def deep_copy(self) -> "KubeVersion":
        """Return a copy without the unexported field."""
        return self._copy("")

    def passed(self) -> "KubeVersion":
        return self if self._is_copy else self._copy(self._numbers)

    def _copy(self, numbers: str) -> "KubeVersion":
        copy = KubeVersion(self.fields(), numbers)
        copy._is_copy = True
        return copy

    def all_fields(self) -> Mapping[str, Any]:
        return self.printed_fields()

    def methods(self) -> Mapping[str, Function]:
        if self._is_copy:
            return {}
        version = self.fields()["Version"]
        return {
            "GitVersion": Function(lambda: version, (), "string"),
            "String": Function(self.version, (), "string"),
        }


class VersionSet(v3.VersionSet):
    """`.Capabilities.APIVersions`."""

    __slots__ = ()
    go_type = "common.VersionSet"


class BuildInfo(Struct):
    """`.Capabilities.HelmVersion`."""

    __slots__ = ()
    go_type = v3.BuildInfo.go_type
    FIELDS = (*v3.BuildInfo.FIELDS, Field("KubeClientVersion", "kube_client_version"))


class Capabilities(v3.Capabilities):
    """`.Capabilities`."""

    __slots__ = ()
    go_type = "*common.Capabilities"


def make_capabilities(kube_version: str = "", api_versions: Iterable[str] = ()) -> Capabilities:
    """Return the capabilities of a render. Raises SourceError if the version of Kubernetes is invalid."""
    requested_version = kube_version or v3.DEFAULT_KUBE_VERSION
    parsed = v3.parse_kube_version(requested_version)
    version = requested_version if requested_version.startswith("v") else f"v{requested_version}"
    helm_version = {
        "Version": HELM_VERSION,
        "GitCommit": "",
        "GitTreeState": "",
        "GoVersion": v3.GO_VERSION,
        "KubeClientVersion": KUBE_CLIENT_VERSION,
    }
    return Capabilities(
        {
            "KubeVersion": KubeVersion(
                {"Version": version, "Major": parsed.major, "Minor": parsed.minor}, parsed.version
            ),
            "APIVersions": VersionSet([*v3.DEFAULT_API_VERSIONS, *api_versions]),
            "HelmVersion": BuildInfo(helm_version),
        }
    )


def make_chart_object(chart: Chart) -> dict[str, Any]:
    """Return `.Chart`."""
    return {**_as_map(chart.metadata.object()), "IsRoot": chart.is_root}


def _as_map(struct: Struct) -> dict[str, Any]:
    """Return a struct as a map by field names. Lists in it become lists of interfaces."""
    return {
        name: [_as_map(item) if isinstance(item, Struct) else item for item in value]
        if isinstance(value, list)
        else value
        for name, value in struct.fields().items()
    }
