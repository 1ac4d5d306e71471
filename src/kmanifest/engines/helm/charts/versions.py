"""Versions and version constraints of charts.

Source: helm v3.22.0 pkg/chartutil/compatible.go.
"""

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, Iterable

_STRICT: Final = r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:[-+].*)?"


def is_version(text: str) -> bool:
    """Return whether the text can be parsed as a version. As in Helm, a `v` and missing numbers are allowed: `v1.2`."""
    from kmanifest.engines.helm.sprig import semver

    try:
        semver.parse(text)
    except GoError:
        return False
    return True


def is_strict_version(text: str) -> bool:
    """Return whether the text is a version with all three numbers, without leading zeros and without a `v`."""
    import re  # for lists of versions, and for lint

    return re.fullmatch(_STRICT, text) is not None and is_version(text)


def satisfies(version: str, constraint: str) -> bool:
    """Return whether a version satisfies a constraint; False if either is invalid."""
    from kmanifest.engines.helm.sprig import semver

    try:
        return semver.satisfies(version, constraint)
    except GoError:
        return False


def check_constraint(constraint: str) -> None:
    """Raise SourceError if the text is not a version constraint."""
    from kmanifest.engines.helm.sprig import semver

    try:
        semver.satisfies("0.0.0", constraint)
    except GoError as error:
        raise SourceError(str(error)) from error


def is_same_version(wanted: str, found: str) -> bool:
    """Return whether `found` is the version `wanted`, in any notation: `1.2` is `v1.2.0`.

    A `wanted` text that is not a version is compared as it is.
    """
    from kmanifest.engines.helm.sprig import semver

    if not is_version(wanted):
        return wanted == found
    return is_version(found) and semver.parse(wanted).compare(semver.parse(found)) == 0


def newest_first(versions: Iterable[str]) -> list[str]:
    """Return the versions from the highest to the lowest. Equal versions keep their order.

    Raises GoError if one of the strings is not a version.
    """
    from functools import cmp_to_key

    from kmanifest.engines.helm.sprig import semver

    parsed = [semver.parse(text) for text in versions]
    by_precedence = cmp_to_key(semver.Version.compare)
    # `reverse` keeps the order of equal versions.
    return [version.original for version in sorted(parsed, key=by_precedence, reverse=True)]
