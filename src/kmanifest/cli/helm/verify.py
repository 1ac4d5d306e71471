"""`kmanifest helm verify`, and `--verify` of other verbs.

Source: helm v3.22.0 cmd/helm/verify.go, pkg/downloader/chart_downloader.go, VerifyChart.
"""

import os

from kmanifest.cli.flags import CommandLine, UsageError
from kmanifest.cli.helm.flags import COMMON_FLAGS, KEYRING, check_flags
from kmanifest.cli.output import print_text
from kmanifest.cli.verbs import FILE, Command
from kmanifest.startup.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmanifest.engines.helm.sources.provenance import Verification


def verify(command_line: CommandLine) -> int:
    """Verify one packaged chart and return the exit code."""
    if len(command_line.arguments) != 1:
        raise UsageError('"helm verify" requires 1 argument\n\nUsage:  helm verify PATH [flags]')
    return print_text(verify_file(command_line, command_line.arguments[0]).text())


def verify_file(command_line: CommandLine, path: str) -> "Verification":
    """Verify the packaged chart at `path` and return its signer.

    Raises an error if the signature is missing or invalid.
    """
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
    return verify_package(command_line, name, read_file(path), read_file(f"{path}.prov"))


def verify_package(
    command_line: CommandLine, name: str, package: bytes, provenance: bytes
) -> "Verification":
    """Verify a packaged chart and return its signer. Raises an error if the signature is invalid."""
    from kmanifest.cli.helm.inputs import read_file
    from kmanifest.engines.helm.sources.provenance import verify as check
    from kmanifest.io.system import system_clock
    from kmanifest.model.errors import KmanifestError

    try:
        keyring = read_file(command_line.values["keyring"] or default_keyring())
    except KmanifestError as error:
        raise type(error)(f"failed to load keyring: {error.message}") from error
    return check(name, package, provenance, keyring, system_clock() // 1_000_000_000)


def default_keyring() -> str:
    """The path of the keyring of old versions of GnuPG, which is Helm's default."""
    home = os.environ.get("GNUPGHOME")
    return os.path.join(home or os.path.join(os.environ.get("HOME", ""), ".gnupg"), "pubring.gpg")


COMMAND = Command(
    ("helm", "verify"),
    "PATH",
    "Verify the signature of a packaged chart with the provenance file next to it, and print the signer.\n",
    (("Flags", (KEYRING, *COMMON_FLAGS)),),
    verify,
    completions=(FILE,),
    check=check_flags,
)
