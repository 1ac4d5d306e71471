"""Where a rule looks: the values of an object on the way from its root, and the faults that rules report."""

from collections.abc import Callable, Mapping

from kmanifest.model.errors import FieldPath
from kmanifest.startup.typing import Any, Literal, NamedTuple

Kind = Literal[
    "parse", "discovery", "no-schema", "unknown-field", "duplicate-field", "type", "required", "enum",
    "invalid", "forbidden", "duplicate", "too-long", "too-many", "not-found", "warning",
]  # fmt: skip
"""The kinds of faults: those of the server's field errors, and those of decoding.

`no-schema`: a type that is not part of Kubernetes, so that nothing is known of it.
"""


class Fault(NamedTuple):
    """Something that the server refuses, or for the kind `warning` only warns about.

    `path`: the field in the object. `message`: that of the server, without the field. `near`: names that are known.
    """

    path: FieldPath
    kind: Kind
    message: str
    near: tuple[str, ...] = ()


class Subject(NamedTuple):
    """The object that is validated. `version`: the minor version of Kubernetes, such as (1, 36)."""

    body: Mapping[str, Any]
    group: str
    api_version: str
    kind: str
    version: tuple[int, int]


class Place:
    """A value in an object, with the values around it.

    `type`: the name of its definition, without the package: `PodSpec`. `step`: its key or index in the value around it.
    """

    __slots__ = ("outer", "step", "subject", "type", "value")

    def __init__(
        self, value: Any, type_: str, subject: Subject, outer: "Place | None", step: str | int
    ) -> None:
        self.value = value
        self.type = type_
        self.subject = subject
        self.outer = outer
        self.step = step

    def path(self) -> FieldPath:
        """Return the path from the root of the object."""
        steps: list[str | int] = []
        place: Place | None = self
        while place is not None and place.outer is not None:
            steps.append(place.step)
            place = place.outer
        return tuple(reversed(steps))

    def inside(self, type_: str) -> "Place | None":
        """Return the nearest value around this one that has a type, or None."""
        place = self.outer
        while place is not None and place.type != type_:
            place = place.outer
        return place


Report = Callable[[Place, FieldPath, Kind, str], None]
"""Reports a fault: the `Place` of the rule, the path from there, the kind and the message."""

Rule = Callable[[Place, Report], None]
"""A semantic rule, which is called for each value of the types that its table binds it to."""

Rules = Mapping[str, tuple[Rule, ...]]
"""A table of rules: the name of a definition without the package (`PodSpec`), and the rules for its values."""
