"""The types of Kubernetes: how their lists are merged, and which types are cluster-scoped."""

from kmanifest.schema.openapi import BUILTIN, Schema, TypeSchema

__all__ = ["BUILTIN", "Schema", "TypeSchema"]
