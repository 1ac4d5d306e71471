"""Whether a document is a schema of its draft: it is checked against the draft's own schema."""

from kmanifest.engines.helm.schemas.check import Checker
from kmanifest.engines.helm.schemas.compile import URLS, Compiler
from kmanifest.engines.helm.schemas.meta import meta_schema
from kmanifest.engines.helm.schemas.plain import is_plain
from kmanifest.startup.typing import Any


def find_meta_fault(schema: Any, draft: int) -> str:
    """What is wrong with a schema, one line each; empty where nothing is."""
    if is_plain(schema, draft):
        return ""
    compiler = Compiler(meta_schema(draft), URLS[draft], _no_fault, assert_formats=True)
    return Checker(compiler.compile()).fault(schema)


def _no_fault(_: Any, __: int) -> str:
    """The schema of a draft is known to be right."""
    return ""
