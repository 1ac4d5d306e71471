"""Namespaces: their finalizers, and the labels that name levels of the Pod Security Standards.

Sources: k8s.io/kubernetes v1.36.3 pkg/apis/core/validation/validation.go, ValidateNamespace;
k8s.io/pod-security-admission v0.36.3 api/helpers.go, PolicyToEvaluate.
"""

from kmanifest.startup.typing import Final, Literal
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.reading import Faults, mapping_of, strings_of

Level = Literal["privileged", "baseline", "restricted"]
"""A level of the Pod Security Standards. `privileged` allows everything."""

Mode = Literal["enforce", "audit", "warn"]
"""What the server does with a Pod that violates a level: the name of a label of its namespace."""

LEVELS: Final[tuple[Level, ...]] = ("privileged", "baseline", "restricted")
LABEL_PREFIX: Final = "pod-security.kubernetes.io/"
_MODES: Final[tuple[Mode, ...]] = ("enforce", "audit", "warn")
_STANDARD_FINALIZERS: Final = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_DIGITS: Final = "0123456789"
_MAX_DIGITS: Final = 4


def check_finalizers(place: Place, report: Report) -> None:
    """Check the finalizers of a Namespace. Source: ValidateNamespace."""
    for name in strings_of(place.value, "finalizers"):
        faults = Faults(place, report, ("finalizers",))
        faults.invalid((), name, *syntax.qualified_name(name))
        if "/" not in name and name not in _STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            faults.invalid((), name, detail)


def is_policy_version(text: str) -> bool:
    """Return whether a string is a version of the standards: `latest` or `v1.30`. Source: ParseVersion."""
    minor = text.removeprefix("v1.")
    is_number = bool(minor) and not minor.strip(_DIGITS) and len(minor) <= _MAX_DIGITS
    return text == "latest" or (
        text.startswith("v1.") and is_number and (minor == "0" or minor[0] != "0")
    )


def check_labels(place: Place, report: Report) -> None:
    """Check the labels that name levels and versions of the standards."""
    labels = mapping_of(mapping_of(place.value, "metadata"), "labels")
    faults = Faults(place, report, ("metadata", "labels"))
    for mode in _MODES:
        key = LABEL_PREFIX + mode
        if key in labels and labels[key] not in LEVELS:
            faults.invalid((key,), labels[key] or "", f"must be one of {', '.join(LEVELS)}")
        key += "-version"
        if key in labels and not is_policy_version(labels[key] or ""):
            faults.invalid((key,), labels[key] or "", 'must be "latest" or "v1.x"')


RULES: Final[Rules] = {"Namespace": (check_labels,), "NamespaceSpec": (check_finalizers,)}
"""The rules for Namespaces by type."""
