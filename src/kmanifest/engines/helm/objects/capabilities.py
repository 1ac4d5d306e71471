"""`.Capabilities`: the versions of Kubernetes, its APIs and Helm.

Source: helm v3.22.0 pkg/chartutil/capabilities.go. The API versions are those of client-go's scheme, in its order.
"""

from itertools import takewhile

from kmanifest.engines.helm.gotemplate.values import Function, GoObject
from kmanifest.engines.helm.objects.structs import Field, Struct
from kmanifest.engines.helm.sprig.gotypes import UINT64_MAX
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Any, Final, Iterable, Mapping, NamedTuple

DEFAULT_KUBE_VERSION: Final = "v1.37.0"
"""The version of Kubernetes whose client library helm v3.22.0 has. It is used if the user gives none."""
HELM_VERSION: Final = "v3.22.0"
GO_VERSION: Final = "go1.26.8"
"""The version of Go that built Helm's release."""

DEFAULT_API_VERSIONS: Final = (
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "lifecycle.k8s.io/v1alpha1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
)


class KubeVersion(Struct):
    """`.Capabilities.KubeVersion`. An action prints it as its version, a function prints its three fields.

    `String` and `GitVersion` are methods of the pointer in Go. A function receives a copy, which does not have them.
    """

    __slots__ = ("_is_copy",)
    go_type = "chartutil.KubeVersion"
    FIELDS = (Field("Version"), Field("Major"), Field("Minor"))

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._is_copy = False

    def passed(self) -> "KubeVersion":
        return self if self._is_copy else self.deep_copy()

    def deep_copy(self) -> "KubeVersion":
        copy = KubeVersion(self._values)
        copy._is_copy = True
        return copy

    def version(self) -> str:
        """Return the result of Go's `String`."""
        version: str = self._values["Version"]
        return version

    def action_text(self) -> str | None:
        """Return the text that an action prints."""
        return None if self._is_copy else self.version()

    def methods(self) -> Mapping[str, Function]:
        version = Function(self.version, (), "string")
        return {} if self._is_copy else {"GitVersion": version, "String": version}


class BuildInfo(Struct):
    """`.Capabilities.HelmVersion`."""

    __slots__ = ()
    go_type = "version.BuildInfo"
    FIELDS = (
        Field("Version", "version", json_omits=True),
        Field("GitCommit", "git_commit", json_omits=True),
        Field("GitTreeState", "git_tree_state", json_omits=True),
        Field("GoVersion", "go_version", json_omits=True),
    )


class VersionSet(list[Any], GoObject):
    """`.Capabilities.APIVersions`: a list of strings with the method `Has`."""

    __slots__ = ()
    go_type = "chartutil.VersionSet"
    kind = "slice"

    def __bool__(self) -> bool:
        return len(self) > 0

    def methods(self) -> Mapping[str, Function]:
        return {"Has": Function(self.__contains__, ("string",), "bool")}


class Capabilities(Struct):
    """`.Capabilities`."""

    __slots__ = ()
    go_type = "*chartutil.Capabilities"
    kind = "ptr"
    FIELDS = (Field("KubeVersion"), Field("APIVersions"), Field("HelmVersion"))

    def __getitem__(self, name: str) -> Any:
        """Return a field, but not the one that a function receives as a copy: the executor must do that."""
        if name == "KubeVersion":
            raise KeyError(name)
        return self._values[name]


class ParsedKubeVersion(NamedTuple):
    """A parsed version of Kubernetes, without a suffix such as `-gke.1`.

    - `version`: all its numbers after a `v`: `v1.29.3`.
    - `major`: the first number.
    - `minor`: the second number.
    """

    version: str
    major: str
    minor: str


def parse_kube_version(text: str) -> ParsedKubeVersion:
    """Parse the argument of `--kube-version`, without what follows the numbers.

    Raises SourceError if it is not a version. Source: k8s.io/apimachinery v0.37 pkg/util/version/version.go,
    ParseGeneric.
    """
    # Blanks as RE2 has them. As in Kubernetes, anything but a line break may follow the numbers.
    version = text.lstrip("\t\n\f\r ").removeprefix("v")
    digits_and_dots = version[: len(version) - len(version.lstrip("0123456789."))]
    components = list(takewhile(bool, digits_and_dots.split(".")))
    if not components or "\n" in version:
        raise SourceError(f"could not parse {_quoted(text)} as version")
    if len(components) < 2:
        raise SourceError(f"illegal version string {_quoted(text)}")
    first = components[0]
    if first.startswith("0") and first != "0":
        raise SourceError(
            f"illegal zero-prefixed version component {_quoted(first)} in {_quoted(text)}"
        )
    numbers = [component.lstrip("0") or "0" for component in components]
    for component, number in zip(components, numbers, strict=True):
        # The length is compared first, because `int` refuses very long numbers.
        if len(number) > len(str(UINT64_MAX)) or int(number) > UINT64_MAX:
            raise SourceError(
                f"illegal non-numeric version component {_quoted(component)} in {_quoted(text)}: "
                f"strconv.ParseUint: parsing {_quoted(component)}: value out of range"
            )
    return ParsedKubeVersion("v" + ".".join(numbers), major=numbers[0], minor=numbers[1])


def _quoted(text: str) -> str:
    from kmanifest.engines.helm.gotemplate.gofmt import quoted  # for errors only

    return quoted(text)


def make_capabilities(kube_version: str = "", api_versions: Iterable[str] = ()) -> Capabilities:
    """Return the capabilities of a render. `api_versions` are additional ones.

    Raises SourceError if the version of Kubernetes is invalid.
    """
    parsed = parse_kube_version(kube_version or DEFAULT_KUBE_VERSION)
    build_info = {
        "Version": HELM_VERSION,
        "GitCommit": "",
        "GitTreeState": "",
        "GoVersion": GO_VERSION,
    }
    return Capabilities(
        {
            "KubeVersion": KubeVersion(
                {"Version": parsed.version, "Major": parsed.major, "Minor": parsed.minor}
            ),
            "APIVersions": VersionSet([*DEFAULT_API_VERSIONS, *api_versions]),
            "HelmVersion": BuildInfo(build_info),
        }
    )
