"""Fixtures that several test modules use."""

import os
from collections.abc import Iterator

import pytest

from tests.chart_fixtures import isolated_home, private_server, registry, run, server
from tests.fetching import plain_home, web_server

__all__ = [
    "isolated_home",
    "plain_home",
    "private_server",
    "registry",
    "run",
    "server",
    "web_server",
]


@pytest.fixture(autouse=True, scope="session")
def _private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Use a temporary cache directory, and no settings of the user, for all commands that the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("KMANIFEST_") and name != "KMANIFEST_YAML":
                patch.delenv(name)
        for name in ("FORCE_COLOR", "NO_COLOR"):
            patch.delenv(name, raising=False)
        patch.setenv("KMANIFEST_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
