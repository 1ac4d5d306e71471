"""Results do not depend on the machine: hash seed, directory, locale, time zone, umask, path and order of files."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.builds import SOURCE, run_python
from tests.cases import PROJECT

BUILDS = (
    "examples/shop-prod",
    "kustomize/secret-generator",
    "kustomize/references-across-bases",
    "kustomize/error-replacement-source-missing",
)
ENVIRONMENTS: tuple[Mapping[str, str], ...] = (
    *({"PYTHONHASHSEED": str(seed)} for seed in range(5)),
    {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    {"TZ": "Pacific/Kiritimati"},
    {"PYTHONOPTIMIZE": "1"},
    {"HOME": "/nowhere", "TMPDIR": "/nowhere"},
)


def digests(
    environment: Mapping[str, str] | None = None,
    *,
    directory: str | None = None,
    project: Path = PROJECT,
    before: Callable[[], Any] | None = None,
) -> str:
    """Return the output of `tests.digests` for BUILDS."""
    result = run_python(
        ["-W", "error", "-m", "tests.digests", *BUILDS],
        environment=environment,
        directory=directory,
        roots=(SOURCE, str(project)),
        before=before,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == len(BUILDS)
    return result.stdout


@pytest.fixture(scope="module")
def expected() -> str:
    return digests()


@pytest.mark.parametrize(
    "environment",
    ENVIRONMENTS,
    ids=lambda environment: ",".join(map("=".join, environment.items())),
)
def test_environment_does_not_matter(environment: Mapping[str, str], expected: str):
    assert digests(environment) == expected


def test_current_directory_and_mask_do_not_matter(expected: str, tmp_path: Path):
    assert digests(directory=str(tmp_path)) == expected
    assert digests(before=lambda: os.umask(0o777)) == expected


@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "last file first"])
def test_moved_tree_and_order_of_creation_do_not_matter(
    expected: str, tmp_path: Path, *, backwards: bool
):
    moved = tmp_path / "a place with ünicode"
    sources = [
        PROJECT / "tests" / name for name in ("__init__.py", "cases.py", "builds.py", "digests.py")
    ]
    for name in BUILDS:
        sources += [
            path for path in (PROJECT / "tests/fixtures" / name).rglob("*") if path.is_file()
        ]
    sources += [path for path in (PROJECT / "examples").rglob("*") if path.is_file()]
    for path in sorted(sources, reverse=backwards):
        target = moved / path.relative_to(PROJECT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    assert digests(project=moved, directory=str(tmp_path)) == expected
