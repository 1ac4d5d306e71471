"""`kmanifest version`: the version of kustomize whose output kmanifest matches, and kmanifest's own version.

Scripts compare the output of `kustomize version` with the version that they need, so kustomize's version comes first and
is the only number that begins with `v`. Source: kustomize v5.8.2 kustomize/commands/version/version.go.
"""

from kmanifest.cli.flags import CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import Command
from kmanifest.startup.typing import Any

KUSTOMIZE_VERSION = "v5.8.2"
HELM_VERSIONS = ("v3.22.0", "v4.3.1")
FLAGS = with_variables(
    "VERSION_",
    Flag("output", "string", "output format", short="o", choices=("yaml", "json", "")),
    Flag(
        "short",
        "switch",
        "print kustomize's version in the format of kustomize's --short",
        deprecated="and will be removed in the future.",
    ),
)


def version(command_line: CommandLine) -> int:
    """Print the versions as text, YAML or JSON."""
    if command_line.arguments:
        raise UsageError(f"unexpected argument: {command_line.arguments[0]}")
    if command_line.has("short"):
        from kmanifest.cli import report  # imported for messages only

        report.print_note(f"Flag --short has been deprecated, {FLAGS[1].deprecated}\n")
    output_format = command_line.values["output"]
    if output_format == "json":
        import json  # imported for this format only

        return print_text(json.dumps(_versions(), indent=2) + "\n")
    if output_format == "yaml":
        from kmanifest.yaml import dump

        return print_text("".join(dump({key: value}) for key, value in _versions().items()))
    if command_line.values["short"]:
        return print_text(f"{{{KUSTOMIZE_VERSION}  unknown   }}\n")
    helm = " and ".join(version.removeprefix("v") for version in HELM_VERSIONS)
    own = f"kmanifest {_installed_version()}, Helm {helm}"
    return print_text(f"{KUSTOMIZE_VERSION} ({own}) (YAML: {_backend()})\n")


def program_version() -> str:
    """The line that `--version` prints."""
    helm = " and ".join(HELM_VERSIONS)
    return (
        f"kmanifest {_installed_version()} (kustomize {KUSTOMIZE_VERSION}, Helm {helm}, "
        f"YAML: {_backend()})"
    )


def _versions() -> dict[str, Any]:
    """The versions as data: first what `kustomize version` gives, then what is kmanifest's own."""
    return {
        "version": KUSTOMIZE_VERSION,
        "gitCommit": "unknown",
        "buildDate": "unknown",
        "kmanifest": _installed_version(),
        "kustomize": KUSTOMIZE_VERSION,
        "helm": list(HELM_VERSIONS),
        "yaml": _backend(),
    }


def _backend() -> str:
    from kmanifest.yaml import BACKEND  # imported here so that usage errors stay fast

    return BACKEND


def _installed_version() -> str:
    """The version of the installed distribution."""
    from importlib import metadata  # takes 40 ms

    try:
        return metadata.version("kmanifest")
    except metadata.PackageNotFoundError:
        return "0.0.0+unknown"


COMMAND = Command(
    ("version",),
    "",
    """\
Print the version of kustomize whose output kmanifest matches, and the version of kmanifest. `kmanifest --version` begins
with kmanifest's own.
""",
    (("Flags", FLAGS),),
    version,
    examples=("kmanifest version -o json",),
)
