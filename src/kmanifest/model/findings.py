"""Findings: facts that a build reports and that are not errors."""

from kmanifest.model.errors import Location
from kmanifest.startup.typing import Final, Literal, NamedTuple

Severity = Literal["info", "warning", "error"]

NO_EFFECT: Final = "untouched"
"""The code of a finding: a setting of a kustomization matches nothing."""

CHANGED_FIELD: Final = "touched"
"""The code of a finding: one of kmanifest's own transformers changed this field."""

IMPURE: Final = "impure"
"""The code of a finding: a template called a function whose result differs from run to run."""

UNUSED: Final = "unused"
"""The code of a finding: no template reads this value of a chart."""

UNREACHED: Final = "unreached"
"""The code of a finding: this value of a chart is read only under a condition that is false."""


class Finding(NamedTuple):
    """A fact about the input that is not an error of the build, such as a deprecated field or a validator's result.

    `code`: the kind of finding, for programs. `near`: the known names nearest to a name that was not found.
    """

    severity: Severity
    message: str
    location: Location = Location()
    code: str = ""
    near: tuple[str, ...] = ()
