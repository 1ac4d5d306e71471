"""Flux: Kustomization objects as targets of a build, and the substitution of variables after it."""
