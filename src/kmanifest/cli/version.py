"""`kmanifest version`: print the version of kmanifest, the version of kustomize that it follows, and the YAML backend in use."""

from collections.abc import Sequence

from kmanifest.cli.flags import HELP, STACK_TRACE, Flag, UsageError, describe, parse
from kmanifest.cli.output import print_text

FLAGS = (Flag("output", "text", "one of yaml and json", short="o"), HELP, STACK_TRACE)
REFERENCE = "v5.8.2"


def version(arguments: Sequence[str]) -> int:
    """Print the version as text, YAML or JSON."""
    parsed = parse(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(
            f"Prints the version.\n\nUsage:\n  kmanifest version [flags]\n\nFlags:\n{describe(FLAGS)}"
        )
    if parsed.words:
        raise UsageError(f"unexpected argument: {parsed.words[0]}")
    from kmanifest.yaml import BACKEND  # a wrong usage is told without it

    facts = {"version": f"v{_installed()}", "kustomize": REFERENCE, "yaml": BACKEND}
    form = parsed.values["output"]
    if form == "json":
        import json  # the other forms need none

        return print_text(json.dumps(facts, indent=2) + "\n")
    if form == "yaml":
        return print_text("".join(f"{key}: {value}\n" for key, value in facts.items()))
    if form:
        raise UsageError(f"illegal flag value --output {form}; legal values: yaml, json")
    return print_text(f"{facts['version']} (YAML: {BACKEND})\n")


def _installed() -> str:
    """The version of the distribution that runs."""
    from importlib import metadata  # 40 ms that no other verb pays

    try:
        return metadata.version("kmanifest")
    except metadata.PackageNotFoundError:
        return "0.0.0+unknown"
