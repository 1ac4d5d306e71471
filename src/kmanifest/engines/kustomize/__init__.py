"""The Kustomize engine: bases, overlays, components, patches and generators, with the output bytes of kustomize."""
