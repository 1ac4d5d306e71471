"""The flags of the verbs that follow either Helm 3 or Helm 4."""

from collections.abc import Iterable, Sequence

from kmanifest.cli.flags import Flag, Parsed
from kmanifest.cli.helm.flags import read_flags
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.dialects.dialect import Dialect

HELM_VERSION = Flag("helm-version", "text", "the version of helm to do as: 3, or 4", default="3")


def read_versioned_flags(flags: Iterable[Flag], arguments: Sequence[str]) -> Parsed:
    """The arguments of a verb that does as either version of helm, in that version's grammar; errors as of `read_flags`."""
    if not any(word.partition("=")[0] == "--helm-version" for word in arguments):
        return read_flags(flags, arguments)
    from kmanifest.cli.helm.version4 import read_flags_of_version

    return read_flags_of_version(flags, arguments)


def dialect_of(parsed: Parsed) -> "Dialect":
    """The version of helm that the flags ask for."""
    # imported here so that usage errors stay fast
    from kmanifest.engines.helm.dialects.find import find_dialect

    return find_dialect(parsed.values["helm-version"])
