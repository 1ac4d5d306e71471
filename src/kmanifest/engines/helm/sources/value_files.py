"""Fetch value files that are URLs, as `--values https://...` names them.

Source: helm v3.22.0 pkg/cli/values/options.go, readFile.
"""

from kmanifest.io.remote.budget import NoBudget
from kmanifest.io.remote.charts import ChartClient
from kmanifest.io.remote.store import open_store
from kmanifest.model.limits import Limits
from kmanifest.pipeline.fetching import fetch_settings
from kmanifest.pipeline.options import Options, RemoteOptions
from kmanifest.startup.typing import Callable


def make_url_reader(remote: RemoteOptions, limits: Limits) -> Callable[[str], bytes]:
    """Return a function that fetches the content of a URL as `remote` allows.

    It raises FetchError or LimitError if that fails, and SourceError if the protocol or the host is not allowed.
    """
    client = ChartClient(
        fetch_settings(Options(remote=remote, limits=limits), NoBudget()),
        store=open_store(remote.store, remote.max_store),
    )
    return lambda url: client.values(url, limits.max_input_file)
