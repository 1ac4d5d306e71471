"""Check that a document is a schema of its draft, by the metaschema of the draft."""

from kmanifest.engines.helm.schemas.check import Checker
from kmanifest.engines.helm.schemas.compile import URLS, Compiler
from kmanifest.engines.helm.schemas.meta import meta_schema
from kmanifest.engines.helm.schemas.plain import is_plain
from kmanifest.startup.typing import Any


def find_meta_fault(schema: Any, draft: int) -> str:
    """Return the errors of a schema, one per line; empty if there are none."""
    if is_plain(schema, draft):
        return ""
    compiler = Compiler(meta_schema(draft), URLS[draft], _no_fault, assert_formats=True)
    return Checker(compiler.compile()).fault(schema)


def _no_fault(_: Any, __: int) -> str:
    """Return no errors: metaschemas are known to be valid."""
    return ""
