"""Build random projects with kustomize and with kmanifest, and count the differences.

    python -m tests.property.compare --seeds 0:2000 [--show 5]

A project is equal if both print the same bytes, or both fail. The exit code is 1 below --min-percent.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kmanifest.api import build
from kmanifest.model.errors import KmanifestError
from tests.property.projects import Project, make_project


def write(project: Project, root: Path) -> Path:
    """Write the project to disk and return the directory to build."""
    for name, text in project.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root / project.target


def by_kustomize(directory: Path) -> bytes | None:
    """Return the output of kustomize; None if it fails."""
    done = subprocess.run(["kustomize", "build", str(directory)], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def by_kmanifest(directory: Path) -> bytes | None:
    """Return the output of kmanifest; None if it fails."""
    try:
        return build(str(directory)).text().encode()
    except KmanifestError:
        return None


def differs(seed: int) -> str:
    """Return the difference for the project of this seed; empty if there is none."""
    with tempfile.TemporaryDirectory() as root:
        directory = write(make_project(seed), Path(root))
        expected, actual = by_kustomize(directory), by_kmanifest(directory)
    if expected == actual:
        return ""
    if expected is None:
        return "only kustomize fails"
    return "only kmanifest fails" if actual is None else "other bytes"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="0:2000")
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--min-percent", type=float, default=98.0)
    options = parser.parse_args()
    first, last = map(int, options.seeds.split(":"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(zip(range(first, last), pool.map(differs, range(first, last)), strict=True))
    wrong = [(seed, what) for seed, what in found if what]
    for seed, what in wrong[: options.show]:
        print(f"seed {seed}: {what}")
    percent = 100 * (len(found) - len(wrong)) / len(found)
    print(f"{len(found) - len(wrong)} of {len(found)} same ({percent:.1f} %)")
    return 0 if percent >= options.min_percent else 1


if __name__ == "__main__":
    sys.exit(main())
