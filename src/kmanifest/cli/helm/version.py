"""`kmanifest helm version`: the version of Helm whose output kmanifest matches, in Helm's format.

The reference programs are built without a commit, so none is printed. Source: helm v3.22.0 cmd/helm/version.go,
internal/version/version.go.
"""

from kmanifest.cli.flags import CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.helm.flags import COMMON_FLAGS, HELM_VERSION_FLAG
from kmanifest.cli.helm.versioned_flags import (
    check_versioned_flags,
    helm_version,
    parse_with_version,
)
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import Command
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.gotemplate.values import Value

VERSION_FLAGS = (
    HELM_VERSION_FLAG,
    *with_variables(
        "HELM_VERSION_",
        Flag("client", "switch", "accepted and not used", short="c", hidden=True),
        Flag("short", "switch", "print only the version number"),
        Flag("template", "string", "Go template for the output, for example {{.Version}}"),
    ),
    *COMMON_FLAGS,
)


def version(command_line: CommandLine) -> int:
    """Print the version and return the exit code."""
    if command_line.arguments:
        raise UsageError('"helm version" accepts no arguments\n\nUsage:  helm version [flags]')
    capabilities = helm_version(command_line).make_capabilities("", ())
    build_info = capabilities.fields()["HelmVersion"]
    fields = build_info.fields()
    if command_line.values["template"]:
        return print_text(_render(command_line.values["template"], build_info))
    if command_line.values["short"]:
        return print_text(f"{fields['Version']}\n")
    text = ", ".join(f'{name}:"{value}"' for name, value in fields.items())
    return print_text(f"version.BuildInfo{{{text}}}\n")


def _render(template: str, build_info: "Value") -> str:
    """The output of a template, which has only the predefined functions."""
    from kmanifest.engines.helm.gotemplate.builtins import BUILTINS
    from kmanifest.engines.helm.gotemplate.execute import execute
    from kmanifest.engines.helm.gotemplate.parsers import CachingParser
    from kmanifest.engines.helm.gotemplate.templates import TemplateSet
    from kmanifest.engines.helm.gotemplate.values import GoError

    try:
        parsed = CachingParser(BUILTINS).parse("_", template)
        return execute(TemplateSet("_").with_parsed(parsed), "_", build_info, BUILTINS)
    except GoError as error:
        raise UsageError(str(error)) from error


COMMAND = Command(
    ("helm", "version"),
    "",
    "Print the version of Helm whose output kmanifest matches: v3.22.0, or v4.3.1 with --helm-version 4.\n",
    (("Flags", VERSION_FLAGS),),
    version,
    examples=("kmanifest helm version --short", "kmanifest helm version --template '{{.Version}}'"),
    parse=parse_with_version,
    check=check_versioned_flags,
)
