"""A kustomization and all that it names as a copy that needs no network: what `kmanifest localize` writes.

`roots` goes through the kustomizations, `configs` through the configs of plug-ins; `draft` gathers what is to be written,
`places` says where what is remote goes, `marshal` writes a kustomization. Nothing here writes to a disk.
"""

from kmanifest.engines.kustomize.localize.output import File, LocalizedFiles
from kmanifest.engines.kustomize.localize.roots import LocalizeRequest, localize

__all__ = ["File", "LocalizeRequest", "LocalizedFiles", "localize"]
