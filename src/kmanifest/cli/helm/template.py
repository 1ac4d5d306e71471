"""`kmanifest helm template`: render a chart and print the output.

Source: helm v3.22.0 cmd/helm/template.go, install.go.
"""

import os
import sys

from kmanifest.cli import EXIT_FAILURE
from kmanifest.cli.flags import (
    ANY_VALUE,
    SWITCHED_ON,
    CommandLine,
    Flag,
    UsageError,
    with_variables,
)
from kmanifest.cli.helm.flags import (
    CHART_PATH_FLAGS,
    COMMON_FLAGS,
    HELM_VERSION_FLAG,
    NO_CLUSTER,
    SERVER_FLAGS,
    VALUE_FLAGS,
    is_debug,
    release_namespace,
    split_list,
)
from kmanifest.cli.helm.versioned_flags import (
    check_versioned_flags,
    helm_version,
    parse_with_version,
)
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import (
    BOUNDARY_FLAGS,
    FETCH_FLAGS,
    LIMIT_FLAGS,
    PLUGIN_FLAGS,
    REPRODUCIBLE_FLAGS,
    UNUSED_VALUES,
    limit_options,
    seed_option,
    time_limit,
    time_option,
)
from kmanifest.cli.verbs import FILE, Command
from kmanifest.model.deadline import limited_by
from kmanifest.startup.typing import TYPE_CHECKING, Callable, Iterable, Mapping

if TYPE_CHECKING:
    from kmanifest.cli.helm.inputs import CommandLineValues
    from kmanifest.cli.helm.render_report import RenderReport
    from kmanifest.engines.helm.charts.chart import Chart
    from kmanifest.engines.helm.dialect import Dialect
    from kmanifest.engines.helm.objects.capabilities import Capabilities
    from kmanifest.engines.helm.render import Output, PostRender
    from kmanifest.model.errors import KmanifestError
    from kmanifest.model.limits import Limits

_NOT_INSTALLED = "accepted and not used: nothing is installed"
_INSTALL_FLAGS = (
    *(
        Flag(name, "switch", _NOT_INSTALLED, hidden=True)
        for name in (
            "atomic", "create-namespace", "disable-openapi-validation", "force", "hide-notes", "render-subchart-notes",
            "replace", "skip-crds", "take-ownership", "wait", "wait-for-jobs",
        )
    ),
    Flag("description", "string", _NOT_INSTALLED, hidden=True),
    Flag("timeout", "string", _NOT_INSTALLED, hidden=True, go_type="duration"),
    Flag("labels", "list", _NOT_INSTALLED, short="l", hidden=True, go_type="stringToString"),
    Flag("dry-run", "string", "accepted: client, true; refused: values that need a cluster", implied_value="client", hidden=True),
    Flag("dependency-update", "switch", "run `dependency update` first if a chart is missing in charts/", user_only=SWITCHED_ON),
    Flag("validate", "switch", "refused: it needs a cluster", hidden=True),
    Flag("enable-dns", "switch", "accepted and not used: getHostByName always returns an empty string", hidden=True),
)  # fmt: skip
RENDER_FLAGS = (
    Flag(
        "api-versions",
        "list",
        "additional API versions for .Capabilities.APIVersions",
        short="a",
        value="strings",
        go_type="stringSlice",
    ),
    Flag(
        "generate-name",
        "switch",
        "accepted and not used: the default name is release-name",
        short="g",
    ),
    HELM_VERSION_FLAG,
    Flag("include-crds", "switch", "include the CustomResourceDefinitions in crds/"),
    *LIMIT_FLAGS,
    Flag("is-upgrade", "switch", "set .Release.IsUpgrade instead of .Release.IsInstall"),
    Flag("kube-version", "string", "Kubernetes version for .Capabilities.KubeVersion"),
    Flag("name-template", "string", "template for the name of the release"),
    Flag("no-hooks", "switch", "leave out hooks"),
    Flag(
        "output-dir",
        "string",
        "directory to write one file per template to",
        path="directory",
        user_only=ANY_VALUE,
    ),
    Flag(
        "post-renderer",
        "string",
        "executable that filters the output, or a YAML file or component of Kustomize that transforms it",
        path="file",
        user_only=ANY_VALUE,
    ),
    Flag(
        "post-renderer-args",
        "list",
        "argument for the executable of --post-renderer",
        whole=True,
        user_only=ANY_VALUE,
    ),
    *with_variables(
        "TEMPLATE_",
        Flag("release-name", "switch", "use the release name as a directory below --output-dir"),
    ),
    Flag("show-only", "list", "print only the output of this template", short="s"),
    Flag("skip-schema-validation", "switch", "do not validate values with values.schema.json"),
    Flag("skip-tests", "switch", "leave out tests"),
    *COMMON_FLAGS,
    *_INSTALL_FLAGS,
)
_SYSTEM_LABELS = ("name", "owner", "status", "version", "createdAt", "modifiedAt")
_DRY_RUNS = ("false", "true", "none", "client", "server")
_DEBUG_HINT = "\n\nUse --debug flag to render out invalid YAML"


def template(command_line: CommandLine) -> int:
    """Render one chart, print or write the output, and return the exit code."""
    if not command_line.arguments:
        raise UsageError(
            '"helm template" requires at least 1 argument\n\nUsage:  helm template [NAME] [CHART] [flags]'
        )
    from kmanifest.cli.helm.inputs import LIMITS

    limits = limit_options(command_line, LIMITS)
    with limited_by(time_limit(limits)):
        return _template(command_line, limits)


def _template(command_line: CommandLine, limits: "Limits") -> int:
    post_render = _post_renderer(command_line)
    dialect = helm_version(command_line)
    capabilities = _capabilities(command_line, dialect)
    name, chart_argument = _name_and_chart(command_line)
    chart, command_line_values = _load_inputs(command_line, chart_argument, dialect, limits)
    output = _render(command_line, chart, command_line_values, name, capabilities, dialect)
    if isinstance(output, int):
        return output
    from kmanifest.engines.helm.render import TemplateError, select_documents

    try:
        if command_line.values["output-dir"]:
            return _write_files(command_line, name, output, post_render, dialect)
        text = output.text(
            skip_hooks=command_line.values["no-hooks"],
            skip_tests=command_line.values["skip-tests"],
            post_render=post_render,
        )
    except TemplateError as error:
        _print_error(command_line, error)
        return EXIT_FAILURE
    if command_line.values["show-only"]:
        text = select_documents(text, command_line.values["show-only"], dialect)
    return print_text(text)


def _post_renderer(command_line: CommandLine) -> "PostRender":
    if not command_line.values["post-renderer"]:
        return lambda text: text
    # imported for --post-renderer only
    from kmanifest.cli.helm.postrender import find_post_renderer

    return find_post_renderer(command_line)


def _capabilities(command_line: CommandLine, dialect: "Dialect") -> "Capabilities":
    from kmanifest.model.errors import SourceError

    kube_version = command_line.values["kube-version"]
    try:
        return dialect.make_capabilities(
            kube_version, split_list(command_line.values["api-versions"])
        )
    except SourceError as error:
        raise UsageError(f"invalid kube version '{kube_version}': {error.message}") from error


def _name_and_chart(command_line: CommandLine) -> tuple[str, str]:
    """The name of the release and the argument that names the chart.

    Source: pkg/action/install.go, NameAndChart.
    """
    positional = command_line.arguments
    if len(positional) > 2:
        raise UsageError(
            f"expected at most two arguments, unexpected arguments: {', '.join(positional[2:])}"
        )
    if len(positional) == 2:
        for flag in ("generate-name", "name-template"):
            if command_line.values[flag]:
                raise UsageError(f"cannot set --{flag} and also specify a name")
        return positional[0], positional[1]
    from kmanifest.engines.helm.release_name import resolve_release_name
    from kmanifest.model.errors import SourceError

    try:
        return resolve_release_name(
            "", command_line.values["name-template"], os.environ
        ), positional[0]
    except SourceError as error:
        raise UsageError(error.message) from error


def _load_inputs(
    command_line: CommandLine, chart_argument: str, dialect: "Dialect", limits: "Limits"
) -> "tuple[Chart, CommandLineValues]":
    from kmanifest.cli.helm.charts import load_chart_argument
    from kmanifest.cli.helm.inputs import print_warning, read_values
    from kmanifest.engines.helm.dependencies import check_dependencies, missing_dependencies
    from kmanifest.engines.helm.render import check_installable

    command_line_values = read_values(command_line, dialect, chart_argument, limits)
    chart = load_chart_argument(command_line, chart_argument, dialect, limits)
    check_installable(chart)
    if chart.metadata.deprecated:
        print_warning(dialect.messages.deprecated_chart())
    if command_line.values["dependency-update"] and missing_dependencies(chart):
        chart = _with_updated_dependencies(command_line, chart_argument, chart, dialect, limits)
    check_dependencies(chart, dialect.messages)
    _check_install_flags(command_line)
    return chart, command_line_values


def _with_updated_dependencies(
    command_line: CommandLine,
    chart_argument: str,
    chart: "Chart",
    dialect: "Dialect",
    limits: "Limits",
) -> "Chart":
    """Update the dependencies of the chart and load it again. A packaged chart is returned unchanged."""
    from kmanifest.cli.helm.charts import load_chart_argument
    from kmanifest.cli.helm.dependency import fill_charts_directory
    from kmanifest.cli.helm.inputs import find_local_chart

    path = find_local_chart(chart_argument)
    if path is None or not os.path.isdir(path):
        return chart
    fill_charts_directory(command_line, path, from_lock=False)
    return load_chart_argument(command_line, chart_argument, dialect, limits)


def _check_install_flags(command_line: CommandLine) -> None:
    """Raise UsageError for what Helm refuses after it has loaded the chart, and for what needs a cluster."""
    dry_run = command_line.values["dry-run"] or "true"
    if dry_run not in _DRY_RUNS:
        raise UsageError(
            f"Invalid dry-run flag. Flag must one of the following: {', '.join(_DRY_RUNS)}"
        )
    if dry_run in ("server", "none", "false"):
        raise UsageError(f"--dry-run={dry_run} is refused: {NO_CLUSTER}")
    if command_line.values["labels"]:
        _check_labels(command_line.values["labels"])


def _check_labels(flags: Iterable[str]) -> None:
    from kmanifest.cli.flag_values import parse_string_map  # few charts have labels

    if any(name in _SYSTEM_LABELS for flag in flags for name in parse_string_map(flag)):
        raise UsageError(
            "user supplied labels contains system reserved label name. "
            f"System labels: [{' '.join(_SYSTEM_LABELS)}]"
        )


def _render(
    command_line: CommandLine,
    chart: "Chart",
    command_line_values: "CommandLineValues",
    name: str,
    capabilities: "Capabilities",
    dialect: "Dialect",
) -> "Output | int":
    """Render the chart and return the output, or the exit code if it fails."""
    from kmanifest.cli.cache_dir import open_cache
    from kmanifest.engines.helm.render import Release, render
    from kmanifest.engines.helm.templates.runtime import (
        make_bounds,
        make_clock,
        make_functions,
        make_random,
    )
    from kmanifest.model.errors import KmanifestError

    limits = command_line_values.limits
    release = Release(
        name, release_namespace(command_line), is_upgrade=command_line.values["is-upgrade"]
    )
    random = make_random(seed_option(command_line), release, chart.name)
    clock = make_clock(time_option(command_line))
    report = _render_report(command_line)
    try:
        output = render(
            chart,
            command_line_values.values,
            functions=make_functions(random, clock, limits, env=os.environ, dialect=dialect),
            release=release,
            capabilities=capabilities,
            include_crds=command_line.values["include-crds"],
            skip_schema=command_line.values["skip-schema-validation"],
            limits=limits,
            bounds=make_bounds(limits),
            on_impure=None if report is None else report.on_impure,
            usage=None if report is None else report.reads,
            warn=_warning_printer(command_line, chart, command_line_values),
            cache=open_cache(command_line.values),
            dialect=dialect,
        )
    except KmanifestError as error:
        _print_error(command_line, error)
        _print_value_origins(command_line, error.message, chart, command_line_values)
        return EXIT_FAILURE
    if report is not None:
        report.print(chart, command_line_values)
    return output


def _render_report(command_line: CommandLine) -> "RenderReport | None":
    """The report that the flags request; None if they request none."""
    if not (command_line.values["show-impure"] or command_line.values["unused-values"]):
        return None
    from kmanifest.cli.helm.render_report import RenderReport  # imported for these flags only

    return RenderReport(command_line)


def _warning_printer(
    command_line: CommandLine, chart: "Chart", command_line_values: "CommandLineValues"
) -> "Callable[[str], None]":
    from kmanifest.cli.helm.inputs import print_warning

    def print_with_origins(text: str) -> None:
        print_warning(text)
        _print_value_origins(command_line, text, chart, command_line_values)

    return print_with_origins


def _print_value_origins(
    command_line: CommandLine, text: str, chart: "Chart", command_line_values: "CommandLineValues"
) -> None:
    """Print the origins of the values that an error or a warning depends on.

    Only on a terminal or with `--debug`: otherwise stderr is byte-identical to Helm's.
    """
    if is_debug(command_line) or (sys.stderr is not None and sys.stderr.isatty()):
        from kmanifest.cli.helm.render_report import print_value_origins  # imported for errors only

        print_value_origins(text, chart, command_line_values)


def _print_error(command_line: CommandLine, error: "KmanifestError") -> None:
    """Print the error, and with `--debug` the rendered files."""
    from kmanifest.cli import report
    from kmanifest.cli.helm.inputs import printable
    from kmanifest.engines.helm.render import TemplateError

    if not isinstance(error, TemplateError):
        report.print_message(f"Error: {printable(error.message)}\n")
    elif is_debug(command_line):
        rendered_files = "".join(
            f"---\n# Source: {path}\n{text}\n"
            for path, text in sorted(error.files.items())
            if text.strip()
        )
        print_text(rendered_files.strip() + "\n")
        report.print_message(f"Error: {printable(error.message)}\n")
    else:
        report.print_message(f"Error: {printable(error.message)}{_DEBUG_HINT}\n")


# --- files ------------------------------------------------------------------------------------------------------


def _write_files(
    command_line: CommandLine,
    name: str,
    output: "Output",
    post_render: "PostRender",
    dialect: "Dialect",
) -> int:
    """Write the documents of each template to a file and return the exit code.

    As in Helm, a post-renderer is called only with the output that is not written to files, which is empty.
    `--show-only` selects from its output, so without a post-renderer it fails after the files are written.
    Source: cmd/helm/template.go and action.go, writeToFile.
    """
    remaining_text = output._replace(crds=(), manifests=()).text(
        skip_hooks=True, post_render=post_render
    )
    directory = command_line.values["output-dir"]
    release = f"{name}/" if command_line.values["release-name"] else ""
    contents: dict[str, str] = {}
    written: list[str] = []
    for prefix, manifests in (("", output.crds), (release, output.manifests)):
        for manifest in manifests:
            path = f"{prefix}{manifest.path}"
            contents[path] = contents.get(path, "") + manifest.output_text()
            written.append(path)
    follows_links = command_line.values["follow-links"]
    if not command_line.values["no-hooks"]:
        skip_tests = command_line.values["skip-tests"]
        for hook in output.hooks:
            if not (skip_tests and hook.is_test):
                path = f"{release}{hook.path}"
                if path not in contents:
                    contents[path] = _read_existing(directory, path, follows_links=follows_links)
                contents[path] += hook.output_text()
                written.append(path)
    _write_all_files(directory, contents, follows_links=follows_links)
    lines = "".join(written_line(directory, path) for path in written)
    if not command_line.values["show-only"]:
        return print_text(lines + remaining_text)
    from kmanifest.engines.helm.render import select_documents

    print_text(lines)
    return print_text(select_documents(remaining_text, command_line.values["show-only"], dialect))


def written_line(directory: str, path: str) -> str:
    """The line about a written file, as Helm prints it. On a terminal, control characters of the name are escaped."""
    line = f"wrote {directory}/{path}"
    if not line.isprintable() and sys.stdout is not None and sys.stdout.isatty():
        from kmanifest.model.errors import one_line

        line = one_line(line)
    return f"{line}\n"


def _read_existing(directory: str, path: str, *, follows_links: bool) -> str:
    """The text of a file below the directory; empty if there is none.

    As in Helm, a hook is appended to an existing file, even if an earlier run has written it.
    """
    if not follows_links:
        from kmanifest.cli.writer import read_below

        content = read_below(directory, path) or b""
    else:
        from kmanifest.cli.helm.inputs import read_file

        full_path = f"{directory}/{path}"
        content = read_file(full_path) if os.path.isfile(full_path) else b""
    return content.decode("utf-8", "surrogateescape")


def _write_all_files(directory: str, contents: Mapping[str, str], *, follows_links: bool) -> None:
    """Write the files. Below the directory no link is followed, unless Helm's behaviour is requested."""
    from kmanifest.cli.output import OutputError, write_file
    from kmanifest.cli.writer import LinkError, write_files

    files = {path: text.encode("utf-8", "surrogateescape") for path, text in contents.items()}
    try:
        if not follows_links:
            write_files(directory, files, mode=0o755)
            return
        for path, content in files.items():
            full_path = f"{directory}/{path}"
            os.makedirs(os.path.dirname(full_path), mode=0o755, exist_ok=True)
            write_file(full_path, [content])
    except OSError as error:
        hint = " (--follow-links follows it)" if isinstance(error, LinkError) else ""
        problem = f"{error.strerror or error}{hint}"
        raise OutputError(f"can't write {error.filename or directory}: {problem}") from error


COMMAND = Command(
    ("helm", "template"),
    "[NAME] CHART",
    """\
Render a chart, byte for byte as helm v3.22.0 does, or v4.3.1 with --helm-version 4. CHART is a directory, a packaged
chart, or a chart of a repository or registry.
""",
    (
        ("Flags", RENDER_FLAGS),
        ("Value flags", (*VALUE_FLAGS, UNUSED_VALUES, *REPRODUCIBLE_FLAGS)),
        ("Chart flags", (*CHART_PATH_FLAGS, *BOUNDARY_FLAGS)),
        ("Plug-in flags", PLUGIN_FLAGS),
        ("Remote flags", (*FETCH_FLAGS, *SERVER_FLAGS)),
    ),
    template,
    examples=(
        "kmanifest helm template my-release ./chart -f prod.yaml --set image.tag=1.2 | kubectl apply -f -",
    ),
    completions=(FILE,),
    parse=parse_with_version,
    check=check_versioned_flags,
)
