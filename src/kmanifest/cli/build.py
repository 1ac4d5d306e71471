"""`kmanifest build`: the flags of `kustomize build`, and the options that they set.

Source of names and messages: kustomize v5.8.2 kustomize/commands/build/*.go.
"""

import os

from kmanifest.cli import EXIT_FAILURE
from kmanifest.cli.flags import ANY_VALUE, SWITCHED_ON, CommandLine, Flag, UsageError
from kmanifest.cli.output import write_rendered
from kmanifest.cli.shared import (
    BOUNDARY_FLAGS,
    ENVIRONMENT,
    FETCH_FLAGS,
    JSON,
    LIMIT_FLAGS,
    PLUGIN_FLAGS,
    REPRODUCIBLE_FLAGS,
    REVISION,
    STDIN,
    TEMPLATE_FLAGS,
    UNUSED_VALUES,
    VALUE_FLAGS,
    exec_plugin_options,
    limit_options,
    remote_options,
    root_option,
    seed_option,
    time_option,
)
from kmanifest.cli.verbs import DIRECTORY, Command
from kmanifest.startup.typing import TYPE_CHECKING, Any, Mapping, Sequence

if TYPE_CHECKING:
    from kmanifest.cli.helm.inputs import CommandLineValues
    from kmanifest.engines.environment.options import EnvironmentOptions
    from kmanifest.engines.flux.options import FluxOptions
    from kmanifest.engines.helm.options import HelmOptions
    from kmanifest.engines.helm.values.origins import Origins
    from kmanifest.engines.jinja.options import JinjaOptions
    from kmanifest.engines.jsonnet.options import JsonnetOptions
    from kmanifest.engines.kustomize.options import KustomizeOptions
    from kmanifest.io.cache import Cache
    from kmanifest.io.tree import Tree
    from kmanifest.model.errors import FieldPath, Locate, Location
    from kmanifest.pipeline.options import Options
    from kmanifest.pipeline.registry import Registry

ROOT_ONLY = "LoadRestrictionsRootOnly"
NO_RESTRICTION = "LoadRestrictionsNone"
MANAGED_BY_VARIABLE = "KUSTOMIZE_ENABLE_MANAGEDBY_LABEL"

GENERAL_FLAGS = (
    *BOUNDARY_FLAGS,
    Flag(
        "engine",
        "string",
        "engine that builds DIR, if several can: kustomize, helm, jsonnet, jinja, flux or environment",
    ),
    Flag(
        "output",
        "string",
        "output file, or an existing directory for one file per resource",
        short="o",
        path="file",
        user_only=ANY_VALUE,
    ),
    *LIMIT_FLAGS,
    Flag(
        "output-format",
        "string",
        "yaml, or json for one list of kind List; with -o DIR one file of this format per resource",
        default="yaml",
        choices=("yaml", "json"),
    ),
    REVISION,
    Flag(
        "strict",
        "switch",
        "fail when a patch, image, replacement or replica count matches nothing",
    ),
    Flag(
        "validate",
        "string",
        "print nothing and fail if a server of Kubernetes 1.36 would refuse a resource; =1.34 for another version",
        implied_value="1.36",
        value="version",
    ),
    Flag(
        "verbose",
        "switch",
        "also list the parts of a kustomization that match nothing",
        short="v",
    ),
)
ENVIRONMENT_FLAGS = (
    Flag("all", "switch", "build all environments; each is written to a directory in -o DIR"),
    Flag(
        "allow-set",
        "switch",
        "allow values on the command line, with --set and the like, for a kmanifest.yaml",
        user_only=SWITCHED_ON,
    ),
    ENVIRONMENT,
)
"""The flags for a directory with a kmanifest.yaml."""

KUSTOMIZE_FLAGS = (
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
        "load-restrictor",
        "string",
        f"with '{NO_RESTRICTION}', a kustomization can load files from outside its root",
        default=ROOT_ONLY,
        choices=(ROOT_ONLY, NO_RESTRICTION, ""),
        user_only=(NO_RESTRICTION,),
    ),
    Flag(
        "reorder",
        "string",
        "order of the output",
        default="legacy",
        deprecated="use the new 'sortOptions' field in kustomization.yaml instead.",
        hidden=True,
        choices=("legacy", "none"),
    ),
)
CHART_FLAGS = (
    *REPRODUCIBLE_FLAGS,
    Flag("helm-api-versions", "list", "Kubernetes API version for Capabilities.APIVersions"),
    Flag("helm-command", "string", "accepted and not used: Helm is not run", default="helm"),
    Flag("helm-debug", "switch", "accepted and not used"),
    Flag("helm-kube-version", "string", "Kubernetes version for Capabilities.KubeVersion"),
)
"""The flags for the charts of `helmCharts` and for a chart in DIR."""

CHART_DIRECTORY_FLAGS = (
    UNUSED_VALUES,
    Flag(
        "helm-version",
        "string",
        "major version of Helm to follow",
        default="3",
        choices=("3", "4"),
    ),
    Flag("include-crds", "switch", "include the chart's CustomResourceDefinitions in the output"),
    Flag("namespace", "string", "namespace of the release", short="n"),
    Flag("release-name", "string", "name of the release", default="release-name"),
    *(
        Flag(name, "list", f"values, as for `helm template --{name}`", whole=True)
        for name in VALUE_FLAGS
        if name != "values"
    ),
    Flag(
        "values",
        "list",
        "YAML file or URL with values; - is stdin",
        short="f",
        value="strings",
        go_type="stringSlice",
        path="file",
    ),
)
"""The flags for a chart in DIR."""

JSONNET_FLAGS = (
    Flag("ext-str", "list", "external variable: NAME=STRING, or NAME for an environment variable", short="V", whole=True),
    Flag("ext-code", "list", "external variable: NAME=CODE, or NAME for an environment variable", whole=True),
    Flag("tla-str", "list", "top-level argument: NAME=STRING, or NAME for an environment variable", short="A", whole=True),
    Flag("tla-code", "list", "top-level argument: NAME=CODE, or NAME for an environment variable", whole=True),
    Flag("jpath", "list", "directory to search for imports; the last one is searched first", short="J", path="directory", value="dir", user_only=ANY_VALUE),
    Flag("name", "string", "name of the environment, of several in a file of Tanka"),
)  # fmt: skip
"""The flags for a Jsonnet file, an environment of Tanka, and a JsonnetGenerator."""

FLUX_FLAGS = (
    Flag(
        "substitute",
        "list",
        "file of NAME=value lines: replace ${NAME} in all resources, as Flux does after a build",
        value="strings",
        path="file",
    ),
    Flag(
        "substitute-from",
        "list",
        "YAML file of ConfigMaps and Secrets with variables for the substitution",
        value="strings",
        path="file",
    ),
    Flag("substitute-strict", "switch", "fail when a variable is not set and has no default"),
)
"""The flags for the substitution of Flux, after any build."""

_NO_CONTAINER = "accepted and not used: no container is started"
CONTAINER_FLAGS = (
    Flag("as-current-user", "switch", _NO_CONTAINER),
    Flag("mount", "list", _NO_CONTAINER, whole=True),
    Flag("network", "switch", _NO_CONTAINER),
    Flag("network-name", "string", _NO_CONTAINER, default="bridge"),
)
FLAG_GROUPS = (
    ("General flags", GENERAL_FLAGS),
    ("Environment flags, for a kmanifest.yaml in DIR", ENVIRONMENT_FLAGS),
    ("Kustomize flags", KUSTOMIZE_FLAGS),
    ("Chart flags, for a chart in DIR and for helmCharts", CHART_FLAGS),
    ("Chart flags, only for a chart in DIR", CHART_DIRECTORY_FLAGS),
    ("Jsonnet flags", JSONNET_FLAGS),
    ("Template flags, only for Jinja2 templates", TEMPLATE_FLAGS),
    ("Flux flags, for Kustomizations of Flux and for any other build", FLUX_FLAGS),
    ("Plug-in flags", (*PLUGIN_FLAGS, *CONTAINER_FLAGS)),
    ("Remote flags", FETCH_FLAGS),
)
UNUSED_FLAGS = {
    "helm-command": "charts are rendered by kmanifest itself",
    "as-current-user": "no container is started",
}


def build(command_line: CommandLine) -> int:
    """Build one directory, write the output and return the exit code."""
    path = _directory_argument(command_line.arguments)
    notes = _flag_notes(command_line, path)
    if notes:
        from kmanifest.cli import report  # imported for messages only

        report.print_note("".join(f"{note}\n" for note in notes))
    if _concerns_environments(command_line):
        from kmanifest.cli import environments

        environments.check_flags(command_line, path)
    options = build_options(command_line)

    from kmanifest.engines.builtin import default_registry, installed_registry

    uses_installed = command_line.values["installed-plugins"]
    registry = installed_registry() if uses_installed else default_registry()
    _check_engine(registry, options.engine)
    tree, path = _open_revision(path, command_line.values["rev"], options.root)
    if command_line.values["all"]:
        if command_line.values["validate"]:
            raise UsageError(
                "--validate is for one build: `kmanifest validate DIR` checks all environments"
            )
        from kmanifest.cli import environments

        return environments.build_all(command_line, path, tree, options, registry)
    from kmanifest import api  # imported here so that usage errors stay fast

    if path == STDIN:
        from kmanifest.cli import stdin

        cache = _template_cache(command_line, path)
        rendered = stdin.build(command_line, options, registry, cache)
    else:
        rendered = api.run_build(
            path,
            options=options,
            registry=registry,
            tree=tree,
            cache=_template_cache(command_line, path),
        )
    findings = rendered.findings if command_line.values["verbose"] else rendered.warnings
    if findings:
        from kmanifest.cli import report

        report.print_findings(findings)
    if command_line.values["validate"]:
        from kmanifest.cli.validate import check_rendered

        if check_rendered(rendered, command_line.values["validate"]):
            return EXIT_FAILURE
    is_json = command_line.values["output-format"] == JSON
    return write_rendered(rendered, command_line.values["output"], as_json=is_json)


def _concerns_environments(command_line: CommandLine) -> bool:
    """Whether a flag is used that is only for a kmanifest.yaml, or has another meaning for it."""
    values = command_line.values
    return bool(values["environment"] or values["all"]) or _sets_values(values)


def _is_definition(command_line: CommandLine) -> bool:
    """Whether DIR has a kmanifest.yaml."""
    from kmanifest.cli import environments

    return bool(environments.is_definition(command_line))


def _sets_values(values: Mapping[str, Any]) -> bool:
    return any(values[name] for name in VALUE_FLAGS)


def _check_engine(registry: "Registry", name: str) -> None:
    if name and registry.get("renderer", name) is None:
        listed = ", ".join(registry.names("renderer"))
        raise UsageError(f"illegal flag value --engine {name}; legal values: {listed}")


def _template_cache(command_line: CommandLine, path: str) -> "Cache | None":
    """The cache of parsed templates; None for a build without charts."""
    if not (command_line.values["enable-helm"] or _is_chart(path)):
        return None
    from kmanifest.cli.cache_dir import open_cache

    return open_cache(command_line.values)


def _open_revision(path: str, revision: str, root: str | None) -> "tuple[Tree | None, str]":
    """The tree to build from, None for the local files, and the path of the directory in it."""
    if not revision:
        return None, path
    if path == STDIN:
        raise UsageError("--rev is for a directory, not for stdin")
    if root is not None:
        raise UsageError("--root and --follow-links are for local files, not for a commit (--rev)")
    from kmanifest.io.git_tree import open_commit  # imported for --rev only

    return open_commit(path, revision)


def _directory_argument(arguments: Sequence[str]) -> str:
    if len(arguments) > 1:
        raise UsageError(f"specify one directory, got {len(arguments)}: {' '.join(arguments)}")
    return arguments[0] if arguments else "."


def _flag_notes(command_line: CommandLine, path: str) -> list[str]:
    """The messages about the flags: kustomize's own for deprecated flags, a note for each unused one."""
    notes = [
        f"Flag --{flag.name} has been deprecated, {flag.deprecated}"
        for flag in command_line.used_flags
        if flag.deprecated
    ]
    unused = {flag.name: UNUSED_FLAGS.get(flag.name, "") for flag in command_line.used_flags}
    elsewhere = {name for name, _ in command_line.origins}
    for_charts = [
        flag.name
        for flag in command_line.used_flags
        if flag in CHART_DIRECTORY_FLAGS and flag.name not in elsewhere
    ]
    if for_charts and not command_line.values["rev"]:
        if _is_kustomization(path):
            unused |= dict.fromkeys(for_charts, f"{path} is a kustomization")
        elif _is_definition(command_line):
            others = [name for name in for_charts if name not in VALUE_FLAGS]
            unused |= dict.fromkeys(others, "the entries of a kmanifest.yaml set it for charts")
    return notes + [f"note: --{name} is not used: {why}" for name, why in unused.items() if why]


def _is_kustomization(path: str) -> bool:
    from kmanifest.engines.kustomize.kustomization import FILE_NAMES  # for chart flags only

    return any(os.path.isfile(os.path.join(path, name)) for name in FILE_NAMES)


def _is_chart(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "Chart.yaml"))


def build_options(command_line: CommandLine) -> "Options":
    """The options of a build, from the command line and the environment."""
    values = command_line.values
    # imported here so that usage errors stay fast
    from kmanifest.model.limits import DEFAULT_LIMITS
    from kmanifest.pipeline.options import ExecPluginOptions, Options, Reproducible

    return Options(
        load_restrictor="none" if values["load-restrictor"] == NO_RESTRICTION else "root-only",
        enable_plugins=values["enable-alpha-plugins"],
        allow_exec=values["enable-exec"],
        env=tuple(values["env"]),
        exec_plugins=exec_plugin_options(values)
        if values["enable-alpha-plugins"]
        else ExecPluginOptions(),
        limits=limit_options(command_line, DEFAULT_LIMITS),
        strict=values["strict"],
        allow_remote=True,
        remote=remote_options(values, command_line.arguments[:1]),
        reproducible=Reproducible(
            seed_option(command_line), time_option(command_line), values["show-impure"]
        ),
        engines=(
            _kustomize_options(command_line),
            *_environment_options(command_line),
            *_helm_options(command_line),
            *_jsonnet_options(command_line),
            *_jinja_options(command_line),
            *_flux_options(command_line),
        ),
        root=root_option(values),
        engine=values["engine"],
    )


def _environment_options(command_line: CommandLine) -> "tuple[EnvironmentOptions, ...]":
    """Return the options for a kmanifest.yaml, if a flag sets one: most builds don't import this engine."""
    if not _concerns_environments(command_line):
        return ()
    from kmanifest.cli import environments

    return environments.environment_options(command_line)


def _jinja_options(command_line: CommandLine) -> "tuple[JinjaOptions, ...]":
    """Return the options for templates, if a flag sets one: most builds don't import the Jinja2 engine.

    Raises UsageError for a flag that sets values of charts only.
    """
    set_flag = next((name for name in VALUE_FLAGS if command_line.values[name]), "")
    if set_flag not in ("", "values") and _is_template_target(command_line):
        raise UsageError(f"--{set_flag} sets values of charts; use --values for templates")
    has_template_flags = any(flag in TEMPLATE_FLAGS for flag in command_line.used_flags)
    if has_template_flags or _has_template_values(command_line):
        from kmanifest.cli.jinja import template_options

        return (template_options(command_line),)
    return ()


def _flux_options(command_line: CommandLine) -> "tuple[FluxOptions, ...]":
    """Return the options for the substitution of Flux, if a flag sets one."""
    if not any(flag in FLUX_FLAGS for flag in command_line.used_flags):
        return ()
    from kmanifest.cli.substitution import substitution_options

    return (substitution_options(command_line.values),)


def _has_template_values(command_line: CommandLine) -> bool:
    """Whether the files of --values are for templates, not for a chart."""
    return bool(command_line.values["values"]) and _is_template_target(command_line)


def _is_template_target(command_line: CommandLine) -> bool:
    from kmanifest.cli.jinja import is_template_target

    return is_template_target(_directory_argument(command_line.arguments))


def _kustomize_options(command_line: CommandLine) -> "KustomizeOptions":
    from kmanifest.engines.kustomize.options import KustomizeOptions

    values = command_line.values
    return KustomizeOptions(
        reorder=values["reorder"] if command_line.has("reorder") else "",
        managed_by_label=values["enable-managedby-label"]
        or os.environ.get(MANAGED_BY_VARIABLE) == "on",
        enable_helm=values["enable-helm"],
    )


def _helm_options(command_line: CommandLine) -> "tuple[HelmOptions, ...]":
    """Return the options for charts, if a flag sets one: most builds don't import the Helm engine."""
    chart_flags = (*CHART_FLAGS, *CHART_DIRECTORY_FLAGS)
    if not any(flag in chart_flags for flag in command_line.used_flags):
        return ()
    if _has_template_values(command_line):
        return ()
    from kmanifest.engines.helm.options import HelmOptions

    values = command_line.values
    options = HelmOptions(
        release=values["release-name"] or "release-name",
        namespace=values["namespace"] or "default",
        include_crds=values["include-crds"],
        helm_version=values["helm-version"],
        kube_version=values["helm-kube-version"],
        api_versions=tuple(values["helm-api-versions"]),
        unused_values=values["unused-values"],
    )
    if not _sets_values(values) or _is_definition(command_line):
        return (options,)
    from kmanifest.cli.helm.inputs import LIMITS, read_values
    from kmanifest.cli.helm.versioned_flags import helm_version

    chart_values = read_values(
        command_line,
        helm_version(command_line),
        _directory_argument(command_line.arguments),
        limit_options(command_line, LIMITS),
    )
    return (options.replace(values=chart_values.values, locate=_value_locator(chart_values)),)


def _jsonnet_options(command_line: CommandLine) -> "tuple[JsonnetOptions, ...]":
    """Return the options for Jsonnet, if a flag sets one or DIR is a Jsonnet file."""
    is_file = command_line.arguments[:1] and command_line.arguments[0].endswith(".jsonnet")
    if not is_file and not any(flag in JSONNET_FLAGS for flag in command_line.used_flags):
        return ()
    from kmanifest.cli.jsonnet_variables import read_variables
    from kmanifest.engines.jsonnet.options import JsonnetOptions

    values = command_line.values
    return (
        JsonnetOptions(
            ext=read_variables(values["ext-str"]),
            ext_code=read_variables(values["ext-code"]),
            tla=read_variables(values["tla-str"]),
            tla_code=read_variables(values["tla-code"]),
            library_paths=tuple(map(os.path.abspath, values["jpath"])),
            # A file below the current directory may import from all of it, as with `kmanifest jsonnet`.
            roots=(os.getcwd(),)
            if is_file and _is_below_current(command_line.arguments[0])
            else (),
            name=values["name"],
        ),
    )


def _is_below_current(path: str) -> bool:
    directory = os.path.realpath(os.getcwd())
    return os.path.realpath(path).startswith(directory.rstrip(os.sep) + os.sep)


def _value_locator(command_line_values: "CommandLineValues") -> "Locate":
    """A function that returns the location of a value: a flag, or a line of a values file."""
    loaded: list[Origins] = []

    def locate(path: "FieldPath") -> "Location":
        # imported for errors and findings only
        from kmanifest.engines.helm.values.origins import Origins
        from kmanifest.model.errors import Location

        if not loaded:
            loaded.append(Origins(command_line_values.layers()))
        origin = loaded[0].find(path)
        if origin is None or origin.file.startswith("-"):
            return origin or Location()
        return origin._replace(file=os.path.abspath(origin.file))

    return locate


COMMAND = Command(
    ("build",),
    "[DIR | -]",
    """\
Print the resources of a kustomization, a kmanifest.yaml, a Helm chart, a Jsonnet file, Jinja2 templates or a
Kustomization of Flux. DIR is a directory with one of these files, or with a main.jsonnet or templates; a file
(FILE.jsonnet, FILE.j2, or FILE.yaml with a Kustomization of Flux); or the URL of a kustomization in a git repository. It
defaults to the current directory. DIR/prod/eu is an environment of the kmanifest.yaml in DIR. With -, a kustomization or
a kmanifest.yaml is read from stdin as if it were a file in the current directory.
""",
    FLAG_GROUPS,
    build,
    examples=(
        "kmanifest build overlays/prod | kubectl apply -f -",
        "kmanifest build overlays/prod -o prod.yaml",
        "kmanifest build charts/web -f prod.yaml --namespace web",
        "kmanifest build web.jsonnet -V cluster=eu -J vendor",
        "kmanifest build shop --environment prod/eu",
        "kmanifest build shop --all -o out",
    ),
    completions=(DIRECTORY,),
)
