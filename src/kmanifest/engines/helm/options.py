"""The options of the Helm engine."""

from types import MappingProxyType

from kmanifest.model.errors import Locate
from kmanifest.model.frozen import hashable
from kmanifest.startup.typing import Any, Final, Mapping

_FIELDS: Final = (
    "values",
    "release",
    "namespace",
    "include_crds",
    "helm_version",
    "kube_version",
    "api_versions",
    "unused_values",
    "locate",
)


class HelmOptions:
    """The options of a build for Helm charts, passed in `Options.engines`.

    `kube_version` and `api_versions` apply to every chart, also to those in `helmCharts` of a kustomization.
    `helm_version` applies to ChartGenerators, too. The others apply only to a chart that is built directly.

    - `values`: values, merged as a file of `--values` is
    - `release`, `namespace`: name and namespace of the release
    - `include_crds`: include the CustomResourceDefinitions of `crds/` in the output
    - `helm_version`: the major version of Helm to follow, `3` or `4`
    - `unused_values`: report values that no template reads; in a strict build they are errors
    - `locate`: returns where a value was set, by its path
    - `kube_version`, `api_versions`: the Kubernetes versions that charts find in `.Capabilities`

    The record is immutable and hashable. It copies `values`, which can be all that `render_chart` takes.

    >>> from kmanifest import HelmOptions, Options, build
    >>> files = {
    ...     "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    ...     "templates/a.yaml": "{kind: Job, metadata: {name: {{ .Release.Name }}, labels: {size: {{ .Values.size }}}}}",
    ... }
    >>> build(tree=files, options=Options(engines=(HelmOptions(values={"size": "m"}, release="web"),))).to_dicts()
    [{'kind': 'Job', 'metadata': {'name': 'web', 'labels': {'size': 'm'}}}]
    """

    __slots__ = ("_key", *_FIELDS)

    values: Mapping[str, Any]
    release: str
    namespace: str
    include_crds: bool
    helm_version: str
    kube_version: str
    api_versions: tuple[str, ...]
    unused_values: bool
    locate: Locate | None
    _key: tuple[Any, ...]

    def __init__(
        self,
        *,
        values: Mapping[str, Any] = MappingProxyType({}),
        release: str = "release-name",
        namespace: str = "default",
        include_crds: bool = False,
        helm_version: str = "3",
        kube_version: str = "",
        api_versions: tuple[str, ...] = (),
        unused_values: bool = False,
        locate: Locate | None = None,
    ) -> None:
        from kmanifest.engines.helm.values.normalize import normalize_values  # for charts only
        from kmanifest.model.arguments import check_argument

        check_argument("values", values, Mapping, "a mapping")
        check_argument("api_versions", api_versions, _is_not_text, "a tuple of str")
        copied_values = normalize_values(values)
        fields = (
            MappingProxyType(copied_values),
            release,
            namespace,
            include_crds,
            helm_version,
            kube_version,
            tuple(api_versions),
            unused_values,
            locate,
        )
        for name, value in zip(_FIELDS, fields, strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_key", (hashable(copied_values), *fields[1:]))

    def replace(self, **changes: Any) -> "HelmOptions":
        """Return a copy of the record with some fields changed."""
        return HelmOptions(**{**self._as_dict(), **changes})

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"HelmOptions is immutable: {name}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HelmOptions) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        defaults = HelmOptions()
        changed = {
            name: value
            for name, value in self._as_dict().items()
            if value != getattr(defaults, name)
        }
        if "values" in changed:
            changed["values"] = ...  # may be long, and may contain secrets
        return f"HelmOptions({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._as_dict(),)

    def _as_dict(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in _FIELDS}
        return {**fields, "values": dict(self.values)}


def _is_not_text(value: Any) -> bool:
    return not isinstance(value, str)


def _restore(fields: dict[str, Any]) -> HelmOptions:
    return HelmOptions(**fields)
