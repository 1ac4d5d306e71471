"""The flags of the verbs that follow either Helm 3 or Helm 4."""

from collections.abc import Iterable, Sequence

from kmanifest.cli.flags import CommandLine, Flag
from kmanifest.cli.helm.flags import read_flags
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.dialect import Dialect

HELM_VERSION_FLAG = Flag(
    "helm-version", "string", "major version of Helm to follow: 3 or 4", default="3"
)


def read_flags_with_version(flags: Iterable[Flag], arguments: Sequence[str]) -> CommandLine:
    """Parse the arguments of a verb that follows either version, with the flags of the version in --helm-version."""
    if not any(argument.partition("=")[0] == "--helm-version" for argument in arguments):
        return read_flags(flags, arguments)
    from kmanifest.cli.helm.version4 import read_flags_for_version

    return read_flags_for_version(flags, arguments)


def helm_version(command_line: CommandLine) -> "Dialect":
    """The version of Helm to follow."""
    # imported here so that usage errors stay fast
    from kmanifest.engines.helm.dialects.find import find_dialect

    return find_dialect(command_line.values["helm-version"])
