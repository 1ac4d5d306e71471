"""A repository whose charts share subcharts, values, files and templates by links, and what the peers render from it.

    python -m tests.links     print the expected output again, by Helm and kustomize and never by kmanifest

Git keeps no directory named `.git` in a commit, so each user of the fixture works on a copy that has one.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

FIXTURE: Final = Path(__file__).resolve().parent / "fixtures" / "links"
PEERS: Final = (("helm", "v3.22.0"), ("kustomize", "v5.8.2"))
CHART: Final = ("-n", "prod", "--include-crds", "-f", "overlays/prod/extra.yaml")
NO_RESTRICTION: Final = ("--load-restrictor", "LoadRestrictionsNone")
RUNS: Final = {
    "web": ("helm", "template", "shop", "charts/web", *CHART),
    "api": ("helm", "template", "shop", "charts/api"),
    "charts": ("kustomize", "build", "--enable-helm", "."),
    "overlay": ("kustomize", "build", "--enable-helm", *NO_RESTRICTION, "overlays/prod"),
}
"""The command lines of the peers, by the name of the golden."""


def copy_repository(directory: Path, *, is_repository: bool = True) -> Path:
    """Copy the repository into a directory and return the path of the copy."""
    copy = directory / "repository"
    shutil.copytree(FIXTURE / "repository", copy, symlinks=True)
    if is_repository:
        (copy / ".git").mkdir()
    return copy


def golden(name: str) -> Path:
    """Return the path of the output that the peer of a run printed."""
    return FIXTURE / "expected" / f"{name}.yaml"


def print_goldens() -> None:
    """Write the output of each run."""
    for name, arguments in RUNS.items():
        with tempfile.TemporaryDirectory() as temporary:
            repository = copy_repository(Path(temporary))
            result = subprocess.run(arguments, cwd=repository, capture_output=True, check=True)
        golden(name).parent.mkdir(exist_ok=True)
        golden(name).write_bytes(result.stdout)


if __name__ == "__main__":
    print_goldens()
