"""Findings: facts that a build reports and that are not errors.

Each constant is the code of a kind of finding.
"""

from kmanifest.model.errors import Location
from kmanifest.startup.typing import Any, Final, Literal, NamedTuple

Severity = Literal["info", "warning", "error"]

NO_EFFECT: Final = "untouched"
"""A setting of a kustomization matches nothing. In a strict build it is an error."""

CHANGED_FIELD: Final = "touched"
"""One of kmanifest's own transformers changed this field."""

DEPRECATED: Final = "deprecated"
"""A kustomization uses a field or a spelling that kustomize has deprecated."""

OVERRIDDEN: Final = "overridden"
"""An option of the build has no effect, because the kustomization sets the same thing."""

UNUSED_VAR: Final = "unused-var"
"""A var of a kustomization is defined, but no field refers to it."""

UNUSABLE_VAR: Final = "unusable-var"
"""A field refers to a var whose value can't be put into a string."""

FUNCTION_RESULT: Final = "function-result"
"""A KRM function reported a result."""

LOCALIZED: Final = "localize"
"""A file in a localized copy needs attention, or was not copied."""

CHART_WARNING: Final = "chart-warning"
"""Helm would log this message about a chart. The finding has no location; the message contains it."""

IMPURE: Final = "impure"
"""A template called a function whose result differs from run to run."""

UNUSED: Final = "unused"
"""No template reads this value of a chart. In a strict build it is an error."""

UNREACHED: Final = "unreached"
"""This value of a chart is read only under a condition that is false."""

EMPTY_SUBSTITUTION: Final = "empty-substitution"
"""A variable of Flux' substitution is not set, so its `${name}` becomes empty."""

CHANGED_TYPE: Final = "changed-type"
"""Flux' substitution turns a string into a value of another type, in a field that must be a string."""

PLUGIN: Final = "plugin"
"""A plug-in reported the finding without a code of its own."""


# Findings about one field. The command prints the field in front of the message.
OF_FIELDS: Final = (NO_EFFECT, CHANGED_FIELD, IMPURE, UNUSED, UNREACHED)


class Finding(NamedTuple):
    """A fact about the input that is not an error of the build, such as a deprecated field or a validator's result.

    `severity`: `info`, `warning` or `error`. `message`: the fact, in one line. `location`: where it is, as far as that is
    known. `code`: the kind of finding, for programs; a plug-in may choose codes of its own. `near`: the known names
    nearest to a name that was not found.
    """

    severity: Severity
    message: str
    location: Location = Location()
    code: str = PLUGIN
    near: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as a dictionary of plain values, which JSON can represent. An error has the same keys.

        >>> from kmanifest import Finding, Location
        >>> Finding("warning", "no owner", Location("app.yaml", 3, 1), "acme-owner").as_dict()
        {'code': 'acme-owner', 'message': 'no owner', 'severity': 'warning', 'file': 'app.yaml', 'line': 3, 'column': 1, 'field': [], 'near': [], 'causes': []}
        """
        return {
            "code": self.code,
            "message": self.message,
            "severity": self.severity,
            **self.location.as_dict(),
            "near": list(self.near),
            "causes": [],
        }
