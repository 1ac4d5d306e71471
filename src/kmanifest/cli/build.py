"""`kmanifest build`: the flags of `kustomize build`, and what they mean for the engine.

Source of names and texts: kustomize v5.8.2 kustomize/commands/build/*.go.
"""

import os
from collections.abc import Sequence

from kmanifest.cli.flags import HELP, STACK_TRACE, Flag, Parsed, UsageError, describe, parse
from kmanifest.cli.output import print_text, write
from kmanifest.cli.shared import (
    FETCH_FLAGS,
    PLUGIN_FLAGS,
    REPEAT_FLAGS,
    check,
    now_of,
    programs_of,
    remotes_of,
    seed_of,
)
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.cli.helm.inputs import Given
    from kmanifest.engines.helm.values.origins import Locate, Origins
    from kmanifest.io.cache import Cache
    from kmanifest.io.tree import Tree
    from kmanifest.model.errors import FieldPath, Location
    from kmanifest.plugin import Charts, Options

ROOT_ONLY = "LoadRestrictionsRootOnly"
NO_RESTRICTION = "LoadRestrictionsNone"
MANAGED_BY = "KUSTOMIZE_ENABLE_MANAGEDBY_LABEL"

VALUES = ("set", "set-file", "set-json", "set-literal", "set-string", "values")
"""The flags that give values for a chart."""

FLAGS = (
    *FETCH_FLAGS,
    *PLUGIN_FLAGS,
    *REPEAT_FLAGS,
    Flag(
        "as-current-user",
        "switch",
        "run container functions under the user and group of this command",
    ),
    Flag("enable-helm", "switch", "enable the Helm chart generator"),
    Flag(
        "enable-managedby-label",
        "switch",
        "add the label app.kubernetes.io/managed-by",
        deprecated="The flag `enable-managedby-label` has been deprecated. "
        "Use the `managedByLabel` option in the `buildMetadata` field instead.",
        hidden=True,
    ),
    Flag(
        "helm-api-versions",
        "list",
        "a Kubernetes API version that charts find in Capabilities.APIVersions",
    ),
    Flag("helm-command", "text", "accepted and not used: no helm program is run", default="helm"),
    Flag("helm-debug", "switch", "print what the Helm chart generator does"),
    Flag(
        "helm-kube-version",
        "text",
        "the Kubernetes version that charts find in Capabilities.KubeVersion",
    ),
    Flag("helm-version", "text", "of a chart: the version of helm to do as: 3, or 4", default="3"),
    HELP,
    Flag("include-crds", "switch", "of a chart: also its definitions of custom resources"),
    Flag(
        "load-restrictor",
        "text",
        f"with '{NO_RESTRICTION}', a kustomization may load files from outside its root",
        default=ROOT_ONLY,
    ),
    Flag("mount", "list", "a storage option for container functions"),
    Flag("namespace", "text", "of a chart: the namespace of the release", short="n"),
    Flag("network", "switch", "let functions that ask for it use the network"),
    Flag("network-name", "text", "the network of container functions", default="bridge"),
    Flag(
        "output",
        "text",
        "a file to write to, or an existing directory for one file per resource",
        short="o",
    ),
    Flag(
        "reorder",
        "text",
        "order of the output: legacy or none",
        default="legacy",
        deprecated="use the new 'sortOptions' field in kustomization.yaml instead.",
        hidden=True,
    ),
    Flag("rev", "text", "build DIR as it is in this commit of its git repository"),
    *(
        Flag(name, "list", f"of a chart: values, as `helm template --{name}` takes them")
        for name in VALUES
        if name != "values"
    ),
    STACK_TRACE,
    Flag("strict", "switch", "make it an error that a part of a kustomization touches nothing"),
    Flag("values", "list", "of a chart: a YAML file with values; - is stdin", short="f"),
    Flag(
        "verbose",
        "switch",
        "tell also which parts of a kustomization touch nothing",
        short="v",
    ),
)
INTRODUCTION = """\
Prints the resources that a directory with a kustomization.yaml describes. Without DIR, that of the current directory.

Usage:
  kmanifest build [DIR] [flags]

Examples:
  kmanifest build overlays/prod | kubectl apply -f -
  kmanifest build overlays/prod -o prod.yaml

Flags:
"""
IGNORED = {
    "helm-command": "charts are rendered by kmanifest itself",
    "as-current-user": "no container is started",
}


def build(arguments: Sequence[str]) -> int:
    """Build one directory and write the result where it was asked for; gives the exit code."""
    parsed = parse(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(sorted(FLAGS)))
    notes = _notes(parsed)
    if notes:
        from kmanifest.cli import report  # most builds have nothing to tell

        report.tell("".join(f"{note}\n" for note in notes))
    options = options_of(parsed)
    path = _directory(parsed.words)

    from kmanifest import api  # a wrong command line needs no engine
    from kmanifest.plugin import Registry

    tree, path = _opened(path, parsed.values["rev"])
    registry = Registry.default().with_entry_points()
    charts = _charts(parsed)
    rendered = api.build(
        path,
        options=options,
        registry=registry,
        tree=tree,
        charts=charts,
        cache=_cache(parsed, path),
    )
    found = rendered.findings if parsed.values["verbose"] else rendered.warnings
    if found:
        from kmanifest.cli import report

        report.findings(found)
    return write(rendered, parsed.values["output"])


def _cache(parsed: Parsed, path: str) -> "Cache | None":
    """What is kept for later runs: the templates of charts."""
    if not (parsed.values["enable-helm"] or os.path.isfile(os.path.join(path, "Chart.yaml"))):
        return None
    from kmanifest.cli.cache_dir import open_cache

    return open_cache(parsed.values)


def _opened(path: str, revision: str) -> "tuple[Tree | None, str]":
    """The files to build from, None for those of the disk, and the directory among them."""
    if not revision:
        return None, path
    from kmanifest.io.git_tree import open_commit  # for builds of commits only

    return open_commit(path, revision)


def _directory(words: Sequence[str]) -> str:
    if len(words) > 1:
        raise UsageError(f"specify one directory, got {len(words)}: {' '.join(words)}")
    return words[0] if words else "."


def _notes(parsed: Parsed) -> list[str]:
    """What is to be said of the flags themselves: the reference's words for deprecated ones."""
    notes = [
        f"Flag --{flag.name} has been deprecated, {flag.deprecated}"
        for flag in parsed.given
        if flag.deprecated
    ]
    ignored = (flag.name for flag in parsed.given if flag.name in IGNORED)
    return notes + [f"note: --{name} is not used: {IGNORED[name]}" for name in ignored]


def options_of(parsed: Parsed) -> "Options":
    """The engine's options for these flags and this environment."""
    values = parsed.values
    check("reorder", values, ("legacy", "none"))
    check("helm-version", values, ("3", "4"))
    check("load-restrictor", values, (ROOT_ONLY, NO_RESTRICTION, ""))
    reordered = any(flag.name == "reorder" for flag in parsed.given)

    from kmanifest.plugin import Impure, Options, Programs  # as above

    return Options(
        load_restrictor="none" if values["load-restrictor"] == NO_RESTRICTION else "root-only",
        reorder=values["reorder"] if reordered else "",
        enable_plugins=values["enable-alpha-plugins"],
        allow_exec=values["enable-exec"],
        enable_helm=values["enable-helm"],
        helm_api_versions=tuple(values["helm-api-versions"]),
        helm_kube_version=values["helm-kube-version"],
        helm_debug=values["helm-debug"],
        env=tuple(values["env"]),
        managed_by_label=values["enable-managedby-label"] or os.environ.get(MANAGED_BY) == "on",
        programs=programs_of(values) if values["enable-alpha-plugins"] else Programs(),
        strict=values["strict"],
        allow_remote=True,
        remotes=remotes_of(values),
        impure=Impure(seed_of(parsed), now_of(parsed), values["show-impure"]),
    )


def _charts(parsed: Parsed) -> "Charts":
    """How a chart is rendered."""
    from kmanifest.plugin import Charts

    charts, values = Charts(), parsed.values
    if any(values[name] for name in VALUES):
        from kmanifest.cli.helm.inputs import given_values  # for charts
        from kmanifest.cli.helm.versioned_flags import dialect_of

        given = given_values(parsed, dialect_of(parsed))
        charts = charts._replace(values=given.values, locate=_locating(given))
    return charts._replace(
        namespace=values["namespace"] or charts.namespace,
        include_crds=values["include-crds"],
        helm_version=values["helm-version"],
        unused_values=values["unused-values"],
    )


def _locating(given: "Given") -> "Locate":
    """What tells where on the command line, or in which of its files, a value was set."""
    known: list[Origins] = []

    def locate(path: "FieldPath") -> "Location":
        from kmanifest.engines.helm.values.origins import Origins  # for errors and findings
        from kmanifest.model.errors import Location

        if not known:
            known.append(Origins(given.layers()))
        found = known[0].find(path)
        if found is None or found.file.startswith("-"):
            return found or Location()
        return found._replace(file=os.path.abspath(found.file))

    return locate
