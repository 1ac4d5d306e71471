"""What a finder of charts asks: chart repositories and registries, through the one room that opens sockets."""

from kmanifest.engines.helm.sources.registries import Reference
from kmanifest.io.remote.access import Access
from kmanifest.io.remote.charts import PROVENANCE, Charts
from kmanifest.io.remote.oci import Artifact


class Servers:
    """A `Fetcher`: `Charts` with references instead of artifacts."""

    def __init__(self, charts: Charts) -> None:
        self._charts = charts

    def index(self, url: str, access: Access) -> bytes:
        return self._charts.index(url, access)

    def archive(self, url: str, access: Access, digest: str) -> bytes:
        return self._charts.archive(url, access, digest=digest)

    def provenance(self, url: str, access: Access) -> bytes:
        return self._charts.provenance(url, access)

    def tags(self, reference: Reference, access: Access) -> list[str]:
        return self._charts.tags(_artifact(reference), access)

    def pull(self, reference: Reference, access: Access) -> tuple[str, bytes]:
        pulled = self._charts.pull(_artifact(reference), access)
        return pulled.digest, pulled.content

    def pull_provenance(self, reference: Reference, access: Access) -> bytes:
        return self._charts.pull(_artifact(reference), access, PROVENANCE).content

    def is_same(self, reference: Reference, digest: str, access: Access) -> bool:
        return self._charts.is_same_artifact(_artifact(reference), digest, access)


def _artifact(reference: Reference) -> Artifact:
    return Artifact(reference.host, reference.name, reference.asked)
