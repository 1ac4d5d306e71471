"""`kmanifest helm package`: package charts into archives.

Source: helm v3.22.0 cmd/helm/package.go, pkg/action/package.go.
"""

import os

from kmanifest.cli import EXIT_OK
from kmanifest.cli.flags import (
    ANY_VALUE,
    SWITCHED_ON,
    CommandLine,
    Flag,
    UsageError,
    with_variables,
)
from kmanifest.cli.helm.flags import (
    ALLOW_LOCAL,
    COMMON_FLAGS,
    DESTINATION,
    SERVER_FLAGS,
    check_flags,
)
from kmanifest.cli.output import OutputError, print_text, replace_file
from kmanifest.cli.shared import FETCH_FLAGS
from kmanifest.cli.verbs import DIRECTORY, Command
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.charts.chart import Chart

PACKAGE_FLAGS = (
    ALLOW_LOCAL,
    Flag("app-version", "string", "application version to write instead of the chart's own"),
    Flag(
        "dependency-update",
        "switch",
        "run `dependency update` first",
        short="u",
        user_only=SWITCHED_ON,
    ),
    DESTINATION,
    Flag("key", "string", "with --sign: name of the key's owner, or a part of it"),
    Flag(
        "passphrase-file",
        "string",
        "with --sign: file with the passphrase of the key in its first line; - is stdin",
        path="file",
        user_only=ANY_VALUE,
    ),
    Flag(
        "sign",
        "switch",
        "sign the package: also write NAME-VERSION.tgz.prov",
        user_only=SWITCHED_ON,
    ),
    *with_variables(
        "PACKAGE_",
        Flag(
            "keyring",
            "string",
            "with --sign: file with secret keys in the format of gpg --export-secret-keys",
            path="file",
            user_only=ANY_VALUE,
        ),
        Flag("version", "string", "chart version to write instead of the chart's own"),
    ),
    *COMMON_FLAGS,
)


def package(command_line: CommandLine) -> int:
    """Package each chart and return the exit code."""
    if not command_line.arguments:
        raise UsageError("need at least one argument, the path to the chart")
    if command_line.values["sign"] and not command_line.values["key"]:
        raise UsageError("--key is required for signing a package")
    for path in command_line.arguments:
        print_text(
            f"Successfully packaged chart and saved it to: {_write_package(command_line, path)}\n"
        )
    return EXIT_OK


def _write_package(command_line: CommandLine, path: str) -> str:
    """Package one chart and return the path of the package."""
    from kmanifest.cli.helm.inputs import open_chart
    from kmanifest.engines.helm.dependencies import missing_dependencies
    from kmanifest.engines.helm.dialects.v3 import HELM3
    from kmanifest.engines.helm.sources.packing import pack, package_name
    from kmanifest.io.system import system_clock
    from kmanifest.model.errors import MissingError, SourceError

    if not os.path.exists(path):
        raise MissingError(f"stat {path}: no such file or directory")
    if not os.path.isdir(path):
        raise SourceError(f"{path} is not a directory")
    if command_line.values["dependency-update"]:
        from kmanifest.cli.helm.dependency import fill_charts_directory

        fill_charts_directory(command_line, os.path.abspath(path), from_lock=False, quiet=True)
    chart = open_chart(path, follows_links=False, dialect=HELM3)
    _set_versions(command_line, chart.metadata.strings)
    missing = missing_dependencies(chart)
    if missing:
        raise SourceError(
            f"found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}"
        )
    directory = command_line.values["destination"]
    package_path = os.path.join(os.getcwd() if directory == "." else directory, package_name(chart))
    content = pack(chart, system_clock())
    provenance = _sign(command_line, chart, content) if command_line.values["sign"] else None
    try:
        os.makedirs(os.path.dirname(package_path), mode=0o755, exist_ok=True)
    except OSError as error:
        raise OutputError(f"failed to save: {directory}: {error.strerror or error}") from error
    replace_file(package_path, content)
    if provenance is not None:
        replace_file(f"{package_path}.prov", provenance)
    return os.path.normpath(package_path)


def _sign(command_line: CommandLine, chart: "Chart", package: bytes) -> bytes:
    """The content of the provenance file for a package. Source: pkg/action/package.go, Clearsign."""
    from kmanifest.cli.helm.inputs import read_file
    from kmanifest.cli.helm.verify import default_keyring
    from kmanifest.engines.helm.sources.signing import sign
    from kmanifest.io.system import system_clock

    keyring = read_file(command_line.values["keyring"] or default_keyring())
    path = command_line.values["passphrase-file"]
    return sign(
        chart,
        package,
        keyring,
        command_line.values["key"],
        passphrase=lambda owner: _read_passphrase(path) if path else _prompt_passphrase(owner),
        now=system_clock() // 1_000_000_000,
    )


def _read_passphrase(path: str) -> bytes:
    from kmanifest.cli.helm.inputs import read_file
    from kmanifest.model.errors import SourceError

    content = read_file(path)
    if not content:
        raise SourceError(f"there is no passphrase in {path}")
    return content.partition(b"\n")[0].removesuffix(b"\r")


def _prompt_passphrase(owner: str) -> bytes:
    """Read the passphrase from the terminal. Raises SourceError if there is none."""
    import sys

    from kmanifest.model.errors import SourceError

    if sys.stdin is None or not sys.stdin.isatty():
        raise SourceError(
            f"the key of {owner} has a passphrase, and there is no terminal to enter it (use --passphrase-file FILE)"
        )
    from getpass import getpass

    return getpass(f'Password for key "{owner}" >  ').encode()


def _set_versions(command_line: CommandLine, metadata: dict[str, str]) -> None:
    from kmanifest.engines.helm.charts.versions import is_version
    from kmanifest.model.errors import SourceError

    metadata["version"] = command_line.values["version"] or metadata["version"]
    if not is_version(metadata["version"]):
        raise SourceError("invalid semantic version")
    metadata["appVersion"] = command_line.values["app-version"] or metadata["appVersion"]


COMMAND = Command(
    ("helm", "package"),
    "CHART...",
    "Package a chart directory into an archive, NAME-VERSION.tgz.\n",
    (("Flags", PACKAGE_FLAGS), ("Remote flags", (*FETCH_FLAGS, *SERVER_FLAGS))),
    package,
    completions=(DIRECTORY,),
    check=check_flags,
)
