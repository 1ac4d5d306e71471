"""Copy a kustomization and everything that it names, so that the copy builds without a network.

`kmanifest localize` uses this package. `roots` walks the kustomizations, and `paths` replaces the paths in them and in
plug-in configs. `destinations` computes the paths of remote files in the copy, `marshal` encodes a kustomization, and
`output` collects the files. Nothing here writes to a disk.
"""

from kmanifest.engines.kustomize.localize.output import File, LocalizedFiles
from kmanifest.engines.kustomize.localize.roots import LocalizeRequest, localize

__all__ = ["File", "LocalizeRequest", "LocalizedFiles", "localize"]
