"""`kmanifest helm verify`, and what `--verify` of other verbs does. Source: helm v3.22.0 cmd/helm/verify.go, pkg/downloader/chart_downloader.go, VerifyChart."""

import os
from collections.abc import Sequence

from kmanifest.cli.flags import Flag, Parsed, UsageError, describe
from kmanifest.cli.helm.flags import COMMON, read_flags
from kmanifest.cli.output import print_text
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.sources.provenance import Verification

FLAGS = (
    Flag("keyring", "text", "the public keys that signatures are checked with"),
    *COMMON,
)
INTRODUCTION = """\
Tells who has signed a packaged chart, by the provenance file beside it.

Usage:
  kmanifest helm verify PATH [flags]

Flags:
"""


def verify(arguments: Sequence[str]) -> int:
    """Check one packaged chart; gives the exit code."""
    parsed = read_flags(FLAGS, arguments)
    if parsed.values["help"]:
        return print_text(INTRODUCTION + describe(sorted(FLAGS)))
    if len(parsed.words) != 1:
        raise UsageError('"helm verify" requires 1 argument\n\nUsage:  helm verify PATH [flags]')
    return print_text(verify_file(parsed, parsed.words[0]).text())


def verify_file(parsed: Parsed, path: str) -> "Verification":
    """Who has signed the packaged chart at a path; an error where nobody has."""
    from kmanifest.cli.helm.inputs import read_file
    from kmanifest.model.errors import MissingError, SourceError

    if os.path.isdir(path):
        raise SourceError("unpacked charts cannot be verified")
    if not os.path.exists(path):
        raise MissingError(f"stat {path}: no such file or directory")
    if not path.lower().endswith(".tgz"):
        raise SourceError("chart must be a tgz file")
    if not os.path.exists(f"{path}.prov"):
        raise MissingError(
            f"could not load provenance file {path}.prov: stat {path}.prov: no such file or directory"
        )
    name = os.path.basename(path)
    return verify_package(parsed, name, read_file(path), read_file(f"{path}.prov"))


def verify_package(parsed: Parsed, name: str, package: bytes, provenance: bytes) -> "Verification":
    """Who has signed a packaged chart that has this name; an error where nobody has."""
    from kmanifest.cli.helm.inputs import read_file
    from kmanifest.engines.helm.sources.provenance import verify as check
    from kmanifest.io.system import system_clock
    from kmanifest.model.errors import KmanifestError

    try:
        keyring = read_file(parsed.values["keyring"] or usual_keyring())
    except KmanifestError as error:
        raise type(error)(f"failed to load keyring: {error.message}") from error
    return check(name, package, provenance, keyring, system_clock() // 1_000_000_000)


def usual_keyring() -> str:
    """Where gpg kept public keys, which helm still looks for."""
    home = os.environ.get("GNUPGHOME")
    return os.path.join(home or os.path.join(os.environ.get("HOME", ""), ".gnupg"), "pubring.gpg")
