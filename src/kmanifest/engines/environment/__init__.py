"""Environments: `kmanifest.yaml`, a kustomization with rows, typed values and entries of every language."""
