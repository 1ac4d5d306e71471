"""The directory in which the command keeps what later runs want as well."""

import os
from collections.abc import Mapping

from kmanifest.startup.typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmanifest.io.cache import Cache


def cache_directory(values: Mapping[str, Any]) -> str:
    """The directory that the flags, else the environment, name; empty where the user has no home."""
    configured = values["cache-dir"] or os.environ.get("KMANIFEST_CACHE_DIR")
    if configured:
        return os.path.abspath(configured)
    home = os.environ.get("HOME", "")
    user_cache = os.environ.get("XDG_CACHE_HOME") or (home and os.path.join(home, ".cache"))
    return os.path.join(user_cache, "kmanifest") if user_cache else ""


def open_cache(values: Mapping[str, Any]) -> "Cache":
    """The cache for the parsed templates of charts, where reading them is faster than parsing them again."""
    from kmanifest.engines.helm.gotemplate.parsers import IS_COMPILED

    directory = "" if IS_COMPILED else cache_directory(values)
    if not directory:
        from kmanifest.io.cache import NoCache

        return NoCache()
    from kmanifest.engines.helm.templates.runtime import PLAIN
    from kmanifest.io.disk_cache import DiskCache

    return DiskCache(os.path.join(directory, "templates"), PLAIN)
