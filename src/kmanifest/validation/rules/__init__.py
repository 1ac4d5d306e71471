"""Semantic rules: what the server's own code refuses, and no schema shows. Each module has a table by type."""

from kmanifest.startup.typing import Final
from kmanifest.validation.places import Rule, Rules
from kmanifest.validation.rules import (
    admission,
    autoscaling,
    containers,
    crds,
    devices,
    endpoints,
    environment,
    flowcontrol,
    handlers,
    jobs,
    metadata,
    namespaces,
    networking,
    pods,
    policy,
    rbac,
    registration,
    resources,
    scheduling,
    secrets,
    security,
    services,
    storage,
    volumes,
    workloads,
)

TABLES: Final[tuple[Rules, ...]] = (
    metadata.RULES,
    workloads.RULES,
    pods.RULES,
    containers.RULES,
    environment.RULES,
    handlers.RULES,
    resources.RULES,
    volumes.RULES,
    security.RULES,
    scheduling.RULES,
    services.RULES,
    endpoints.RULES,
    secrets.RULES,
    jobs.RULES,
    autoscaling.RULES,
    networking.RULES,
    rbac.RULES,
    storage.RULES,
    policy.RULES,
    admission.RULES,
    flowcontrol.RULES,
    devices.RULES,
    registration.RULES,
    crds.RULES,
    namespaces.RULES,
)
"""The tables of all modules. A new module adds its table here."""


def all_rules() -> dict[str, tuple[Rule, ...]]:
    """Return the rules of all tables by type. Rules of one type run in the order of the tables."""
    merged: dict[str, tuple[Rule, ...]] = {}
    for table in TABLES:
        for type_, rules in table.items():
            merged[type_] = (*merged.get(type_, ()), *rules)
    return merged
