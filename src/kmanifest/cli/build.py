"""`kmanifest build`: the flags of `kustomize build`, and what they mean for the engine.

Source of names and texts: kustomize v5.8.2 kustomize/commands/build/*.go.
"""

import os
from collections.abc import Sequence

from kmanifest.cli.flags import (
    HELP,
    STACK_TRACE,
    CommandLine,
    Flag,
    UsageError,
    describe_flags,
    parse_command_line,
)
from kmanifest.cli.output import print_text, write_rendered
from kmanifest.cli.shared import (
    CHART_RENDER_FLAGS,
    FETCH_FLAGS,
    PLUGIN_FLAGS,
    check_choice,
    exec_plugin_options,
    remote_options,
    seed_option,
    time_option,
)
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.cli.helm.inputs import CommandLineValues
    from kmanifest.engines.helm.values.origins import Locate, Origins
    from kmanifest.io.cache import Cache
    from kmanifest.io.tree import Tree
    from kmanifest.model.errors import FieldPath, Location
    from kmanifest.plugin import Charts, Options

ROOT_ONLY = "LoadRestrictionsRootOnly"
NO_RESTRICTION = "LoadRestrictionsNone"
MANAGED_BY_VARIABLE = "KUSTOMIZE_ENABLE_MANAGEDBY_LABEL"

VALUE_FLAGS = ("set", "set-file", "set-json", "set-literal", "set-string", "values")
"""The flags that give values for a chart."""

FLAGS = (
    *FETCH_FLAGS,
    *PLUGIN_FLAGS,
    *CHART_RENDER_FLAGS,
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
    Flag("helm-command", "string", "accepted and not used: no helm program is run", default="helm"),
    Flag("helm-debug", "switch", "print what the Helm chart generator does"),
    Flag(
        "helm-kube-version",
        "string",
        "the Kubernetes version that charts find in Capabilities.KubeVersion",
    ),
    Flag(
        "helm-version", "string", "of a chart: the version of helm to do as: 3, or 4", default="3"
    ),
    HELP,
    Flag("include-crds", "switch", "of a chart: also its definitions of custom resources"),
    Flag(
        "load-restrictor",
        "string",
        f"with '{NO_RESTRICTION}', a kustomization may load files from outside its root",
        default=ROOT_ONLY,
    ),
    Flag("mount", "list", "a storage option for container functions"),
    Flag("namespace", "string", "of a chart: the namespace of the release", short="n"),
    Flag("network", "switch", "let functions that ask for it use the network"),
    Flag("network-name", "string", "the network of container functions", default="bridge"),
    Flag(
        "output",
        "string",
        "a file to write to, or an existing directory for one file per resource",
        short="o",
    ),
    Flag(
        "reorder",
        "string",
        "order of the output: legacy or none",
        default="legacy",
        deprecated="use the new 'sortOptions' field in kustomization.yaml instead.",
        hidden=True,
    ),
    Flag("rev", "string", "build DIR as it is in this commit of its git repository"),
    *(
        Flag(name, "list", f"of a chart: values, as `helm template --{name}` takes them")
        for name in VALUE_FLAGS
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
UNUSED_FLAGS = {
    "helm-command": "charts are rendered by kmanifest itself",
    "as-current-user": "no container is started",
}


def build(arguments: Sequence[str]) -> int:
    """Build one directory and write the result where it was asked for; gives the exit code."""
    command_line = parse_command_line(FLAGS, arguments)
    if command_line.values["help"]:
        return print_text(INTRODUCTION + describe_flags(sorted(FLAGS)))
    notes = _flag_notes(command_line)
    if notes:
        from kmanifest.cli import report  # most builds have nothing to tell

        report.print_message("".join(f"{note}\n" for note in notes))
    options = build_options(command_line)
    path = _directory_argument(command_line.arguments)

    from kmanifest import api  # a wrong command line needs no engine
    from kmanifest.plugin import Registry

    tree, path = _open_revision(path, command_line.values["rev"])
    registry = Registry.default().with_entry_points()
    charts = _chart_options(command_line)
    rendered = api.build(
        path,
        options=options,
        registry=registry,
        tree=tree,
        charts=charts,
        cache=_template_cache(command_line, path),
    )
    findings = rendered.findings if command_line.values["verbose"] else rendered.warnings
    if findings:
        from kmanifest.cli import report

        report.print_findings(findings)
    return write_rendered(rendered, command_line.values["output"])


def _template_cache(command_line: CommandLine, path: str) -> "Cache | None":
    """What is kept for later runs: the templates of charts."""
    if not (command_line.values["enable-helm"] or os.path.isfile(os.path.join(path, "Chart.yaml"))):
        return None
    from kmanifest.cli.cache_dir import open_cache

    return open_cache(command_line.values)


def _open_revision(path: str, revision: str) -> "tuple[Tree | None, str]":
    """The files to build from, None for those of the disk, and the directory among them."""
    if not revision:
        return None, path
    from kmanifest.io.git_tree import open_commit  # for builds of commits only

    return open_commit(path, revision)


def _directory_argument(arguments: Sequence[str]) -> str:
    if len(arguments) > 1:
        raise UsageError(f"specify one directory, got {len(arguments)}: {' '.join(arguments)}")
    return arguments[0] if arguments else "."


def _flag_notes(command_line: CommandLine) -> list[str]:
    """What is to be said of the flags themselves: the reference's words for deprecated ones."""
    notes = [
        f"Flag --{flag.name} has been deprecated, {flag.deprecated}"
        for flag in command_line.used_flags
        if flag.deprecated
    ]
    unused = (flag.name for flag in command_line.used_flags if flag.name in UNUSED_FLAGS)
    return notes + [f"note: --{name} is not used: {UNUSED_FLAGS[name]}" for name in unused]


def build_options(command_line: CommandLine) -> "Options":
    """The engine's options for these flags and this environment."""
    values = command_line.values
    check_choice("reorder", values, ("legacy", "none"))
    check_choice("helm-version", values, ("3", "4"))
    check_choice("load-restrictor", values, (ROOT_ONLY, NO_RESTRICTION, ""))
    has_reorder = any(flag.name == "reorder" for flag in command_line.used_flags)

    from kmanifest.plugin import Impure, Options, Programs  # as above

    return Options(
        load_restrictor="none" if values["load-restrictor"] == NO_RESTRICTION else "root-only",
        reorder=values["reorder"] if has_reorder else "",
        enable_plugins=values["enable-alpha-plugins"],
        allow_exec=values["enable-exec"],
        enable_helm=values["enable-helm"],
        helm_api_versions=tuple(values["helm-api-versions"]),
        helm_kube_version=values["helm-kube-version"],
        helm_debug=values["helm-debug"],
        env=tuple(values["env"]),
        managed_by_label=values["enable-managedby-label"]
        or os.environ.get(MANAGED_BY_VARIABLE) == "on",
        programs=exec_plugin_options(values) if values["enable-alpha-plugins"] else Programs(),
        strict=values["strict"],
        allow_remote=True,
        remotes=remote_options(values),
        impure=Impure(seed_option(command_line), time_option(command_line), values["show-impure"]),
    )


def _chart_options(command_line: CommandLine) -> "Charts":
    """How a chart is rendered."""
    from kmanifest.plugin import Charts

    charts, values = Charts(), command_line.values
    if any(values[name] for name in VALUE_FLAGS):
        from kmanifest.cli.helm.inputs import read_values  # for charts
        from kmanifest.cli.helm.versioned_flags import helm_version

        command_line_values = read_values(command_line, helm_version(command_line))
        charts = charts._replace(
            values=command_line_values.values, locate=_value_locator(command_line_values)
        )
    return charts._replace(
        namespace=values["namespace"] or charts.namespace,
        include_crds=values["include-crds"],
        helm_version=values["helm-version"],
        unused_values=values["unused-values"],
    )


def _value_locator(command_line_values: "CommandLineValues") -> "Locate":
    """What tells where on the command line, or in which of its files, a value was set."""
    loaded: list[Origins] = []

    def locate(path: "FieldPath") -> "Location":
        from kmanifest.engines.helm.values.origins import Origins  # for errors and findings
        from kmanifest.model.errors import Location

        if not loaded:
            loaded.append(Origins(command_line_values.layers()))
        origin = loaded[0].find(path)
        if origin is None or origin.file.startswith("-"):
            return origin or Location()
        return origin._replace(file=os.path.abspath(origin.file))

    return locate
