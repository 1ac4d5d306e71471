"""`kmanifest validate`: what an API server would refuse, in files, directories, stdin and the results of builds.

The flags of kubeconform are accepted as Go's package flag reads them: with one dash or two.
"""

import os
import sys

from kmanifest.cli import EXIT_FAILURE, EXIT_OK
from kmanifest.cli.flags import CommandLine, Flag, UsageError, parse_command_line, with_variables
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import (
    BOUNDARY_FLAGS,
    ENVIRONMENT,
    FETCH_FLAGS,
    LIMIT_FLAGS,
    STDIN,
    limit_options,
    read_stdin,
    remote_options,
    root_option,
)
from kmanifest.cli.verbs import FILE, Command
from kmanifest.startup.typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Final,
    Iterable,
    Iterator,
    Sequence,
)

if TYPE_CHECKING:
    from kmanifest.model.errors import Location
    from kmanifest.model.limits import Limits
    from kmanifest.pipeline.rendered import Rendered
    from kmanifest.validation.results import Checker, Result

_SUFFIXES: Final = (".yaml", ".yml", ".json")
_MARKERS: Final = (
    "kmanifest.yaml",
    "kustomization.yaml",
    "kustomization.yml",
    "Kustomization",
    "Chart.yaml",
)
_FORMATS: Final = ("text", "json", "sarif", "github", "gitlab", "markdown")
_NEVER: Final = "never"

VALIDATION_FLAGS = with_variables(
    "VALIDATE_",
    Flag(
        "fail-on",
        "string",
        "the least severity that makes the exit code 1",
        default="error",
        choices=("error", "warning", _NEVER),
    ),
    Flag("format", "string", "format of the report", default="text", choices=_FORMATS),
    Flag(
        "ignore-filename-pattern",
        "list",
        "regular expression; files whose path it matches are not read",
        whole=True,
    ),
    Flag(
        "ignore-missing-schemas",
        "switch",
        "skip types that are not part of Kubernetes; without it each is an error",
    ),
    Flag(
        "kubernetes-version",
        "string",
        "version of Kubernetes: 1.25 to 1.37, or master for the newest",
        default="1.36",
    ),
    Flag("n", "string", "accepted and not used: the number of workers", default="4", hidden=True),
    Flag(
        "output",
        "string",
        "report in the format of kubeconform, instead of --format",
        choices=("text", "json", "junit", "tap"),
    ),
    Flag("reject", "string", "kinds that are an error, with commas between: Secret,v1/Pod", value="strings"),
    Flag("skip", "string", "kinds that are not checked, with commas between", value="strings"),
    Flag(
        "strict",
        "switch",
        "unknown and duplicate fields are errors; with =false they are warnings",
        default="true",
    ),
    Flag("summary", "switch", "print a summary at the end"),
    Flag("verbose", "switch", "also list valid and skipped objects"),
)  # fmt: skip


def parse(flags: Iterable[Flag], arguments: Sequence[str]) -> CommandLine:
    """Read a command line in which the long flags may have one dash, as in Go."""
    known = {flag.name for flag in flags}
    return parse_command_line(tuple(flags), list(_with_two_dashes(arguments, known)))


def _with_two_dashes(arguments: Sequence[str], known: set[str]) -> Iterator[str]:
    remaining = iter(arguments)
    for argument in remaining:
        name = argument[1:].partition("=")[0]
        if argument == "--":
            yield argument
            yield from remaining
        elif argument.startswith("-") and not argument.startswith("--") and name in known:
            yield f"-{argument}"
        else:
            yield argument


def validate(command_line: CommandLine) -> int:
    """Check everything that the arguments name, print a report and return the exit code."""
    values = command_line.values
    if not command_line.arguments:
        raise UsageError("specify files, directories or targets of a build, or - for stdin")
    # imported here so that usage errors stay fast
    from kmanifest.model.deadline import limited_by
    from kmanifest.model.limits import DEFAULT_LIMITS
    from kmanifest.validation.report.formats import format_of, kubeconform_format_of
    from kmanifest.validation.report.records import Report

    limits = limit_options(command_line, DEFAULT_LIMITS)
    checker = make_checker(values, limits)
    with limited_by(_time_limit(limits)):
        results = [
            result
            for argument in command_line.arguments
            for result in _check_argument(argument, command_line, checker, limits)
        ]
    output = values["output"]
    report = Report(
        results,
        values["kubernetes-version"],
        is_stdin=STDIN in command_line.arguments,
        show_all=values["verbose"],
        has_summary=values["summary"],
        excerpt=_excerpt(),
    )
    format_report = kubeconform_format_of(output) if output else format_of(values["format"])
    code = print_text(format_report(report))
    return code or exit_code(results, values["fail-on"])


def _excerpt() -> "Callable[[Location], str] | None":
    """Return the function for source lines if stdout is a terminal."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    from kmanifest.cli.report import source_excerpt

    return source_excerpt


def check_rendered(rendered: "Rendered", kubernetes: str) -> bool:
    """Print on stderr what a server would refuse of a build, and return whether there is anything."""
    from kmanifest.cli.report import print_message, relative_path
    from kmanifest.model.errors import SourceError
    from kmanifest.validation.api import validate as find_faults
    from kmanifest.validation.report.text import finding_line

    try:
        findings = find_faults(rendered, kubernetes=kubernetes)
    except SourceError as error:
        raise UsageError(f"--validate: {error.message}") from error
    for finding in findings:
        location = finding.location._replace(file=relative_path(finding.location.file))
        print_message(f"{finding_line(finding._replace(location=location), None)}\n")
    return any(finding.severity == "error" for finding in findings)


def exit_code(results: "Sequence[Result]", fail_on: str) -> int:
    """Return 1 if there is a finding of this severity or a worse one."""
    severities = {finding.severity for result in results for finding in result.findings}
    fatal = {"error", "warning"} if fail_on == "warning" else {"error"}
    return EXIT_FAILURE if fail_on != _NEVER and severities & fatal else EXIT_OK


def make_checker(values: "dict[str, Any]", limits: "Limits") -> "Checker":
    """Return the checker for the values of the flags. Raises UsageError for an unknown version of Kubernetes."""
    from kmanifest.model.errors import SourceError
    from kmanifest.validation.objects import Validator
    from kmanifest.validation.results import Checker, Settings
    from kmanifest.validation.versions import parse_version

    settings = Settings(
        _names(values["skip"]),
        _names(values["reject"]),
        ignore_missing_schemas=values["ignore-missing-schemas"],
        is_strict=values["strict"],
    )
    try:
        version = parse_version(values["kubernetes-version"])
        return Checker(Validator(version, limits=limits), settings)
    except SourceError as error:
        raise UsageError(f"--kubernetes-version: {error.message}") from error


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _time_limit(limits: "Limits") -> Any:
    import time

    from kmanifest.pipeline.context import Meter

    return Meter(limits, time.monotonic).time_limit


def _check_argument(
    argument: str, command_line: CommandLine, checker: "Checker", limits: "Limits"
) -> "Iterator[Result]":
    if argument == STDIN:
        data = read_stdin(limits)
        yield from checker.check_file(data, "stdin")
    elif os.path.isfile(argument) and argument.endswith(_SUFFIXES) and not _is_marker(argument):
        yield from _check_file(argument, checker, limits)
    elif os.path.isdir(argument) and not _is_target(argument):
        patterns = _patterns(command_line.values["ignore-filename-pattern"])
        for path in _files(argument):
            if not any(pattern.search(path) for pattern in patterns):
                yield from _check_file(path, checker, limits)
    else:
        yield from _check_target(argument, command_line, checker, limits)


def _is_marker(path: str) -> bool:
    return os.path.basename(path) in _MARKERS


def _is_target(path: str) -> bool:
    return any(os.path.isfile(os.path.join(path, name)) for name in _MARKERS)


def _patterns(texts: Sequence[str]) -> "list[Any]":
    import re

    try:
        return [re.compile(text) for text in texts]
    except re.error as error:
        raise UsageError(f"--ignore-filename-pattern: {error}") from error


def _files(directory: str) -> Iterator[str]:
    """Yield the files of a directory that kubeconform would read, in alphabetical order. Links are not followed."""
    for path, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            full = os.path.join(path, name)
            if name.endswith(_SUFFIXES) and os.path.isfile(full):
                yield full


def _check_file(path: str, checker: "Checker", limits: "Limits") -> "Iterator[Result]":
    from kmanifest.model.errors import KmanifestError, MissingError

    try:
        with open(path, "rb") as stream:
            data = stream.read(limits.max_input_file + 1)
    except OSError as error:
        raise MissingError(f"can't read {path}: {error.strerror or error}") from error
    try:
        yield from checker.check_file(data, path)
    except KmanifestError as error:
        raise error.within(file=path) from error


def _check_target(
    argument: str, command_line: CommandLine, checker: "Checker", limits: "Limits"
) -> "Iterator[Result]":
    """Yield the results for a build, or for the builds of all environments of a kmanifest.yaml."""
    found: dict[Any, tuple[Result, list[str]]] = {}
    for name, rendered in _builds(argument, command_line, limits):
        for result in checker.check_rendered(rendered):
            shown = _with_relative_files(result)
            if not name or not shown.findings:
                yield shown
                continue
            _, names = found.setdefault(shown, (shown, []))
            names.append(name)
    for result, names in found.values():
        text = ", ".join(dict.fromkeys(names))
        findings = tuple(
            finding._replace(message=f"{finding.message} (in {text})")
            for finding in result.findings
        )
        yield result._replace(findings=findings)


def _builds(
    argument: str, command_line: CommandLine, limits: "Limits"
) -> "Iterator[tuple[str, Rendered]]":
    from kmanifest import api
    from kmanifest.engines.builtin import default_registry
    from kmanifest.pipeline.options import Options

    values = command_line.values
    options = Options(
        limits=limits,
        root=root_option(values),
        allow_remote=True,
        remote=remote_options(values, (argument,)),
    )
    registry = default_registry()

    def build(name: str, options: Options) -> "tuple[str, Rendered]":
        return name, api.run_build(
            argument, tree=None, options=options, registry=registry, cache=None
        )

    if values["environment"]:
        yield build("", api.with_environment(options, values["environment"]))
    elif os.path.isfile(os.path.join(argument, "kmanifest.yaml")):
        for row in api.environments(argument, options=options):
            name = "/".join(row.values())
            yield build(name, api.with_environment(options, row) if row else options)
    else:
        yield build("", options)


def _with_relative_files(result: "Result") -> "Result":
    from kmanifest.cli.report import relative_path

    findings = tuple(
        finding._replace(
            location=finding.location._replace(file=relative_path(finding.location.file))
        )
        for finding in result.findings
    )
    file = result.file
    return result._replace(file=relative_path(f"/{file}" if file[:1] not in ("", "/") and "://" not in file else file), findings=findings)  # fmt: skip


COMMAND = Command(
    ("validate",),
    "TARGET|FILE|DIR|-...",
    """\
Report what a Kubernetes API server would refuse, without a server: unknown fields, wrong types, missing and invalid values.
A directory with a kustomization, a chart or a kmanifest.yaml is built, for all its environments. Of any other directory all
YAML and JSON files are read. The exit code is 1 if something would be refused.
""",
    (
        ("Validation flags", VALIDATION_FLAGS),
        ("Build flags, for a TARGET", (ENVIRONMENT, *BOUNDARY_FLAGS, *LIMIT_FLAGS)),
        ("Remote flags", FETCH_FLAGS),
    ),
    validate,
    examples=(
        "kmanifest validate overlays/prod",
        "kmanifest validate --kubernetes-version 1.34 --summary manifests/",
        "kmanifest build overlays/prod | kmanifest validate -",
        "kmanifest validate -strict -summary -output junit manifests/",
    ),
    completions=(FILE,),
    parse=parse,
)
