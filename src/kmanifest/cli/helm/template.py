"""`kmanifest helm template`: prints what a chart renders. Source: helm v3.22.0 cmd/helm/template.go, install.go."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from kmanifest.cli import FAILED
from kmanifest.cli.flags import Flag, Parsed, UsageError, describe
from kmanifest.cli.helm.flags import (
    CHART_PATH,
    COMMON,
    HELM_VERSION,
    NO_CLUSTER,
    VALUES,
    dialect_of,
    is_debugging,
    namespace_of,
    read_versioned_flags,
    split_list,
)
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import PLUGIN_FLAGS, REPEAT_FLAGS, now_of, seed_of
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.cli.helm.inputs import Given
    from kmanifest.cli.helm.notes import Notes
    from kmanifest.engines.helm.charts.chart import Chart
    from kmanifest.engines.helm.dialect import Dialect
    from kmanifest.engines.helm.manifests import Manifest
    from kmanifest.engines.helm.objects.capabilities import Capabilities
    from kmanifest.engines.helm.render import Output, PostRender
    from kmanifest.model.errors import KmanifestError

_UNUSED = "accepted and not used: nothing is installed"
_INSTALLING = (
    *(
        Flag(name, "switch", _UNUSED, hidden=True)
        for name in (
            "atomic", "create-namespace", "disable-openapi-validation", "force", "hide-notes", "render-subchart-notes",
            "replace", "skip-crds", "take-ownership", "wait", "wait-for-jobs",
        )
    ),
    Flag("description", "text", _UNUSED, hidden=True),
    Flag("timeout", "text", _UNUSED, hidden=True),
    Flag("labels", "list", _UNUSED, short="l", hidden=True),
    Flag("dry-run", "text", "accepted: client, true; refused: what asks a cluster", alone="client", hidden=True),
    Flag("dependency-update", "switch", "do as dependency update where a chart is missing in charts/"),
    Flag("validate", "switch", "refused: no cluster is asked", hidden=True),
    Flag("enable-dns", "switch", "accepted: getHostByName gives nothing in any case", hidden=True),
)  # fmt: skip
FLAGS = (
    Flag("api-versions", "list", "further versions that .Capabilities.APIVersions has", short="a"),
    Flag("generate-name", "switch", "accepted: without a name, it is release-name", short="g"),
    HELM_VERSION,
    Flag("include-crds", "switch", "print the definitions in crds/ as well"),
    Flag("is-upgrade", "switch", "set .Release.IsUpgrade instead of .Release.IsInstall"),
    Flag("kube-version", "text", "what .Capabilities.KubeVersion is"),
    Flag("name-template", "text", "a template that makes the name of the release"),
    Flag("no-hooks", "switch", "leave out hooks"),
    Flag("output-dir", "text", "a directory for one file per template"),
    Flag(
        "post-renderer",
        "text",
        "a program through which the output goes, or a YAML file or component that transforms it",
    ),
    Flag("post-renderer-args", "list", "an argument for the program of --post-renderer"),
    Flag("release-name", "switch", "put the release's name into the paths below --output-dir"),
    Flag("show-only", "list", "only what this template has rendered", short="s"),
    Flag("skip-schema-validation", "switch", "do not hold values against values.schema.json"),
    Flag("skip-tests", "switch", "leave out tests"),
    *COMMON,
    *REPEAT_FLAGS,
    *VALUES,
    *CHART_PATH,
    *PLUGIN_FLAGS,
    *_INSTALLING,
)
INTRODUCTION = """\
Prints what a chart renders, byte for byte as helm v3.22.0 or, with --helm-version 4, v4.3.1 does. CHART is a directory
or a packaged chart of this machine.

Usage:
  kmanifest helm template [NAME] CHART [flags]

Examples:
  kmanifest helm template my-release ./chart -f prod.yaml --set image.tag=1.2 | kubectl apply -f -

Flags:
"""
_SYSTEM_LABELS = ("name", "owner", "status", "version", "createdAt", "modifiedAt")
_DRY_RUNS = ("false", "true", "none", "client", "server")
_ADVICE = "\n\nUse --debug flag to render out invalid YAML"


def template(arguments: Sequence[str]) -> int:
    """Render one chart and print it, or write it into files; gives the exit code."""
    parsed = read_versioned_flags(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(sorted(FLAGS)))
    if not parsed.words:
        raise UsageError(
            '"helm template" requires at least 1 argument\n\nUsage:  helm template [NAME] [CHART] [flags]'
        )
    post_render = _post_render(parsed)
    dialect = dialect_of(parsed)
    capabilities = _capabilities(parsed, dialect)
    name, place = _name_and_chart(parsed)
    chart, given = _inputs(parsed, place, dialect)
    output = _render(parsed, chart, given, name, capabilities, dialect)
    if isinstance(output, int):
        return output
    from kmanifest.engines.helm.render import TemplateError, select_documents

    try:
        if parsed.values["output-dir"]:
            return _write(parsed, name, output, post_render, dialect)
        text = output.text(
            skip_hooks=parsed.values["no-hooks"],
            skip_tests=parsed.values["skip-tests"],
            post_render=post_render,
        )
    except TemplateError as error:
        _fail(parsed, error)
        return FAILED
    if parsed.values["show-only"]:
        text = select_documents(text, parsed.values["show-only"], dialect)
    return print_text(text)


def _post_render(parsed: Parsed) -> "PostRender":
    if not parsed.values["post-renderer"]:
        return lambda text: text
    from kmanifest.cli.helm.postrender import find_post_renderer  # seldom

    return find_post_renderer(parsed)


def _capabilities(parsed: Parsed, dialect: "Dialect") -> "Capabilities":
    from kmanifest.model.errors import SourceError

    wanted = parsed.values["kube-version"]
    try:
        return dialect.make_capabilities(wanted, split_list(parsed.values["api-versions"]))
    except SourceError as error:
        raise UsageError(f"invalid kube version '{wanted}': {error.message}") from error


def _name_and_chart(parsed: Parsed) -> tuple[str, str]:
    """The release's name and where the chart is. Source: pkg/action/install.go, NameAndChart."""
    words = parsed.words
    if len(words) > 2:
        raise UsageError(
            f"expected at most two arguments, unexpected arguments: {', '.join(words[2:])}"
        )
    if len(words) == 2:
        for flag in ("generate-name", "name-template"):
            if parsed.values[flag]:
                raise UsageError(f"cannot set --{flag} and also specify a name")
        return words[0], words[1]
    from kmanifest.engines.helm.release_name import resolve_release_name
    from kmanifest.model.errors import SourceError

    try:
        return resolve_release_name("", parsed.values["name-template"], os.environ), words[0]
    except SourceError as error:
        raise UsageError(error.message) from error


def _inputs(parsed: Parsed, place: str, dialect: "Dialect") -> "tuple[Chart, Given]":
    from kmanifest.cli.helm.inputs import chart_of, given_values, warn
    from kmanifest.engines.helm.dependencies import check_dependencies, missing_dependencies
    from kmanifest.engines.helm.render import check_installable

    given = given_values(parsed, dialect)
    chart = chart_of(parsed, place, dialect)
    check_installable(chart)
    if chart.metadata.deprecated:
        warn(dialect.messages.deprecated_chart())
    if parsed.values["dependency-update"] and missing_dependencies(chart):
        chart = _with_dependencies(parsed, place, chart, dialect)
    check_dependencies(chart, dialect.messages)
    _check_flags(parsed)
    return chart, given


def _with_dependencies(parsed: Parsed, place: str, chart: "Chart", dialect: "Dialect") -> "Chart":
    """The chart once its `charts/` is filled, if it is in a directory."""
    from kmanifest.cli.helm.dependency import fill
    from kmanifest.cli.helm.inputs import chart_of, find_chart

    path = find_chart(place)
    if path is None or not os.path.isdir(path):
        return chart
    fill(parsed, path, builds=False)
    return chart_of(parsed, place, dialect)


def _check_flags(parsed: Parsed) -> None:
    """Refuse what the reference refuses once the chart is loaded, and what asks a cluster."""
    dry_run = parsed.values["dry-run"] or "true"
    if dry_run not in _DRY_RUNS:
        raise UsageError(
            f"Invalid dry-run flag. Flag must one of the following: {', '.join(_DRY_RUNS)}"
        )
    if dry_run in ("server", "none", "false"):
        raise UsageError(f"--dry-run={dry_run} is refused: {NO_CLUSTER}")
    for label in split_list(parsed.values["labels"]):
        name, equals, _ = label.partition("=")
        if not equals:
            raise UsageError(
                f'invalid argument "{label}" for "-l, --labels" flag: {label} must be formatted as key=value'
            )
        if name in _SYSTEM_LABELS:
            raise UsageError(
                "user supplied labels contains system reserved label name. "
                f"System labels: [{' '.join(_SYSTEM_LABELS)}]"
            )


def _render(
    parsed: Parsed,
    chart: "Chart",
    given: "Given",
    name: str,
    capabilities: "Capabilities",
    dialect: "Dialect",
) -> "Output | int":
    """What was rendered, or the exit code where it could not be."""
    from kmanifest.cli.cache_dir import open_cache
    from kmanifest.cli.helm.inputs import LIMITS
    from kmanifest.engines.helm.render import Release, render
    from kmanifest.engines.helm.templates.runtime import (
        make_bounds,
        make_clock,
        make_functions,
        make_random,
    )
    from kmanifest.model.errors import KmanifestError

    release = Release(name, namespace_of(parsed), is_upgrade=parsed.values["is-upgrade"])
    random, clock = make_random(seed_of(parsed), release, chart.name), make_clock(now_of(parsed))
    notes = _notes(parsed)
    try:
        output = render(
            chart,
            given.values,
            functions=make_functions(random, clock, LIMITS, env=os.environ, dialect=dialect),
            release=release,
            capabilities=capabilities,
            include_crds=parsed.values["include-crds"],
            skip_schema=parsed.values["skip-schema-validation"],
            limits=LIMITS,
            bounds=make_bounds(LIMITS),
            on_impure=None if notes is None else notes.on_impure,
            usage=None if notes is None else notes.reads,
            warn=_warner(parsed, chart, given),
            cache=open_cache(parsed.values),
            dialect=dialect,
        )
    except KmanifestError as error:
        _fail(parsed, error)
        _tell_origins(parsed, error.message, chart, given)
        return FAILED
    if notes is not None:
        notes.tell(chart, given)
    return output


def _notes(parsed: Parsed) -> "Notes | None":
    """What notes things of the render, if that is asked for."""
    if not (parsed.values["show-impure"] or parsed.values["unused-values"]):
        return None
    from kmanifest.cli.helm.notes import Notes  # few ask

    return Notes(parsed)


def _warner(parsed: Parsed, chart: "Chart", given: "Given") -> "Callable[[str], None]":
    from kmanifest.cli.helm.inputs import warn

    def tell(text: str) -> None:
        warn(text)
        _tell_origins(parsed, text, chart, given)

    return tell


def _tell_origins(parsed: Parsed, text: str, chart: "Chart", given: "Given") -> None:
    """Tell who set the values that an error or a warning hangs on.

    On a terminal and with `--debug` only: elsewhere stderr is what helm's is, byte by byte.
    """
    if is_debugging(parsed) or (sys.stderr is not None and sys.stderr.isatty()):
        from kmanifest.cli.helm.notes import tell_origins  # for errors only

        tell_origins(text, chart, given)


def _fail(parsed: Parsed, error: "KmanifestError") -> None:
    """Tell why nothing was rendered, and show what there is of it where that is wanted."""
    from kmanifest.cli import report
    from kmanifest.cli.helm.inputs import printable
    from kmanifest.engines.helm.render import TemplateError

    if not isinstance(error, TemplateError):
        report.tell(f"Error: {printable(error.message)}\n")
    elif is_debugging(parsed):
        blob = "".join(
            f"---\n# Source: {path}\n{text}\n"
            for path, text in sorted(error.files.items())
            if text.strip()
        )
        print_text(blob.strip() + "\n")
        report.tell(f"Error: {printable(error.message)}\n")
    else:
        report.tell(f"Error: {printable(error.message)}{_ADVICE}\n")


# --- files ------------------------------------------------------------------------------------------------------


def _write(
    parsed: Parsed, name: str, output: "Output", post_render: "PostRender", dialect: "Dialect"
) -> int:
    """Write each template's documents into its file. Source: cmd/helm/template.go and action.go, writeToFile.

    A post-renderer receives what is not in files, which is nothing, as with Helm. `--show-only` selects from its
    output, so without a post-renderer it fails after the files are written.
    """
    rest = output._replace(crds=(), manifests=()).text(skip_hooks=True, post_render=post_render)
    directory = parsed.values["output-dir"]
    inner = os.path.join(directory, name) if parsed.values["release-name"] else directory
    texts: dict[str, str] = {}
    told: list[str] = []
    for place, manifests in ((directory, output.crds), (inner, output.manifests)):
        for manifest in manifests:
            path = f"{place}/{manifest.path}"
            texts[path] = texts.get(path, "") + manifest.output_text()
            told.append(path)
    if not parsed.values["no-hooks"]:
        skip_tests = parsed.values["skip-tests"]
        hooks = (hook for hook in output.hooks if not (skip_tests and hook.is_test))
        told += [_add_hook(texts, inner, hook) for hook in hooks]
    _write_all(texts)
    lines = "".join(f"wrote {path}\n" for path in told)
    if not parsed.values["show-only"]:
        return print_text(lines + rest)
    from kmanifest.engines.helm.render import select_documents

    print_text(lines)
    return print_text(select_documents(rest, parsed.values["show-only"], dialect))


def _add_hook(texts: dict[str, str], directory: str, hook: "Manifest") -> str:
    """A hook comes behind whatever its file holds, even from an earlier run: the reference asks only whether it is there."""
    path = f"{directory}/{hook.path}"
    if path not in texts and os.path.isfile(path):
        from kmanifest.cli.helm.inputs import read_file

        texts[path] = read_file(path).decode("utf-8", "surrogateescape")
    texts[path] = texts.get(path, "") + hook.output_text()
    return path


def _write_all(texts: Mapping[str, str]) -> None:
    from kmanifest.cli.output import OutputError, write_file

    for path, text in texts.items():
        try:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        except OSError as error:
            raise OutputError(f"can't write {path}: {error.strerror or error}") from error
        write_file(path, [text.encode("utf-8", "surrogateescape")])
