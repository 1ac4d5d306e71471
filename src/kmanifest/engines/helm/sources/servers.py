"""Connect the search for charts to `kmanifest.io.remote`, the only package that opens sockets."""

from kmanifest.engines.helm.sources.registries import Reference
from kmanifest.io.remote.access import Access
from kmanifest.io.remote.charts import PROVENANCE_MEDIA_TYPE, ChartClient
from kmanifest.io.remote.oci import Artifact


class RemoteFetcher:
    """A `Fetcher` that calls a `ChartClient` and converts references to artifacts."""

    def __init__(self, client: ChartClient) -> None:
        self._client = client

    def index(self, url: str, access: Access) -> bytes:
        return self._client.index(url, access)

    def archive(self, url: str, access: Access, digest: str) -> bytes:
        return self._client.archive(url, access, digest=digest)

    def provenance(self, url: str, access: Access) -> bytes:
        return self._client.provenance(url, access)

    def tags(self, reference: Reference, access: Access) -> list[str]:
        return self._client.tags(_artifact(reference), access)

    def pull(self, reference: Reference, access: Access) -> tuple[str, bytes]:
        pulled = self._client.pull(_artifact(reference), access)
        return pulled.digest, pulled.content

    def pull_provenance(self, reference: Reference, access: Access) -> bytes:
        return self._client.pull(_artifact(reference), access, PROVENANCE_MEDIA_TYPE).content

    def tag_has_digest(self, reference: Reference, digest: str, access: Access) -> bool:
        return self._client.tag_has_digest(_artifact(reference), digest, access)


def _artifact(reference: Reference) -> Artifact:
    return Artifact(reference.host, reference.name, reference.tag_or_digest)
