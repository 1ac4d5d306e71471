"""What is known of the types of Kubernetes: how their lists merge, and which of them live in no namespace."""

from kmanifest.schema.openapi import BUILTIN, Schema, TypeSchema

__all__ = ["BUILTIN", "Schema", "TypeSchema"]
