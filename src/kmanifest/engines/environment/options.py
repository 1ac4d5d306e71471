"""The options of this engine, and what a kmanifest.yaml passes on to those that it names."""

from collections.abc import Hashable, Mapping

from kmanifest.model.frozen import copy_value, hashable
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kmanifest.engines.environment.rows import Row
    from kmanifest.engines.environment.values.layers import Layer

_NO_VALUES: Final[Mapping[str, Any]] = {}


class EnvironmentOptions:
    """The options of a build for a `kmanifest.yaml`, passed in `Options.engines`.

    - `environment`: the chosen environment, as `prod/eu` in the order of the axes, as `env=prod,region=eu`, or as a
      mapping from axes to values; empty if there is only one
    - `values`: values that replace those of all layers of the outermost kmanifest.yaml

    The record is immutable and hashable. It copies `values`.

    >>> from kmanifest import EnvironmentOptions, Options, build
    >>> files = {
    ...     "kmanifest.yaml": "{environments: {axes: {env: [dev, prod]}}, namespace: 'shop-{env}', resources: [map.yaml]}",
    ...     "map.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: map}}",
    ... }
    >>> options = Options(engines=(EnvironmentOptions(environment="prod"),))
    >>> build(tree=files, options=options).find("ConfigMap", "map").namespace
    'shop-prod'
    """

    __slots__ = ("_key", "environment", "values")

    prevents_sharing = True
    """Directories that were built with this record are not shared with other builds."""

    environment: str
    values: Mapping[str, Any]
    _key: tuple[Any, ...]

    def __init__(
        self,
        *,
        environment: str | Mapping[str, str] = "",
        values: Mapping[str, Any] = _NO_VALUES,
    ) -> None:
        from kmanifest.model.arguments import check_argument

        check_argument("environment", environment, _is_text_or_mapping, "a string or a mapping")
        check_argument("values", values, Mapping, "a mapping")
        if isinstance(environment, Mapping):
            environment = ",".join(f"{name}={value}" for name, value in environment.items())
        object.__setattr__(self, "environment", environment)
        object.__setattr__(self, "values", copy_value(values))
        object.__setattr__(self, "_key", (environment, hashable(values)))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"EnvironmentOptions is immutable: {name}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EnvironmentOptions) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        # The values may be long, and may contain secrets.
        values = ", values=..." if self.values else ""
        return f"EnvironmentOptions(environment={self.environment!r}{values})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.environment, dict(self.values))


def _is_text_or_mapping(value: Any) -> bool:
    return isinstance(value, str | Mapping)


def _restore(environment: str, values: dict[str, Any]) -> EnvironmentOptions:
    return EnvironmentOptions(environment=environment, values=values)


class Inherited:
    """What an entry of a kmanifest.yaml passes on: a row, and layers of values that win over those of the directory.

    Records with the same row and the same layers are equal. `is_nested`: whether there is such an entry.
    """

    __slots__ = ("_key", "is_nested", "layers", "row")

    prevents_sharing = True

    row: "Row"
    layers: "tuple[Layer, ...]"
    is_nested: bool

    def __init__(self, row: "Row" = _NO_VALUES, layers: "tuple[Layer, ...] | None" = None) -> None:
        self.row = row
        self.layers = layers or ()
        self.is_nested = layers is not None
        self._key = (self.is_nested, tuple(row.items()), tuple(map(id, self.layers)))

    def replace_in(self, engines: tuple[Hashable, ...]) -> tuple[Hashable, ...]:
        """Return the options of engines with this record instead of another of its type."""
        return (*(each for each in engines if not isinstance(each, Inherited)), self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Inherited) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)
