"""Versions and version constraints of charts.

Source: helm v3.22.0 pkg/chartutil/compatible.go.
"""

import re
from collections.abc import Iterable
from functools import cmp_to_key

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

_STRICT: Final = r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:[-+].*)?"


def is_version(text: str) -> bool:
    """Return whether the text is a semantic version."""
    from kmanifest.engines.helm.sprig import semver

    try:
        semver.parse(text)
    except GoError:
        return False
    return True


def fits(constraint: str, version: str) -> bool:
    """Return whether a version satisfies a constraint; False if either is invalid."""
    from kmanifest.engines.helm.sprig import semver

    try:
        return semver.compare(constraint, version)
    except GoError:
        return False


def is_strict_version(text: str) -> bool:
    """Return whether the text is a version with all three numbers and no prefix."""
    return re.fullmatch(_STRICT, text) is not None and is_version(text)


def check_constraint(constraint: str) -> None:
    """Raise SourceError if the text is not a version constraint."""
    from kmanifest.engines.helm.sprig import semver

    try:
        semver.compare(constraint, "0.0.0")
    except GoError as error:
        raise SourceError(str(error)) from error


def are_equal(left: str, right: str) -> bool:
    """Return whether two strings are the same version. If the first is not a version, compare them as strings."""
    from kmanifest.engines.helm.sprig import semver

    if not is_version(left):
        return left == right
    return is_version(right) and semver.parse(left).compare(semver.parse(right)) == 0


def newest_first(versions: Iterable[str]) -> list[str]:
    """Return the versions from the highest to the lowest. Equal versions keep their order."""
    from kmanifest.engines.helm.sprig import semver

    parsed = [semver.parse(text) for text in versions]
    highest_first = cmp_to_key(semver.Version.compare)
    return [version.original for version in sorted(parsed, key=highest_first, reverse=True)]
