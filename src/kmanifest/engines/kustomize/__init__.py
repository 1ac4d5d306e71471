"""Kustomize: bases, overlays, components, patches and generators, with the bytes of the reference."""
