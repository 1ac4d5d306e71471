"""A kustomization and all that it names as a copy that needs no network: what `kmanifest localize` writes.

`roots` goes through the kustomizations, `configs` through the configs of plug-ins; `draft` gathers what is to be written,
`places` says where what is remote goes, `marshal` writes a kustomization. Nothing here writes to a disk.
"""

from kmanifest.kustomize.localize.draft import Copy, File
from kmanifest.kustomize.localize.roots import Wanted, localize

__all__ = ["Copy", "File", "Wanted", "localize"]
