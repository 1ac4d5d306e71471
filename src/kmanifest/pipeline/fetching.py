"""The settings for the downloads of a build, from its options."""

from kmanifest.io.remote.budget import Budget
from kmanifest.io.remote.hosts import HostPolicy
from kmanifest.io.remote.settings import FetchSettings
from kmanifest.pipeline.options import Options


def fetch_settings(options: Options, budget: Budget) -> FetchSettings:
    """Return the settings for all downloads of a build: repositories, files and charts share them and `budget`."""
    remote = options.remote
    return FetchSettings(
        protocols=remote.protocols,
        hosts=HostPolicy(remote.hosts),
        offline=remote.offline,
        max_age=remote.max_age,
        timeout=remote.timeout,
        max_size=min(remote.max_size, remote.max_total),
        budget=budget,
        tenant=remote.tenant,
        credentials=remote.credentials,
        user_credentials=remote.user_credentials,
    )
