"""Versions and ranges of versions, as charts name them. Source: helm v3.22.0 pkg/chartutil/compatible.go."""

import re
from collections.abc import Iterable
from functools import cmp_to_key

from kmanifest.engines.helm.gotemplate.values import GoError
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

_STRICT: Final = r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:[-+].*)?"


def is_version(text: str) -> bool:
    """Whether a text is a version."""
    from kmanifest.engines.helm.sprig import semver

    try:
        semver.parse(text)
    except GoError:
        return False
    return True


def fits(constraint: str, version: str) -> bool:
    """Whether a version is in a range; it is in none where either is not well-formed."""
    from kmanifest.engines.helm.sprig import semver

    try:
        return semver.compare(constraint, version)
    except GoError:
        return False


def is_strict_version(text: str) -> bool:
    """Whether a text is a version with all of its three numbers and nothing before them."""
    return re.fullmatch(_STRICT, text) is not None and is_version(text)


def check_constraint(constraint: str) -> None:
    """SourceError where a text is no range of versions."""
    from kmanifest.engines.helm.sprig import semver

    try:
        semver.compare(constraint, "0.0.0")
    except GoError as error:
        raise SourceError(str(error)) from error


def are_equal(left: str, right: str) -> bool:
    """Whether two texts are the same version, or the same text where the first is none."""
    from kmanifest.engines.helm.sprig import semver

    if not is_version(left):
        return left == right
    return is_version(right) and semver.parse(left).compare(semver.parse(right)) == 0


def newest_first(versions: Iterable[str]) -> list[str]:
    """Versions from the highest to the lowest; those that are equal stay in their order."""
    from kmanifest.engines.helm.sprig import semver

    parsed = [semver.parse(text) for text in versions]
    highest_first = cmp_to_key(semver.Version.compare)
    return [version.original for version in sorted(parsed, key=highest_first, reverse=True)]
