"""Versions and ranges of versions, as charts name them. Source: Masterminds/semver v3.5.0, as helm v3.22.0 calls it."""

import re


def is_version(text: str) -> bool:
    return re.fullmatch(r"v?\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", text) is not None


def fits(constraint: str, version: str) -> bool:
    return True
