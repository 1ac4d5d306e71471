"""Go's structs as a template sees them: fields by their Go names, in their order, and the two ways in which they are dumped.

`toJson` and `toYaml` print a struct by its JSON names and leave out what is `omitempty` and empty; `toYamlPretty`, which is
go-yaml v3 on the Go value, goes by YAML names, which are the Go names in lower case where no tag says otherwise.
"""

from collections.abc import Mapping

from kmanifest.engines.helm.gotemplate.values import GoObject, StringMap, Strings
from kmanifest.startup.typing import Any, NamedTuple


class Field(NamedTuple):
    """One field of a struct: its Go name, its JSON and YAML names, and whether each dump leaves it out where it is empty."""

    name: str
    json: str = ""
    json_omits: bool = False
    yaml: str = ""
    yaml_omits: bool = False


class Struct(GoObject):
    """A struct, or a pointer to one where `kind` is `ptr`, whose fields are those of `FIELDS`."""

    __slots__ = ("_values",)
    FIELDS: tuple[Field, ...] = ()

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {field.name: values[field.name] for field in self.FIELDS}

    def __getitem__(self, name: str) -> Any:
        """A field, as a table has it: the short way of the executor, which tries methods where there is none."""
        return self._values[name]

    def fields(self) -> Mapping[str, Any]:
        return self._values

    def json(self) -> dict[str, Any]:
        """The fields as `encoding/json` has them; what they hold may be objects again."""
        return {
            field.json or field.name: self._values[field.name]
            for field in self.FIELDS
            if not (field.json_omits and is_empty(self._values[field.name]))
        }

    def pretty(self) -> dict[str, Any]:
        """The fields as go-yaml v3 has them; what they hold may be objects again."""
        return {
            field.yaml or field.name.lower(): self._values[field.name]
            for field in self.FIELDS
            if not (field.yaml_omits and is_empty(self._values[field.name]))
        }


class ObjectList(list[Any]):
    """A slice of another type than `[]interface {}`, which `go_type` names; one that was never made is `is_nil`."""

    __slots__ = ("go_type", "is_nil")

    def __init__(self, items: list[Any] | None, go_type: str) -> None:
        super().__init__(items or ())
        self.go_type = go_type
        self.is_nil = items is None


class NilStrings(Strings):
    """A `[]string` that was never made: it prints as `[]`, and JSON has `null` for it."""

    __slots__ = ()
    is_nil = True


class NilStringMap(StringMap):
    """A `map[string]string` that was never made."""

    __slots__ = ()
    is_nil = True


def is_empty(value: Any) -> bool:
    """Whether `omitempty` leaves a value out: false, 0, nil and what has no elements."""
    return value is None or (not isinstance(value, GoObject) and not value)
