"""Versions and ranges of versions, as charts name them. Source: helm v3.22.0 pkg/chartutil/compatible.go."""

from kmanifest.gotemplate.values import GoError


def is_version(text: str) -> bool:
    """Whether a text is a version."""
    from kmanifest.sprig import semver

    try:
        semver.parse(text)
    except GoError:
        return False
    return True


def fits(constraint: str, version: str) -> bool:
    """Whether a version is in a range; it is in none where either is not well-formed."""
    from kmanifest.sprig import semver

    try:
        return semver.compare(constraint, version)
    except GoError:
        return False
