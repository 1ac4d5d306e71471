"""The directory with the data that the command keeps for later runs."""

import os

from kmanifest.startup.typing import TYPE_CHECKING, Any, Mapping

if TYPE_CHECKING:
    from kmanifest.io.cache import Cache


def cache_directory(values: Mapping[str, Any]) -> str:
    """The cache directory from the flags, the environment or the home directory; empty if there is none."""
    configured = values["cache-dir"] or os.environ.get("KMANIFEST_CACHE_DIR")
    if configured:
        return os.path.abspath(configured)
    home = os.environ.get("HOME", "")
    user_cache = os.environ.get("XDG_CACHE_HOME") or (home and os.path.join(home, ".cache"))
    return os.path.join(user_cache, "kmanifest") if user_cache else ""


def open_cache(values: Mapping[str, Any]) -> "Cache":
    """The cache of parsed templates.

    With the compiled parser it stores nothing, since parsing again is faster.
    """
    from kmanifest.engines.helm.gotemplate.parsers import IS_COMPILED

    directory = "" if IS_COMPILED else cache_directory(values)
    if not directory:
        from kmanifest.io.cache import NoCache

        return NoCache()
    from kmanifest.engines.helm.templates.runtime import PLAIN_DATA_KINDS
    from kmanifest.io.disk_cache import DiskCache

    return DiskCache(os.path.join(directory, "templates"), PLAIN_DATA_KINDS)
