"""`kmanifest version`: the versions of kmanifest and of the kustomize whose output it matches, and the YAML backend."""

from collections.abc import Sequence

from kmanifest.cli.flags import (
    HELP,
    STACK_TRACE,
    Flag,
    UsageError,
    describe_flags,
    parse_command_line,
)
from kmanifest.cli.output import print_text

FLAGS = (Flag("output", "string", "output format: yaml or json", short="o"), HELP, STACK_TRACE)
KUSTOMIZE_VERSION = "v5.8.2"


def version(arguments: Sequence[str]) -> int:
    """Print the version as text, YAML or JSON."""
    command_line = parse_command_line(FLAGS, arguments)
    if command_line.values["help"]:
        return print_text(
            f"Print the version.\n\nUsage:\n  kmanifest version [flags]\n\nFlags:\n{describe_flags(FLAGS)}"
        )
    if command_line.arguments:
        raise UsageError(f"unexpected argument: {command_line.arguments[0]}")
    # Imported here so that usage errors stay fast: reading the version takes 40 ms.
    from kmanifest import __version__
    from kmanifest.yaml import BACKEND

    versions = {
        "version": f"v{__version__}",
        "kustomize": KUSTOMIZE_VERSION,
        "yaml": BACKEND,
    }
    output_format = command_line.values["output"]
    if output_format == "json":
        import json  # imported for this format only

        return print_text(json.dumps(versions, indent=2) + "\n")
    if output_format == "yaml":
        return print_text("".join(f"{key}: {value}\n" for key, value in versions.items()))
    if output_format:
        raise UsageError(f"illegal flag value --output {output_format}; legal values: yaml, json")
    return print_text(f"{versions['version']} (YAML: {BACKEND})\n")
