"""The options of the Jinja2 engine."""

from collections.abc import Mapping
from types import MappingProxyType

from kmanifest.model.frozen import copy_value, hashable
from kmanifest.startup.typing import Any, Final, Literal

Dialect = Literal["", "ansible", "kapitan", "kluctl"]
"""The tool whose filters have their meaning where the meanings differ; empty for that of kmanifest."""

_FIELDS: Final = (
    "values",
    "env",
    "trim_blocks",
    "lstrip_blocks",
    "keep_trailing_newline",
    "dialect",
    "flat",
)
_NO_VALUES: Final[Mapping[str, Any]] = MappingProxyType({})
_DIALECTS: Final = ("", "ansible", "kapitan", "kluctl")


class JinjaOptions:
    """The options of a build for Jinja2 templates, passed in `Options.engines`.

    - `values`: what templates find under the name `values`
    - `env`: what templates find under the name `env`: the chosen environment
    - `trim_blocks`, `lstrip_blocks`, `keep_trailing_newline`: as in jinja2. All are on by default
    - `dialect`: `ansible`, `kapitan` or `kluctl` for filters with the meaning that they have there
    - `flat`: templates also find the values under their own names, as in those tools

    The record is immutable and hashable. It copies `values` and `env`.

    >>> from kmanifest import JinjaOptions, Options, build
    >>> files = {"job.yaml.j2": "{kind: Job, metadata: {name: {{ values.name }}}}"}
    >>> options = Options(engines=(JinjaOptions(values={"name": "web"}),))
    >>> build("job.yaml.j2", tree=files, options=options).to_dicts()
    [{'kind': 'Job', 'metadata': {'name': 'web'}}]
    """

    __slots__ = ("_key", *_FIELDS)

    values: Mapping[str, Any]
    env: Mapping[str, Any]
    trim_blocks: bool
    lstrip_blocks: bool
    keep_trailing_newline: bool
    dialect: Dialect
    flat: bool
    _key: tuple[Any, ...]

    def __init__(
        self,
        *,
        values: Mapping[str, Any] = _NO_VALUES,
        env: Mapping[str, Any] = _NO_VALUES,
        trim_blocks: bool = True,
        lstrip_blocks: bool = True,
        keep_trailing_newline: bool = True,
        dialect: Dialect = "",
        flat: bool = False,
    ) -> None:
        from kmanifest.model.arguments import check_argument  # for templates only

        check_argument("values", values, Mapping, "a mapping")
        check_argument("env", env, Mapping, "a mapping")
        check_argument(
            "dialect", dialect, lambda name: name in _DIALECTS, "ansible, kapitan or kluctl"
        )
        switches = (trim_blocks, lstrip_blocks, keep_trailing_newline, dialect, flat)
        for name, value in zip(
            _FIELDS, (copy_value(values), copy_value(env), *switches), strict=True
        ):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_key", (hashable(values), hashable(env), *switches))

    def replace(self, **changes: Any) -> "JinjaOptions":
        """Return a copy of the record with some fields changed."""
        return JinjaOptions(**{**self._as_dict(), **changes})

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"JinjaOptions is immutable: {name}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JinjaOptions) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        defaults = JinjaOptions()
        changed = {
            name: value
            for name, value in self._as_dict().items()
            if value != getattr(defaults, name)
        }
        for name in ("values", "env"):
            if name in changed:
                changed[name] = ...  # may be long, and may contain secrets
        return f"JinjaOptions({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._as_dict(),)

    def _as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _FIELDS}


def _restore(fields: dict[str, Any]) -> JinjaOptions:
    return JinjaOptions(**fields)
