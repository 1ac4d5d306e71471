"""Semantic rules: what the server's own code refuses, and no schema shows. Each module has a table by type."""

from kmanifest.startup.typing import Final
from kmanifest.validation.places import Rule, Rules

TABLES: Final[tuple[Rules, ...]] = ()
"""The tables of all modules. A new module adds its table here."""


def all_rules() -> dict[str, tuple[Rule, ...]]:
    """Return the rules of all tables by type. Rules of one type run in the order of the tables."""
    merged: dict[str, tuple[Rule, ...]] = {}
    for table in TABLES:
        for type_, rules in table.items():
            merged[type_] = (*merged.get(type_, ()), *rules)
    return merged
