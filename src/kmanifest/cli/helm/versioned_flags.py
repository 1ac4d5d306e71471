"""The flags of the verbs that follow either Helm 3 or Helm 4."""

from kmanifest.cli.flags import CommandLine, Flag, parse_command_line
from kmanifest.cli.helm.flags import check_flags
from kmanifest.startup.typing import TYPE_CHECKING, Iterable, Sequence

if TYPE_CHECKING:
    from kmanifest.engines.helm.dialect import Dialect


def parse_with_version(flags: Iterable[Flag], arguments: Sequence[str]) -> CommandLine:
    """Parse the arguments of a verb that follows either version, with the flags of the version in --helm-version."""
    if not any(argument.partition("=")[0] == "--helm-version" for argument in arguments):
        return parse_command_line(flags, arguments)
    from kmanifest.cli.helm.version4 import parse_for_version

    return parse_for_version(flags, arguments)


def check_versioned_flags(command_line: CommandLine) -> None:
    """Raise UsageError for a flag that kmanifest refuses, and print Helm 4's notes about deprecated flags."""
    check_flags(command_line)
    if command_line.values["helm-version"] == "4":
        from kmanifest.cli.helm.version4 import check_version4_flags

        check_version4_flags(command_line)


def helm_version(command_line: CommandLine) -> "Dialect":
    """The version of Helm to follow."""
    # imported here so that usage errors stay fast
    from kmanifest.engines.helm.dialects.find import find_dialect

    return find_dialect(command_line.values["helm-version"])
