"""The adapter by which the shared conformance runner calls the library: `--in-process tests.conformance:kustomize`."""

from collections.abc import Mapping
from typing import Any

from kmanifest.api import build
from kmanifest.plugin import Options, Programs


def kustomize(path: str, options: Mapping[str, Any]) -> str:
    """What `kmanifest build` prints for the directory `path`; raises where it refuses."""
    return build(path, options=_options(options)).text()


def _options(given: Mapping[str, Any]) -> Options:
    return Options(
        reorder=given.get("reorder") or "",
        load_restrictor="none"
        if given.get("load_restrictor") == "LoadRestrictionsNone"
        else "root-only",
        managed_by_label=bool(given.get("enable_managedby_label")),
        enable_plugins=bool(given.get("enable_alpha_plugins")),
        allow_exec=bool(given.get("enable_exec")),
        enable_helm=bool(given.get("enable_helm")),
        helm_api_versions=tuple(given.get("helm_api_versions") or ()),
        helm_kube_version=given.get("helm_kube_version") or "",
        env=tuple(given.get("env") or ()),
        programs=Programs(home=given.get("plugin_home") or ""),
    )
