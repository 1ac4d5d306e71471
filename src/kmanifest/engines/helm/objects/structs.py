"""Go's structs as templates see them: fields by their Go names, in order, and two ways to print them.

`toJson` and `toYaml` print a struct by its JSON names and leave out empty `omitempty` fields. `toYamlPretty` passes the
Go value to go-yaml v3. It uses YAML names, which are the Go names in lower case unless a tag differs.
"""

from kmanifest.engines.helm.gotemplate.values import GoObject, StringMap, Strings
from kmanifest.startup.typing import Any, Mapping, NamedTuple


class Field(NamedTuple):
    """A field of a struct: its Go, JSON and YAML names, and whether each format leaves it out if it is empty."""

    name: str
    json: str = ""
    json_omits: bool = False
    yaml: str = ""
    yaml_omits: bool = False


class Struct(GoObject):
    """A struct, or a pointer to one if `kind` is `ptr`. Its fields are those of `FIELDS`."""

    __slots__ = ("_values",)
    FIELDS: tuple[Field, ...] = ()

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {field.name: values[field.name] for field in self.FIELDS}

    def __getitem__(self, name: str) -> Any:
        """Return a field, as a table does. The executor uses this first and looks for methods only on KeyError."""
        return self._values[name]

    def fields(self) -> Mapping[str, Any]:
        return self._values

    def deep_copy(self) -> "Struct":
        """Return another object with the same fields, which no template can change."""
        copy = self.__class__.__new__(self.__class__)
        copy._values = self._values
        return copy

    def json(self) -> dict[str, Any]:
        """Return the fields as `encoding/json` has them. They may contain further objects."""
        return {
            field.json or field.name: self._values[field.name]
            for field in self.FIELDS
            if not (field.json_omits and is_empty(self._values[field.name]))
        }

    def pretty(self) -> dict[str, Any]:
        """Return the fields as go-yaml v3 has them. They may contain further objects."""
        return {
            field.yaml or field.name.lower(): self._values[field.name]
            for field in self.FIELDS
            if not (field.yaml_omits and is_empty(self._values[field.name]))
        }


class ObjectList(list[Any]):
    """A slice of another type than `[]interface {}`, named by `go_type`. `is_nil` is True for a nil slice."""

    __slots__ = ("go_type", "is_nil")

    def __init__(self, items: list[Any] | None, go_type: str) -> None:
        super().__init__(items or ())
        self.go_type = go_type
        self.is_nil = items is None


class NilStrings(Strings):
    """A nil `[]string`: it prints as `[]`, and is `null` in JSON."""

    __slots__ = ()
    is_nil = True


class NilStringMap(StringMap):
    """A nil `map[string]string`."""

    __slots__ = ()
    is_nil = True


def is_empty(value: Any) -> bool:
    """Return whether `omitempty` leaves a value out: false, 0, nil, and empty containers."""
    return value is None or (not isinstance(value, GoObject) and not value)
