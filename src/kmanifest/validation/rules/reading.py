"""Reading fields of a decoded value, and reporting faults of it with the server's messages.

Rules run only when the whole object decodes. So a field has the type of its definition, or is null, which is like absent.
The Pod Security Standards also read custom resources, where a value of another type is like an absent one.
"""

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import Any, Callable, Final, Iterable, Mapping, NamedTuple, Sequence
from kmanifest.validation.places import Place, Report
from kmanifest.validation.rules import messages

_NOTHING: Final[Mapping[str, Any]] = {}


def text_of(value: Mapping[str, Any], key: str) -> str:
    """Return a string, empty if there is none."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def number_of(value: Mapping[str, Any], key: str) -> int | None:
    """Return an integer, or None. A float such as 80.0 is an integer to the server."""
    return _integer(value.get(key))


def _integer(value: Any) -> int | None:
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def mapping_of(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a mapping, empty if there is none."""
    found = value.get(key)
    return found if isinstance(found, Mapping) else _NOTHING


def _list_of(value: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else ()


def strings_of(value: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of strings. The server reads a null in it as an empty string."""
    return [item if isinstance(item, str) else "" for item in _list_of(value, key)]


def numbers_of(value: Mapping[str, Any], key: str) -> list[int]:
    """Return a list of integers. The server reads a null in it as zero."""
    return [_integer(item) or 0 for item in _list_of(value, key)]


def items_of(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return a list of mappings. The server reads a null in it as an empty one."""
    return [item if isinstance(item, Mapping) else _NOTHING for item in _list_of(value, key)]


class Faults(NamedTuple):
    """Reports faults of one value. A path starts at the value, or at `base` if there is one."""

    place: Place
    report: Report
    base: FieldPath = ()

    @property
    def version(self) -> tuple[int, int]:
        """Return the version of Kubernetes."""
        return self.place.subject.version

    def at(self, *steps: str | int) -> "Faults":
        """Return the reporter for a field of this one."""
        return Faults(self.place, self.report, (*self.base, *steps))

    def required(self, path: FieldPath, detail: str = "") -> None:
        """Report a field that has no value."""
        self.report(self.place, (*self.base, *path), "required", messages.required(detail))

    def invalid(self, path: FieldPath, value: Any, *details: str) -> None:
        """Report a value that breaks rules: a fault for each detail, none without one."""
        for detail in details:
            text = messages.invalid(value, detail)
            self.report(self.place, (*self.base, *path), "invalid", text)

    def forbidden(self, path: FieldPath, detail: str) -> None:
        """Report a field that must not be set."""
        self.report(self.place, (*self.base, *path), "forbidden", messages.forbidden(detail))

    def duplicate(self, path: FieldPath, value: Any) -> None:
        """Report a value that may occur once."""
        self.report(self.place, (*self.base, *path), "duplicate", messages.duplicate(value))

    def unsupported(self, path: FieldPath, value: Any, supported: Iterable[str]) -> None:
        """Report a value that is not one of those that are allowed."""
        text = messages.unsupported(value, supported)
        self.report(self.place, (*self.base, *path), "enum", text)

    def too_long(self, path: FieldPath, limit: int) -> None:
        """Report a string of more bytes than allowed."""
        self.report(self.place, (*self.base, *path), "too-long", messages.too_long(limit))

    def too_many(self, path: FieldPath, count: int, limit: int) -> None:
        """Report a list of more items than allowed."""
        self.report(self.place, (*self.base, *path), "too-many", messages.too_many(count, limit))

    def not_found(self, path: FieldPath, value: Any) -> None:
        """Report a name that refers to nothing."""
        self.report(self.place, (*self.base, *path), "not-found", messages.not_found(value))

    def warn(self, path: FieldPath, message: str) -> None:
        """Report what only some servers refuse."""
        self.report(self.place, (*self.base, *path), "warning", message)

    def one_of(self, path: FieldPath, value: str, supported: Sequence[str]) -> None:
        """Report a string that is not one of a few. An empty one is reported as well."""
        if value not in supported:
            self.unsupported(path, value, supported)

    def not_negative(self, path: FieldPath, number: int | None) -> None:
        """Report a number below zero. Source: pkg/apis/core/validation, ValidateNonnegativeField."""
        if number is not None and number < 0:
            self.invalid(path, number, messages.NOT_NEGATIVE)

    def text(
        self, path: FieldPath, value: str, check: Callable[[str], Sequence[str]], detail: str = ""
    ) -> None:
        """Report an empty string as required, and another by a check."""
        if value:
            self.invalid(path, value, *check(value))
        else:
            self.required(path, detail)
